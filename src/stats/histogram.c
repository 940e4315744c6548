#include "stats/histogram.h"

#include "stats/histogram_layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Number of buckets needed so that the first value that cannot be tracked is above `highest`. */
static int buckets_for(const struct histogram *h, int64_t highest)
{
    int64_t untrackable = (int64_t)h->sub_bucket_count << h->unit_magnitude;
    int count = 1;
    while (untrackable <= highest) {
        if (untrackable > INT64_MAX / 2) return count + 1;
        untrackable *= 2;
        count++;
    }
    return count;
}

/* The number of sub-buckets is the power of two that distinguishes 2 * 10^digits values:
 * HdrHistogram's definition of digits. */
static int sub_bucket_magnitude(int digits)
{
    int64_t distinct = 2;
    for (int i = 0; i < digits; i++) distinct *= 10;
    int magnitude = 0;
    while ((INT64_C(1) << magnitude) < distinct) magnitude++;
    return magnitude;
}

static bool lay_out(struct histogram *h, int64_t lowest, int64_t highest, int digits)
{
    if (lowest < 1 || highest / 2 < lowest || digits < 1 || digits > 5) return false;
    int magnitude = sub_bucket_magnitude(digits);
    h->lowest = lowest;
    h->highest = highest;
    h->digits = digits;
    h->unit_magnitude = 63 - __builtin_clzll((uint64_t)lowest);
    if (magnitude + h->unit_magnitude > 62) return false;
    h->sub_bucket_half_count_magnitude = magnitude - 1;
    h->sub_bucket_count = 1 << magnitude;
    h->sub_bucket_half_count = h->sub_bucket_count / 2;
    h->sub_bucket_mask = ((int64_t)h->sub_bucket_count - 1) << h->unit_magnitude;
    h->bucket_count = buckets_for(h, highest);
    h->counts_length = ((size_t)h->bucket_count + 1) * (size_t)h->sub_bucket_half_count;
    return true;
}

struct histogram *histogram_new(int64_t lowest, int64_t highest, int digits)
{
    struct histogram layout = {.min_raw = INT64_MAX};
    if (!lay_out(&layout, lowest, highest, digits)) return NULL;
    size_t blocks = histogram_block_of(layout.counts_length - 1) + 1;
    /* One allocation for the counts, their blocks and the list. */
    size_t sums = blocks * (HISTOGRAM_BLOCK + 1);
    layout.counts = calloc(1, sums * sizeof *layout.counts + HISTOGRAM_FEW * sizeof *layout.used);
    if (layout.counts == NULL) return NULL;
    layout.blocks = layout.counts + blocks * HISTOGRAM_BLOCK;
    layout.used = (uint32_t *)(layout.counts + sums);
    struct histogram *h = malloc(sizeof *h);
    if (h == NULL) {
        free(layout.counts);
        return NULL;
    }
    *h = layout;
    return h;
}

void histogram_free(struct histogram *h)
{
    if (h == NULL) return;
    free(h->counts);
    free(h);
}

static void refuse(struct histogram *h, uint64_t count)
{
    if (__builtin_add_overflow(h->out_of_range, count, &h->out_of_range))
        h->out_of_range = UINT64_MAX;
}

bool histogram_record(struct histogram *h, int64_t value, uint64_t count)
{
    size_t index = histogram_index_of(h, value);
    uint64_t total;
    if (value < 0 || index >= h->counts_length || __builtin_add_overflow(h->total, count, &total)) {
        refuse(h, count);
        return false;
    }
    if (count == 0) return true;
    histogram_note_used(h, index);
    h->counts[index] += count;
    h->blocks[histogram_block_of(index)] += count;
    h->total = total;
    if (value < h->min_raw) h->min_raw = value;
    if (value > h->max_raw) h->max_raw = value;
    return true;
}

/* Bounds of the indexes in use; false if the histogram is empty. */
static bool used_range(const struct histogram *h, size_t *first, size_t *last)
{
    if (h->total == 0) return false;
    *first = histogram_index_of(h, h->min_raw);
    *last = histogram_index_of(h, h->max_raw);
    return true;
}

