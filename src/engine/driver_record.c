#include "engine/driver.h"

#include "base/clock.h"
#include "engine/credential_renewer.h"
#include "realtime/retry_hint.h"
#include "record/attempt.h"
#include "record/cost.h"

#include <stdio.h>
#include <string.h>

static struct cell *cell_of(const struct driver *driver)
{
    return recorder_cell(&driver->worker->recorder, driver->region);
}

/* ---- cells ---- */

/* By the run's own clock, except the lag, which is this machine's. What a pause of this machine is
 * part of is no latency. */
static void measure(struct driver *driver, enum metric metric, uint64_t since_ns, int64_t ns)
{
    if (metric != METRIC_LAG && worker_paused_since(driver->worker, since_ns)) return;
    cell_latency(cell_of(driver), metric, metric == METRIC_LAG ? ns : driver_run_time(driver, ns));
}

/* ---- what of a value is our own ---- */

static void judge_answer(struct driver *driver)
{
    const struct turn *turn = &driver->session.turn;
    const int64_t own_ns = driver->sent_late_ns + driver->doubt_ns;
    if (turn->ttft_ns < 0 || worker_paused_since(driver->worker, turn->due_ns)) return;
    cell_ttft_of_service(cell_of(driver), driver_run_time(driver, turn->ttft_ns - own_ns));
}

static void judge_dial(struct driver *driver, uint64_t now_ns)
{
    struct handover *handover = driver->worker->recorder.handover;
    const uint64_t late_ns = driver->worker->lateness.total_ns - driver->late_before_ns;
    const int64_t dial_ns = (int64_t)(now_ns - driver->session.life.dial_ns);
    if (worker_paused_since(driver->worker, driver->session.life.dial_ns)) return;
    handover->dials++;
    handover->dials_off += health_is_off((int64_t)late_ns, dial_ns, HEALTH_LATE_NS);
}

static void count_tokens(struct driver *driver, struct cell *cell, bool failed)
{
    const struct usage *usage = &driver->session.turn.usage;
    const struct price *price = driver->worker->regions[driver->region].price;
    double cost = cost_of(price, usage);
    cell->counters.unpriced_attempts += price == NULL;
    cell->counters.input_tokens += usage->input;
    cell->counters.cached_tokens += usage->cached;
    cell->counters.output_tokens += usage->output;
    cell->counters.cost_usd += cost;
    driver_settle(driver, usage, cost, failed);
    if (failed) {
        cell->counters.failed_tokens += usage->input + usage->output;
        cell->counters.failed_cost_usd += cost;
    }
    if (driver->lost) {
        cell->counters.hedge_tokens += usage->input + usage->output;
        cell->counters.hedge_cost_usd += cost;
    }
}

/* How an attempt ended. A failure on our own side says nothing about the service: it is reported,
 * with its record, but enters no rate. */
enum attempt_end { ENDED_OK, ENDED_FAILED, ENDED_CANCELLED, ENDED_BY_US };

static enum attempt_end end_of(const struct driver *driver, const struct session_action *action)
{
    if (action->news & NEWS_ATTEMPT_OK) return ENDED_OK;
    if (driver->lost) return ENDED_CANCELLED;
    if ((action->news & NEWS_ATTEMPT_FAILED) == 0) return ENDED_CANCELLED;
    return failure_is_ours(&action->failure) ? ENDED_BY_US : ENDED_FAILED;
}

/* Whether the first output came before the actual answer. */
static bool has_preamble(const struct turn *turn)
{
    return turn->ttft_ns >= 0 && turn->answer_ns > turn->ttft_ns;
}

static void count_judged(struct driver *driver, bool failed)
{
    chain_count(driver->chain, failed);
    driver->judged++;
    driver->failed += failed;
}

