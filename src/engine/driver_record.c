#include "engine/driver.h"

#include "base/clock.h"
#include "realtime/retry_hint.h"
#include "record/attempt.h"

#include <stdio.h>
#include <string.h>

static struct cell *cell_of(const struct driver *driver)
{
    return recorder_cell(&driver->worker->recorder, driver->region);
}

/* ---- cells ---- */

static bool is_dial_attempt(const struct driver *driver)
{
    return driver->session.ready_ns == 0;
}

static void count_tokens(struct driver *driver, struct cell *cell, bool failed)
{
    const struct usage *usage = &driver->session.turn.usage;
    double cost = route_cost(&driver->worker->plan->routes[driver->region], usage);
    cell->counters.input_tokens += usage->input;
    cell->counters.cached_tokens += usage->cached;
    cell->counters.output_tokens += usage->output;
    cell->counters.cost_usd += cost;
    if (failed) {
        cell->counters.failed_tokens += usage->input + usage->output;
        cell->counters.failed_cost_usd += cost;
    }
}

static void count_attempt(struct driver *driver, const struct session_action *action)
{
    struct cell *cell = cell_of(driver);
    struct counters *counters = &cell->counters;
    uint64_t attempt = driver->user->attempt;
    if (is_dial_attempt(driver)) {
        /* A turn is counted as started when it is sent; this one never got so far. */
        counters->attempts_started++;
        if (attempt > 1) counters->retries++;
    }
    if (action->news & NEWS_ATTEMPT_OK) {
        counters->attempts_ok++;
        counters->first_attempts_ok += attempt == 1;
    } else if (action->news & NEWS_ATTEMPT_FAILED) {
        counters->attempts_failed++;
        counters->first_attempts_failed += attempt == 1;
    } else {
        counters->attempts_cancelled++;
    }
    count_tokens(driver, cell, (action->news & NEWS_ATTEMPT_FAILED) != 0);
}

static void write_row(struct driver *driver, const struct session_action *action, uint64_t at_ns)
{
    const struct worker *worker = driver->worker;
    if (!worker->plan->profile->record_attempts) return;
    const struct session *session = &driver->session;
    const struct turn *turn = &session->turn;
    const struct user *user = driver->user;
    bool dialled = is_dial_attempt(driver);
    bool ok = (action->news & NEWS_ATTEMPT_OK) != 0;
    bool failed = (action->news & NEWS_ATTEMPT_FAILED) != 0;
    uint64_t due_ns = dialled ? user->try_due_ns : turn->due_ns;
    const struct attempt_row row = {
        .due_utc_ns = run_clock_wall_at(&worker->recorder.clock, due_ns),
        .region = worker->plan->routes[driver->region].region->name,
        .session_id = session->session_id,
        .turn = dialled ? 0 : session->attempts,
        .attempt = user->attempt,
        .outcome = ok       ? OUTCOME_OK
                   : failed ? OUTCOME_FAILED
                            : OUTCOME_CANCELLED,
        .code = failed ? action->failure.code : "",
        .ttft_us =
            turn->first_output_ns == 0 ? -1 : (int64_t)(turn->first_output_ns - turn->due_ns + 500) / 1000,
        .response_us = ok ? (int64_t)(turn->end_ns - turn->due_ns + 500) / 1000 : -1,
        .socket_age_ms = session->step_ns[3] == 0 ? -1 : (int64_t)(at_ns - session->step_ns[3]) / NS_PER_MS,
        .input_tokens = turn->usage.input,
        .cached_tokens = turn->usage.cached,
        .output_tokens = turn->usage.output,
        .end_utc_ns = recorder_wall(&worker->recorder, at_ns),
        .session_number = driver->number,
        .interaction = user->interaction,
        .response_id = turn->response_id,
        .client_request_id = driver->client_request_id,
    };
    attempt_csv_row(&worker->recorder.slice->attempts, &row);
}

/* ---- evidence ---- */

