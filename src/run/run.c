#include "run/descriptors.h"
#include "run/forecast.h"
#include "run/pages.h"
#include "run/run_private.h"

#include "base/files.h"
#include "base/limits.h"
#include "net/budget.h"
#include "profile/environment.h"
#include "realtime/model_facts.h"
#include "simulator/quota.h"

#include <errno.h>
#include <stdlib.h>

enum err_code run_new(uv_loop_t *loop, struct profile *profile, const struct run_options *options,
                      struct run **out, struct error *err)
{
    struct run *run = calloc(1, sizeof *run);
    *out = run;
    if (run == NULL) {
        profile_free(profile);
        return error_set(err, ERR_NOMEM, "no memory for the run");
    }
    run->loop = loop;
    run->options = options;
    if (options->drain_ns.given) profile->load.drain_ns = (int64_t)options->drain_ns.value;
    enum err_code code = run_plan_make(&run->plan, profile, options, err);
    if (code == ERR_OK && !options->simulate && !options->dry_run)
        code = profile_secrets_load(profile, err);
    return code;
}

const struct run_plan *run_planned(const struct run *run)
{
    return &run->plan;
}

void run_stop(struct run *run, const char *reason)
{
    run->stops++;
    if (run->driving) {
        engine_stop(run->engine, RUN_INTERRUPTED, reason);
    } else {
        uv_stop(run->loop); /* wakes up whoever is waiting */
    }
}

static void on_grace_over(uv_timer_t *timer)
{
    struct run *run = timer->data;
    if (run->driving && run->stops == 1) run_stop(run, "the grace period is over");
}

void run_stop_within(struct run *run, const char *reason)
{
    const int64_t drain_ns = run->plan.profile->load.drain_ns;
    run_stop(run, reason);
    if (run->gone_ns == 0) run->gone_ns = run_end_within(drain_ns, &run->grace_ns);
    if (!run->driving || run->grace.loop != NULL) return;
    (void)uv_timer_init(run->loop, &run->grace);
    run->grace.data = run;
    uv_unref((uv_handle_t *)&run->grace);
    uv_update_time(run->loop);
    (void)uv_timer_start(&run->grace, on_grace_over, (uint64_t)(run->grace_ns / NS_PER_MS), 0);
}

/* ---- the simulator ---- */

static void on_simulator_lost(void *user)
{
    struct run *run = user;
    if (run->engine == NULL) return;
    engine_stop(run->engine, RUN_FAILED, "the simulator ended");
    engine_stop(run->engine, RUN_FAILED, "the simulator ended");
}

static enum err_code start_simulator(struct run *run, struct error *err)
{
    struct text ledger = {0};
    text_printf(&ledger, "%s/ledger.jsonl", text_str(&run->plan.folder));
    run->simulated = (struct simulated){
        .loop = run->loop,
        .profile = run->plan.profile,
        .seed = run->plan.seed, /* of all shards: their bursts come at the same times */
        .by_user = true,
        .shard = run->plan.shard.index,
        .ledger = ledger.data,
        .interrupts = &run->stops,
        .on_lost = on_simulator_lost,
        .user = run,
    };
    const struct text empty = {0}; /* for those who may read run.json */
    enum err_code code = ledger.failed
                             ? error_set(err, ERR_NOMEM, "no memory")
                             : pages_put(text_str(&run->plan.folder), "ledger.jsonl", &empty, err);
    if (code == ERR_OK) code = simulated_start(&run->simulated, err);
    run->simulated.ledger = NULL;
    text_free(&ledger);
    return code;
}

/* ---- the run ---- */

/* Starts the simulator, drives the load, and ends both. */
static enum err_code drive(struct run *run, struct error *err)
{
    enum err_code code = run->options->simulate ? start_simulator(run, err) : ERR_OK;
    if (code == ERR_OK) code = run_drive(run, err);
    struct error ending = {0};
    enum err_code end = simulated_stop(&run->simulated, &ending);
    if (code != ERR_OK || end == ERR_OK) return code;
    *err = ending;
    return end;
}

/* A query key is the one key that can leak without anybody's fault. */
static void warn_of_query_keys(const struct run *run)
{
    const struct profile *profile = run->plan.profile;
    for (size_t i = 0; i < profile->region_count; i++) {
        if (!profile->regions[i].auth.in_query) continue;
        run_note(run,
                 "rushhour: region %s: its API key goes into the query, where proxies and gateways "
                 "may log it: a header is safer",
                 profile->regions[i].name);
    }
}

/* Most clients would use it; a user who expects that must not search for the cause of refused
 * connections elsewhere. */
static void warn_of_unused_proxies(const struct run *run)
{
    const struct profile *profile = run->plan.profile;
    for (size_t i = 0; i < profile->region_count && !run->options->simulate; i++) {
        const struct region *region = &profile->regions[i];
        const char *name = environment_unused_proxy(region);
        struct text words = {0};
        if (name == NULL) continue;
        environment_unused_words(name, &words);
        run_note(run, "rushhour: region %s: %s", region->name, text_str(&words));
        text_free(&words);
    }
}

struct retirement_reader {
    const struct run *run;
    const struct region *region;
};

static void note_retirement(void *context, const char *sentence)
{
    const struct retirement_reader *reader = context;
    run_note(reader->run, "rushhour: region %s: %s", reader->region->name, sentence);
}

