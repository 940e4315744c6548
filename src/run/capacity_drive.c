#include "run/capacity_observe.h"
#include "run/capacity_private.h"
#include "run/forecast.h"
#include "run/run.h"

#include "base/files.h"
#include "realtime/token_count.h"

#include <math.h>
#include <string.h>

#define MORE 1.25 /* so many times the fewest sessions are driven at once */
#define LENGTH_MOST_S 600.0
#define STRIKES_MOST 3 /* at which this machine does not keep up with a level */
#define VALID_LEAST 0.5

/* ---- one level ---- */

static double per_second(const struct capacity *capacity, const struct capacity_region *region)
{
    const double level = region->search.level;
    return capacity->model == LOAD_SESSIONS ? level / region->stay_s : level;
}

/* Long enough for a decision if all is well; where it is not reached, each time twice as long. */
static int64_t choose_length_ns(const struct capacity *capacity,
                                const struct capacity_region *region)
{
    const struct search *search = &region->search;
    const bool proof = search->phase == SEARCH_PROVE || search->phase == SEARCH_TEST;
    const int64_t settle_ns = capacity_settle_ns(capacity, region);
    const double least_s = 2 * (double)settle_ns / (double)NS_PER_S;
    const double seen = (double)search->sessions;
    const double wanted = fmax(MORE * (double)search_fewest(search) - seen, seen);
    double seconds = fmax(wanted / per_second(capacity, region), least_s);
    if (proof) seconds = fmax(seconds, search->plan.sustain_s - search->seconds);
    seconds = fmin(seconds, fmax(LENGTH_MOST_S, least_s));
    return 2 * settle_ns + (int64_t)(ceil(seconds) * (double)NS_PER_S);
}

/* What is left of the budget; false if nothing is. */
static bool keep_budget(const struct capacity *capacity, struct budget *budget)
{
    const bool usd = budget->usd > 0;
    const bool tokens = budget->tokens > 0;
    const double left = (double)budget->tokens - capacity->spent_tokens;
    if (usd && !(budget->usd > capacity->spent_usd)) return false;
    if (tokens && left < 1) return false;
    if (usd) budget->usd -= capacity->spent_usd;
    if (tokens) budget->tokens = (uint64_t)left;
    return true;
}

static void name_folder(const struct capacity *capacity, const struct capacity_region *region,
                        struct text *name)
{
    struct text path = {0};
    for (int i = capacity->steps_read + 1; text_clear(name), text_clear(&path), true; i++) {
        text_printf(name, "%03d-%.60s", i, region->name);
        text_printf(&path, "%s/%s", text_str(&capacity->folder), text_str(name));
        if (path.failed || !file_exists(text_str(&path))) break;
    }
    text_free(&path);
}

/* Drives a level into a folder. *kept: there is something to read. */
static enum err_code drive(struct capacity *capacity, const struct capacity_step *step, bool *kept,
                           struct error *err)
{
    struct profile *profile = NULL;
    struct text path = {0};
    struct run_outcome outcome = {0};
    struct run_options options = capacity->options->run;
    enum err_code code =
        capacity_profile(capacity, step->region, step->level, step->length_ns, &profile, err);
    *kept = false;
    if (code != ERR_OK) return code;
    if (!keep_budget(capacity, &profile->budget)) {
        capacity->end = CAPACITY_BUDGET;
        profile_free(profile);
        return ERR_OK;
    }
    text_printf(&path, "%s/%s", text_str(&capacity->folder), step->folder);
    options.region_count = 0;
    options.load.asked = false;
    options.folder = text_str(&path);
    options.screen.quiet = true;
    if (capacity->told) options.screen.out = NULL; /* each level would say the same again */
    capacity->told = true;
    options.seed = (struct run_number){true, capacity->seed + (uint64_t)capacity->steps_read};
    code = run_new(capacity->loop, profile, &options, &capacity->run, err);
    if (code == ERR_OK) code = run_perform(capacity->run, &outcome, err);
    run_free(capacity->run);
    capacity->run = NULL;
    text_free(&path);
    if (outcome.end == RUN_STOPPED_BUDGET) capacity->end = CAPACITY_BUDGET;
    if (outcome.interrupted || outcome.end == RUN_INTERRUPTED) capacity->stopped = true;
    *kept = code == ERR_OK && outcome.kept && outcome.end != RUN_INTERRUPTED;
    run_outcome_free(&outcome);
    return code;
}

/* ---- what a level says ---- */

static void feed(struct search *search, const struct capacity *capacity, const char *region,
                 const struct capacity_seen *seen)
{
    bool decided = false;
    for (size_t i = 0; i < seen->count && !decided; i++) {
        double bad[SEARCH_OBJECTIVES_MOST];
        size_t count = 0;
        for (size_t k = 0; k < capacity->objective_count; k++) {
            if (capacity_asks(&capacity->objectives[k], region))
                bad[count++] =
                    (double)seen->sessions[i].bad[k] / (double)seen->sessions[i].attempts;
        }
        decided = search_add(search, bad);
    }
    if (!decided) (void)search_time(search, seen->seconds);
}

