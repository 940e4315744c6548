#include "run/capacity_private.h"
#include "run/forecast.h"

#include "base/calendar.h"
#include "base/files.h"
#include "profile/adjust.h"
#include "profile/prompts.h"
#include "realtime/token_count.h"
#include "record/run_facts.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STAY_LOOK_S 3600.0 /* a session longer than this is looked at for so long */
#define SETTLE_LEAST_NS (10 * NS_PER_S)
#define RANGE 4096 /* from the start, upwards and downwards */

/* ---- objectives ---- */

/* A quantile below a limit is a share above it. False if the sessions of a level cannot tell. */
static bool take_threshold(struct capacity_objective *objective)
{
    struct threshold *threshold = &objective->threshold;
    const bool timed = threshold->metric == METRIC_TTFT || threshold->metric == METRIC_RESPONSE ||
                       threshold->metric == METRIC_FIRST_ANSWER;
    if (threshold->comparison != LESS && threshold->comparison != LESS_OR_EQUAL) return false;
    if (threshold->window[0] != '\0') return false;
    switch (threshold->kind) {
    case THRESHOLD_ATTEMPT_RATE:
        objective->limit = threshold->limit;
        break;
    case THRESHOLD_SHARE:
        objective->limit = threshold->limit;
        if (!timed) return false;
        break;
    case THRESHOLD_QUANTILE:
        objective->limit = 1 - threshold->quantile;
        threshold->kind = THRESHOLD_SHARE;
        threshold->slower_than_us = threshold->limit;
        if (!timed) return false;
        break;
    case THRESHOLD_INTERACTION_RATE:
    case THRESHOLD_SESSION_RATE:
        return false;
    }
    return objective->limit > 0 && objective->limit < 1;
}

static enum err_code add_objective(struct capacity *capacity, const char *expression, bool must,
                                   struct error *err)
{
    struct capacity_objective *objective = &capacity->objectives[capacity->objective_count];
    enum err_code code = threshold_parse(expression, &objective->threshold, err);
    if (code != ERR_OK) return error_prefix(err, "--objective");
    if (!take_threshold(objective)) {
        if (!must) return ERR_OK;
        return error_set(err, ERR_USAGE,
                         "--objective '%s': a level can be asked for failure_rate, share(METRIC > "
                         "LIMIT) or METRIC.pNN, of ttft, first_answer or response, below a limit",
                         expression);
    }
    objective->expression = strdup(expression);
    if (objective->expression == NULL) return error_set(err, ERR_NOMEM, "no memory");
    capacity->objective_count++;
    return ERR_OK;
}

static enum err_code read_objectives(struct capacity *capacity, struct error *err)
{
    const struct capacity_options *options = capacity->options;
    const struct profile *profile = capacity->profile;
    enum err_code code = ERR_OK;
    const bool given = options->objective_count > 0;
    const size_t count = given ? options->objective_count : profile->threshold_count;
    for (size_t i = 0; i < count && code == ERR_OK; i++) {
        if (capacity->objective_count == SEARCH_OBJECTIVES_MOST)
            return error_set(err, ERR_USAGE, "more than %d objectives: name fewer with --objective",
                             SEARCH_OBJECTIVES_MOST);
        code = add_objective(capacity, given ? options->objectives[i] : profile->thresholds[i],
                             given, err);
    }
    if (code == ERR_OK && capacity->objective_count == 0)
        code = add_objective(capacity, "failure_rate < 1%", true, err);
    return code;
}

bool capacity_asks(const struct capacity_objective *objective, const char *region)
{
    return objective->threshold.region[0] == '\0' ||
           strcmp(objective->threshold.region, region) == 0;
}

/* ---- one level's profile ---- */

static void drop_rules(struct profile *profile)
{
    for (size_t i = 0; i < profile->threshold_count; i++) free(profile->thresholds[i]);
    profile->threshold_count = 0;
    profile->abort_on_fail.acceptable.set = profile->abort_on_fail.too_high.set = false;
    /* A retry is a load of its own, and a region that is held back is not asked. */
    profile->retry.attempts = 1;
    profile->retry.session = RETRY_AS_NEEDED;
    profile->retry.hold = HOLD_THE_INTERACTION;
    profile->breaker.failure_rate.set = false;
    profile->load.routing = ROUTING_EACH;
    profile->load.pace_to_quota = 0;
    profile->record_attempts = true;
}

