/* Limits of benchmarks that are subject to chance. */
#ifndef RUSHHOUR_BENCH_LIMITS_H
#define RUSHHOUR_BENCH_LIMITS_H

#include <math.h>
#include <stdbool.h>

static int repetitions = 400;
static bool all_well = true;

/* Whether a share of the repetitions is at most (or at least) this much, allowing for chance. */
static inline bool at_most(double share, double limit)
{
    return share <= limit + 3 * sqrt(limit * (1 - limit) / repetitions);
}

static inline bool at_least(double share, double limit)
{
    return at_most(1 - share, 1 - limit);
}

/* Records in all_well whether any limit was missed. */
static inline const char *judge(bool good)
{
    all_well = all_well && good;
    return good ? "ok" : "MISSED";
}

#endif
