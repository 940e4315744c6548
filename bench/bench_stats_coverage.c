/*
 * How often a 95% interval for the share of failed attempts holds the truth when failures poison sessions:
 * plain Wilson against the interval adjusted for sessions. Sessions of 10 attempts; an attempt of a sound
 * session fails with probability P0, each such failure poisons its session with probability `poison`, and all
 * attempts of a poisoned session fail.
 */
#include "base/random.h"
#include "stats/rate.h"

#include <stdio.h>

#define ATTEMPTS 10
#define REPETITIONS 3000
#define P0 0.01

static const struct setting {
    double poison;
    int sessions;
} settings[] = {{0, 100}, {0, 300}, {0.5, 100}, {0.5, 300}, {1, 100}, {1, 300}};

struct tally {
    int covered;
    double width;
};

/* The expected share of failed attempts: the truth that the intervals are after. */
static double true_rate(double poison)
{
    double sound = 1; /* probability that the session is not poisoned yet */
    double sum = 0;
    for (int i = 0; i < ATTEMPTS; i++) {
        sum += 1 - sound + sound * P0;
        sound *= 1 - poison * P0;
    }
    return sum / ATTEMPTS;
}

static void add_session(struct cluster_sums *sums, struct random *random, double poison)
{
    uint64_t failed = 0;
    uint64_t first = 0;
    bool poisoned = false;
    for (uint64_t i = 1; i <= ATTEMPTS; i++) {
        if (!poisoned && random_unit(random) >= P0) continue;
        if (failed++ == 0) first = i;
        poisoned = poisoned || random_unit(random) < poison;
    }
    cluster_add(sums, ATTEMPTS, failed, first);
}

static void judge(struct tally *tally, struct estimate e, double truth)
{
    if (e.low <= truth && truth <= e.high) tally->covered++;
    tally->width += e.high - e.low;
}

static void print_setting(const struct setting *setting, uint64_t stream)
{
    struct random random;
    struct tally plain = {0};
    struct tally adjusted = {0};
    double truth = true_rate(setting->poison);
    random_seed(&random, 2025, stream);
    for (int i = 0; i < REPETITIONS; i++) {
        struct cluster_sums sums = {0};
        for (int k = 0; k < setting->sessions; k++) add_session(&sums, &random, setting->poison);
        judge(&plain, rate_wilson(sums.x, sums.m, 0.95), truth);
        judge(&adjusted, rate_clustered(&sums, 0.95, NULL), truth);
    }
    printf("%6.1f %9d %8.2f%% %9.1f%% %6.2f pp %12.1f%% %6.2f pp\n", setting->poison, setting->sessions,
           100 * truth, 100.0 * plain.covered / REPETITIONS, 100 * plain.width / REPETITIONS,
           100.0 * adjusted.covered / REPETITIONS, 100 * adjusted.width / REPETITIONS);
}

int main(void)
{
    printf("coverage of 95%% intervals, %d repetitions of sessions of %d attempts\n", REPETITIONS, ATTEMPTS);
    printf("%6s %9s %9s %10s %9s %13s %9s\n", "poison", "sessions", "true", "Wilson", "width", "adjusted",
           "width");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) print_setting(&settings[i], i);
    return 0;
}
