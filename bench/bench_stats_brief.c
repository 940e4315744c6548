/*
 * How short a run may be and still say something of other hours (DEPENDENCE_LEAST_SECONDS): runs of
 * minutes of services whose incidents or drifts last as long as they do, at two loads. usage:
 * bench_stats_brief [REPETITIONS]. Per span: in how many runs "at such hours" covers the true rate,
 * also with room for an unseen incident, and how many cannot tell; how often a limit of twice the
 * true rate fails; how often two runs, or two regions in the same minutes, of the same service are
 * told apart. From the least time on it ends with 1 when a limit is missed: room covers 90%, a
 * limit of twice the rate fails in 2%, equal services at different times, and equal regions that
 * drift each by itself, differ in 5% each way. Last: how often a service that fails twice as often
 * is found.
 */
#include "base/random.h"
#include "limits.h"
#include "poisson.h"
#include "stats/dependence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE 10 /* seconds of a block */
#define MINUTES_MOST 60
#define BLOCKS_MOST (MINUTES_MOST * 60 / BASE)
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct service {
    const char *name;
    double rate;                /* when nothing else strikes */
    double incidents, seconds;  /* an hour, by chance, and how long; 60% fail in one */
    double drift, drift_memory; /* sd of the logarithm of the rate, and seconds */
};

static const struct service services[] = {
    {.name = "independent", .rate = 0.025},
    {.name = "2 min, ~1/h", .rate = 0.005, .incidents = 1, .seconds = 120},
    {.name = "20 s, ~6/h", .rate = 0.005, .incidents = 6, .seconds = 20},
    {.name = "drift, 20 min", .rate = 0.025, .drift = 0.85, .drift_memory = 1200},
};

#define SHARE 0.6

static double true_rate(const struct service *s)
{
    double quiet = exp(-s->incidents * s->seconds / 3600);
    return s->rate * quiet + SHARE * (1 - quiet);
}

/* Which seconds an incident strikes. */
static void strike(const struct service *s, struct random *random, bool *struck, int seconds)
{
    memset(struck, 0, (size_t)seconds * sizeof *struck);
    if (!(s->incidents > 0)) return;
    double at = -s->seconds;
    for (;;) {
        at += random_exponential(random) * 3600 / s->incidents;
        if (at >= seconds) return;
        int end = (int)fmin(ceil(at + s->seconds), seconds);
        for (int t = (int)fmax(0, ceil(at)); t < end; t++) struck[t] = true;
    }
}

static void draw(const struct service *s, struct random *random, int seconds, double per_minute,
                 struct time_block *out)
{
    static bool struck[MINUTES_MOST * 60];
    double x = random_normal(random);
    double keep = s->drift > 0 ? exp(-1 / s->drift_memory) : 0;
    strike(s, random, struck, seconds);
    for (int i = 0; i * BASE < seconds; i++)
        out[i] = (struct time_block){.start = i * BASE, .seconds = BASE};
    for (int t = 0; t < seconds; t++) {
        struct time_block *block = &out[t / BASE];
        double rate = s->rate * exp(s->drift * x - s->drift * s->drift / 2);
        x = keep * x + sqrt(1 - keep * keep) * random_normal(random);
        if (struck[t]) rate = SHARE;
        double attempts = poisson(random, per_minute / 60);
        block->attempts += attempts;
        for (int k = 0; k < (int)attempts; k++) block->failures += random_unit(random) < rate;
    }
}

/* How many of the runs. */
struct said {
    int covers, with_room, cannot, fails, passes;
    int worse, better, region_worse, region_better;
    int found, region_found; /* worse, where it fails twice as often */
};

static void count_verdict(const struct service_difference *d, int *worse, int *better)
{
    *worse += service_verdict(d) == DIFFERENCE_WORSE;
    *better += service_verdict(d) == DIFFERENCE_BETTER;
}

