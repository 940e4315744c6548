/*
 * How often a report claims what is not there: whole runs of three regions whose truth is known go
 * through the timeline, the search for incidents and the patterns, as a run folder does. At most 5%
 * of the runs of a kind may show an incident, regions that fail together, or a window that stands
 * out, where there is none; how many are found where there is one is shown. Ends with 1 when a
 * limit is missed. usage: bench_figures_patterns [RUNS]
 */
#include "base/clock.h"
#include "base/random.h"
#include "figures/grouping.h"
#include "figures/incidents.h"
#include "figures/patterns.h"
#include "limits.h"
#include "poisson.h"

#include <stdio.h>
#include <stdlib.h>

#define REGIONS 3
#define BLOCK (10 * NS_PER_S)
#define HOUR_BLOCKS ((size_t)360)
#define HOURS 4
#define WINDOWS ((size_t)8) /* of half an hour */
#define START INT64_C(1776171600000000000)
#define STRETCH 12 /* blocks of an incident: two minutes */

/* How three regions fail, and what the report may say of it. */
struct service {
    const char *name;
    double attempts, rate; /* in a block, at most; of them that fail */
    double quota;          /* in the highest stage: refused, */
    double overload;       /* and how many times as often the service fails */
    double poison;         /* failures that follow one in its session */
    double own, shared;    /* incidents an hour, of each region for itself and of all */
    double half_hour;      /* the rate of half an hour of the first region, over that of the rest */
    bool ramp;             /* the load rises from nothing */
    bool step;             /* it doubles in the last hour */
    bool never;            /* the first region never fails */
    bool no_attempts;      /* attempts.csv was not written */
    bool incident, together, window; /* there is one */
};

/* What was said of some runs. */
struct said {
    int incident, together, window;
};

struct course {
    double chance[HOURS * HOUR_BLOCKS]; /* of an attempt to fail by an incident */
};

static void strike(struct course *course, struct random *random, double an_hour)
{
    const size_t count = HOURS * HOUR_BLOCKS;
    double at = 0;
    while (an_hour > 0) {
        at += random_exponential(random) * (double)HOUR_BLOCKS / an_hour;
        if (at >= (double)count) return;
        for (size_t i = (size_t)at; i < count && i < (size_t)at + STRETCH; i++)
            course->chance[i] = 0.6;
    }
}

static double rate_in(const struct service *s, size_t region, size_t block)
{
    double rate = s->never && region == 0 ? 0 : s->rate;
    if (s->step && block >= (HOURS - 1) * HOUR_BLOCKS && s->overload > 0) rate *= s->overload;
    bool half = block >= HOUR_BLOCKS && block < HOUR_BLOCKS * 3 / 2;
    if (s->half_hour > 0 && region == 0 && half) rate *= s->half_hour;
    return rate;
}

static double load_in(const struct service *s, size_t block)
{
    double along = (double)(block + 1) / (double)(HOURS * HOUR_BLOCKS);
    if (s->ramp) return s->attempts * along;
    return s->step && block < (HOURS - 1) * HOUR_BLOCKS ? s->attempts / 2 : s->attempts;
}

/* One region in one block; *spell: failures to come of a session that is spoilt. */
static void draw_block(const struct service *s, struct random *random, size_t region, size_t block,
                       double struck, double *spell, struct timeline_gather *gather)
{
    static uint64_t chain = 1;
    static uint64_t spoilt_chain;
    int64_t start_ns = START + (int64_t)block * BLOCK;
    struct cell cell = {0};
    struct health health = {.wall_ms = 10000, .valid = true};
    uint64_t attempts = (uint64_t)poisson(random, load_in(s, block));
    double rate = rate_in(s, region, block);
    bool full = s->step && block >= (HOURS - 1) * HOUR_BLOCKS;
    bool ok = true;
    rate = rate * (1 - struck) + struck;
    for (uint64_t k = 0; k < attempts; k++) {
        bool spoilt = *spell > 0 && random_unit(random) < 0.2;
        bool refused = full && random_unit(random) < s->quota;
        bool failed = spoilt || refused || random_unit(random) < rate;
        cell.counters.attempts_failed += failed;
        cell.counters.attempts_ok += !failed;
        if (!failed) continue;
        uint64_t key = spoilt ? spoilt_chain : ++chain;
        if (spoilt) {
            --*spell;
        } else if (!refused) {
            *spell += s->poison;
            spoilt_chain = chain;
            cell.clusters.x += 1 + s->poison;
            cell.clusters.xx += (1 + s->poison) * (1 + s->poison);
        }
        ok = ok && timeline_add_failure(gather, region, start_ns + (int64_t)k,
                                        refused ? "upgrade_429" : "server_error",
                                        refused ? DOMAIN_QUOTA : DOMAIN_SERVICE,
                                        s->no_attempts ? 0 : key);
    }
    if (!ok || !timeline_add_interval(gather, region, start_ns, start_ns + BLOCK, &cell, &health))
        abort();
}

static void draw_run(const struct service *s, struct random *random, struct timeline_gather *gather)
{
    struct course shared = {0};
    strike(&shared, random, s->shared);
    for (size_t r = 0; r < REGIONS; r++) {
        struct course own = shared;
        double spell = 0;
        strike(&own, random, s->own);
        for (size_t i = 0; i < HOURS * HOUR_BLOCKS; i++)
            draw_block(s, random, r, i, own.chance[i], &spell, gather);
    }
}

