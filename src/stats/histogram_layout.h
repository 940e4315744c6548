/* The mapping between values and buckets, shared by histogram.c and its codec only. */
#ifndef RUSHHOUR_STATS_HISTOGRAM_LAYOUT_H
#define RUSHHOUR_STATS_HISTOGRAM_LAYOUT_H

#include "stats/histogram.h"

#define HISTOGRAM_BLOCK ((size_t)32)

/* The block of an index into `counts`; the length of `counts` is a multiple of the block size. */
static inline size_t histogram_block_of(size_t index)
{
    return index / HISTOGRAM_BLOCK;
}

/* Whether the list holds all indexes in use. */
static inline bool histogram_has_few(const struct histogram *h)
{
    return h->used_count <= HISTOGRAM_FEW;
}

/* To be called before something is counted at an index. */
static inline void histogram_note_used(struct histogram *h, size_t index)
{
    if (h->counts[index] != 0 || !histogram_has_few(h)) return;
    if (h->used_count < HISTOGRAM_FEW) h->used[h->used_count] = (uint32_t)index;
    h->used_count++;
}

/* The power-of-two bucket of a value; bucket 0 holds everything up to the sub-bucket mask. */
static inline int histogram_bucket_of(const struct histogram *h, int64_t value)
{
    int leading_zeros = __builtin_clzll((uint64_t)value | (uint64_t)h->sub_bucket_mask);
    return 63 - h->unit_magnitude - h->sub_bucket_half_count_magnitude - leading_zeros;
}

/* The index of a value in `counts`; counts_length or more if it is negative or too large. */
static inline size_t histogram_index_of(const struct histogram *h, int64_t value)
{
    int bucket = histogram_bucket_of(h, value);
    size_t sub_bucket = (size_t)((uint64_t)value >> (bucket + h->unit_magnitude));
    return ((size_t)bucket << h->sub_bucket_half_count_magnitude) + sub_bucket;
}

/* The lowest value counted at an index, and how many integers share it. */
static inline int64_t histogram_value_at(const struct histogram *h, size_t index, int64_t *width)
{
    int bucket = (int)(index >> h->sub_bucket_half_count_magnitude) - 1;
    size_t half = (size_t)h->sub_bucket_half_count;
    size_t sub_bucket = (index & (half - 1)) + half;
    if (bucket < 0) {
        sub_bucket -= half;
        bucket = 0;
    }
    *width = (int64_t)(UINT64_C(1) << (bucket + h->unit_magnitude));
    return (int64_t)((uint64_t)sub_bucket << (bucket + h->unit_magnitude));
}

#endif