static size_t events_in_order(const struct driver *driver, struct evidence_event out[EVIDENCE_EVENTS])
{
    size_t count = driver->event_count < EVIDENCE_EVENTS ? (size_t)driver->event_count : EVIDENCE_EVENTS;
    for (size_t i = 0; i < count; i++) {
        out[i] = driver->events[(driver->event_count - count + i) % EVIDENCE_EVENTS];
    }
    return count;
}

static const char *message_of(const struct driver *driver, const struct session_action *action)
{
    const struct event_facts *event = action->observed.event;
    if (event != NULL && event->error_message[0] != '\0') return event->error_message;
    if (driver->body_message[0] != '\0') return driver->body_message;
    return driver->detail;
}

/* The service's own figures decide; a response that began and never told them may have cost what it made. */
static bool possibly_billed(const struct turn *turn)
{
    return turn->usage.present ? turn->usage.input + turn->usage.output > 0 : turn->first_event_ns != 0;
}

static void write_evidence(struct driver *driver, const struct session_action *action, uint64_t interaction,
                           uint64_t attempt, const char *decision, uint64_t at_ns)
{
    const struct worker *worker = driver->worker;
    const struct session *session = &driver->session;
    const struct event_facts *event = action->observed.event;
    bool dialled = is_dial_attempt(driver);
    bool attempt_failed = (action->news & NEWS_ATTEMPT_FAILED) != 0;
    struct evidence_event events[EVIDENCE_EVENTS];
    size_t event_count = events_in_order(driver, events);
    uint64_t since_ns = dialled ? session->dial_ns : session->turn.due_ns;
    const struct evidence evidence = {
        .utc_ns = recorder_wall(&worker->recorder, at_ns),
        .region = worker->plan->routes[driver->region].region,
        .said = &worker->plan->profile->session,
        .address = driver->address,
        .session_scope = dialled || !attempt_failed,
        .failure = action->failure,
        .message = message_of(driver, action),
        .http_status = driver->http_status,
        .headers = driver->headers,
        .header_count = driver->header_count,
        .client_request_id = driver->client_request_id,
        .session_id = session->session_id,
        .response_id = attempt_failed && !dialled ? session->turn.response_id : "",
        .event_id = event != NULL ? event->event_id : "",
        .events = events,
        .event_count = event_count,
        .close_code = driver->close_code,
        .close_reason = driver->close_reason,
        .os_error =
            action->observed.local_error != 0 ? action->observed.local_error : action->observed.os_error,
        .tls_error = action->observed.tls_verify_error,
        .interaction = interaction,
        .attempt = attempt,
        .decision = decision,
        .socket_age_ns = session->step_ns[3] == 0 ? -1 : (int64_t)(at_ns - session->step_ns[3]),
        .turn = dialled ? 0 : session->attempts,
        .elapsed_ns = attempt_failed ? (int64_t)(at_ns - since_ns) : -1,
        .usage = attempt_failed ? session->turn.usage : (struct usage){0},
        .possibly_billed = attempt_failed && possibly_billed(&session->turn),
        .sent = driver->sent,
    };
    evidence_write(&worker->recorder.slice->failures, &evidence, worker->plan->zone);
}

/* ---- news ---- */

static void on_ok(struct driver *driver, uint64_t now_ns)
{
    struct cell *cell = cell_of(driver);
    struct user *user = driver->user;
    cell->counters.interactions_ok++;
    if (user->attempt > 1) cell->counters.recovered++;
    cell_latency(cell, METRIC_INTERACTION, (int64_t)(now_ns - user->interaction_due_ns));
    user_on_attempt_ok(user, now_ns);
}

/* What a refusal's headers, or the text of a limit, say of when to try again; 0: nothing. */
static int64_t hint_of(const struct driver *driver, const struct session_action *action)
{
    if (driver->hint_ns > 0 || !retry_hint_applies(&action->failure)) return driver->hint_ns;
    return retry_hint_in_text(message_of(driver, action));
}

