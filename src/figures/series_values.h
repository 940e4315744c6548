/*
 * The latencies of one metric, interval by interval and region by region, as small as they can be:
 * a week of 20 regions has a million places with ten values each. A place has a row of numbers:
 * of each block of the histogram (histogram_block_at) that has values, in order, how far it is
 * behind the one before, and how many values there are; seven bits a byte, the lowest first, the
 * eighth bit set on all bytes of a number but its last (LEB128).
 */
#ifndef RUSHHOUR_FIGURES_SERIES_VALUES_H
#define RUSHHOUR_FIGURES_SERIES_VALUES_H

#include "stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; always call series_values_free. */
struct series_values {
    struct series_row {
        uint32_t first, length; /* bytes */
    } * rows;                   /* one a place */
    size_t places;
    unsigned char *bytes;
    size_t used, capacity;
};

/* Adds a histogram in the layout of all metrics (base/metric.h) to one of so many places, whose
 * number never changes. False when out of memory: of the machine, or of the 4 GiB that rows can
 * point into. */
bool series_values_add(struct series_values *values, size_t place, size_t places,
                       const struct histogram *histogram);

/* Adds to *above the values of a place from a block on, and to *all all of them. */
void series_values_count(const struct series_values *values, size_t place, size_t from_block,
                         double *above, double *all);

void series_values_free(struct series_values *values);

#endif
