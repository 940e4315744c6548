#include "run/plan.h"
#include "run/forecast.h"
#include "run/rehearsal.h"

#include "base/calendar.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/units.h"
#include "engine/quota_pace.h"
#include "engine/routing.h"
#include "engine/timing.h"
#include "engine/turn_bound.h"
#include "profile/adjust.h"
#include "service/transport.h"
#include "service/voice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define START_MOST_NS (INT64_C(86400) * NS_PER_S)

/* ---- what the options change ---- */

static enum err_code change_load(struct load *load, const struct run_options *options,
                                 struct error *err)
{
    enum err_code code = ERR_OK;
    if (options->load.asked) {
        load->model = options->load.model;
        code = load_hold(load, options->load.target, err);
    }
    if (code == ERR_OK && options->duration_ns > 0)
        code = load_cut(load, options->duration_ns, err);
    return code;
}

static enum err_code change_profile(struct profile *profile, const struct run_options *options,
                                    struct error *err)
{
    enum err_code code = ERR_OK;
    if (options->region_count > 0)
        code = profile_keep_regions(profile, options->regions, options->region_count, err);
    if (code == ERR_OK) code = change_load(&profile->load, options, err);
    if (code == ERR_OK) code = profile_check(profile, err);
    if (options->evidence_limit.given) profile->evidence_limit = options->evidence_limit.value;
    return code;
}

/* ---- what is decided ---- */

static enum err_code choose_shard(struct run_plan *plan, const struct run_options *options,
                                  struct error *err)
{
    plan->shard = options->shard;
    if (plan->shard.count == 0) plan->shard.count = 1;
    return shard_check(&plan->shard, plan->profile, err);
}

void run_plan_shard(const struct run_plan *plan, char out[24])
{
    (void)snprintf(out, 24, "%u/%u", plan->shard.index + 1, plan->shard.count);
}

static enum err_code choose_start(struct run_plan *plan, const struct run_options *options,
                                  struct error *err)
{
    if (options->start_at_ns == 0) return ERR_OK;
    int64_t now_ns = clock_wall_ns();
    char now[40];
    char at[40];
    format_utc_ms(now_ns, now);
    format_utc_ms(options->start_at_ns, at);
    if (options->start_at_ns <= now_ns) {
        return error_set(
            err, ERR_USAGE,
            "--start-at %s: that has passed (it is %s now); choose a time some seconds ahead", at,
            now);
    }
    if (options->start_at_ns - now_ns > START_MOST_NS) {
        return error_set(err, ERR_USAGE,
                         "--start-at %s: that is more than 24 hours ahead (it is %s now)", at, now);
    }
    plan->start_at_ns = options->start_at_ns - options->start_at_ns % NS_PER_MS;
    return ERR_OK;
}

static uint64_t draw_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) seed = (uint64_t)clock_wall_ns();
    seed &= RUN_SEED_MOST;
    return seed != 0 ? seed : 1;
}

static enum err_code choose_seed(struct run_plan *plan, const struct run_options *options,
                                 struct error *err)
{
    char shard[24];
    run_plan_shard(plan, shard);
    plan->seed = options->seed.given ? options->seed.value : plan->profile->seed;
    if (plan->seed > RUN_SEED_MOST) {
        return error_set(err, ERR_USAGE, "seed %" PRIu64 ": at most %" PRIu64, plan->seed,
                         RUN_SEED_MOST);
    }
    if (plan->seed == 0 && plan->shard.count > 1) {
        return error_set(
            err, ERR_USAGE,
            "--shard %s: needs a seed, the same for every shard: add --seed N to the command or "
            "\"seed\": N to the profile (shards with drawn seeds would not be parts of one plan)",
            shard);
    }
    plan->seed_asked = plan->seed;
    if (plan->seed == 0) plan->seed = draw_seed();
    return ERR_OK;
}

/* A worker gets its full share of max_sessions, or it would reject all of its own arrivals. */
static void choose_workers(struct run_plan *plan, const struct run_options *options)
{
    struct cpu_quota quota;
    (void)cpu_quota_read("/proc/self/cgroup", "/sys/fs/cgroup", &quota);
    uint64_t workers = limits_cores(quota.cores);
    if (options->workers > 0) workers = options->workers;
    if (workers > RUN_WORKERS_MOST) workers = RUN_WORKERS_MOST;
    const uint64_t most = shard_part(&plan->shard, plan->profile->load.max_sessions);
    plan->workers = (unsigned)(workers < most ? workers : most);
}

