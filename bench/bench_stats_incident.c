/*
 * Checks the search for incidents on simulated runs with known truth: how many runs without an
 * incident show one (at most 5%), and how many incidents it finds, with what error in their length.
 * Exits with 1 if a limit is missed.
 */
#include "base/random.h"
#include "bursting_service.h"
#include "limits.h"
#include "stats/incident.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS 10 /* of a session */

struct burst {
    double start_s, end_s;
};

struct truth {
    struct burst bursts[4096];
    size_t count;
};

struct run {
    struct incident_block *blocks[REGIONS_MOST];
    struct incident_series series[REGIONS_MOST];
    struct truth truth[REGIONS_MOST];
    size_t count;
    double xx[REGIONS_MOST], x[REGIONS_MOST];
};

static void draw_bursts(const struct service *s, struct random *random, struct truth *truth)
{
    truth->count = 0;
    if (s->bursts_per_hour <= 0) return;
    double gap = 3600 / s->bursts_per_hour - s->burst_s;
    double t = gap * random_exponential(random);
    while (t + s->burst_s < s->hours * 3600 && truth->count < 4096) {
        truth->bursts[truth->count++] = (struct burst){t, t + s->burst_s};
        t += s->burst_s + gap * random_exponential(random);
    }
}

static bool struck(const struct truth *truth, double t)
{
    for (size_t i = 0; i < truth->count; i++) {
        if (t >= truth->bursts[i].start_s && t < truth->bursts[i].end_s) return true;
    }
    return false;
}

static void put(struct run *run, size_t region, double t, bool failed, bool onset)
{
    size_t block = (size_t)(t / BLOCK_S);
    if (block >= run->count) return;
    run->blocks[region][block].attempts++;
    run->blocks[region][block].failed += failed;
    run->blocks[region][block].onsets += onset;
}

/* One session after another, an attempt every `every` seconds; retries count as attempts. */
static void draw_user(const struct service *s, struct random *random, struct run *run,
                      size_t region, double from_s, double every)
{
    double t = from_s + every * random_unit(random);
    while (t < s->hours * 3600) {
        bool poisoned = false;
        double x = 0;
        for (int i = 0; i < ATTEMPTS; i++, t += every * (0.5 + random_unit(random))) {
            double rate = struck(&run->truth[region], t) ? s->in_burst : s->rate;
            bool failed = poisoned || random_unit(random) < rate;
            put(run, region, t, failed, failed && x == 0);
            if (!failed) continue;
            x++;
            poisoned = poisoned || random_unit(random) < s->poison;
            for (int k = 1; k < 4 && random_unit(random) < s->retries; k++) {
                put(run, region, t, true, false);
                x++;
            }
        }
        run->xx[region] += x * x;
        run->x[region] += x;
    }
}

static void draw_run(const struct service *s, struct random *random, struct run *run)
{
    run->count = (size_t)(s->hours * 3600 / BLOCK_S);
    for (size_t r = 0; r < s->regions; r++) {
        memset(run->blocks[r], 0, run->count * sizeof *run->blocks[r]);
        run->x[r] = run->xx[r] = 0;
        if (r > 0 && s->shared) {
            run->truth[r] = run->truth[0];
        } else {
            draw_bursts(s, random, &run->truth[r]);
        }
        double every = 12; /* seconds between the attempts of one user */
        double users = s->per_minute * every / 60;
        if (users < 1) {
            every = 60 / s->per_minute;
            users = 1;
        }
        for (int u = 0; u < lround(users); u++) {
            double from = s->ramp && u > users / 10 ? s->hours * 3600 * u / users : 0;
            draw_user(s, random, run, r, from, every);
        }
    }
}

static void set_series(const struct service *s, struct run *run, bool onsets)
{
    for (size_t r = 0; r < s->regions; r++) {
        run->series[r] =
            (struct incident_series){.blocks = run->blocks[r],
                                     .cluster = run->x[r] > 0 ? run->xx[r] / run->x[r] : 1,
                                     .has_onsets = onsets};
    }
}

/* ---- false alarms ---- */

