/*
 * Two treatments of the same subjects, in their order of time: which of them leaves fewer with a
 * bad end? What befalls neighbours may be one event (an incident, an open breaker), so subjects are
 * not taken for independent where the data speak against it.
 */
#ifndef RUSHHOUR_STATS_PAIRED_H
#define RUSHHOUR_STATS_PAIRED_H

#include "stats/comparison.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a subject ended. */
enum paired_end { PAIRED_GOOD, PAIRED_BAD, PAIRED_UNKNOWN };

struct paired {
    uint64_t n;              /* pairs with two known ends */
    uint64_t only_a, only_b; /* bad under one treatment alone */
    uint64_t both;           /* bad under both */
    double design_effect;    /* by which the variance of the difference exceeds that of independent
                                pairs; at least 1 */
    struct difference difference; /* bad share of b minus that of a */
    double p;                     /* two-sided, for equal shares */
};

/*
 * a and b hold n ends (enum paired_end) of the same subjects in the same order. The interval is
 * that of Bonett and Price (2012, "Adjusted Wald confidence interval for a difference of binomial
 * proportions based on paired data"), the test McNemar's in its exact form (1947), both on counts
 * that are divided by the design effect. That is the variance of the difference by successive
 * differences of the sums of blocks of neighbours (von Neumann and others 1941), 40 of them or 16,
 * whichever is more; it knows dependence within a block, and an incident that begins and ends
 * raises it by its edges alone. It is held against that of independent pairs, and raised by what so
 * few blocks leave open (Student's t). Fewer than 80 pairs are taken for independent.
 * bench/bench_stats_paired.c measures how often it is false.
 */
struct paired paired_compare(const unsigned char *a, const unsigned char *b, size_t n,
                             double confidence);

#endif
