/*
 * Checks the test for regions that fail at the same times on simulated runs with known truth: in
 * how many runs of independent regions any pair is reported (at most 5%), and how many true pairs
 * are found. Exits with 1 if a limit is missed.
 */
#include "base/random.h"
#include "bursting_service.h"
#include "limits.h"
#include "poisson.h"
#include "stats/together.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct run {
    struct together_block *blocks[REGIONS_MOST];
    unsigned *stage;
    size_t count;
};

/* The share of each block that is covered by a region's bursts. */
static void draw_bursts(const struct service *s, struct random *random, double *covered,
                        size_t count)
{
    memset(covered, 0, count * sizeof *covered);
    if (s->bursts_per_hour <= 0) return;
    double gap = 3600 / s->bursts_per_hour - s->burst_s;
    double end = (double)count * BLOCK_S;
    for (double t = gap * random_exponential(random); t < end;
         t += s->burst_s + gap * random_exponential(random)) {
        for (double u = t; u < fmin(t + s->burst_s, end); u += 1)
            covered[(size_t)(u / BLOCK_S)] += 1.0 / BLOCK_S;
    }
}

static void draw_region(const struct service *s, struct random *random, struct run *run,
                        size_t region, const double *covered)
{
    double spell = 0; /* further failures of a spoilt session */
    bool up = random_unit(random) < 0.5;
    bool never = s->one_never_fails && region == 0;
    for (size_t i = 0; i < run->count; i++) {
        double along = (double)i / (double)run->count;
        double load = s->per_minute * BLOCK_S / 60 * (s->ramp ? 0.05 + 0.95 * along : 1);
        if (s->short_first && i == 0) load /= 10;
        double rate = s->rate;
        if (s->drift > 0) rate *= pow(s->drift, up ? along : 1 - along);
        if (s->step > 0 && run->stage[i] > 0) rate *= s->step;
        rate = rate * (1 - covered[i]) + s->in_burst * covered[i];
        struct together_block *block = &run->blocks[region][i];
        *block = (struct together_block){poisson(random, load), 0};
        for (int k = 0; k < (int)block->attempts && !never; k++) {
            bool spoilt = spell > 0 && random_unit(random) < 0.2;
            bool failed = spoilt || random_unit(random) < rate;
            block->failed += failed;
            if (spoilt) {
                spell--;
            } else if (failed) {
                spell += s->spell;
            }
        }
    }
}

static void draw_run(const struct service *s, struct random *random, struct run *run)
{
    static double covered[BLOCKS_MOST];
    run->count = (size_t)(s->hours * 3600 / BLOCK_S);
    for (size_t i = 0; i < run->count; i++) run->stage[i] = s->step > 0 && i >= run->count / 2;
    for (size_t r = 0; r < s->regions; r++) {
        if (r == 0 || !s->shared) draw_bursts(s, random, covered, run->count);
        draw_region(s, random, run, r, covered);
    }
}

/* Runs in which a pair was reported, reported pairs, and pairs without an answer. */
struct tally {
    int runs, any, yes, unknown, pairs;
};

static struct tally tally_of(const struct service *s, struct run *run, int runs, uint64_t stream)
{
    struct together pairs[REGIONS_MOST * REGIONS_MOST / 2];
    struct random random;
    struct tally tally = {.runs = runs};
    const struct together_block *regions[REGIONS_MOST];
    for (size_t r = 0; r < REGIONS_MOST; r++) regions[r] = run->blocks[r];
    random_seed(&random, 4001, stream);
    for (int k = 0; k < runs; k++) {
        draw_run(s, &random, run);
        if (!together_find(regions, s->regions, run->count, run->stage, pairs)) exit(1);
        bool any = false;
        for (size_t i = 0; i < s->regions * (s->regions - 1) / 2; i++) {
            any = any || pairs[i].verdict == TOGETHER_YES;
            tally.pairs++;
            tally.yes += pairs[i].verdict == TOGETHER_YES;
            tally.unknown += pairs[i].verdict == TOGETHER_UNKNOWN;
        }
        tally.any += any;
    }
    return tally;
}

static void print_row(const struct service *s, const struct tally *t, const char *verdict)
{
    printf("%-26s %5.0f %7zu %8.0f %5.1f%% | %6.1f%% %8.1f%% %8.1f%%  %s\n", s->name, s->hours,
           s->regions, s->per_minute, 100 * s->rate, 100.0 * t->any / t->runs,
           100.0 * t->yes / t->pairs, 100.0 * t->unknown / t->pairs, verdict);
}

static void print_head(const char *what)
{
    printf("%s\n%-26s %5s %7s %8s %6s | %7s %9s %9s\n", what, "", "hours", "regions", "per min",
           "rate", "runs", "pairs", "unknown");
}

