/*
 * Does the capacity search find the truth, and how often does it claim too much? Against modelled
 * services whose capacity is known: requests or tokens per minute, sessions at once, latency that
 * rises towards a knee, and flat failures before a cliff; with sessions that fail independently or
 * are poisoned. The pure search (capacity/search.h) as the command drives it.
 *
 * right: the proven level is at most the truth and at least 6% below it, and the refuted one is at
 * least the truth and at most 6% above. over: the proven level exceeds the truth. under: the
 * refuted one lies below it. named: the limiter is the service's own. The claim is over + under at
 * most 5%.
 * usage: bench_capacity [searches per service]
 */
#include "base/random.h"
#include "capacity/limiter.h"
#include "capacity/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERRORS 0.05
#define LIMIT 0.04 /* of bad attempts */
#define STEP 0.03
#define TURNS 5       /* attempts per session */
#define STAY 0.5      /* minutes */
#define TOKENS 400.0  /* per session, as the quota counts them */
#define BATCH_MIN 0.5 /* minutes that are driven at a time */

struct service {
    const char *name;
    enum limiter limiter;
    bool whole_sessions; /* refused as a whole */
    bool closed;         /* the level is a number of sessions, not arrivals per minute */
    double (*bad)(double level, double capacity); /* share of attempts */
};

static double bad_wall(double level, double capacity)
{
    return fmax(0, 1 - capacity / level);
}

/* Erlang's loss formula: those who find all places taken. */
static double bad_places(double level, double capacity)
{
    const unsigned places = (unsigned)ceil(capacity * STAY);
    const double offered = level * STAY;
    double blocked = 1;
    for (unsigned i = 1; i <= places; i++) blocked = offered * blocked / (i + offered * blocked);
    return blocked;
}

/* Waiting grows as in a queue; the share over the limit follows. */
static double bad_knee(double level, double capacity)
{
    const double use = fmin(level / capacity, 1.5);
    return use >= 1 ? 0.6 : fmin(0.6, 0.003 + 0.002 * pow(use, 4) / (1 - use));
}

static double bad_cliff(double level, double capacity)
{
    return level <= capacity ? 0.012 : 0.012 + 0.25 * fmin(1, 4 * (level / capacity - 1));
}

static const struct service services[] = {
    {"requests per minute", LIMITER_QUOTA_RPM, true, false, bad_wall},
    {"tokens per minute", LIMITER_QUOTA_TPM, false, false, bad_wall},
    {"sessions at once", LIMITER_CONCURRENCY, true, true, bad_wall},
    {"places, by arrivals", LIMITER_CONCURRENCY, true, false, bad_places},
    {"latency knee", LIMITER_LATENCY, false, false, bad_knee},
    {"flat, then a cliff", LIMITER_FAILURES, false, false, bad_cliff},
};

