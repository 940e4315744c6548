/* A High Dynamic Range histogram, identical to HdrHistogram (Gil Tene, github.com/HdrHistogram):
 * the same bucket layout, percentiles and encoded form. */
#ifndef RUSHHOUR_STATS_HISTOGRAM_H
#define RUSHHOUR_STATS_HISTOGRAM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fields are read-only for everyone but histogram*.c. */
struct histogram {
    int64_t lowest, highest; /* lowest discernible and highest trackable value, in the caller's
                                unit */
    int digits;              /* significant decimal digits, 1..5 */
    int unit_magnitude, sub_bucket_half_count_magnitude; /* logarithms to base 2 */
    int sub_bucket_count, sub_bucket_half_count, bucket_count;
    int64_t sub_bucket_mask;
    size_t counts_length;
    uint64_t *counts;
    uint64_t *blocks; /* sums of 32 consecutive counts: skipping an empty block takes one look,
                         not 32 */
    uint64_t total;
    uint64_t out_of_range;    /* values rejected; never clamped into a bucket */
    int64_t min_raw, max_raw; /* INT64_MAX and 0 when empty; they bound the used part of counts */
    uint32_t *used;           /* the indexes in use, each once, while they are few */
    size_t used_count;        /* HISTOGRAM_FEW + 1: more than the list holds */
};

/* Up to so many indexes in use, adding and resetting touch these alone, and not the blocks that
 * they lie in: the histogram of an interval has few values, far apart. */
#define HISTOGRAM_FEW ((size_t)512)

/* lowest >= 1, highest >= 2*lowest. The caller frees it (histogram_free); NULL for other arguments
 * or when out of memory. */
struct histogram *histogram_new(int64_t lowest, int64_t highest, int digits);
void histogram_free(struct histogram *h);

/* Counts `count` values; false (and out_of_range grows) if value < 0 or too large to track. */
bool histogram_record(struct histogram *h, int64_t value, uint64_t count);

/*
 * Adds all of `from` to `into`, including out_of_range. Exact, bucket by bucket, if both have the
 * same lowest and digits; otherwise by each bucket's median-equivalent value. Values that `into`
 * cannot track increase its out_of_range.
 */
void histogram_add(struct histogram *into, const struct histogram *from);

/* Empties the histogram, including out_of_range; costs as much as the indexes in use, or their
 * blocks if they are many. */
void histogram_reset(struct histogram *h);

/*
 * As HdrHistogram defines them; 0 if empty. min() is the lowest equivalent of the smallest value,
 * max() the highest equivalent of the largest; mean and standard deviation take each value as the
 * middle of its bucket.
 */
int64_t histogram_min(const struct histogram *h);
int64_t histogram_max(const struct histogram *h);
double histogram_mean(const struct histogram *h);
double histogram_stddev(const struct histogram *h);

/* The sum of all values, each taken as the middle of its bucket: exact up to 2^53, so it never
 * decreases as values are added. */
double histogram_sum(const struct histogram *h);

/* The highest equivalent value at a percentile, clamped to 0..100; the lowest equivalent at exactly
 * 0, like getValueAtPercentile of HdrHistogram 2.1.11. 0 if empty. */
int64_t histogram_percentile(const struct histogram *h, double percentile);

/* The highest equivalent value of the sample with this 1-based rank, clamped to 1..total. 0 if
 * empty. */
int64_t histogram_at_rank(const struct histogram *h, uint64_t rank);

/* How many recorded values are greater than `value` (to bucket resolution). */
uint64_t histogram_count_above(const struct histogram *h, int64_t value);

/*
 * A histogram in blocks of 32 places, about 2% of the value each (at 3 digits): the number of the
 * block that holds a value, the same in every histogram of one layout, and those in use from the
 * first to the last (false: none), with their sums in h->blocks.
 */
size_t histogram_block_at(const struct histogram *h, int64_t value);
bool histogram_blocks_used(const struct histogram *h, size_t *first, size_t *last);

/* The ends of the bucket that holds a value; a negative value is returned as it is. */
int64_t histogram_lowest_equivalent(const struct histogram *h, int64_t value);
int64_t histogram_highest_equivalent(const struct histogram *h, int64_t value);

#endif
