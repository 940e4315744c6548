/* Whether two regions fail at the same times: a test that takes the attempts of each block, the
 * load stage and slow drifts as given. */
#ifndef RUSHHOUR_STATS_TOGETHER_H
#define RUSHHOUR_STATS_TOGETHER_H

#include <stdbool.h>
#include <stddef.h>

/* Failing blocks needed on each side, and blocks in which both have attempts. */
#define TOGETHER_LEAST_FAILING 5
#define TOGETHER_LEAST_BLOCKS 40
/* Chance of a false TOGETHER_YES in a run, over all its pairs: at most TOGETHER_PROMISED. The test
 * works at a lower level, since shifts of blocks are not quite interchangeable: at 5% the worst of
 * the services simulated came out at 7% (bench_figures_patterns). */
#define TOGETHER_PROMISED 0.05
#define TOGETHER_LEVEL 0.03

/* What one region did in one block of time. Leave out what says nothing about the service: quota
 * and client failures, and all attempts of invalid blocks. */
struct together_block {
    double attempts, failed;
};

enum together_verdict {
    TOGETHER_UNKNOWN,  /* too few failures on one side, or too few blocks for this many pairs: no
                          answer either way */
    TOGETHER_NOT_SEEN, /* no more often than by chance */
    TOGETHER_YES,      /* they fail at the same times */
};

/* One pair of regions. */
struct together {
    size_t a, b;
    enum together_verdict verdict;
    size_t blocks;   /* with attempts of both, after the blocks of a long run were merged */
    double r;        /* correlation of the failures in excess of the expected ones; 0 if unknown */
    double p;        /* one-sided, from shifts in time; 1 if unknown */
    double adjusted; /* after Holm's correction over the known pairs */
    double both, expected; /* blocks in which both failed, and the average of that over the
                              shifts */
};

/*
 * Tests every pair. `regions` holds region_count arrays of `count` blocks each; out is an array of
 * region_count * (region_count - 1) / 2 pairs: (0,1), (0,2), ..., (1,2), ... stage[i] (NULL: all
 * the same) is the load stage of block i.
 *
 * The expectation of a block is e = n p, p the rate of its region in its stage; its residual is (x
 * - e r) / sqrt((e + f e^2) s), r the ratio of failures to expectations in its eighth of the run, s
 * the same with one failure more, f the contribution of bursts (by moments). So neither a step of
 * the load nor a slow drift makes two regions correlate. The sum of products over all blocks is
 * ranked among those for circular shifts in time of one region against the other (Besag and Diggle
 * 1977): bursts that each region has independently coincide as often in any shift. Runs of more
 * than 1,440 blocks are merged down to that many. False when out of memory.
 */
bool together_find(const struct together_block *const *regions, size_t region_count, size_t count,
                   const unsigned *stage, struct together *out);

#endif
