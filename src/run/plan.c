#include "cli/run.h"
#include "run/forecast.h"

#include "base/calendar.h"
#include "base/files.h"
#include "base/units.h"
#include "profile/adjust.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* The largest number that every reader of JSON keeps exact. */
#define SEED_MOST UINT64_C(0x1FFFFFFFFFFFFF)

#define START_MOST_NS (INT64_C(86400) * NS_PER_S)

/* ---- flags that override ---- */

static enum err_code keep_regions(struct profile *profile, const struct option_list *wanted,
                                  struct error *err)
{
    if (wanted->count == 0) return ERR_OK;
    return profile_keep_regions(profile, wanted->items, wanted->count, err);
}

static enum err_code override_load(struct run *run, struct error *err)
{
    struct load *load = &run->profile->load;
    const struct run_flags *flags = &run->flags;
    if (flags->sessions != NULL && flags->rate != NULL) {
        return error_set(err, ERR_USAGE,
                         "--sessions and --rate exclude each other: closed or open load");
    }
    if (flags->sessions != NULL) {
        uint64_t sessions;
        if (parse_count(flags->sessions, &sessions, err) != ERR_OK)
            return error_prefix(err, "--sessions");
        load->model = LOAD_SESSIONS;
        if (load_hold(load, (double)sessions, err) != ERR_OK) return err->code;
    }
    if (flags->rate != NULL) {
        double rate;
        if (parse_rate(flags->rate, &rate, err) != ERR_OK) return error_prefix(err, "--rate");
        load->model = LOAD_ARRIVALS;
        if (load_hold(load, rate, err) != ERR_OK) return err->code;
    }
    if (flags->duration != NULL) {
        int64_t duration;
        if (parse_duration(flags->duration, &duration, err) != ERR_OK)
            return error_prefix(err, "--duration");
        if (duration <= 0)
            return error_set(err, ERR_USAGE, "--duration %s: must be longer than nothing",
                             flags->duration);
        if (load_cut(load, duration, err) != ERR_OK) return err->code;
    }
    return ERR_OK;
}

static enum err_code limit_evidence(struct run *run, struct error *err)
{
    const char *limit = run->flags.evidence_limit;
    if (limit == NULL || parse_count(limit, &run->profile->evidence_limit, err) == ERR_OK)
        return ERR_OK;
    return error_prefix(err, "--evidence-limit");
}

static enum err_code shard_flags(struct run *run, struct error *err)
{
    run->shard = (struct shard){.count = 1};
    if (run->flags.shard == NULL) return ERR_OK;
    enum err_code code = shard_parse(run->flags.shard, &run->shard, err);
    return code == ERR_OK ? shard_check(&run->shard, run->profile, err) : code;
}

void run_shard_name(const struct run *run, char out[24])
{
    (void)snprintf(out, 24, "%u/%u", run->shard.index + 1, run->shard.count);
}

static enum err_code start_flags(struct run *run, struct error *err)
{
    if (run->flags.start_at == NULL) return ERR_OK;
    int64_t at_ns;
    if (parse_time(run->flags.start_at, &at_ns, err) != ERR_OK)
        return error_prefix(err, "--start-at");
    int64_t now_ns = clock_wall_ns();
    char now[40];
    format_utc_ms(now_ns, now);
    if (at_ns <= now_ns) {
        return error_set(
            err, ERR_USAGE,
            "--start-at %.40s: that has passed (it is %s now); choose a time some seconds ahead",
            run->flags.start_at, now);
    }
    if (at_ns - now_ns > START_MOST_NS) {
        return error_set(err, ERR_USAGE,
                         "--start-at %.40s: that is more than 24 hours ahead (it is %s now)",
                         run->flags.start_at, now);
    }
    run->start_at_ns = at_ns - at_ns % NS_PER_MS;
    return ERR_OK;
}

