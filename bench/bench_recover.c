/*
 * usage: bench_recover [REPETITIONS [SERVICE]]. How often each verdict of stats/recovery.h is
 * false: services with a known truth, three hours before an incident of one, and then back to what
 * they were, or not. 15 or 67 sessions of ten attempts, one each 20 s (45 and 201 a minute), blocks
 * of 10 s. Ends with 1 when a limit is missed: broken services are said to have recovered in 5% at
 * most, services that are back not to have in 5%. Last: the same when somebody asks every ten
 * minutes until the answer is no longer "too early".
 */
#include "base/random.h"
#include "limits.h"
#include "stats/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE 10.0     /* seconds of a block */
#define PACE 20.0     /* from one attempt of a session to the next */
#define BEFORE 10800  /* seconds before the incident */
#define INCIDENT 3600 /* seconds of it */
#define SINCE 10800   /* seconds after it, at most */
#define ALL (BEFORE + INCIDENT + SINCE)
#define BLOCKS (ALL / (int)BASE)
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MARGIN 0.005

struct service {
    const char *name;
    double rate, struck;       /* outside of the incident, and in it */
    double poison;             /* a failure spoils the rest of its session */
    double bursts, seconds;    /* an hour, before and after, at 60% */
    double drift;              /* sd of the logarithm of the rate, 20 minutes of memory */
    bool bursts_are_incidents; /* so that a burst soon after is held for one */
};

static const struct service services[] = {
    {.name = "independent, 0.6%", .rate = 0.006, .struck = 0.15},
    {.name = "independent, 2.5%", .rate = 0.025, .struck = 0.15},
    {.name = "poisoned sessions", .rate = 0.002, .struck = 0.05, .poison = 0.5},
    {.name = "20 s, ~6/h", .rate = 0.002, .struck = 0.15, .bursts = 6, .seconds = 20},
    {.name = "2 min, ~1/h",
     .rate = 0.002,
     .struck = 0.15,
     .bursts = 1,
     .seconds = 120,
     .bursts_are_incidents = true},
    {.name = "drift, sd 0.4", .rate = 0.01, .struck = 0.15, .drift = 0.4},
};

/* What it does since. */
enum truth { BACK, AT_MARGIN, HALF, SAME, AGAIN, TRUTHS };
static const char *const truths[TRUTHS] = {"back", "margin above", "half as bad", "as bad",
                                           "again after 1h"};

struct drawn {
    struct time_block blocks[BLOCKS];
    struct cluster_sums chains[BLOCKS];
    double rate[ALL]; /* the probability that an attempt fails, by second */
};

static void lay_bursts(const struct service *s, struct random *random, struct drawn *out)
{
    double at = -s->seconds;
    while (s->bursts > 0) {
        at += random_exponential(random) * 3600 / s->bursts;
        if (at >= ALL) return;
        for (int t = (int)fmax(0, ceil(at)); t < fmin(ALL, ceil(at + s->seconds)); t++)
            out->rate[t] = fmax(out->rate[t], 0.6);
    }
}

/* The rate that it has since, for one of the truths, of failures before poison adds its own. */
static double since_rate(const struct service *s, enum truth truth, int second, double spoilt)
{
    switch (truth) {
    case AT_MARGIN:
        return s->rate + MARGIN / spoilt;
    case HALF:
        return s->rate + (s->struck - s->rate) / 2;
    case SAME:
        return s->struck;
    case AGAIN:
        return second >= 3600 && second < 3600 + 900 ? s->struck : s->rate;
    case BACK:
    case TRUTHS:
        break;
    }
    return s->rate;
}

/* How many failures come of one, for small rates. */
static double spoils(const struct service *s)
{
    return 1 + s->poison * 4.5;
}

static void lay_rates(const struct service *s, enum truth truth, struct random *random,
                      struct drawn *out)
{
    double x = random_normal(random);
    const double keep = exp(-1 / 1200.0);
    for (int t = 0; t < ALL; t++) {
        const int since = t - BEFORE - INCIDENT;
        double rate = t < BEFORE  ? s->rate
                      : since < 0 ? s->struck
                                  : since_rate(s, truth, since, spoils(s));
        if (s->drift > 0) rate *= exp(s->drift * x - s->drift * s->drift / 2);
        x = keep * x + sqrt(1 - keep * keep) * random_normal(random);
        out->rate[t] = fmin(rate, 1);
    }
    lay_bursts(s, random, out);
}

static void session(const struct service *s, struct random *random, double *t, struct drawn *out)
{
    bool poisoned = false;
    uint64_t attempts = 0;
    uint64_t failed = 0;
    uint64_t first = 0;
    int block = 0;
    for (int i = 0; i < 10 && *t < ALL; i++, *t += PACE) {
        if (*t < 0) continue;
        const bool fails = poisoned || random_unit(random) < out->rate[(int)*t];
        poisoned = poisoned || (fails && random_unit(random) < s->poison);
        block = (int)(*t / BASE);
        out->blocks[block].attempts += 1;
        out->blocks[block].failures += fails;
        attempts++;
        if (fails && failed++ == 0) first = attempts;
    }
    if (attempts > 0) cluster_add(&out->chains[block], attempts, failed, first);
}