enum err_code capacity_profile(const struct capacity *capacity, const char *region, double level,
                               int64_t duration_ns, struct profile **out, struct error *err)
{
    const struct profile *from = capacity->profile;
    struct profile *profile = NULL;
    enum err_code code = profile_parse(from->file, from->json, strlen(from->json), &profile, err);
    if (code == ERR_OK) code = prompts_load(profile, err);
    if (code == ERR_OK) code = profile_keep_regions(profile, &region, 1, err);
    if (code == ERR_OK) {
        drop_rules(profile);
        profile->load.model = capacity->model;
        if (capacity->model == LOAD_SESSIONS && (double)profile->load.max_sessions < level)
            profile->load.max_sessions = (uint64_t)ceil(level);
        code = load_hold(&profile->load, level, err);
    }
    if (code == ERR_OK) code = load_cut(&profile->load, duration_ns, err);
    if (code == ERR_OK) {
        *out = profile;
        return ERR_OK;
    }
    profile_free(profile);
    return code;
}

/* ---- the plan ---- */

static enum err_code stay_of(const struct capacity *capacity, const char *region, double *stay_s,
                             struct error *err)
{
    struct profile *profile = NULL;
    enum err_code code = capacity_profile(capacity, region, 1, 60 * NS_PER_S, &profile, err);
    if (code != ERR_OK) return code;
    struct expected_user user;
    const struct terms terms = terms_of(profile, &profile->regions[0]);
    if (expected_user_init(&user, profile, &profile->regions[0], &terms, STAY_LOOK_S)) {
        *stay_s = fmax(user.stay_s, 0.1);
    } else {
        code = error_set(err, ERR_NOMEM, "no memory");
    }
    expected_user_free(&user);
    profile_free(profile);
    return code;
}

/* A quarter of what the quota allows, where it is known; else what the profile asks for. */
static enum err_code choose_start(const struct capacity *capacity, const char *region,
                                  double *level, struct error *err)
{
    const struct load *load = &capacity->profile->load;
    double asked = 0;
    for (size_t i = 0; i < load->stage_count; i++) asked = fmax(asked, load->stages[i].target);
    if (!(asked > 0) || load->model != capacity->model) asked = 1;
    struct profile *profile = NULL;
    enum err_code code = capacity_profile(capacity, region, asked, 60 * NS_PER_S, &profile, err);
    if (code != ERR_OK) return code;
    const struct terms terms = terms_of(profile, &profile->regions[0]);
    const struct forecast use = forecast_region(profile, 0, capacity->seed);
    double room = INFINITY;
    if (terms.rpm > 0 && use.rpm > 0) room = fmin(room, (double)terms.rpm / use.rpm);
    if (terms.tpm > 0 && use.tpm > 0) room = fmin(room, (double)terms.tpm / use.tpm);
    *level = isfinite(room) ? asked * room / 4 : asked;
    profile_free(profile);
    return ERR_OK;
}

static enum err_code plan_region(struct capacity *capacity, size_t index, struct error *err)
{
    struct capacity_region *region = &capacity->regions[index];
    const struct capacity_options *options = capacity->options;
    const bool whole = capacity->model == LOAD_SESSIONS;
    double start = options->run.load.target;
    enum err_code code = ERR_OK;
    region->name = capacity->profile->regions[index].name;
    region->worst_level = INFINITY;
    if (!options->run.load.asked) code = choose_start(capacity, region->name, &start, err);
    if (code == ERR_OK) code = stay_of(capacity, region->name, &region->stay_s, err);
    if (code != ERR_OK) return code;
    if (whole) start = fmax(1, round(start));
    struct search_plan plan = {.start = start,
                               .least = whole ? 1 : start / RANGE,
                               .most = options->most > 0 ? options->most : start * RANGE,
                               .step = options->step,
                               .whole = whole,
                               .errors = (1 - options->confidence) / (double)capacity->region_count,
                               .sustain_s = (double)options->sustain_ns / (double)NS_PER_S};
    plan.least = fmin(plan.least, plan.most);
    for (size_t i = 0; i < capacity->objective_count; i++) {
        if (capacity_asks(&capacity->objectives[i], region->name))
            plan.limits[plan.objective_count++] = capacity->objectives[i].limit;
    }
    if (search_start(&region->search, &plan)) return ERR_OK;
    return error_set(err, ERR_USAGE,
                     "region %s: no objective concerns it: add one with --objective", region->name);
}

int64_t capacity_settle_ns(const struct capacity *capacity, const struct capacity_region *region)
{
    if (capacity->options->settle_ns > 0) return capacity->options->settle_ns;
    const int64_t stay_ns = (int64_t)(region->stay_s * (double)NS_PER_S);
    return stay_ns > SETTLE_LEAST_NS ? stay_ns : SETTLE_LEAST_NS;
}

/* ---- the whole ---- */