static void on_failed(struct driver *driver, const struct session_action *action, uint64_t at_ns,
                      uint64_t now_ns)
{
    struct user *user = driver->user;
    const uint64_t interaction = user->interaction;
    const uint64_t attempt = user->attempt;
    const uint64_t due_ns = user->interaction_due_ns;
    cell_failure(cell_of(driver), action->failure.phase, action->failure.domain, action->failure.code, 1);
    enum decision decision = user_on_attempt_failed(user, &action->failure, hint_of(driver, action),
                                                    session_usable(&driver->session), now_ns);
    if (decision == DECIDE_GIVE_UP) {
        struct cell *cell = cell_of(driver);
        cell->counters.interactions_failed++;
        cell_latency(cell, METRIC_INTERACTION, (int64_t)(now_ns - due_ns));
    }
    write_evidence(driver, action, interaction, attempt, decision_name(decision), at_ns);
}

static void on_attempt(struct driver *driver, const struct session_action *action, uint64_t at_ns,
                       uint64_t now_ns)
{
    if (driver->in_flight) {
        driver->in_flight = false;
        driver->worker->in_flight[driver->region]--;
    }
    if (driver->user == NULL) return; /* a session without a user has no attempt */
    count_attempt(driver, action);
    write_row(driver, action, at_ns);
    if (driver->abandoned) return;
    if (action->news & NEWS_ATTEMPT_OK) {
        on_ok(driver, now_ns);
    } else if (action->news & NEWS_ATTEMPT_FAILED) {
        on_failed(driver, action, at_ns, now_ns);
    } else {
        user_on_attempt_cancelled(driver->user, now_ns);
    }
}

static void on_session_failed(struct driver *driver, const struct session_action *action, uint64_t at_ns)
{
    struct cell *cell = cell_of(driver);
    cell->counters.sessions_failed++;
    if (action->news & NEWS_ATTEMPT_FAILED) return; /* one failure, one record: the attempt's */
    cell_failure(cell, action->failure.phase, action->failure.domain, action->failure.code, 1);
    write_evidence(driver, action, 0, 0, "none", at_ns);
}

static void on_ended(struct driver *driver)
{
    const struct session *session = &driver->session;
    struct cell *cell = cell_of(driver);
    cell->counters.sessions_ended++;
    uint64_t judged = session->attempts - session->cancelled;
    if (judged > 0) cluster_add(&cell->clusters, judged, session->failed, session->first_failure);
    if (driver->opened) driver->worker->sessions_open[driver->region]--;
    driver->opened = false;
}

void driver_record(struct driver *driver, const struct session_action *action, uint64_t now_ns)
{
    if (action->news == 0 && action->measured_count == 0) return;
    uint64_t at_ns = recorder_at(&driver->worker->recorder, now_ns);
    struct cell *cell = cell_of(driver);
    for (unsigned i = 0; i < action->measured_count; i++) {
        cell_latency(cell, action->measured[i].metric, action->measured[i].ns);
    }
    if (action->send == SEND_TURN) {
        cell->counters.attempts_started++;
        if (driver->user != NULL && driver->user->attempt > 1) cell->counters.retries++;
    }
    if (action->news & NEWS_OPENED) {
        cell->counters.sessions_opened++;
        driver->worker->sessions_open[driver->region]++;
        driver->opened = true;
    }
    if (action->news & NEWS_SESSION_FAILED) on_session_failed(driver, action, at_ns);
    if (action->news & (NEWS_ATTEMPT_OK | NEWS_ATTEMPT_FAILED | NEWS_ATTEMPT_CANCELLED)) {
        on_attempt(driver, action, at_ns, now_ns);
    }
    if (action->news & NEWS_READY && driver->user != NULL) user_on_ready(driver->user, now_ns);
    if (action->news & NEWS_ENDED) on_ended(driver);
    /* Its next try may come before the connection's end does. */
    bool lost = driver->session.state >= SESSION_CLOSING && !driver->abandoned;
    if (lost && driver->user != NULL) user_on_session_lost(driver->user);
}