static bool same_layout(const struct histogram *a, const struct histogram *b)
{
    return a->unit_magnitude == b->unit_magnitude && a->sub_bucket_count == b->sub_bucket_count;
}

static int64_t median_equivalent(const struct histogram *h, size_t index)
{
    int64_t width;
    int64_t lowest = histogram_value_at(h, index, &width);
    return lowest + width / 2;
}

static void add_by_value(struct histogram *into, const struct histogram *from, size_t first,
                         size_t last)
{
    for (size_t i = first; i <= last; i++) {
        if (from->counts[i] == 0) continue;
        int64_t width;
        int64_t lowest = histogram_value_at(from, i, &width);
        (void)histogram_record(into, lowest + width / 2,
                               from->counts[i]); /* counts what does not fit */
    }
}

static void add_block(struct histogram *into, const struct histogram *from, size_t block)
{
    uint64_t *to = into->counts + block * HISTOGRAM_BLOCK;
    const uint64_t *counts = from->counts + block * HISTOGRAM_BLOCK;
    for (size_t i = 0; i < HISTOGRAM_BLOCK; i++) to[i] += counts[i];
    into->blocks[block] += from->blocks[block];
}

/* The counts of all that is in use, of histograms of one layout. */
static void add_counts(struct histogram *into, const struct histogram *from, size_t first,
                       size_t last)
{
    if (histogram_has_few(from)) {
        for (size_t k = 0; k < from->used_count; k++) {
            const size_t index = from->used[k];
            histogram_note_used(into, index);
            into->counts[index] += from->counts[index];
            into->blocks[histogram_block_of(index)] += from->counts[index];
        }
        return;
    }
    into->used_count = from->used_count; /* at least as many */
    for (size_t b = histogram_block_of(first); b <= histogram_block_of(last); b++) {
        if (from->blocks[b] != 0) add_block(into, from, b);
    }
}

void histogram_add(struct histogram *into, const struct histogram *from)
{
    uint64_t added = from->total;
    uint64_t total;
    size_t first;
    size_t last;
    refuse(into, from->out_of_range);
    if (!used_range(from, &first, &last)) return;
    if (__builtin_add_overflow(into->total, added, &total)) {
        refuse(into, added);
        return;
    }
    if (!same_layout(into, from) || last >= into->counts_length) {
        add_by_value(into, from, first, last);
        return;
    }
    add_counts(into, from, first, last);
    into->total = total;
    if (from->min_raw < into->min_raw) into->min_raw = from->min_raw;
    if (from->max_raw > into->max_raw) into->max_raw = from->max_raw;
}

static void reset_blocks(struct histogram *h, size_t first, size_t last)
{
    for (size_t b = histogram_block_of(first); b <= histogram_block_of(last); b++) {
        if (h->blocks[b] == 0) continue;
        memset(h->counts + b * HISTOGRAM_BLOCK, 0, HISTOGRAM_BLOCK * sizeof *h->counts);
        h->blocks[b] = 0;
    }
}

void histogram_reset(struct histogram *h)
{
    size_t first;
    size_t last;
    if (histogram_has_few(h)) {
        for (size_t k = 0; k < h->used_count; k++) {
            h->counts[h->used[k]] = 0;
            h->blocks[histogram_block_of(h->used[k])] = 0;
        }
    } else if (used_range(h, &first, &last)) {
        reset_blocks(h, first, last);
    }
    h->used_count = 0;
    h->total = 0;
    h->out_of_range = 0;
    h->min_raw = INT64_MAX;
    h->max_raw = 0;
}

int64_t histogram_min(const struct histogram *h)
{
    return h->total == 0 ? 0 : histogram_lowest_equivalent(h, h->min_raw);
}

int64_t histogram_max(const struct histogram *h)
{
    return h->max_raw == 0 ? 0 : histogram_highest_equivalent(h, h->max_raw);
}