/* cut: the answer is ok, but was cut off by max_output_tokens. */
static void count_end(struct driver *driver, enum attempt_end end, bool cut)
{
    struct counters *counters = &cell_of(driver)->counters;
    const bool first = driver->made.attempt == 1;
    switch (end) {
    case ENDED_OK:
        count_judged(driver, false);
        counters->attempts_ok++;
        judge_answer(driver);
        counters->cut_answers += cut;
        counters->preambles += has_preamble(&driver->session.turn);
        counters->first_attempts_ok += first;
        counters->probes_recovered += driver->made.probe;
        break;
    case ENDED_FAILED:
        count_judged(driver, true);
        counters->attempts_failed++;
        counters->first_attempts_failed += first;
        break;
    case ENDED_BY_US:
        counters->own_failures++;
        counters->attempts_cancelled++;
        break;
    case ENDED_CANCELLED:
        counters->attempts_cancelled++;
        counters->hedges_cancelled += driver->lost; /* one that came whole is ok */
        break;
    }
}

/* An attempt was sent, or its dial has failed. */
static void count_start(struct driver *driver, uint64_t at_ns)
{
    struct counters *counters = &cell_of(driver)->counters;
    const struct driver_try *made = &driver->made;
    counters->attempts_started++;
    counters->hedges += made->hedge;
    if (made->again) return;
    counters->retries += made->attempt > 1;
    if (made->attempt > 1) return;
    struct retry_ledger *ledger = &driver->worker->plan->retried[made->demand];
    retry_window_add(&ledger->dialled, false, at_ns);
    retry_window_add(&ledger->sent, false, at_ns);
}

static void count_attempt(struct driver *driver, enum attempt_end end, bool cut, uint64_t at_ns)
{
    struct cell *cell = cell_of(driver);
    if (!driver_in_dial(driver)) driver_count_voice(driver, end == ENDED_OK);
    /* A turn counts as started when it is sent, which did not happen here. */
    if (driver_in_dial(driver)) count_start(driver, at_ns);
    count_end(driver, end, cut);
    count_tokens(driver, cell, end == ENDED_FAILED || end == ENDED_BY_US);
}

/* In us by the run's clock; -1: there is none, or a pause of this machine is part of it. */
static int64_t latency_us(const struct driver *driver, int64_t ns)
{
    const bool paused = worker_paused_since(driver->worker, driver->session.turn.due_ns);
    return ns < 0 || paused ? -1 : whole_us(driver_run_time(driver, ns));
}

static void write_row(struct driver *driver, const struct session_action *action,
                      enum attempt_end end, uint64_t at_ns)
{
    static const enum outcome outcomes[] = {[ENDED_OK] = OUTCOME_OK,
                                            [ENDED_FAILED] = OUTCOME_FAILED,
                                            [ENDED_CANCELLED] = OUTCOME_CANCELLED,
                                            [ENDED_BY_US] = OUTCOME_CANCELLED};
    const struct worker *worker = driver->worker;
    if (!worker->plan->profile->record_attempts) return;
    const struct session *session = &driver->session;
    const struct turn *turn = &session->turn;
    const struct driver_try *made = &driver->made;
    const int64_t age_ns = life_age_ns(&session->life, at_ns);
    const int64_t response_ns = (int64_t)(turn->end_ns - turn->due_ns);
    bool dialled = driver_in_dial(driver);
    bool ok = end == ENDED_OK;
    uint64_t due_ns = dialled ? made->due_ns : turn->due_ns;
    const struct attempt_row row = {
        .due_utc_ns = run_clock_wall_at(&worker->recorder.clock, due_ns),
        .region = worker->plan->targets[driver->region].region->name,
        .session_id = session->life.session_id,
        .turn = dialled ? 0 : session->attempts,
        .attempt = made->attempt,
        .outcome = outcomes[end],
        .code = !ok && action->failure.code != NULL ? action->failure.code : "",
        .ttft_us = latency_us(driver, turn->ttft_ns),
        .first_answer_us = latency_us(driver, turn->answer_ns),
        .response_us = latency_us(driver, ok ? response_ns : -1),
        .socket_age_ms = age_ns < 0 ? -1 : driver_run_time(driver, age_ns) / NS_PER_MS,
        .input_tokens = turn->usage.input,
        .cached_tokens = turn->usage.cached,
        .output_tokens = turn->usage.output,
        .end_utc_ns = recorder_wall(&worker->recorder, at_ns),
        .session_number = driver->number,
        .interaction = made->interaction,
        .response_id = turn->response_id,
        .client_request_id = driver->client_request_id,
        .chain = driver->chain->number,
        .arrival = made->arrival,
        .context_tokens = dialled ? -1 : (int64_t)driver->asked_context,
    };
    attempt_csv_row(&worker->recorder.handover->attempts, &row);
}