/* ---- what only a run can know ---- */

/* A budget in dollars that can never be reached limits nothing. */
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

/* A pace to a quota that nobody knows would be none. */
static enum err_code check_pace(const struct profile *profile, struct error *err)
{
    for (size_t i = 0; i < profile->region_count && profile->load.pace_to_quota > 0; i++) {
        const struct pace_limits limits = pace_limits_of(&profile->regions[i]);
        if (limits.rpm > 0 || limits.tpm > 0) continue;
        return error_set(err, ERR_PROFILE,
                         "%s: load.pace_to_quota: the quota of region %s is not known; give it "
                         "\"quota\": {\"rpm\": N, \"tpm\": N}",
                         profile->file, profile->regions[i].name);
    }
    return ERR_OK;
}

/* A budget that no turn fits in would end the run before it begins. */
static enum err_code check_room(const struct run_plan *plan, struct error *err)
{
    const struct profile *profile = plan->profile;
    const double usd = shard_usd(&plan->shard, profile->budget.usd);
    const uint64_t tokens = shard_part(&plan->shard, profile->budget.tokens);
    for (size_t i = 0; i < profile->region_count; i++) {
        const struct region *region = &profile->regions[i];
        const struct turn_room room = turn_room_of(profile, region);
        if (usd > 0 && room.least_usd > usd)
            return error_set(err, ERR_PROFILE,
                             "%s: budget.usd: %.4f are less than the %.4f USD that one turn of "
                             "region %s can cost; raise it, or lower session.max_output_tokens",
                             profile->file, usd, room.least_usd, region->name);
        if (tokens > 0 && room.least_tokens > tokens)
            return error_set(err, ERR_PROFILE,
                             "%s: budget.tokens: %" PRIu64 " are less than the %" PRIu64
                             " that one turn of region %s can take; raise it, or lower "
                             "session.max_output_tokens",
                             profile->file, tokens, room.least_tokens, region->name);
    }
    return ERR_OK;
}

/* Two mistakes are told at once: whoever mends the first must not meet the second then. */
static enum err_code check_terms(const struct run_plan *plan, const struct run_options *options,
                                 struct error *err)
{
    struct error next = {0};
    const enum err_code priced = check_prices(plan->profile, err);
    enum err_code code = check_pace(plan->profile, &next);
    if (code == ERR_OK && !options->dry_run) code = check_room(plan, &next);
    if (code == ERR_OK) return priced;
    if (priced == ERR_OK) return error_set(err, code, "%s", next.text);
    if (err == NULL) return priced;
    const struct error first = *err;
    return error_set(err, priced, "%.360s; besides, %.360s", first.text, next.text);
}

static enum err_code check(const struct run_plan *plan, const struct run_options *options,
                           struct error *err)
{
    const struct profile *profile = plan->profile;
    if (!options->simulate && profile_simulate_only(profile)) {
        return error_set(err, ERR_PROFILE,
                         "%s: simulator.clock: a profile with a clock of its own can only be "
                         "simulated; add --simulate",
                         profile->file);
    }
    bool bounded = profile->budget.usd > 0 || profile->budget.tokens > 0;
    if (!options->simulate && !options->dry_run && !options->may_spend && !bounded) {
        return error_set(
            err, ERR_USAGE,
            "%s: this run costs money and has no bound; add \"budget\": {\"usd\": N} to the "
            "profile or --yes to the command (`--dry-run` estimates the cost)",
            profile->file);
    }
    return check_terms(plan, options, err);
}

static enum err_code choose_folder(struct run_plan *plan, const struct run_options *options,
                                   struct error *err)
{
    char stamp[32];
    format_utc_ms(clock_wall_ns(), stamp);
    /* 2026-10-20T14:05:00.123Z -> 2026-10-20T140500Z */
    (void)snprintf(plan->id, sizeof plan->id, "%.13s%.2s%.2sZ-%.80s", stamp, stamp + 14, stamp + 17,
                   plan->profile->name);
    const size_t used = strlen(plan->id);
    if (plan->shard.count > 1)
        (void)snprintf(plan->id + used, sizeof plan->id - used, "-%uof%u", plan->shard.index + 1,
                       plan->shard.count);
    plan->id_length = strlen(plan->id);
    text_puts(&plan->folder, options->folder != NULL ? options->folder : "results/");
    if (options->folder == NULL) text_puts(&plan->folder, plan->id);
    for (int i = 2; options->folder == NULL && file_exists(text_str(&plan->folder)); i++)
        run_plan_number(plan, i);
    return plan->folder.failed ? error_set(err, ERR_NOMEM, "no memory") : ERR_OK;
}

