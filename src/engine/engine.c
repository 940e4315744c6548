#include "engine/engine.h"

#include "base/calendar.h"
#include "engine/collector.h"
#include "engine/credential_renewer.h"
#include "engine/fruitless.h"
#include "engine/mailbox.h"
#include "engine/purse.h"
#include "engine/request_id.h"

#include <stdio.h>
#include <stdlib.h>

struct engine {
    uv_loop_t *loop;
    struct engine_options options;
    struct engine_plan plan;
    struct voice *voice;
    struct target *targets;
    size_t targets_made;
    uv_async_t wake;
    bool wake_open;
    struct mailbox mailbox;
    bool mailbox_made;
    struct collector *collector;
    struct credential_renewer *renewer;
    struct worker *workers;
    unsigned workers_made, workers_started;
    bool *regions_over; /* whose load has ended, for the run goes on in others */
    unsigned stops;     /* how often a stop was requested */
    enum run_end end;
    struct text reason;
    struct abort_rule abort_rule;
    struct purse purse;
    struct turn_heard *heard;     /* one per region */
    struct retry_ledger *retried; /* for as many demands, most of them unused with a shared load */
    struct quota_pace *paces;     /* likewise */
    size_t paces_made;
    double budget_spent;  /* share used of the limit that is nearest */
    struct error failure; /* of the collector, or of a worker that could not start */
};

/* ---- stopping ---- */

void engine_stop(struct engine *engine, enum run_end end, const char *reason)
{
    if (engine->stops == 0) {
        engine->end = end;
        text_puts(&engine->reason, reason);
    }
    engine->stops++;
    enum stop_level level = engine->stops == 1 ? STOP_DRAIN : STOP_NOW;
    for (unsigned i = 0; i < engine->workers_started; i++) worker_stop(&engine->workers[i], level);
}

/* The share used of a limit; 0 if there is no limit. */
static double share_of(double spent, double limit)
{
    return limit > 0 ? spent / limit : 0;
}

/* What the run has spent so far, and may. */
struct spending {
    double usd, limit_usd;
    uint64_t tokens, limit_tokens;
};

static struct spending spending_of(const struct engine *engine)
{
    const struct budget *budget = &engine->options.profile->budget;
    const struct cell *totals = collector_totals(engine->collector);
    struct spending spending = {.limit_usd = shard_usd(&engine->plan.shard, budget->usd),
                                .limit_tokens = shard_part(&engine->plan.shard, budget->tokens)};
    for (size_t i = 0; i < engine->plan.region_count; i++) {
        spending.usd += totals[i].counters.cost_usd;
        spending.tokens += totals[i].counters.input_tokens + totals[i].counters.output_tokens;
    }
    return spending;
}

/* Why the budget has ended the run, by what has been spent by now. */
static void budget_words(struct engine *engine, struct text *out)
{
    const struct spending spending = spending_of(engine);
    const struct purse_end why = purse_end(&engine->purse);
    if (why.of_tokens) {
        text_printf(out, "budget.tokens reached: %llu of %llu", (unsigned long long)spending.tokens,
                    (unsigned long long)spending.limit_tokens);
        if (why.wanted.tokens > 0)
            text_printf(out, "; the next turn can take %lld", (long long)why.wanted.tokens);
        return;
    }
    text_printf(out, "budget.usd reached: %.4f of %.4f USD", spending.usd, spending.limit_usd);
    if (why.wanted.nano_usd > 0)
        text_printf(out, "; the next turn can cost %.4f", (double)why.wanted.nano_usd / 1e9);
}

static void check_budget(struct engine *engine)
{
    const struct spending spending = spending_of(engine);
    const double of_usd = share_of(spending.usd, spending.limit_usd);
    const double of_tokens = share_of((double)spending.tokens, (double)spending.limit_tokens);
    engine->budget_spent = of_usd > of_tokens ? of_usd : of_tokens;
    if (engine->stops > 0 || !purse_is_over(&engine->purse)) return;
    struct text reason = {0};
    budget_words(engine, &reason);
    engine_stop(engine, RUN_STOPPED_BUDGET, text_str(&reason));
    text_free(&reason);
}

/* What was in flight when the budget ended the run has been spent since. */
static void close_budget(struct engine *engine)
{
    if (engine->end != RUN_STOPPED_BUDGET) return;
    text_clear(&engine->reason);
    budget_words(engine, &engine->reason);
}