double histogram_sum(const struct histogram *h)
{
    size_t first;
    size_t last;
    if (!used_range(h, &first, &last)) return 0;
    double sum = 0;
    for (size_t i = first; i <= last; i++) {
        if (h->counts[i] != 0) sum += (double)median_equivalent(h, i) * (double)h->counts[i];
    }
    return sum;
}

double histogram_mean(const struct histogram *h)
{
    return h->total == 0 ? 0 : histogram_sum(h) / (double)h->total;
}

double histogram_stddev(const struct histogram *h)
{
    size_t first;
    size_t last;
    if (!used_range(h, &first, &last)) return 0;
    double mean = histogram_mean(h);
    double sum = 0;
    for (size_t i = first; i <= last; i++) {
        if (h->counts[i] == 0) continue;
        double deviation = (double)median_equivalent(h, i) - mean;
        sum += deviation * deviation * (double)h->counts[i];
    }
    return sqrt(sum / (double)h->total);
}

/* The index of the sample with a 1-based rank; the histogram is not empty and rank is at most its
 * total. */
static size_t index_at_rank(const struct histogram *h, uint64_t rank)
{
    size_t block = histogram_block_of(histogram_index_of(h, h->min_raw));
    uint64_t before = 0;
    while (before + h->blocks[block] < rank) before += h->blocks[block++];
    size_t index = block * HISTOGRAM_BLOCK;
    uint64_t seen = before + h->counts[index];
    while (seen < rank) seen += h->counts[++index];
    return index;
}

int64_t histogram_percentile(const struct histogram *h, double percentile)
{
    if (h->total == 0) return 0;
    /* One ulp less, as in HdrHistogram, so that rounding never adds a rank. */
    double bounded = fmin(fmax(nextafter(percentile, -INFINITY), 0), 100);
    double wanted = ceil(bounded * (double)h->total / 100);
    uint64_t rank = wanted >= (double)h->total ? h->total : (uint64_t)wanted;
    if (percentile == 0) return histogram_min(h);
    return histogram_at_rank(h, rank);
}

int64_t histogram_at_rank(const struct histogram *h, uint64_t rank)
{
    if (h->total == 0) return 0;
    if (rank < 1) rank = 1;
    if (rank > h->total) rank = h->total;
    int64_t width;
    int64_t lowest = histogram_value_at(h, index_at_rank(h, rank), &width);
    return lowest + (width - 1);
}

uint64_t histogram_count_above(const struct histogram *h, int64_t value)
{
    size_t first;
    size_t last;
    if (!used_range(h, &first, &last)) return 0;
    if (value < 0) return h->total;
    size_t from = histogram_index_of(h, value) + 1;
    uint64_t count = 0;
    for (size_t i = from > first ? from : first; i <= last;) {
        bool whole = i % HISTOGRAM_BLOCK == 0; /* indexes beyond the last are 0 */
        count += whole ? h->blocks[histogram_block_of(i)] : h->counts[i];
        i += whole ? HISTOGRAM_BLOCK : 1;
    }
    return count;
}

size_t histogram_block_at(const struct histogram *h, int64_t value)
{
    return histogram_block_of(histogram_index_of(h, value < 0 ? 0 : value));
}

bool histogram_blocks_used(const struct histogram *h, size_t *first, size_t *last)
{
    if (!used_range(h, first, last)) return false;
    *first = histogram_block_of(*first);
    *last = histogram_block_of(*last);
    return true;
}

int64_t histogram_lowest_equivalent(const struct histogram *h, int64_t value)
{
    if (value < 0) return value;
    int shift = histogram_bucket_of(h, value) + h->unit_magnitude;
    return (value >> shift) << shift;
}

int64_t histogram_highest_equivalent(const struct histogram *h, int64_t value)
{
    if (value < 0) return value;
    int shift = histogram_bucket_of(h, value) + h->unit_magnitude;
    return value | ((INT64_C(1) << shift) - 1);
}