static void build(const struct service *s, struct timeline_gather *gather, struct timeline *out)
{
    const int64_t hour_ns = (int64_t)HOUR_BLOCKS * BLOCK;
    const struct timeline_stage level[] = {{0, 2}, {HOURS * hour_ns, 2}};
    const struct timeline_stage ramp[] = {{HOURS * hour_ns, 2}};
    const struct timeline_stage step[] = {{0, 1}, {(HOURS - 1) * hour_ns, 1}, {0, 2}, {hour_ns, 2}};
    bool ok = s->ramp   ? timeline_build(gather, REGIONS, ramp, 1, out)
              : s->step ? timeline_build(gather, REGIONS, step, 4, out)
                        : timeline_build(gather, REGIONS, level, 2, out);
    if (!ok) abort();
}

/* Half-hour windows over the run. */
static struct patterns *patterns_of(struct timeline *timeline, struct run_incidents *incidents)
{
    static const struct window half_hour = {.width_ns = (int64_t)HOUR_BLOCKS / 2 * BLOCK};
    struct slice slices[WINDOWS] = {0};
    for (size_t i = 0; i < WINDOWS; i++) {
        slices[i].start_ns = START + (int64_t)i * half_hour.width_ns;
        slices[i].end_ns = slices[i].start_ns + half_hour.width_ns;
    }
    struct grouping groupings[] = {{.kind = GROUP_TOTAL},
                                   {.kind = GROUP_SERIES},
                                   {.kind = GROUP_WINDOW,
                                    .window = &half_hour,
                                    .shown = true,
                                    .slices = slices,
                                    .slice_count = WINDOWS}};
    const struct results results = {.region_count = REGIONS,
                                    .groupings = groupings,
                                    .grouping_count = 3,
                                    .timeline = timeline,
                                    .incidents = incidents};
    return patterns_find(&results);
}

static void say(const struct service *s, struct random *random, struct said *said)
{
    struct timeline_gather gather = {0};
    struct timeline timeline;
    struct run_incidents incidents;
    bool together = false;
    bool window = false;
    draw_run(s, random, &gather);
    build(s, &gather, &timeline);
    if (!run_incidents_find(&timeline, &incidents)) abort();
    struct patterns *patterns = patterns_of(&timeline, &incidents);
    if (patterns == NULL) abort();
    for (size_t i = 0; i < patterns->together_count; i++)
        together = together || patterns->together[i].verdict == TOGETHER_YES;
    for (size_t r = 0; r < REGIONS; r++) window = window || patterns->concentration[r].stands_out;
    said->incident += incidents.count > 0;
    said->together += together;
    said->window += window;
    patterns_free(patterns);
    run_incidents_free(&incidents);
    timeline_free(&timeline);
    timeline_gather_free(&gather);
}

/* A share of runs, at most 5% where there is nothing to find. */
static const char *held(int count, bool there)
{
    return there ? "  " : judge(at_most((double)count / repetitions, 0.05));
}

static const struct service services[] = {
    {.name = "independent", .attempts = 8, .rate = 0.006},
    {.name = "independent, 5%", .attempts = 8, .rate = 0.05},
    {.name = "no attempts.csv", .attempts = 8, .rate = 0.01, .no_attempts = true},
    {.name = "ramp", .attempts = 15, .rate = 0.006, .ramp = true},
    {.name = "ramp, one never fails", .attempts = 15, .rate = 0.006, .ramp = true, .never = true},
    {.name = "quota in the top stage", .attempts = 15, .rate = 0.006, .step = true, .quota = 0.3},
    {.name = "same, no attempts.csv",
     .attempts = 15,
     .rate = 0.006,
     .step = true,
     .quota = 0.3,
     .no_attempts = true},
    {.name = "poisoned sessions", .attempts = 8, .rate = 0.004, .poison = 4},
    {.name = "incidents of each alone", .attempts = 8, .rate = 0.006, .own = 1, .incident = true},
    {.name = "overload in the top stage",
     .attempts = 15,
     .rate = 0.006,
     .step = true,
     .overload = 3,
     .incident = true,
     .together = true},
    {.name = "incidents of all together",
     .attempts = 8,
     .rate = 0.006,
     .shared = 2,
     .incident = true,
     .together = true},
    {.name = "half an hour, 4 times",
     .attempts = 8,
     .rate = 0.006,
     .half_hour = 4,
     .incident = true,
     .window = true},
};

int main(int argc, char **argv)
{
    struct random random;
    repetitions = argc > 1 ? atoi(argv[1]) : 200;
    random_seed(&random, 59, 1);
    printf("%-28s %12s %14s %14s\n", "", "incident", "together", "window");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        const struct service *s = &services[i];
        struct said said = {0};
        for (int run = 0; run < repetitions; run++) say(s, &random, &said);
        const double percent = 100.0 / repetitions;
        printf("%-28s %6.1f%% %s %8.1f%% %s %8.1f%% %s\n", s->name, percent * said.incident,
               held(said.incident, s->incident), percent * said.together,
               held(said.together, s->together), percent * said.window,
               held(said.window, s->window));
    }
    return all_well ? 0 : 1;
}