/* ---- news ---- */

/* Where an interaction that failed at first was answered after all. */
static void count_recovery(const struct driver *driver, struct cell *cell)
{
    const struct virtual_user *user = driver->user;
    const struct virtual_user_try *first = &user->failed_first;
    if (user->failures == 0) return;
    const bool other = first->region != driver->region;
    const bool same = !other && first->session == driver->number;
    cell->counters.recovered++;
    cell->counters.recovered_other_region += other;
    cell->counters.recovered_same_session += same;
    cell->counters.recovered_new_session += !other && !same;
}

static void on_ok(struct driver *driver, uint64_t now_ns)
{
    struct virtual_user *user = driver->user;
    virtual_user_on_output(user, driver, now_ns);
    struct cell *cell = cell_of(driver);
    cell->counters.interactions_ok++;
    cell->counters.hedges_won += driver->made.hedge;
    count_recovery(driver, cell);
    measure(driver, METRIC_INTERACTION, user->interaction_due_ns,
            (int64_t)(now_ns - user->interaction_due_ns) - user->overrun_ns);
    virtual_user_on_attempt_ok(user, now_ns);
}

/* When the service says to try again, in this machine's time; 0: it does not say. */
static int64_t hint_of(const struct driver *driver, const struct session_action *action)
{
    const int64_t hint_ns = retry_hint_of(&action->failure, driver->hint_ns,
                                          driver_message(driver, action), driver->reset_ns);
    return run_clock_to_real(&driver->worker->plan->clock, hint_ns);
}

static void tally(const struct driver *driver, const struct session_action *action)
{
    const struct failure_class *class = &action->failure;
    cell_failure(cell_of(driver), class->phase, class->domain, class->code, 1);
}

/* Azure answers the upgrade with 401; OpenAI accepts, sends an error, and closes. */
static bool credential_was_refused(const struct driver *driver, const struct session_action *action)
{
    if (!driver_in_dial(driver) || action->observed.key_as_subprotocol) return false;
    if (driver->http_status == 401) return true;
    return action->failure.domain == DOMAIN_AUTH && driver->session.life.connected_ns != 0;
}

/* A refused credential is renewed if possible, and the attempt gets one more try with the new
 * one. */
static void renew_credential(struct driver *driver, const struct session_action *action)
{
    const struct worker *worker = driver->worker;
    if (!credential_was_refused(driver, action)) return;
    const bool renews = credential_renewer_renews(worker->plan->renewer, driver->region);
    const bool fresh = worker->credentials.held[driver->region].serial > driver->credential.serial;
    if (renews && !fresh)
        credential_renewer_ask(worker->plan->renewer, driver->region, driver->credential.serial);
    if (!virtual_user_is_hedged(driver->user))
        virtual_user_on_credential_refused(driver->user, renews, fresh);
}

/* Returns how much longer than the profile says the limits lasted that the interaction ran into. */
static int64_t tell_limit(struct driver *driver, const struct session_action *action)
{
    const struct timing *timing = &driver->worker->plan->timing;
    const enum deadline limit = action->observed.deadline;
    virtual_user_on_limit(driver->user, deadline_limit_ns(limit, &timing->exact),
                          deadline_limit_ns(limit, &timing->timeouts));
    return driver->user->overrun_ns;
}

