/*
 * Checks the test for a window that stands out on simulated runs with known truth: in how many runs
 * without such a window one is reported (at most 5%), and how often a real one is found. Incidents
 * are found by the scan, as in a report. Exits with 1 if a limit is missed.
 */
#include "base/random.h"
#include "bursting_service.h"
#include "limits.h"
#include "poisson.h"
#include "stats/incident.h"
#include "stats/standout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct standout_block blocks[BLOCKS_MOST];
    struct incident_block counts[BLOCKS_MOST];
    size_t count;
    double xx, x;
};

static void draw_block(const struct service *s, struct random *random, struct run *run, size_t i,
                       bool burst, double *spell)
{
    double along = (double)i / (double)run->count;
    double load = s->per_minute * BLOCK_S / 60 * (s->ramp ? 0.05 + 0.95 * along : 1);
    struct standout_block *block = &run->blocks[i];
    *block = (struct standout_block){.attempts = poisson(random, load),
                                     .window = i / (size_t)(s->window_minutes * MINUTE),
                                     .stage = s->step > 0 && along >= 0.75};
    double rate = s->rate * (block->stage > 0 ? s->step : 1);
    if (s->there > 0 && block->window == 1) rate *= s->there;
    if (burst) rate = s->in_burst;
    for (int k = 0; k < (int)block->attempts; k++) {
        bool spoilt = *spell > 0 && random_unit(random) < 0.2;
        bool failed = spoilt || random_unit(random) < rate;
        block->failed += failed;
        if (spoilt) {
            --*spell;
        } else if (failed) {
            *spell += s->spell;
            run->x += 1 + s->spell;
            run->xx += (1 + s->spell) * (1 + s->spell);
        }
    }
}

static void draw_run(const struct service *s, struct random *random, struct run *run)
{
    double burst_left = 0;
    double spell = 0;
    run->count = (size_t)(s->hours * 3600 / BLOCK_S);
    run->x = run->xx = 0;
    for (size_t i = 0; i < run->count; i++) {
        double often = s->bursts_per_hour / 360;
        if (s->bursts_there > 0 && i / (size_t)(s->window_minutes * MINUTE) == 1)
            often *= s->bursts_there;
        if (burst_left <= 0 && random_unit(random) < often) burst_left = s->burst_s;
        draw_block(s, random, run, i, burst_left > 0, &spell);
        burst_left -= BLOCK_S;
    }
}

static void name_incidents(struct run *run)
{
    struct incidents found;
    for (size_t i = 0; i < run->count; i++) {
        run->counts[i] = (struct incident_block){run->blocks[i].attempts, run->blocks[i].failed, 0};
    }
    const struct incident_series series = {.blocks = run->counts,
                                           .cluster = run->x > 0 ? run->xx / run->x : 1};
    if (!incidents_find(&series, 1, run->count, MINUTE, &found)) exit(1);
    for (size_t k = 0; k < found.count; k++) {
        for (size_t i = 0; i < found.list[k].length; i++)
            run->blocks[found.list[k].start + i].incident = k + 1;
    }
    incidents_free(&found);
}

static void row(const struct service *s, struct run *run, int runs, uint64_t stream, bool null)
{
    struct random random;
    int said = 0;
    int right = 0;
    int known = 0;
    random_seed(&random, 5001, stream);
    size_t windows = (size_t)ceil(s->hours * 60 / s->window_minutes);
    for (int k = 0; k < runs; k++) {
        struct standout found;
        draw_run(s, &random, run);
        name_incidents(run);
        if (!standout_find(run->blocks, run->count, windows, MINUTE, &found)) exit(1);
        known += found.known;
        said += found.p <= 0.05;
        right += found.p <= 0.05 && found.window == 1;
    }
    double most = runs * 0.05 + 3 * sqrt(runs * 0.05 * 0.95);
    printf("%-30s %5.0f %7.0f %8.0f %5.1f%% | %6.1f%% ", s->name, s->hours, s->window_minutes,
           s->per_minute, 100 * s->rate, 100.0 * said / runs);
    if (null) {
        printf("known %5.1f%%  %s\n", 100.0 * known / runs, judge(said <= most));
    } else {
        printf("right %5.1f%%\n", 100.0 * right / runs);
    }
}

int main(void)
{
    static struct run run;
    static const struct service none[] = {
        {.name = "independent", LOAD(3, 1, 45, 0.006), .window_minutes = 10},
        {.name = "independent", LOAD(1, 1, 45, 0.03), .window_minutes = 5},
        {.name = "independent", LOAD(24, 1, 45, 0.006), .window_minutes = 60},
        {.name = "few attempts", LOAD(8, 1, 2, 0.03), .window_minutes = 60},
        {.name = "ramp", LOAD(3, 1, 90, 0.01), .window_minutes = 10, .ramp = true},
        {.name = "quota in the highest stage",
         LOAD(3, 1, 45, 0.01),
         .window_minutes = 30,
         .step = 10},
        {.name = "poisoned", LOAD(3, 1, 45, 0.006), .window_minutes = 30, .spell = 5},
        {.name = "poisoned", LOAD(24, 1, 45, 0.006), .window_minutes = 60, .spell = 9},
        {.name = "2 min bursts", LOAD(3, 1, 45, 0.006), .window_minutes = 30, TWO_MINUTES(1)},
        {.name = "2 min bursts", LOAD(24, 1, 45, 0.006), .window_minutes = 60, TWO_MINUTES(1)},
        {.name = "20 s bursts", LOAD(8, 1, 45, 0.006), .window_minutes = 60, BURSTS(20, 6, 0.6)},
        {.name = "20 s bursts, few attempts",
         LOAD(8, 1, 10, 0.006),
         .window_minutes = 60,
         BURSTS(20, 6, 0.6)},
        {.name = "20 min at 10%",
         LOAD(24, 1, 45, 0.006),
         .window_minutes = 60,
         BURSTS(1200, 0.3, 0.1)},
        {.name = "20 min at 3%",
         LOAD(24, 1, 20, 0.01),
         .window_minutes = 60,
         BURSTS(1200, 0.3, 0.03)},
    };
    static const struct service some[] = {
        {.name = "twice the rate there", LOAD(24, 1, 45, 0.01), .window_minutes = 60, .there = 2},
        {.name = "three times the rate there",
         LOAD(3, 1, 45, 0.01),
         .window_minutes = 30,
         .there = 3},
        {.name = "three times, poisoned",
         LOAD(24, 1, 45, 0.006),
         .window_minutes = 60,
         .there = 3,
         .spell = 5},
        {.name = "10 times the bursts there",
         LOAD(24, 1, 45, 0.006),
         .window_minutes = 60,
         TWO_MINUTES(0.5),
         .bursts_there = 10},
    };
    printf("runs in which a window is said to stand out\n%-30s %5s %7s %8s %6s | %7s\n", "",
           "hours", "window", "per min", "rate", "said");
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        row(&none[i], &run, none[i].hours > 20 ? 200 : 400, i, true);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) row(&some[i], &run, 100, 50 + i, false);
    return all_well ? 0 : 1;
}
