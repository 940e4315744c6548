/*
 * Checks the statistics on simulated runs with known truth. Sessions have 10 attempts; an attempt
 * of a healthy session fails with probability p0, each such failure poisons its session with
 * probability `poison`, and all attempts of a poisoned session fail. Exits with 1 if a limit is
 * missed: intervals of 95% cover the truth in 93% of runs with independent failures and in 91% with
 * poisoned sessions, even if a window sees only part of each session; two equal services are told
 * apart in at most 5% of runs (the power at 2% against 5% is printed). If retries go to a fresh
 * session and usually fail there too, intervals by interaction chain cover the truth in 93% of
 * runs; intervals by session would not.
 */
#include "base/random.h"
#include "limits.h"
#include "stats/comparison.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stdio.h>

#define ATTEMPTS 10
#define REPETITIONS 3000
#define NOISE 0.011 /* for a share of 5% in 3,000 runs: 2.8 standard errors */

struct service {
    double p0, poison;
    bool spans; /* a window sees each session from a random attempt on */
};

/* The expected share of failed attempts within the window: the truth that the intervals
 * estimate. */
static double true_rate(const struct service *service)
{
    double sound = 1; /* probability that the session is not poisoned yet */
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < ATTEMPTS; i++) {
        double weight = service->spans ? i + 1 : 1; /* number of starts from which attempt i is
                                                       seen */
        sum += weight * (1 - sound + sound * service->p0);
        weights += weight;
        sound *= 1 - service->poison * service->p0;
    }
    return sum / weights;
}

static void add_session(struct cluster_sums *sums, struct random *random,
                        const struct service *service)
{
    uint64_t from = service->spans ? random_below(random, ATTEMPTS) : 0;
    uint64_t failed = 0;
    uint64_t first = 0;
    bool poisoned = false;
    for (uint64_t i = 0; i < ATTEMPTS; i++) {
        if (!poisoned && random_unit(random) >= service->p0) continue;
        poisoned = poisoned || random_unit(random) < service->poison;
        if (i < from) continue;
        if (failed++ == 0) first = i - from + 1;
    }
    cluster_add(sums, ATTEMPTS - from, failed, first);
}

static struct cluster_sums run_of(struct random *random, const struct service *service,
                                  int sessions)
{
    struct cluster_sums sums = {0};
    for (int i = 0; i < sessions; i++) add_session(&sums, random, service);
    return sums;
}

/* ---- coverage ---- */

struct tally {
    int covered;
    double width;
};

static void count(struct tally *tally, struct estimate e, double truth)
{
    if (e.low <= truth && truth <= e.high) tally->covered++;
    tally->width += e.high - e.low;
}

static void print_coverage(const struct service *service, int sessions, uint64_t stream)
{
    struct random random;
    struct tally plain = {0};
    struct tally adjusted = {0};
    double truth = true_rate(service);
    random_seed(&random, 2025, stream);
    for (int i = 0; i < REPETITIONS; i++) {
        struct cluster_sums sums = run_of(&random, service, sessions);
        count(&plain, rate_wilson(sums.x, sums.m, 0.95), truth);
        count(&adjusted, rate_clustered(&sums, 0.95, NULL), truth);
    }
    double share = 1.0 * adjusted.covered / REPETITIONS;
    printf("%6.1f %-6s %9d %8.2f%% %9.1f%% %6.2f pp %12.1f%% %6.2f pp  %s\n", service->poison,
           service->spans ? "part" : "whole", sessions, 100 * truth,
           100.0 * plain.covered / REPETITIONS, 100 * plain.width / REPETITIONS, 100 * share,
           100 * adjusted.width / REPETITIONS,
           judge(share >= (service->poison == 0 ? 0.93 : 0.91)));
}

static void coverage(void)
{
    static const double poisons[] = {0, 0.5, 1};
    static const int sessions[] = {100, 300};
    uint64_t stream = 0;
    printf("coverage of 95%% intervals for the share of attempts failed, %d runs of sessions of %d "
           "attempts\n",
           REPETITIONS, ATTEMPTS);
    printf("%6s %-6s %9s %9s %10s %9s %13s %9s\n", "poison", "seen", "sessions", "true", "Wilson",
           "width", "adjusted", "width");
    for (int spans = 0; spans < 2; spans++) {
        for (size_t i = 0; i < sizeof poisons / sizeof *poisons; i++) {
            for (size_t k = 0; k < sizeof sessions / sizeof *sessions; k++) {
                const struct service service = {
                    .p0 = 0.01, .poison = poisons[i], .spans = spans == 1};
                print_coverage(&service, sessions[k], stream++);
            }
        }
    }
}

/* ---- retries that fail in a fresh session ---- */

#define TRIES 3
#define INTERACTIONS 10 /* of a virtual user */

/* First attempts fail with p0; retries, each in a fresh session, with `sticky`. */
struct retried {
    double p0, sticky;
};

static double retried_rate(const struct retried *service)
{
    double failed = 0;
    double attempts = 0;
    double reached = 1; /* probability that there is such an attempt */
    for (int i = 0; i < TRIES; i++) {
        attempts += reached;
        reached *= i == 0 ? service->p0 : service->sticky;
        failed += reached;
    }
    return failed / attempts;
}