static void choose_model(struct capacity *capacity)
{
    const struct steady_load *load = &capacity->options->run.load;
    const struct steady_load *target = &capacity->options->target;
    capacity->model = load->asked     ? load->model
                      : target->asked ? target->model
                                      : capacity->profile->load.model;
}

static void choose_seed(struct capacity *capacity)
{
    const struct run_number *given = &capacity->options->run.seed;
    uint64_t drawn = 0;
    capacity->seed = given->given ? given->value : capacity->profile->seed;
    if (capacity->seed != 0) return;
    if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
        drawn = (uint64_t)clock_wall_ns();
    capacity->seed = 1 + drawn % (RUN_SEED_MOST / 2);
}

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name);
    const size_t tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

/* Of the searches of this profile below results/ the newest, which their names tell. */
static enum err_code find_latest(const struct capacity *capacity, struct text *folder,
                                 struct error *err)
{
    struct text end = {0};
    struct text newest = {0};
    DIR *entries = opendir(RUN_RESULTS);
    text_printf(&end, "-%.80s-capacity", capacity->profile->name);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (!ends_with(entry->d_name, text_str(&end))) continue;
        if (newest.length > 0 && strcmp(entry->d_name, newest.data) < 0) continue;
        text_clear(&newest);
        text_puts(&newest, entry->d_name);
    }
    if (entries != NULL) (void)closedir(entries);
    const bool failed = end.failed || newest.failed;
    if (newest.length > 0) text_printf(folder, RUN_RESULTS "/%s", newest.data);
    text_free(&end);
    text_free(&newest);
    if (failed) return error_set(err, ERR_NOMEM, "no memory");
    if (folder->length > 0) return ERR_OK;
    return error_set(err, ERR_IO,
                     RUN_RESULTS ": does not hold a search of profile \"%.80s\"; name its folder",
                     capacity->profile->name);
}

/* A folder, a name below results/, or `latest`. */
static enum err_code find_search(const struct capacity *capacity, const char *search,
                                 struct text *folder, struct error *err)
{
    if (file_exists(search)) {
        text_puts(folder, search);
        return ERR_OK;
    }
    if (strcmp(search, "latest") == 0) return find_latest(capacity, folder, err);
    text_printf(folder, RUN_RESULTS "/%s", search);
    if (file_exists(text_str(folder))) return ERR_OK;
    return error_set(err, ERR_IO, "--resume %s: no such folder, nor below " RUN_RESULTS "/",
                     search);
}

static enum err_code choose_folder(struct capacity *capacity, struct error *err)
{
    const struct capacity_options *options = capacity->options;
    struct text *folder = &capacity->folder;
    char stamp[32];
    format_utc_ms(clock_wall_ns(), stamp);
    if (options->resume != NULL) {
        enum err_code code = find_search(capacity, options->resume, folder, err);
        if (code != ERR_OK) return code;
    } else if (options->run.folder != NULL) {
        text_puts(folder, options->run.folder);
    } else {
        text_printf(folder, "results/%.13s%.2s%.2sZ-%.80s-capacity", stamp, stamp + 14, stamp + 17,
                    capacity->profile->name);
    }
    return folder->failed ? error_set(err, ERR_NOMEM, "no memory") : ERR_OK;
}

enum err_code capacity_open(struct capacity *capacity, uv_loop_t *loop, struct profile *profile,
                            const struct capacity_options *options, struct error *err)
{
    const struct run_options *run = &options->run;
    *capacity = (struct capacity){.loop = loop, .options = options, .profile = profile};
    enum err_code code = ERR_OK;
    if (run->region_count > 0)
        code = profile_keep_regions(profile, run->regions, run->region_count, err);
    choose_model(capacity);
    choose_seed(capacity);
    if (code == ERR_OK) code = read_objectives(capacity, err);
    capacity->region_count = profile->region_count;
    capacity->regions = calloc(profile->region_count, sizeof *capacity->regions);
    if (capacity->regions == NULL) return error_set(err, ERR_NOMEM, "no memory for the regions");
    for (size_t i = 0; i < capacity->region_count && code == ERR_OK; i++)
        code = plan_region(capacity, i, err);
    if (code == ERR_OK) code = choose_folder(capacity, err);
    return code == ERR_OK ? capacity_steps_open(capacity, err) : code;
}

void capacity_free(struct capacity *capacity)
{
    for (size_t i = 0; i < capacity->objective_count; i++) free(capacity->objectives[i].expression);
    free(capacity->regions);
    text_free(&capacity->folder);
    cJSON_Delete(capacity->steps);
    profile_free(capacity->profile);
    capacity->profile = NULL;
}