static void false_alarms(struct run *run)
{
    static const struct service services[] = {
        {.name = "independent", LOAD(1, 1, 45, 0.002)},
        {.name = "independent", LOAD(1, 1, 45, 0.01)},
        {.name = "independent", LOAD(3, 2, 45, 0.05)},
        {.name = "independent", LOAD(3, 1, 45, 0.3)},
        {.name = "few attempts", LOAD(1, 2, 2, 0.03)},
        {.name = "few attempts", LOAD(8, 1, 1, 0.3)},
        {.name = "no failure", LOAD(1, 2, 45, 0)},
        {.name = "many attempts", LOAD(1, 2, 600, 0.01)},
        {.name = "a day", LOAD(24, 2, 45, 0.005)},
        {.name = "six regions", LOAD(3, 6, 45, 0.005)},
        {.name = "ramp", LOAD(1, 2, 45, 0.01), .ramp = true},
        {.name = "ramp", LOAD(3, 2, 90, 0.003), .ramp = true},
        {.name = "half poisoned", LOAD(1, 1, 45, 0.01), .poison = 0.5},
        {.name = "poisoned", LOAD(1, 1, 45, 0.002), .poison = 1},
        {.name = "poisoned", LOAD(3, 2, 45, 0.01), .poison = 1},
        {.name = "poisoned, few", LOAD(8, 2, 5, 0.005), .poison = 1},
        {.name = "poisoned, few", LOAD(1, 1, 10, 0.01), .poison = 1},
        {.name = "poisoned, a day", LOAD(24, 2, 45, 0.003), .poison = 1},
        {.name = "poisoned, ramp", LOAD(3, 2, 45, 0.01), .poison = 0.7, .ramp = true},
        {.name = "sticky retries", LOAD(3, 2, 45, 0.01), .retries = 0.83},
        {.name = "poisoned, retries", LOAD(3, 2, 45, 0.005), .retries = 0.8, .poison = 0.3},
    };
    struct random random;
    printf("runs without an incident that show one\n");
    printf("%-18s %5s %7s %8s %6s | %8s %12s\n", "", "hours", "regions", "per min", "rate",
           "onsets", "clusters");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        const struct service *s = &services[i];
        int runs = s->hours * (double)s->regions * s->per_minute > 1500 ? 200 : 600;
        int shown[2] = {0, 0};
        random_seed(&random, 3001, i);
        for (int k = 0; k < runs; k++) {
            draw_run(s, &random, run);
            for (int way = 0; way < 2; way++) {
                struct incidents found;
                set_series(s, run, way == 0);
                if (!incidents_find(run->series, s->regions, run->count, MINUTE, &found)) exit(1);
                shown[way] += found.count > 0;
                incidents_free(&found);
            }
        }
        double most = 0.05 * runs + 3 * sqrt(0.05 * 0.95 * runs);
        printf("%-18s %5.0f %7zu %8.0f %5.1f%% | %6.1f%% %11.1f%%  %s\n", s->name, s->hours,
               s->regions, s->per_minute, 100 * s->rate, 100.0 * shown[0] / runs,
               100.0 * shown[1] / runs, judge(shown[0] <= most && shown[1] <= most));
    }
}

/* ---- power ---- */

struct score {
    double bursts, found, right_regions, length_error, shown, spurious;
};

static void score_run(const struct service *s, const struct run *run, const struct incidents *found,
                      struct score *score)
{
    const struct truth *truth = &run->truth[0];
    for (size_t b = 0; b < truth->count; b++) {
        score->bursts++;
        for (size_t k = 0; k < found->count; k++) {
            const struct incident *in = &found->list[k];
            double start = (double)in->start * BLOCK_S;
            double end = start + (double)in->length * BLOCK_S;
            if (end <= truth->bursts[b].start_s || start >= truth->bursts[b].end_s) continue;
            score->found++;
            score->right_regions +=
                s->shared ? (double)in->struck_count / (double)s->regions : in->struck_count == 1;
            score->length_error += fabs(end - start - s->burst_s);
            break;
        }
    }
    for (size_t k = 0; k < found->count; k++) {
        const struct incident *in = &found->list[k];
        bool any = false;
        for (size_t r = 0; r < s->regions; r++) {
            for (size_t b = 0; b < run->truth[r].count; b++) {
                double start = (double)in->start * BLOCK_S;
                double end = start + (double)in->length * BLOCK_S;
                any = any || (end > run->truth[r].bursts[b].start_s &&
                              start < run->truth[r].bursts[b].end_s);
            }
        }
        score->shown++;
        score->spurious += !any;
    }
}