static enum err_code number_flags(struct run *run, struct error *err)
{
    run->seed = run->profile->seed;
    if (run->flags.seed != NULL && parse_count(run->flags.seed, &run->seed, err) != ERR_OK) {
        return error_prefix(err, "--seed");
    }
    if (run->seed > SEED_MOST) {
        return error_set(err, ERR_USAGE, "seed %" PRIu64 ": at most %" PRIu64, run->seed,
                         SEED_MOST);
    }
    if (run->seed == 0 && run->shard.count > 1) {
        return error_set(
            err, ERR_USAGE,
            "--shard %s: needs a seed, the same for every shard: add --seed N to the command or "
            "\"seed\": N to the profile (shards with drawn seeds would not be parts of one plan)",
            run->flags.shard);
    }
    if (run->seed == 0) {
        if (getrandom(&run->seed, sizeof run->seed, 0) != (ssize_t)sizeof run->seed)
            run->seed = (uint64_t)clock_wall_ns();
        run->seed &= SEED_MOST;
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t workers = cores > 2 ? (uint64_t)cores - 1 : cores > 0 ? (uint64_t)cores : 1;
    if (run->flags.workers != NULL && parse_count(run->flags.workers, &workers, err) != ERR_OK) {
        return error_prefix(err, "--workers");
    }
    if (workers < 1 || workers > 256) return error_set(err, ERR_USAGE, "--workers: 1 to 256");
    /* A worker has its whole part of max_sessions, or it would turn every arrival of its own
     * away. */
    const uint64_t most = shard_part(&run->shard, run->profile->load.max_sessions);
    run->workers = (unsigned)(workers < most ? workers : most);
    const char *inconclusive = run->flags.inconclusive;
    if (inconclusive != NULL && strcmp(inconclusive, "pass") != 0 &&
        strcmp(inconclusive, "fail") != 0) {
        return error_set(err, ERR_USAGE, "--inconclusive %s: write pass or fail", inconclusive);
    }
    return ERR_OK;
}

static enum err_code connect_overrides(struct run *run, struct error *err)
{
    const struct option_list *list = &run->flags.connect_to;
    if (list->count > 0 && run->flags.simulate) {
        return error_set(err, ERR_USAGE,
                         "--connect-to and --simulate exclude each other: a simulated run only "
                         "ever reaches the simulator");
    }
    for (size_t i = 0; i < list->count; i++) {
        enum err_code code = connect_override_parse(
            list->items[i], &run->connect_overrides[run->connect_override_count], err);
        if (code != ERR_OK) return code;
        run->connect_override_count++;
    }
    return ERR_OK;
}

/* ---- what only a run can know ---- */

/* A budget in dollars that could never be reached bounds nothing. */
static enum err_code check_prices(const struct profile *profile, struct error *err)
{
    for (size_t i = 0; i < profile->region_count && profile->budget.usd > 0; i++) {
        const struct region *region = &profile->regions[i];
        if (prices_find(&profile->prices, region->model) != NULL) continue;
        return error_set(err, ERR_PROFILE,
                         "%s: budget.usd cannot stop region %s: `prices` has no row for its model "
                         "\"%s\"; add it, "
                         "or take budget.tokens instead",
                         profile->file, region->name, region->model);
    }
    return ERR_OK;
}

static enum err_code check(const struct run *run, struct error *err)
{
    const struct profile *profile = run->profile;
    const struct run_flags *flags = &run->flags;
    if (profile->load.routing != ROUTING_EACH) {
        return error_set(err, ERR_PROFILE,
                         "%s: load.routing: only \"each\" can be driven by this version; "
                         "give each region its own run for another split",
                         profile->file);
    }
    if (!flags->simulate && profile_simulate_only(profile)) {
        return error_set(err, ERR_PROFILE,
                         "%s: simulator.clock: a profile with a clock of its own can only be "
                         "simulated; add --simulate",
                         profile->file);
    }
    bool bounded = profile->budget.usd > 0 || profile->budget.tokens > 0;
    if (!flags->simulate && !flags->dry_run && !flags->yes && !bounded) {
        return error_set(
            err, ERR_USAGE,
            "%s: this run costs money and has no bound; add \"budget\": {\"usd\": N} to the "
            "profile or --yes to the command (`--dry-run` estimates the cost)",
            profile->file);
    }
    return check_prices(profile, err);
}

static enum err_code choose_folder(struct run *run, struct error *err)
{
    char stamp[32];
    format_utc_ms(clock_wall_ns(), stamp);
    /* 2026-10-20T14:05:00.123Z -> 2026-10-20T140500Z */
    (void)snprintf(run->id, sizeof run->id, "%.13s%.2s%.2sZ-%.80s", stamp, stamp + 14, stamp + 17,
                   run->profile->name);
    if (run->shard.count > 1) {
        size_t used = strlen(run->id);
        (void)snprintf(run->id + used, sizeof run->id - used, "-%uof%u", run->shard.index + 1,
                       run->shard.count);
    }
    if (run->flags.output != NULL) {
        text_puts(&run->folder, run->flags.output);
        return ERR_OK;
    }
    text_printf(&run->folder, "results/%s", run->id);
    const size_t length = strlen(run->id);
    for (int i = 2; file_exists(text_str(&run->folder)); i++) {
        (void)snprintf(run->id + length, sizeof run->id - length, "-%d", i);
        text_clear(&run->folder);
        text_printf(&run->folder, "results/%s", run->id);
    }
    return run->folder.failed ? error_set(err, ERR_NOMEM, "no memory") : ERR_OK;
}

enum err_code run_plan(struct run *run, struct error *err)
{
    enum err_code code = keep_regions(run->profile, &run->flags.regions, err);
    if (code == ERR_OK) code = override_load(run, err);
    if (code == ERR_OK) code = profile_check(run->profile, err);
    if (code == ERR_OK) code = shard_flags(run, err);
    if (code == ERR_OK) code = start_flags(run, err);
    if (code == ERR_OK) code = number_flags(run, err);
    if (code == ERR_OK) code = limit_evidence(run, err);
    if (code == ERR_OK) code = connect_overrides(run, err);
    if (code == ERR_OK) code = check(run, err);
    if (code == ERR_OK) code = choose_folder(run, err);
    bool now = !run->flags.simulate || run->profile->simulator.clock_start_ns == INT64_MIN;
    int64_t origin_ns = run->profile->simulator.clock_start_ns;
    if (now) origin_ns = run->start_at_ns != 0 ? run->start_at_ns : clock_wall_ns();
    /* Whole milliseconds, as the files show them: else a row's time could be rounded out of its
     * interval. */
    run->clock.wall_origin_ns = origin_ns - origin_ns % NS_PER_MS;
    run->clock.speed = run->flags.simulate ? run->profile->simulator.clock_speed : 1;
    return code;
}

/* ---- dry run ---- */

void run_plan_report(const struct run *run, bool json, struct text *out)
{
    char shard[24];
    run_shard_name(run, shard);
    if (json) {
        cJSON *root = forecast_profile_json(run->profile);
        (void)cJSON_AddStringToObject(root, "shard", shard);
        char *printed = cJSON_Print(root);
        if (printed != NULL) text_printf(out, "%s\n", printed);
        cJSON_free(printed);
        cJSON_Delete(root);
        return;
    }
    struct text length = {0};
    text_duration(&length, load_duration_ns(&run->profile->load));
    text_printf(out, "%s: %s of load, seed %" PRIu64 ", nothing is sent (--dry-run)\n\n",
                run->profile->name, text_str(&length), run->seed);
    forecast_table(run->profile, out);
    if (run->shard.count > 1)
        text_printf(out,
                    "These are the figures of the whole plan, of which shard %s drives its part.\n",
                    shard);
    text_free(&length);
}