/* Where the share of bad attempts crosses the limit. */
static double truth_of(const struct service *service, double capacity)
{
    double low = capacity / 100;
    double high = capacity * 100;
    for (int i = 0; i < 200; i++) {
        const double middle = sqrt(low * high);
        if (service->bad(middle, capacity) < LIMIT) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The bad share of one session. Poisoned: four of ten bad ones are bad throughout, as often as to
 * leave the mean as it is. */
static double session_of(const struct service *service, double bad, bool poisoned,
                         struct random *random)
{
    if (service->whole_sessions) return random_unit(random) < bad ? 1 : 0;
    if (poisoned && random_unit(random) < 0.4) return random_unit(random) < bad ? 1 : 0;
    unsigned failed = 0;
    for (unsigned i = 0; i < TURNS; i++) failed += random_unit(random) < bad;
    return (double)failed / TURNS;
}

static enum limiter name_it(const struct service *service, double level, double capacity)
{
    const bool rpm = service->limiter == LIMITER_QUOTA_RPM;
    const bool tpm = service->limiter == LIMITER_QUOTA_TPM;
    const bool quota = rpm || tpm || service->limiter == LIMITER_CONCURRENCY;
    const uint64_t bad = (uint64_t)(1 + 100 * service->bad(level, capacity));
    const struct limiter_facts facts = {.refused = quota ? bad : 0,
                                        .slow = service->limiter == LIMITER_LATENCY ? bad : 0,
                                        .failed = service->limiter == LIMITER_FAILURES ? bad : 1,
                                        .rpm = level,
                                        .tpm = level * TOKENS,
                                        .rpm_limit = capacity * (rpm ? 1 : 3),
                                        .tpm_limit = capacity * TOKENS * (tpm ? 1 : 3)};
    return limiter_find(&facts);
}

struct tally {
    unsigned right, over, under, named, bracketed;
    double *attempts, *minutes;
};

static void search_once(const struct service *service, bool poisoned, uint64_t seed,
                        struct tally *tally, size_t at)
{
    struct random random;
    random_seed(&random, seed, random_stream(service->name));
    const double capacity = 200 * pow(30, random_unit(&random));
    const double truth = truth_of(service, capacity);
    const struct search_plan plan = {.start = capacity * pow(10, random_unit(&random) - 1),
                                     .least = 1,
                                     .most = 1e6,
                                     .step = STEP,
                                     .whole = service->closed,
                                     .errors = ERRORS,
                                     .limits = {LIMIT},
                                     .objective_count = 1,
                                     .sustain_s = 120};
    struct search search;
    double sessions = 0;
    double minutes = 0;
    if (!search_start(&search, &plan)) abort();
    while (search.phase != SEARCH_DONE) {
        const double bad = service->bad(search.level, capacity);
        const double per_minute = search.level / (service->closed ? STAY : 1);
        const unsigned driven = (unsigned)(per_minute * BATCH_MIN);
        bool decided = false;
        for (unsigned i = 0; i < driven && !decided; i++) {
            const double share = session_of(service, bad, poisoned, &random);
            decided = search_add(&search, &share);
        }
        sessions += driven;
        minutes += BATCH_MIN;
        if (search_time(&search, 60 * BATCH_MIN)) search_next(&search);
    }
    const bool low = search.proven <= truth && search.proven >= 0.94 * truth;
    const bool high = search.refuted >= truth && search.refuted <= 1.06 * truth;
    tally->right += low && high;
    tally->over += search.proven > truth;
    tally->under += search.refuted < truth;
    tally->bracketed += search.end == SEARCH_BRACKETED;
    tally->named +=
        isfinite(search.refuted) && name_it(service, search.refuted, capacity) == service->limiter;
    tally->attempts[at] = sessions * TURNS;
    tally->minutes[at] = minutes;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(const struct service *service, bool poisoned, size_t count)
{
    struct tally tally = {.attempts = calloc(count, sizeof *tally.attempts),
                          .minutes = calloc(count, sizeof *tally.minutes)};
    if (tally.attempts == NULL || tally.minutes == NULL) abort();
    for (size_t i = 0; i < count; i++) search_once(service, poisoned, i + 1, &tally, i);
    qsort(tally.attempts, count, sizeof *tally.attempts, ascending);
    qsort(tally.minutes, count, sizeof *tally.minutes, ascending);
    const double n = (double)count / 100;
    printf("%-20s %-12s %5.1f%% %5.1f%% %5.1f%% %6.1f%% %9.0f %9.0f %7.0f %7.0f\n", service->name,
           poisoned ? "poisoned" : "independent", tally.right / n, tally.over / n, tally.under / n,
           tally.named / n, tally.attempts[count / 2], tally.attempts[count * 9 / 10],
           tally.minutes[count / 2], tally.minutes[count * 9 / 10]);
    const bool held = tally.right / n >= 95 && (tally.over + tally.under) / n <= 100 * ERRORS &&
                      tally.named / n >= 95;
    free(tally.attempts);
    free(tally.minutes);
    return held ? 0 : 1;
}

int main(int argc, char **argv)
{
    const size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;
    int failed = 0;
    printf("%zu searches each, limit %.0f%%, step %.0f%%, confidence %.0f%%\n", count, 100 * LIMIT,
           100 * STEP, 100 * (1 - ERRORS));
    printf("%-20s %-12s %6s %6s %6s %7s %9s %9s %7s %7s\n", "service", "failures", "right", "over",
           "under", "named", "attempts", "P90", "minutes", "P90");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        failed += measure(&services[i], false, count);
        if (!services[i].whole_sessions) failed += measure(&services[i], true, count);
    }
    return failed == 0 ? 0 : 1;
}