static struct said say(const struct service *s, struct random *random, int seconds,
                       double per_minute)
{
    static struct time_block a[BLOCKS_MOST];
    static struct time_block b[BLOCKS_MOST];
    const size_t count = (size_t)(seconds / BASE);
    const struct service_side side_a = {.blocks = a, .count = count};
    const struct service_side side_b = {.blocks = b, .count = count};
    const double p = true_rate(s);
    struct service twice = *s;
    twice.rate *= 2;
    twice.incidents *= 2;
    struct said said = {0};
    for (int run = 0; run < repetitions; run++) {
        draw(s, random, seconds, per_minute, a);
        draw(s, random, seconds, per_minute, b);
        const struct service_rate rate = service_rate_of(&side_a, 0.95);
        const struct estimate *e = &rate.estimate;
        const bool known = rate.dependence.why == DEPENDENCE_KNOWN;
        const double room = service_high_with_room(&rate, INCIDENT_SECONDS, INCIDENT_SHARE);
        said.cannot += !known;
        said.covers += !known || (e->low <= p && p <= e->high);
        said.with_room += !known || (e->low <= p && p <= room);
        said.fails += known && e->low >= 2 * p;
        said.passes += known && e->high < 2 * p;
        const struct service_difference runs = service_difference(&side_a, &side_b, 0.95);
        const struct service_difference regions = service_difference_paired(&side_a, &side_b, 0.95);
        count_verdict(&runs, &said.worse, &said.better);
        count_verdict(&regions, &said.region_worse, &said.region_better);
        draw(&twice, random, seconds, per_minute, b);
        const struct service_difference later = service_difference(&side_a, &side_b, 0.95);
        const struct service_difference beside = service_difference_paired(&side_a, &side_b, 0.95);
        said.found += service_verdict(&later) == DIFFERENCE_WORSE;
        said.region_found += service_verdict(&beside) == DIFFERENCE_WORSE;
    }
    return said;
}

static double share(int count)
{
    return 1.0 * count / repetitions;
}

static void print_row(const struct service *s, double per_minute, int minutes,
                      const struct said *said)
{
    bool good = at_least(share(said->with_room), 0.9) && at_most(share(said->fails), 0.02) &&
                at_most(share(said->worse), 0.05) && at_most(share(said->better), 0.05) &&
                at_most(share(said->region_worse), 0.05) &&
                at_most(share(said->region_better), 0.05);
    printf("%-14s %4.0f %4d | %4.0f%% (%3.0f) %4.0f%% | %5.1f%% %4.0f%% | %5.1f %5.1f | %5.1f "
           "%5.1f | %3.0f %3.0f  %s\n",
           s->name, per_minute, minutes, 100 * share(said->covers), 100 * share(said->cannot),
           100 * share(said->with_room), 100 * share(said->fails), 100 * share(said->passes),
           100 * share(said->worse), 100 * share(said->better), 100 * share(said->region_worse),
           100 * share(said->region_better), 100 * share(said->found),
           100 * share(said->region_found), judge(good));
}

int main(int argc, char **argv)
{
    static const double loads[] = {45, 200};
    static const int spans[] = {10, 20, 30, 45, MINUTES_MOST};
    if (argc > 1) repetitions = atoi(argv[1]);
    printf("%-14s %4s %4s | %s | %s | %s | %s | %s\n", "", "/min", "min", "covers (cannot) room",
           "fails passes", "runs: worse better", "regions: worse better", "twice: found");
    for (size_t l = 0; l < COUNT(loads); l++) {
        for (size_t i = 0; i < COUNT(services); i++) {
            struct random random;
            random_seed(&random, 83, i + COUNT(services) * l);
            for (size_t k = 0; k < COUNT(spans); k++) {
                const struct said said = say(&services[i], &random, 60 * spans[k], loads[l]);
                print_row(&services[i], loads[l], spans[k], &said);
                (void)fflush(stdout);
            }
        }
    }
    return all_well ? 0 : 1;
}