/* One of the two attempts of a hedged interaction was no answer; the other one goes on. */
static void on_one_of_two(struct driver *driver, const struct session_action *action,
                          uint64_t at_ns, uint64_t now_ns)
{
    const struct evidence_of of = driver_evidence_of(driver);
    const bool failed = action->news & NEWS_ATTEMPT_FAILED;
    const bool told = failed || action->news & NEWS_LIFECYCLE;
    if (told) tally(driver, action);
    if (failed) {
        renew_credential(driver, action);
        virtual_user_on_one_failed(driver->user, driver, &action->failure, hint_of(driver, action),
                                   now_ns);
    }
    virtual_user_goes_on_without(driver->user, driver);
    if (told) driver_write_evidence(driver, action, &of, DECIDE_AWAIT_OTHER_REGION, at_ns);
}

static void on_failed(struct driver *driver, const struct session_action *action, uint64_t at_ns,
                      uint64_t now_ns)
{
    struct virtual_user *user = driver->user;
    const struct evidence_of of = driver_evidence_of(driver);
    const uint64_t due_ns = user->interaction_due_ns;
    const int64_t overrun_ns = tell_limit(driver, action);
    tally(driver, action);
    renew_credential(driver, action);
    enum decision decision = virtual_user_on_attempt_failed(
        user, &action->failure, hint_of(driver, action), session_usable(&driver->session), now_ns);
    if (decision == DECIDE_GIVE_UP && !failure_is_ours(&action->failure)) {
        struct cell *cell = cell_of(driver);
        cell->counters.interactions_failed++;
        measure(driver, METRIC_INTERACTION, due_ns, (int64_t)(now_ns - due_ns) - overrun_ns);
    }
    driver_write_evidence(driver, action, &of, decision, at_ns);
}

/* An attempt cut short by the end of the session's life, or cancelled by the service in a session
 * that continues: not a failure, but reported. */
static void on_cut(struct driver *driver, const struct session_action *action, uint64_t at_ns,
                   uint64_t now_ns)
{
    struct virtual_user *user = driver->user;
    const struct evidence_of of = driver_evidence_of(driver);
    enum decision decision = DECIDE_NONE;
    tally(driver, action);
    if (session_usable(&driver->session)) {
        virtual_user_on_attempt_cancelled(user, now_ns);
    } else {
        decision = virtual_user_on_attempt_cut(user, now_ns);
    }
    driver_write_evidence(driver, action, &of, decision, at_ns);
}

static void on_attempt(struct driver *driver, const struct session_action *action, uint64_t at_ns,
                       uint64_t now_ns)
{
    if (driver->in_flight) {
        driver->in_flight = false;
        recorder_change(&driver->worker->recorder, driver->region, LEVEL_FLIGHT, -1, at_ns);
    }
    /* a session without a virtual user has no attempt but one that was cancelled */
    if (driver->user == NULL && !driver->lost) return;
    static const enum trial_end trials[] = {[ENDED_OK] = TRIAL_OK,
                                            [ENDED_FAILED] = TRIAL_FAILED,
                                            [ENDED_CANCELLED] = TRIAL_WITHDRAWN,
                                            [ENDED_BY_US] = TRIAL_WITHDRAWN};
    const enum attempt_end end = end_of(driver, action);
    driver_end_trial(driver, trials[end]);
    cell_of(driver)->counters.missed_turns +=
        action->observed.turn_missed && action->observed.deadline != DEADLINE_NONE;
    count_attempt(driver, end, (action->news & NEWS_LIFECYCLE) != 0, at_ns);
    write_row(driver, action, end, at_ns);
    if (driver->abandoned || driver->lost) return;
    if (action->news & NEWS_ATTEMPT_OK) {
        on_ok(driver, now_ns);
    } else if (virtual_user_is_hedged(driver->user)) {
        on_one_of_two(driver, action, at_ns, now_ns);
    } else if (action->news & NEWS_ATTEMPT_FAILED) {
        on_failed(driver, action, at_ns, now_ns);
    } else if (action->news & NEWS_LIFECYCLE) {
        on_cut(driver, action, at_ns, now_ns);
    } else if (driver->session.turn.interrupted_ns != 0) {
        virtual_user_on_interrupted(driver->user, now_ns);
    } else {
        virtual_user_on_attempt_cancelled(driver->user, now_ns);
    }
}