static void draw(const struct service *s, enum truth truth, int sessions, struct random *random,
                 struct drawn *out)
{
    lay_rates(s, truth, random, out);
    memset(out->chains, 0, sizeof out->chains);
    for (int i = 0; i < BLOCKS; i++)
        out->blocks[i] = (struct time_block){.start = i * BASE, .seconds = BASE};
    for (int i = 0; i < sessions; i++) {
        double t = -random_unit(random) * 10 * PACE;
        while (t < ALL) session(s, random, &t, out);
    }
}

static struct recovery judge_until(const struct drawn *drawn, int since)
{
    const struct recovery_asked asked = {
        .run = {drawn->blocks, drawn->chains, (size_t)((BEFORE + INCIDENT + since) / (int)BASE)},
        .since = BEFORE + INCIDENT,
        .began = NAN,
        .margin = MARGIN,
        .confidence = 0.95,
        .tests = 1};
    struct recovery found;
    if (!recovery_judge(&asked, &found)) abort();
    return found;
}

/* How many of the runs: of one length, and asked for every ten minutes until there is an answer. */
struct said {
    int of[4], first[4], struck;
};

static const int spans[] = {1800, 3600, SINCE};

static void count(const struct service *s, enum truth truth, int sessions, struct random *random,
                  struct said said[COUNT(spans)])
{
    static struct drawn drawn;
    for (int run = 0; run < repetitions; run++) {
        draw(s, truth, sessions, random, &drawn);
        for (size_t k = 0; k < COUNT(spans); k++) {
            const struct recovery found = judge_until(&drawn, spans[k]);
            said[k].of[found.verdict]++;
            said[k].struck += found.struck;
        }
        enum recovery_verdict first = RECOVERY_TOO_EARLY;
        for (int at = 1800; at <= SINCE && first == RECOVERY_TOO_EARLY; at += 600)
            first = judge_until(&drawn, at).verdict;
        said[COUNT(spans) - 1].first[first]++;
    }
}

static double share(int number)
{
    return 1.0 * number / repetitions;
}

static bool is_good(const struct service *s, enum truth truth, int since, const struct said *said)
{
    const double recovered = share(said->of[RECOVERY_RECOVERED]);
    const double broken = share(said->of[RECOVERY_NOT_YET] + said->of[RECOVERY_RELAPSED]);
    switch (truth) {
    case BACK: /* a service with incidents of its own may have the first ones after the fix */
        return at_most(broken, s->bursts_are_incidents || s->drift > 0 ? 0.1 : 0.05);
    case AT_MARGIN: /* no length of blocks shows a drift whole: docs/statistics.md */
        return at_most(recovered, s->drift > 0 ? 0.1 : 0.05);
    case HALF:
    case SAME:
        return at_most(recovered, 0.05);
    case AGAIN:
        return since <= 3600 || at_most(recovered, 0.05);
    case TRUTHS:
        break;
    }
    return false;
}

static void print_row(const struct service *s, int sessions, enum truth truth, int since,
                      const struct said *said)
{
    printf("%-18s %4d %-14s %4d | %5.1f%% %5.1f%% %5.1f%% %5.1f%% | ", s->name, sessions * 3,
           truths[truth], since / 60, 100 * share(said->of[RECOVERY_RECOVERED]),
           100 * share(said->of[RECOVERY_NOT_YET]), 100 * share(said->of[RECOVERY_RELAPSED]),
           100 * share(said->of[RECOVERY_TOO_EARLY]));
    if (since == SINCE)
        printf("%5.1f%% %5.1f%% %5.1f%% %5.1f%% ", 100 * share(said->first[RECOVERY_RECOVERED]),
               100 * share(said->first[RECOVERY_NOT_YET]),
               100 * share(said->first[RECOVERY_RELAPSED]),
               100 * share(said->first[RECOVERY_TOO_EARLY]));
    printf(" %s\n", judge(is_good(s, truth, since, said)));
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static const int loads[] = {15, 67};
    repetitions = argc > 1 ? atoi(argv[1]) : 200;
    const size_t only = argc > 2 ? (size_t)atoi(argv[2]) : COUNT(services);
    printf("%-18s %4s %-14s %4s | %s | %s\n", "", "/min", "since", "min",
           "recovered not_yet relapsed too_early", "asked every 10 min");
    for (size_t l = 0; l < COUNT(loads); l++) {
        for (size_t i = 0; i < COUNT(services); i++) {
            if (only < COUNT(services) && i != only) continue;
            for (enum truth truth = BACK; truth < TRUTHS; truth++) {
                struct random random;
                struct said said[COUNT(spans)] = {0};
                random_seed(&random, 131, (i + COUNT(services) * l) * TRUTHS + truth);
                count(&services[i], truth, loads[l], &random, said);
                for (size_t k = 0; k < COUNT(spans); k++)
                    print_row(&services[i], loads[l], truth, spans[k], &said[k]);
            }
        }
    }
    return all_well ? 0 : 1;
}
