/* How much the variance of an estimate depends on when attempts were made: variance by blocks of
 * time. */
#ifndef RUSHHOUR_STATS_BLOCKS_H
#define RUSHHOUR_STATS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One base block of a run, such as an interval of one region: its attempts, and how many of them
 * failed (or were slower than a limit, or whatever is counted). Blocks are sorted by start; a gap
 * of more than half a block ends a stretch, such as the peak of one day, and longer blocks do not
 * span it.
 */
struct time_block {
    double start, seconds; /* on any clock shared by the series */
    double attempts, failures;
};

/* Whether a stretch ends between two blocks that follow each other. */
bool time_block_gap(const struct time_block *before, const struct time_block *after);

/* The series of one region; with `other`, blocks of exactly the same times, and the estimate is the
 * difference other - blocks. Borrowed. */
struct block_series {
    const struct time_block *blocks, *other; /* `count` each; other NULL: a single rate */
    size_t count;
};

/* The sums over one side of a series. */
struct block_totals {
    double attempts, failures, seconds;
};
struct block_totals block_totals(const struct time_block *blocks, size_t count);

/* The block with the most failures: its number of failures, their total, and its share of the
 * attempts. */
struct block_peak {
    double failures, of, share;
};

/* What blocks of one length say about the variance of the estimate. */
struct block_spread {
    double seconds;         /* nominal length: each stretch is cut into equal parts near it */
    size_t blocks;          /* K: number of blocks with attempts */
    double variance;        /* of the estimate: sum U_k^2 K/(K-1), U_k the sum of influences */
    double degrees;         /* of freedom of that variance: the lesser of K-1 and of what its fourth
                        moment leaves (Satterthwaite 1946), 2 for a single incident */
    struct block_peak peak; /* of either side */
};

/*
 * Cuts the series into blocks of about `seconds`. The influence of base block i on a rate p of n
 * attempts is (x_i - p m_i)/n (linearization of a ratio: Cochran 1977, 6.4); on a difference, that
 * of one side minus that of the other. Blocks are treated as clusters (Kuensch 1989; Liang and
 * Zeger 1986).
 */
struct block_spread block_spread(const struct block_series *series, double seconds);

/*
 * The lengths to try on a series, ascending: 1, 2, 5, 10, 20, 30 s, then the same in minutes and
 * hours; only those at least as long as the base blocks that give `least` blocks or more. Writes up
 * to `room` lengths; returns how many.
 */
size_t block_lengths(const struct block_series *series, size_t least, double *lengths, size_t room);

#endif