/* Attempts of a session or of a chain. */
struct gathered {
    uint64_t attempts, failed, first;
};

static void gather(struct gathered *gathered, bool failed)
{
    gathered->attempts++;
    if (failed && gathered->failed++ == 0) gathered->first = gathered->attempts;
}

static void close_cluster(struct gathered *gathered, struct cluster_sums *sums)
{
    if (gathered->attempts > 0)
        cluster_add(sums, gathered->attempts, gathered->failed, gathered->first);
    *gathered = (struct gathered){0};
}

static void add_user(struct random *random, const struct retried *service,
                     struct cluster_sums *by_session, struct cluster_sums *by_chain)
{
    struct gathered session = {0};
    struct gathered chain = {0};
    for (int i = 0; i < INTERACTIONS; i++) {
        bool failed = false;
        for (int t = 0; t < TRIES && (t == 0 || failed); t++) {
            failed = random_unit(random) < (t == 0 ? service->p0 : service->sticky);
            gather(&session, failed);
            gather(&chain, failed);
            if (failed) close_cluster(&session, by_session);
        }
        if (failed) close_cluster(&chain, by_chain); /* given up: the next session is not joined */
    }
    close_cluster(&session, by_session);
    close_cluster(&chain, by_chain);
}

static void print_retried(const struct retried *service, int users, uint64_t stream)
{
    struct random random;
    struct tally by_session = {0};
    struct tally by_chain = {0};
    double truth = retried_rate(service);
    random_seed(&random, 2028, stream);
    for (int i = 0; i < REPETITIONS; i++) {
        struct cluster_sums sessions = {0};
        struct cluster_sums chains = {0};
        for (int u = 0; u < users; u++) add_user(&random, service, &sessions, &chains);
        count(&by_session, rate_clustered(&sessions, 0.95, NULL), truth);
        count(&by_chain, rate_clustered(&chains, 0.95, NULL), truth);
    }
    double share = 1.0 * by_chain.covered / REPETITIONS;
    printf("%8.2f %8.2f %6d %8.2f%% %12.1f%% %12.1f%%  %s\n", service->p0, service->sticky, users,
           100 * truth, 100.0 * by_session.covered / REPETITIONS, 100 * share,
           judge(share >= 0.93));
}

static void retries(void)
{
    static const struct retried services[] = {{0.02, 0.6}, {0.02, 0.9}, {0.05, 0.8}, {0.05, 1}};
    static const int users[] = {100, 300};
    printf(
        "\ncoverage where retries go to a fresh session and fail there, %d runs of virtual users "
        "of %d interactions\n",
        REPETITIONS, INTERACTIONS);
    printf("%8s %8s %6s %9s %13s %13s\n", "first", "retry", "users", "true", "by session",
           "by chain");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        for (size_t k = 0; k < sizeof users / sizeof *users; k++)
            print_retried(&services[i], users[k], i * 10 + k);
    }
}

/* ---- comparison ---- */

static double share_told_apart(const struct service *a, const struct service *b, int sessions,
                               uint64_t stream)
{
    struct random random;
    int told = 0;
    random_seed(&random, 2026, stream);
    for (int i = 0; i < REPETITIONS; i++) {
        struct cluster_sums of_a = run_of(&random, a, sessions);
        struct cluster_sums of_b = run_of(&random, b, sessions);
        struct estimate rate_a = rate_clustered(&of_a, 0.95, NULL);
        struct estimate rate_b = rate_clustered(&of_b, 0.95, NULL);
        struct difference d = rate_newcombe(&rate_a, &rate_b);
        told += d.valid && (d.low > 0 || d.high < 0);
    }
    return 1.0 * told / REPETITIONS;
}

static void comparison(void)
{
    static const struct {
        double rate, poison;
        int sessions;
    } equal[] = {{0.01, 0, 100},   {0.03, 0, 100}, {0.03, 0, 300},
                 {0.01, 0.5, 300}, {0.01, 1, 300}, {0.03, 1, 100}};
    printf("\ntwo equal services told apart (Newcombe on adjusted intervals), %d runs\n",
           REPETITIONS);
    for (size_t i = 0; i < sizeof equal / sizeof *equal; i++) {
        const struct service service = {.p0 = equal[i].rate, .poison = equal[i].poison};
        double share = share_told_apart(&service, &service, equal[i].sessions, i);
        printf("  first failures %4.1f%%, poison %.1f, %3d sessions each: %4.1f%%  %s\n",
               100 * equal[i].rate, equal[i].poison, equal[i].sessions, 100 * share,
               judge(share <= 0.05 + NOISE));
    }
    const struct service good = {.p0 = 0.02};
    const struct service bad = {.p0 = 0.05};
    double power = share_told_apart(&good, &bad, 59, 100); /* 590 attempts per side: 588 have 80%
                                                              power */
    printf(
        "power at 2%% against 5%%, 590 attempts a side: %.1f%% (80%% before the adjustment)  %s\n",
        100 * power, judge(power > 0.74 && power < 0.85));
    power = share_told_apart(&good, &bad, 100, 101);
    printf("power at 2%% against 5%%, 1,000 attempts a side: %.1f%%\n", 100 * power);
}

int main(void)
{
    coverage();
    retries();
    comparison();
    return all_well ? 0 : 1;
}