static void print_score(const struct score *c)
{
    printf(" %5.1f%%", 100 * c->found / c->bursts);
    if (c->found > 0) {
        printf(" %5.1f%% %6.0f s %5.1f%%", 100 * c->right_regions / c->found,
               c->length_error / c->found, 100 * c->spurious / c->shown);
    }
}

static void power(struct run *run)
{
    static const struct service services[] = {
        {.name = "2 min", LOAD(3, 1, 45, 0.006), TWO_MINUTES(1)},
        {.name = "2 min", LOAD(24, 1, 45, 0.006), TWO_MINUTES(1)},
        {.name = "2 min", LOAD(3, 1, 5, 0.006), TWO_MINUTES(1)},
        {.name = "2 min, poisoned", LOAD(3, 1, 45, 0.006), TWO_MINUTES(1), .poison = 1},
        {.name = "2 min, shared", LOAD(3, 3, 45, 0.006), TWO_MINUTES(1), .shared = true},
        {.name = "2 min, each", LOAD(3, 3, 45, 0.006), TWO_MINUTES(1)},
        {.name = "20 s", LOAD(3, 1, 45, 0.006), BURSTS(20, 3, 0.6)},
        {.name = "20 s", LOAD(3, 1, 10, 0.006), BURSTS(20, 3, 0.6)},
        {.name = "20 s, shared", LOAD(3, 6, 10, 0.006), BURSTS(20, 3, 0.6), .shared = true},
        {.name = "20 s, poisoned", LOAD(3, 1, 45, 0.006), BURSTS(20, 3, 0.6), .poison = 1},
        {.name = "20 min at 5%", LOAD(3, 1, 45, 0.006), BURSTS(1200, 0.5, 0.05)},
        {.name = "2 h at 3%", LOAD(24, 1, 45, 0.006), BURSTS(7200, 0.1, 0.03)},
    };
    struct random random;
    printf(
        "\nbursts that are found, by onsets and clusters (and by clusters alone); regions rightly "
        "named, error of the length, found where there is none\n");
    printf("%-18s %5s %7s %8s | %-32s | %s\n", "", "hours", "regions", "per min", "onsets",
           "clusters alone");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        const struct service *s = &services[i];
        struct score scores[2] = {{0}};
        int runs = s->hours > 20 ? 20 : 100;
        random_seed(&random, 3002, i);
        for (int k = 0; k < runs; k++) {
            draw_run(s, &random, run);
            for (int way = 0; way < 2; way++) {
                struct incidents found;
                set_series(s, run, way == 0);
                if (!incidents_find(run->series, s->regions, run->count, MINUTE, &found)) exit(1);
                score_run(s, run, &found, &scores[way]);
                incidents_free(&found);
            }
        }
        printf("%-18s %5.0f %7zu %8.0f |", s->name, s->hours, s->regions, s->per_minute);
        print_score(&scores[0]);
        printf(" |");
        print_score(&scores[1]);
        printf("\n");
    }
}

static void speed(struct run *run, double hours, size_t regions)
{
    const struct service s = {.hours = hours,
                              .regions = regions,
                              .per_minute = 45,
                              .rate = 0.006,
                              .burst_s = 120,
                              .bursts_per_hour = 1,
                              .in_burst = 0.6};
    struct random random;
    struct incidents found;
    random_seed(&random, 3003, 0);
    draw_run(&s, &random, run);
    set_series(&s, run, true);
    clock_t from = clock();
    if (!incidents_find(run->series, regions, run->count, MINUTE, &found)) exit(1);
    printf("%.0f h, %zu regions: %.3f s, %zu incidents\n", hours, regions,
           (double)(clock() - from) / CLOCKS_PER_SEC, found.count);
    incidents_free(&found);
}

int main(void)
{
    static struct run run;
    for (size_t r = 0; r < REGIONS_MOST; r++) {
        run.blocks[r] = calloc(BLOCKS_MOST, sizeof *run.blocks[r]);
        if (run.blocks[r] == NULL) return 1;
    }
    false_alarms(&run);
    power(&run);
    speed(&run, 24, 6);
    speed(&run, 168, 6);
    for (size_t r = 0; r < REGIONS_MOST; r++) free(run.blocks[r]);
    return all_well ? 0 : 1;
}