void run_plan_number(struct run_plan *plan, int number)
{
    (void)snprintf(plan->id + plan->id_length, sizeof plan->id - plan->id_length, "-%d", number);
    text_clear(&plan->folder);
    text_printf(&plan->folder, "results/%s", plan->id);
}

/* Whole milliseconds, as in the files: otherwise rounding could move a row's time out of its
 * interval. */
static void choose_clock(struct run_plan *plan, const struct run_options *options)
{
    const struct simulator_plan *simulator = &plan->profile->simulator;
    bool now = !options->simulate || simulator->clock_start_ns == INT64_MIN;
    int64_t origin_ns = simulator->clock_start_ns;
    if (now) origin_ns = plan->start_at_ns != 0 ? plan->start_at_ns : clock_wall_ns();
    plan->clock.wall_origin_ns = origin_ns - origin_ns % NS_PER_MS;
    plan->clock.speed = options->simulate ? simulator->clock_speed : 1;
}

/* Every file of speech is read now, and not when the load is about to begin. */
static enum err_code hear_voice(struct profile *profile, struct error *err)
{
    struct audio_plan *audio = &profile->session.audio;
    struct voice *voice = NULL;
    enum err_code code = voice_new(audio, 0, &voice, err);
    if (code != ERR_OK) return error_prefix(err, "%.200s", profile->file);
    for (size_t i = 0; i < profile->region_count && voice != NULL; i++) {
        const struct region *region = &profile->regions[i];
        if (transport_of(region)->speak != NULL) continue;
        voice_free(voice);
        return error_set(err, ERR_PROFILE,
                         "%.200s: session.audio: nobody can speak to region %s, whose dialect is "
                         "%s: take the region out, or session.audio",
                         profile->file, region->name, dialect_name(region->dialect));
    }
    audio->mean_ns = voice == NULL ? 0 : voice_mean_ns(voice);
    audio->most_ns = voice == NULL ? 0 : voice_most_ns(voice);
    voice_free(voice);
    return ERR_OK;
}

enum err_code run_plan_make(struct run_plan *plan, struct profile *profile,
                            const struct run_options *options, struct error *err)
{
    *plan = (struct run_plan){.profile = profile};
    enum err_code code = change_profile(profile, options, err);
    if (code == ERR_OK) code = hear_voice(profile, err);
    if (code == ERR_OK) code = choose_shard(plan, options, err);
    if (code == ERR_OK) code = choose_start(plan, options, err);
    if (code == ERR_OK) code = choose_seed(plan, options, err);
    if (code == ERR_OK) code = check(plan, options, err);
    if (code == ERR_OK) code = choose_folder(plan, options, err);
    if (code != ERR_OK) return code;
    choose_workers(plan, options);
    choose_clock(plan, options);
    plan->longer = timing_longer(profile, plan->clock.speed);
    return rehearsal_check(profile, &plan->longer, err);
}

void run_plan_free(struct run_plan *plan)
{
    text_free(&plan->folder);
    profile_free(plan->profile);
    plan->profile = NULL;
}

/* ---- dry run ---- */

static void report_json(const struct run_plan *plan, const char *shard, struct text *out)
{
    cJSON *root = forecast_profile_json(plan->profile, plan->seed_asked);
    (void)cJSON_AddStringToObject(root, "shard", shard);
    char *printed = cJSON_Print(root);
    if (printed != NULL) text_printf(out, "%s\n", printed);
    cJSON_free(printed);
    cJSON_Delete(root);
}

void run_plan_report(const struct run_plan *plan, bool json, struct text *out)
{
    char shard[24];
    run_plan_shard(plan, shard);
    if (json) {
        report_json(plan, shard, out);
        return;
    }
    text_printf(out, "%s: ", plan->profile->name);
    text_duration(out, load_duration_ns(&plan->profile->load));
    text_puts(out, " of load, ");
    if (plan->seed_asked != 0) /* else the run draws one, which is not known yet */
        text_printf(out, "seed %" PRIu64 ", ", plan->seed_asked);
    text_puts(out, "nothing is sent (--dry-run)\n\n");
    forecast_table(plan->profile, plan->seed_asked, out);
    if (plan->shard.count > 1)
        text_printf(out,
                    "These are the figures of the whole plan, of which shard %s drives its part.\n",
                    shard);
}