static void on_session_failed(struct driver *driver, const struct session_action *action,
                              uint64_t at_ns)
{
    struct cell *cell = cell_of(driver);
    cell->counters.sessions_failed++;
    /* one failure, one record: the attempt's, if that has one */
    if (action->news & NEWS_ATTEMPT_FAILED && !driver->lost) return;
    tally(driver, action);
    driver_write_evidence(driver, action, &(struct evidence_of){0}, DECIDE_NONE, at_ns);
}

/* The session's life ended between turns. */
static void on_session_over(struct driver *driver, const struct session_action *action,
                            uint64_t at_ns)
{
    tally(driver, action);
    driver_write_evidence(driver, action, &(struct evidence_of){0}, DECIDE_NONE, at_ns);
}

static void on_ended(struct driver *driver, uint64_t at_ns)
{
    struct counters *counters = &cell_of(driver)->counters;
    counters->sessions_ended++;
    counters->sessions_with_attempts += driver->judged > 0;
    counters->sessions_with_failure += driver->failed > 0;
    if (driver->opened)
        recorder_change(&driver->worker->recorder, driver->region, LEVEL_OPEN, -1, at_ns);
    driver->opened = false;
}

void driver_record(struct driver *driver, const struct session_action *action, uint64_t now_ns)
{
    const bool begins = action->send == SEND_TURN;
    if (action->news == 0 && action->measured.count == 0 && !begins) return;
    uint64_t at_ns = recorder_at(&driver->worker->recorder, now_ns);
    struct cell *cell = cell_of(driver);
    if (action->measured.lost) cell->failed = true;
    for (unsigned i = 0; i < action->measured.count; i++) {
        const struct measure *one = &action->measured.list[i];
        /* all of an attempt's become known at its end, some of them earlier */
        const bool of_attempt =
            metric_has(one->metric, METRIC_OF_ATTEMPT) || metric_has(one->metric, METRIC_OF_SPEECH);
        const uint64_t since_ns =
            of_attempt ? driver->session.turn.due_ns : now_ns - (uint64_t)one->ns;
        measure(driver, one->metric, since_ns, one->ns);
    }
    if (begins) {
        count_start(driver, at_ns);
        driver_begin_trial(driver);
        if (driver->made.probe) cell->counters.probes++;
    }
    if (action->news & NEWS_OPENED) {
        cell->counters.sessions_opened++;
        judge_dial(driver, at_ns);
        recorder_change(&driver->worker->recorder, driver->region, LEVEL_OPEN, 1, at_ns);
        driver->opened = true;
    }
    if (action->news & NEWS_SESSION_FAILED) on_session_failed(driver, action, at_ns);
    if (action->news & NEWS_HARMLESS) cell->counters.harmless_errors++;
    if (action->news & NEWS_OF_ATTEMPT) {
        on_attempt(driver, action, at_ns, now_ns);
    } else if (action->news & NEWS_LIFECYCLE) {
        on_session_over(driver, action, at_ns);
    }
    if (action->news & NEWS_READY && driver->user != NULL)
        virtual_user_on_ready(driver->user, driver, now_ns);
    if (action->news & NEWS_ENDED) on_ended(driver, at_ns);
    /* The next try may come before the connection has ended. */
    bool lost = life_is_over(&driver->session.life) && !driver->abandoned;
    bool failed = action->news & NEWS_SESSION_FAILED && !failure_is_ours(&action->failure);
    if (lost && driver->user != NULL) virtual_user_on_session_lost(driver->user, failed);
}