static void tell(const struct engine *engine, const char *news)
{
    struct text line = {0};
    text_printf(&line, "rushhour: %s", news);
    if (engine->options.note != NULL)
        engine->options.note(engine->options.note_user, text_str(&line));
    text_free(&line);
}

/* Reports the alarm, which ends the run. The watch continues while the run drains. */
static void check_abort_rule(struct engine *engine)
{
    struct abort_rule *rule = &engine->abort_rule;
    const int64_t elapsed_ns = run_clock_elapsed(&engine->plan.clock, clock_mono_ns());
    for (size_t i = 0; rule->regions != NULL && i < rule->region_count; i++) {
        const struct trial_sums trials = collector_take_trials(engine->collector, i);
        const bool known = rule->regions[i].watch.alarm;
        if (!abort_rule_add(rule, i, elapsed_ns, &trials) || known || engine->stops > 0) continue;
        struct text words = {0};
        abort_rule_decision(rule, i, &words);
        tell(engine, text_str(&words));
        engine_stop(engine, RUN_STOPPED_RULE, text_str(&words));
        text_free(&words);
    }
}

static void end_region(struct engine *engine, size_t region)
{
    const char *code = fruitless_code(&collector_totals(engine->collector)[region]);
    engine->regions_over[region] = true;
    for (unsigned i = 0; i < engine->workers_started; i++)
        worker_end_region(&engine->workers[i], region, code);
}

static enum fruitless_way way_of(const struct engine *engine, size_t region)
{
    if (engine->options.simulated) return FRUITLESS_SIMULATED;
    return engine->plan.targets[region].where.address == NULL ? FRUITLESS_DIRECT
                                                              : FRUITLESS_ELSEWHERE;
}

/* If only the profile or its credentials are to blame, more of the same shows nothing new. */
static void check_fruitless(struct engine *engine)
{
    const struct profile *profile = engine->options.profile;
    const struct cell *totals = collector_totals(engine->collector);
    const bool all = fruitless_run(totals, engine->plan.region_count);
    for (size_t i = 0; engine->stops == 0 && i < engine->plan.region_count; i++) {
        if (engine->regions_over[i] || !fruitless_over(&totals[i])) continue;
        struct text words = {0};
        fruitless_words(&profile->regions[i], &totals[i], profile->file, way_of(engine, i),
                        FRUITLESS_SO_FAR, &words);
        end_region(engine, i);
        if (!all) text_puts(&words, "; its load has ended, that of the others goes on");
        if (all) {
            engine_stop(engine, RUN_STOPPED_RULE, text_str(&words));
        } else {
            tell(engine, text_str(&words));
        }
        text_free(&words);
    }
}

/* The folder cannot be written for a while, or can again. */
static void tell_of_folder(const struct engine *engine)
{
    struct text news = {0};
    if (run_writer_news(engine->options.writer, &news)) tell(engine, text_str(&news));
    text_free(&news);
}

static void on_wake(uv_async_t *wake)
{
    struct engine *engine = wake->data;
    bool failed_before = engine->failure.code != ERR_OK;
    if (engine->options.peer_turns != NULL) {
        struct loop_turns turns;
        engine->options.peer_turns(engine->options.peer, &turns);
        collector_peer_turns(engine->collector, &turns);
    }
    if (collector_take(engine->collector, &engine->failure) != ERR_OK && !failed_before) {
        /* A load that cannot be recorded must not be driven. */
        engine_stop(engine, RUN_FAILED, engine->failure.text);
        engine_stop(engine, RUN_FAILED, engine->failure.text);
    }
    tell_of_folder(engine);
    check_budget(engine);
    check_abort_rule(engine);
    check_fruitless(engine);
    if (collector_finished(engine->collector) == engine->workers_started) uv_stop(engine->loop);
}

/* ---- setting up ---- */

static enum err_code make_targets(struct engine *engine, struct error *err)
{
    const struct engine_options *options = &engine->options;
    const struct target_options wanted = {
        .connect_overrides = options->connect_overrides,
        .connect_override_count = options->connect_override_count,
        .ca_file = options->ca_file,
        .tls_resume = options->profile->session.tls_resume,
    };
    size_t count = options->profile->region_count;
    engine->targets = calloc(count, sizeof *engine->targets);
    if (engine->targets == NULL)
        return error_set(err, ERR_NOMEM, "no memory for %zu regions", count);
    for (size_t i = 0; i < count; i++) {
        enum err_code code =
            target_init(&engine->targets[i], &options->profile->regions[i], &wanted, err);
        if (code != ERR_OK) return code;
        engine->targets_made++;
    }
    return ERR_OK;
}