/* The use at this level as the service counts it: requests as measured, and as many tokens as a
 * session of the profile takes. */
static enum err_code put_use(const struct capacity *capacity, const struct capacity_step *step,
                             const struct capacity_seen *seen, struct limiter_facts *facts,
                             struct error *err)
{
    struct profile *profile = NULL;
    enum err_code code =
        capacity_profile(capacity, step->region, step->level, step->length_ns, &profile, err);
    if (code != ERR_OK) return code;
    const struct region *region = &profile->regions[0];
    const struct terms terms = terms_of(profile, region);
    const struct forecast forecast = forecast_region(profile, 0, capacity->seed);
    const bool responses = request_kind_of(region->dialect) == REQUEST_RESPONSE;
    const double begun = responses ? seen->responses : seen->connections;
    if (seen->seconds > 0) facts->rpm = 60 * begun / seen->seconds;
    if (forecast.rpm > 0) facts->tpm = facts->rpm * forecast.tpm / forecast.rpm;
    if (facts->rpm_limit <= 0) facts->rpm_limit = (double)terms.rpm;
    if (facts->tpm_limit <= 0) facts->tpm_limit = (double)terms.tpm;
    profile_free(profile);
    return ERR_OK;
}

static const char *verdict_word(enum search_verdict verdict)
{
    static const char *const words[] = {[SEARCH_OPEN] = "more of it is needed",
                                        [SEARCH_GOOD] = "good",
                                        [SEARCH_BAD] = "bad",
                                        [SEARCH_UNCLEAR] = "cannot be told"};
    return words[verdict];
}

static void tell(const struct capacity *capacity, const struct capacity_region *region,
                 const struct capacity_seen *seen)
{
    static const char *const phases[] = {[SEARCH_GALLOP] = "screen",
                                         [SEARCH_BISECT] = "screen",
                                         [SEARCH_PROVE] = "prove",
                                         [SEARCH_TEST] = "test"};
    const struct run_screen *screen = &capacity->options->run.screen;
    if (screen->quiet || screen->out == NULL) return;
    const struct search *search = &region->search;
    struct text line = {0};
    text_printf(&line, "rushhour: %s %s at ", region->name, phases[search->phase]);
    capacity_level(capacity->model, search->level, &line);
    text_printf(&line, ": %llu sessions", (unsigned long long)search->sessions);
    double worst = 0;
    for (size_t i = 0; i < search->plan.objective_count; i++) {
        const struct eprocess *evidence = &search->evidence[i];
        if (evidence->count > 0) worst = fmax(worst, evidence->sum / (double)evidence->count);
    }
    text_printf(&line, ", %.1f%% bad: %s", 100 * worst, verdict_word(search_verdict(search)));
    if (seen->seconds < VALID_LEAST * seen->asked_seconds)
        text_printf(&line, "; this machine did not keep up: %s", seen->why);
    (void)fprintf(screen->out, "%s\n", text_str(&line));
    text_free(&line);
}

/* All attempts refused for what no lower load would cure. */
static enum err_code check_configured(const struct capacity_region *region,
                                      const struct capacity_seen *seen, struct error *err)
{
    if (seen->answered > 0 || seen->attempts == 0 || 2 * seen->misconfigured < seen->attempts)
        return ERR_OK;
    return error_set(err, ERR_NET,
                     "region %s: no attempt was answered, and they fail with %s, which no lower "
                     "load cures: see `rushhour check`",
                     region->name, seen->code);
}

static void settle_level(struct capacity_region *region, const struct capacity_seen *seen)
{
    struct search *search = &region->search;
    const enum search_verdict verdict = search_verdict(search);
    const bool unseen = seen->seconds < VALID_LEAST * seen->asked_seconds;
    if (verdict == SEARCH_BAD && search->level <= region->worst_level) {
        region->worst_level = search->level;
        region->facts = region->level_facts;
    }
    if (verdict != SEARCH_OPEN) {
        search_next(search);
    } else if (unseen && ++region->strikes >= STRIKES_MOST) {
        memcpy(region->why, seen->why, sizeof region->why);
        search_block(search);
    } else {
        return; /* the same level again */
    }
    region->strikes = 0;
    region->level_facts = (struct limiter_facts){0};
}

static void add_facts(struct limiter_facts *into, const struct limiter_facts *from)
{
    const struct limiter_facts before = *into;
    *into = *from;
    into->slow += before.slow;
    into->refused += before.refused;
    into->failed += before.failed;
}