static void independent(struct run *run)
{
    static const struct service services[] = {
        {.name = "independent", LOAD(1, 2, 45, 0.006)},
        {.name = "independent", LOAD(3, 6, 45, 0.01)},
        {.name = "independent", LOAD(1, 3, 45, 0.2)},
        {.name = "ramp", LOAD(1, 2, 45, 0.006), .ramp = true},
        {.name = "ramp", LOAD(3, 6, 90, 0.006), .ramp = true},
        {.name = "ramp", LOAD(1, 3, 300, 0.05), .ramp = true},
        {.name = "short first interval", LOAD(1, 3, 45, 0.006), .short_first = true},
        {.name = "one never fails", LOAD(1, 3, 45, 0.006), .one_never_fails = true, .ramp = true},
        {.name = "few attempts", LOAD(3, 3, 3, 0.05)},
        {.name = "drift, each its own", LOAD(3, 3, 45, 0.005), .drift = 10},
        {.name = "drift, each its own", LOAD(24, 3, 45, 0.005), .drift = 10},
        {.name = "load step raises both", LOAD(1, 3, 45, 0.005), .step = 10},
        {.name = "poisoned", LOAD(3, 3, 45, 0.005), .spell = 5},
        {.name = "2 min bursts of each", LOAD(1, 2, 45, 0.006), TWO_MINUTES(3)},
        {.name = "2 min bursts of each", LOAD(3, 3, 45, 0.006), TWO_MINUTES(1)},
        {.name = "2 min bursts of each", LOAD(8, 6, 45, 0.006), TWO_MINUTES(1)},
        {.name = "2 min bursts, ramp", LOAD(3, 3, 90, 0.006), TWO_MINUTES(2), .ramp = true},
        {.name = "20 s bursts of each", LOAD(3, 3, 45, 0.006), BURSTS(20, 6, 0.6)},
        {.name = "20 min bursts of each", LOAD(8, 3, 45, 0.006), BURSTS(1200, 0.5, 0.1)},
        {.name = "2 min bursts of each", LOAD(24, 3, 45, 0.006), TWO_MINUTES(1)},
    };
    print_head("regions that do not fail together, said to: runs with any, and pairs");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        int runs = services[i].hours > 10 ? 200 : 400;
        struct tally t = tally_of(&services[i], run, runs, i);
        double most = 0.05 + 3 * sqrt(0.05 * 0.95 / runs);
        print_row(&services[i], &t, judge(t.any <= most * runs));
    }
}

static void power(struct run *run)
{
    static const struct service services[] = {
        {.name = "2 min bursts shared", LOAD(1, 2, 45, 0.006), TWO_MINUTES(3), .shared = true},
        {.name = "2 min bursts shared", LOAD(3, 3, 45, 0.006), TWO_MINUTES(1), .shared = true},
        {.name = "2 min bursts shared", LOAD(8, 6, 45, 0.006), TWO_MINUTES(1), .shared = true},
        {.name = "2 min bursts shared, 5/min",
         LOAD(8, 2, 5, 0.006),
         TWO_MINUTES(1),
         .shared = true},
        {.name = "20 s bursts shared", LOAD(3, 3, 45, 0.006), BURSTS(20, 6, 0.6), .shared = true},
        {.name = "20 s bursts shared, ramp",
         LOAD(3, 3, 45, 0.006),
         BURSTS(20, 6, 0.6),
         .shared = true,
         .ramp = true},
        {.name = "2 min bursts shared", LOAD(24, 3, 45, 0.006), TWO_MINUTES(1), .shared = true},
    };
    print_head("\nregions that do, found");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct tally t = tally_of(&services[i], run, 100, 100 + i);
        print_row(&services[i], &t, "");
    }
}

int main(void)
{
    static struct run run;
    run.stage = calloc(BLOCKS_MOST, sizeof *run.stage);
    for (size_t r = 0; r < REGIONS_MOST; r++) {
        run.blocks[r] = calloc(BLOCKS_MOST, sizeof *run.blocks[r]);
        if (run.blocks[r] == NULL || run.stage == NULL) return 1;
    }
    independent(&run);
    power(&run);
    const struct service week = {.hours = 168, .regions = 6, .per_minute = 45, .rate = 0.01};
    clock_t from = clock();
    struct tally t = tally_of(&week, &run, 1, 999);
    printf("\na week of 6 regions, drawn and tested: %.3f s (%d pairs)\n",
           (double)(clock() - from) / CLOCKS_PER_SEC, t.pairs);
    for (size_t r = 0; r < REGIONS_MOST; r++) free(run.blocks[r]);
    free(run.stage);
    return all_well ? 0 : 1;
}
