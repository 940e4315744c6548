/*
 * The latencies of one metric, interval by interval and region by region, as small as they can be:
 * a week of 20 regions has a million places with ten values each. A place has a row of bytes, one
 * for each block of the histogram (histogram_block_at) that has values, in order: in its upper half
 * how far the block is behind the one before, in its lower half how many values it has. A half that
 * is 15 is followed by what is beyond, seven bits a byte, the lowest first, with the eighth bit set
 * on all but the last (LEB128). A byte of 0 ends the row.
 */
#ifndef RUSHHOUR_FIGURES_SERIES_VALUES_H
#define RUSHHOUR_FIGURES_SERIES_VALUES_H

#include "stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; always call series_values_free. */
struct series_values {
    uint32_t *rows; /* of each place, where its row begins; 0: it has none */
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