static enum err_code read_level(struct capacity *capacity, struct capacity_region *region,
                                const struct capacity_step *step, bool *refused, struct error *err)
{
    struct capacity_seen seen;
    struct text path = {0};
    text_printf(&path, "%s/%s", text_str(&capacity->folder), step->folder);
    const struct profile *profile = capacity->profile;
    struct capacity_driven driven = {.settle_ns = step->settle_ns,
                                     .end_ns = step->length_ns - step->settle_ns};
    if (capacity->model == LOAD_SESSIONS) {
        driven.sessions = step->level;
        driven.connect_rate = profile->load.connect_rate / profile->simulator.clock_speed;
    }
    enum err_code code = capacity_observe(text_str(&path), capacity->objectives,
                                          capacity->objective_count, &driven, &seen, err);
    text_free(&path);
    if (code == ERR_OK) code = check_configured(region, &seen, err);
    if (code == ERR_OK) code = put_use(capacity, step, &seen, &seen.facts, err);
    if (code == ERR_OK) {
        add_facts(&region->level_facts, &seen.facts);
        region->attempts += seen.attempts;
        region->minutes += (double)step->length_ns / (60 * (double)NS_PER_S);
        region->cost_usd += seen.cost_usd;
        region->unpriced |= seen.unpriced;
        capacity->spent_usd += seen.cost_usd;
        capacity->spent_tokens += seen.tokens;
        *refused = seen.facts.refused > 0;
        feed(&region->search, capacity, region->name, &seen);
        tell(capacity, region, &seen);
        settle_level(region, &seen);
    }
    capacity_seen_free(&seen);
    return code;
}

/* ---- the search ---- */

static void on_pause_over(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* What was taken too much of comes back with time. */
static void drain(struct capacity *capacity)
{
    uv_timer_t timer;
    if (capacity->options->run.simulate || capacity->options->drain_ns <= 0) return;
    (void)uv_timer_init(capacity->loop, &timer);
    uv_update_time(capacity->loop);
    (void)uv_timer_start(&timer, on_pause_over, (uint64_t)(capacity->options->drain_ns / NS_PER_MS),
                         0);
    if (!capacity->stopped) (void)uv_run(capacity->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(capacity->loop, UV_RUN_NOWAIT);
}

static enum err_code next_step(struct capacity *capacity, struct capacity_region *region,
                               bool *drained, struct error *err)
{
    struct capacity_step step;
    struct text name = {0};
    bool kept = true;
    enum err_code code = ERR_OK;
    const bool known = capacity_steps_next(capacity, &step);
    if (known && (strcmp(step.region, region->name) != 0 || step.level != region->search.level))
        return error_set(err, ERR_FORMAT,
                         "%s: step %d is not what this search would have driven: start a new one",
                         text_str(&capacity->folder), capacity->steps_read);
    if (!known) {
        if (*drained) drain(capacity);
        if (capacity->stopped) return ERR_OK;
        name_folder(capacity, region, &name);
        step = (struct capacity_step){.region = region->name,
                                      .folder = text_str(&name),
                                      .level = region->search.level,
                                      .settle_ns = capacity_settle_ns(capacity, region),
                                      .length_ns = choose_length_ns(capacity, region)};
        code = drive(capacity, &step, &kept, err);
    }
    if (code == ERR_OK && kept) code = read_level(capacity, region, &step, drained, err);
    if (code == ERR_OK && kept && !known) code = capacity_steps_add(capacity, &step, err);
    text_free(&name);
    return code;
}

static void name_limiter(struct capacity *capacity, struct capacity_region *region)
{
    switch (region->search.end) {
    case SEARCH_BLOCKED:
        region->limiter = LIMITER_OWN_MACHINE;
        break;
    case SEARCH_UNFINISHED:
        region->limiter = capacity->end == CAPACITY_BUDGET ? LIMITER_BUDGET : LIMITER_NONE;
        break;
    case SEARCH_AT_MOST:
        region->limiter = LIMITER_NONE;
        break;
    case SEARCH_BRACKETED:
    case SEARCH_UNDECIDED:
    case SEARCH_ALL_BAD:
    case SEARCH_UNSTABLE:
        region->limiter = limiter_find(&region->facts);
        break;
    }
}

enum err_code capacity_perform(struct capacity *capacity, struct error *err)
{
    enum err_code code = folder_make_with(text_str(&capacity->folder), 0700, err);
    if (code == ERR_OK) code = capacity_steps_write(capacity, err);
    for (size_t i = 0; i < capacity->region_count && code == ERR_OK; i++) {
        struct capacity_region *region = &capacity->regions[i];
        bool refused = i > 0;
        while (code == ERR_OK && region->search.phase != SEARCH_DONE && !capacity->stopped &&
               capacity->end != CAPACITY_BUDGET)
            code = next_step(capacity, region, &refused, err);
        name_limiter(capacity, region);
    }
    if (capacity->stopped) capacity->end = CAPACITY_INTERRUPTED;
    struct error later = {0};
    enum err_code written = capacity_steps_write(capacity, code == ERR_OK ? err : &later);
    return code == ERR_OK ? written : code;
}

void capacity_stop(struct capacity *capacity, const char *reason, bool kill_follows)
{
    capacity->stopped = true;
    if (capacity->run == NULL) {
        uv_stop(capacity->loop);
    } else if (kill_follows) {
        run_stop_within(capacity->run, reason);
    } else {
        run_stop(capacity->run, reason);
    }
}