static void warn_of_retirements(const struct run *run)
{
    const struct profile *profile = run->plan.profile;
    for (size_t i = 0; i < profile->region_count && !run->options->simulate; i++) {
        const struct region *region = &profile->regions[i];
        const struct model_use use = {region->dialect, region->model, region->api_version,
                                      region->deployment_type};
        struct retirement_reader reader = {run, region};
        model_facts_warn(&use, clock_wall_ns(), note_retirement, &reader);
    }
}

/* A rehearsal that meets a limit which nobody wrote down must say where that is from. */
static void tell_default_quotas(const struct run *run)
{
    const struct profile *profile = run->plan.profile;
    for (size_t i = 0; i < profile->region_count && run->options->simulate; i++) {
        const struct region *region = &profile->regions[i];
        struct quota_rule quota;
        if (!quota_default(&profile->simulator, region, &quota)) continue;
        const bool own = region->quota_rpm > 0 || region->quota_tpm > 0;
        run_note(run,
                 "rushhour: region %s: the simulator enforces %llu RPM and %llu TPM (0: no limit), "
                 "%s; simulator.quota \"none\" takes it off",
                 region->name, (unsigned long long)quota.rpm, (unsigned long long)quota.tpm,
                 own ? "its regions[].quota"
                     : MODEL_FACTS_QUOTA_SOURCE
                     " for its model, known on " MODEL_FACTS_QUOTA_AS_OF);
    }
}

/* Before the simulator starts, so that it inherits the same limit. */
static enum err_code make_room(const struct run *run, struct error *err)
{
    const struct descriptor_budget budget =
        descriptors_budget(&run->plan, run->options->metrics.asked);
    struct text lack = {0};
    uint64_t left;
    enum err_code code = descriptors_fit(&budget, limits_raise_descriptors(), &left, &lack, err);
    if (code == ERR_OK) budget_set_sockets(left);
    if (lack.length > 0) run_note(run, "rushhour: %s", text_str(&lack));
    text_free(&lack);
    return code;
}

static void warn_of_connect_rate(const struct run *run)
{
    struct text tight = {0};
    if (forecast_connects(run->plan.profile, &tight))
        run_note(run, "rushhour: %s", text_str(&tight));
    text_free(&tight);
}

/* Tells which limits a replay this fast cannot keep. */
static void tell_replay(const struct run *run)
{
    struct text words = {0};
    clock_limits_words(&run->plan.longer, run->plan.clock.speed, &words);
    if (words.length > 0) run_note(run, "rushhour: %s", text_str(&words));
    text_free(&words);
}

/* Removes a folder that holds no run. */
static void call_off(struct run *run)
{
    struct error closing = {0};
    (void)!run_writer_close(run->writer, &closing); /* the folder is removed anyway */
    run->writer = NULL;
    folder_remove(text_str(&run->plan.folder));
}

#define NAMES_MOST 1000 /* of runs that started in the same second */

/* The folder, with run.json from the first moment. Of two runs that chose the same name at the same
 * time, one takes another. */
static enum err_code open_folder(struct run *run, struct error *err)
{
    const struct run_options *options = run->options;
    enum err_code code = ERR_OK;
    for (int i = 2; i < NAMES_MOST; i++) {
        cJSON *manifest = run_manifest(run);
        if (manifest == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
        const struct run_writer_plan plan = {.path = text_str(&run->plan.folder),
                                             .profile = run->plan.profile,
                                             .start_utc_ns = run->plan.clock.wall_origin_ns,
                                             .manifest = manifest,
                                             .spill = options->spill,
                                             .held_most = (size_t)options->hold_most,
                                             .share = options->share,
                                             .must_be_new = options->folder == NULL};
        code = run_writer_open(&plan, &run->writer, err);
        const bool taken = code != ERR_OK && plan.must_be_new && errno == EEXIST;
        cJSON_Delete(manifest);
        if (!taken) break;
        run_plan_number(&run->plan, i);
    }
    return code;
}

enum err_code run_perform(struct run *run, struct run_outcome *out, struct error *err)
{
    *out = (struct run_outcome){0};
    warn_of_query_keys(run);
    warn_of_unused_proxies(run);
    warn_of_retirements(run);
    tell_default_quotas(run);
    warn_of_connect_rate(run);
    enum err_code code = make_room(run, err);
    tell_replay(run);
    run->created_ns = clock_wall_ns();
    if (code == ERR_OK) code = snapshot_store_open(&run->seen, run->plan.profile, err);
    if (code == ERR_OK) code = metrics_open(run, err);
    if (code == ERR_OK) code = open_folder(run, err);
    if (code != ERR_OK) return code;
    code = drive(run, err);
    if (run->driven) {
        struct error ending = {0};
        enum err_code end = run_finish(run, out, code == ERR_OK ? err : &ending);
        return code != ERR_OK ? code : end;
    }
    call_off(run);
    out->interrupted = run->stops > 0;
    return out->interrupted ? ERR_OK : code;
}

void run_free(struct run *run)
{
    if (run == NULL) return;
    metrics_close(run); /* it reads the engine's figures */
    if (run->grace.loop != NULL) uv_close((uv_handle_t *)&run->grace, NULL);
    engine_free(run->engine);
    (void)uv_run(run->loop, UV_RUN_DEFAULT);
    metrics_free(run);
    simulated_free(&run->simulated);
    snapshot_store_free(&run->seen);
    text_free(&run->fault);
    run_plan_free(&run->plan);
    free(run);
}