static bool hand_out(void *user, size_t region, const struct credential *credential)
{
    struct engine *engine = user;
    bool all = true;
    for (unsigned i = 0; i < engine->workers_made; i++)
        all = worker_hand_credential(&engine->workers[i], region, credential) && all;
    return all;
}

static enum err_code make_desk(struct engine *engine, struct error *err)
{
    const struct engine_options *options = &engine->options;
    const struct renewer_options renewer = {
        .profile = options->profile,
        .targets = engine->targets,
        .load_ns = (int64_t)((double)engine->plan.load_ns / options->clock.speed),
        .deliver = hand_out,
        .note = options->note,
        .user = engine,
        .note_user = options->note_user,
    };
    enum err_code code = credential_renewer_new(engine->loop, &renewer, &engine->renewer, err);
    engine->plan.renewer = engine->renewer;
    return code;
}

static enum err_code make_workers(struct engine *engine, struct error *err)
{
    unsigned count = engine->options.workers;
    engine->workers = calloc(count, sizeof *engine->workers);
    if (engine->workers == NULL)
        return error_set(err, ERR_NOMEM, "no memory for %u workers", count);
    for (unsigned i = 0; i < count; i++) {
        enum err_code code =
            worker_init(&engine->workers[i], &engine->plan, i, &engine->mailbox, err);
        if (code != ERR_OK) return code;
        engine->workers_made++;
    }
    return ERR_OK;
}

static enum err_code make_paces(struct engine *engine, struct error *err)
{
    const struct profile *profile = engine->options.profile;
    const struct shard *shard = &engine->options.shard;
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct pace_limits limits = pace_limits_of(&profile->regions[i]);
        enum err_code code =
            quota_pace_init(&engine->paces[i], &limits, profile->load.pace_to_quota,
                            shard->count > 1 ? shard->count : 1, engine->options.clock.speed, err);
        if (code != ERR_OK) return code;
        engine->paces_made++;
    }
    return ERR_OK;
}

static enum err_code set_up(struct engine *engine, struct error *err)
{
    const struct engine_options *options = &engine->options;
    const struct profile *profile = options->profile;
    enum err_code code = make_targets(engine, err);
    if (code == ERR_OK)
        code = voice_new(&profile->session.audio, options->seed, &engine->voice, err);
    if (code != ERR_OK) return code;
    engine->plan = (struct engine_plan){
        .voice = engine->voice,
        .profile = profile,
        .targets = engine->targets,
        .region_count = profile->region_count,
        .clock = options->clock,
        .timing = timing_at(profile, options->clock.speed),
        .seed = options->seed,
        .id_seed = request_id_seed(options->seed, options->simulated),
        .shard = options->shard,
        .workers = options->workers,
        .purse = &engine->purse,
        .heard = engine->heard,
        .retried = engine->retried,
        .paces = engine->paces,
        .load_ns = load_duration_ns(&profile->load),
        .zone = profile_zone(profile),
    };
    for (size_t i = 0; i < profile->region_count; i++)
        retry_ledger_init(&engine->retried[i], engine->plan.timing.retry.budget_window_ns);
    code = purse_init(&engine->purse, shard_usd(&options->shard, profile->budget.usd),
                      shard_part(&options->shard, profile->budget.tokens), err);
    if (code != ERR_OK) return code;
    code = make_paces(engine, err);
    if (code != ERR_OK) return code;
    int status = uv_async_init(engine->loop, &engine->wake, on_wake);
    if (status != 0)
        return error_set(err, ERR_NET, "cannot make an event loop: %s", uv_strerror(status));
    engine->wake.data = engine;
    engine->wake_open = true;
    code = mailbox_init(&engine->mailbox, &engine->wake, profile->region_count, err);
    if (code != ERR_OK) return code;
    engine->mailbox_made = true;
    code = collector_new(&engine->mailbox, options->writer, &options->clock,
                         profile->windows.interval_ns, options->workers, &engine->collector, err);
    if (code == ERR_OK)
        code = abort_rule_start(&engine->abort_rule, profile, &options->shard,
                                options->expected_attempts, err);
    if (code == ERR_OK) code = make_desk(engine, err);
    if (code != ERR_OK) return code;
    return make_workers(engine, err);
}

