/* Latencies of a few attempts, until there is room for them in a histogram: a new one takes more
 * memory than a thousand values. */
#ifndef RUSHHOUR_FIGURES_VALUES_H
#define RUSHHOUR_FIGURES_VALUES_H

#include "stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise to start; values_free in any case. No longer than the buckets that are in use. */
struct values {
    struct value {
        uint32_t us, count;
    } * items;
    size_t count, capacity;
    uint64_t total;
};

/* Adds one in us; one that is too long for the histograms of a run counts as their longest
 * (record/cell.h). False without memory. */
bool values_add(struct values *values, int64_t us);

/* Adds all of them to a histogram. */
void values_record(const struct values *values, struct histogram *into);
void values_free(struct values *values);

#endif