enum err_code engine_new(uv_loop_t *loop, const struct engine_options *options, struct engine **out,
                         struct error *err)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) return error_set(err, ERR_NOMEM, "no memory for the engine");
    engine->loop = loop;
    engine->options = *options;
    engine->regions_over = calloc(options->profile->region_count, sizeof *engine->regions_over);
    engine->heard = calloc(options->profile->region_count, sizeof *engine->heard);
    engine->paces = calloc(options->profile->region_count, sizeof *engine->paces);
    engine->retried = calloc(options->profile->region_count, sizeof *engine->retried);
    const bool lacks = engine->regions_over == NULL || engine->heard == NULL ||
                       engine->paces == NULL || engine->retried == NULL;
    enum err_code code =
        lacks ? error_set(err, ERR_NOMEM, "no memory for the engine") : set_up(engine, err);
    if (code != ERR_OK) {
        engine_free(engine);
        return code;
    }
    *out = engine;
    return ERR_OK;
}

/* ---- running ---- */

enum err_code engine_open(struct engine *engine, struct error *err)
{
    return credential_renewer_open(engine->renewer, err);
}

void engine_set_origin(struct engine *engine, uint64_t mono_origin_ns)
{
    engine->plan.clock.mono_origin_ns = mono_origin_ns;
    for (unsigned i = 0; i < engine->workers_made; i++) {
        recorder_set_origin(&engine->workers[i].recorder, mono_origin_ns);
    }
}

enum err_code engine_run(struct engine *engine, struct error *err)
{
    for (unsigned i = 0; i < engine->options.workers; i++) {
        if (worker_start(&engine->workers[i], &engine->failure) != ERR_OK) {
            engine_stop(engine, RUN_FAILED, "a worker could not be started");
            engine_stop(engine, RUN_FAILED, "a worker could not be started");
            break;
        }
        engine->workers_started++;
    }
    while (collector_finished(engine->collector) < engine->workers_started)
        (void)uv_run(engine->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < engine->workers_started; i++)
        (void)pthread_join(engine->workers[i].thread, NULL);
    close_budget(engine);
    credential_renewer_free(engine->renewer); /* no more sessions are opened */
    engine->renewer = NULL;
    if (engine->failure.code != ERR_OK && err != NULL) *err = engine->failure;
    return engine->failure.code;
}

void engine_status(const struct engine *engine, struct engine_status *out)
{
    *out = (struct engine_status){
        .totals = collector_totals(engine->collector),
        .sessions_open = collector_sessions_open(engine->collector),
        .in_flight = collector_in_flight(engine->collector),
        .holding = collector_holding(engine->collector),
        .holds = collector_holds(engine->collector),
        .region_count = engine->plan.region_count,
        .draining = engine->stops > 0,
        .end = engine->end,
        .reason = text_str(&engine->reason),
        .budget_spent = engine->budget_spent,
        .abort_rule = &engine->abort_rule,
        .health = collector_health(engine->collector),
        .latest = collector_latest(engine->collector),
        .loop_delay_p90_ns = collector_loop_delay_ns(engine->collector, 90),
        .loop_delay_p99_ns = collector_loop_delay_ns(engine->collector, 99),
    };
}

void engine_free(struct engine *engine)
{
    if (engine == NULL) return;
    credential_renewer_free(engine->renewer);
    for (unsigned i = 0; i < engine->workers_made; i++) worker_free(&engine->workers[i]);
    free(engine->workers);
    if (engine->wake_open) {
        uv_close((uv_handle_t *)&engine->wake, NULL);
        (void)uv_run(engine->loop, UV_RUN_NOWAIT);
    }
    collector_free(engine->collector);
    if (engine->mailbox_made) mailbox_free(&engine->mailbox);
    for (size_t i = 0; i < engine->targets_made; i++) target_free(&engine->targets[i]);
    free(engine->targets);
    voice_free(engine->voice);
    abort_rule_free(&engine->abort_rule);
    text_free(&engine->reason);
    purse_free(&engine->purse);
    free(engine->heard);
    free(engine->retried);
    for (size_t i = 0; i < engine->paces_made; i++) quota_pace_free(&engine->paces[i]);
    free(engine->paces);
    free(engine->regions_over);
    free(engine);
}
