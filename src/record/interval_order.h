/* Rows of intervals.csv in the order of time, whatever order a file has them in: readers build
 * their figures by appending. */
#ifndef RUSHHOUR_RECORD_INTERVAL_ORDER_H
#define RUSHHOUR_RECORD_INTERVAL_ORDER_H

#include "record/cell.h"
#include "record/health.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ordered_interval {
    int64_t start_ns, end_ns;
    size_t region, number; /* in the file */
    struct cell cell;      /* without tallies and histograms */
    struct health health;
};

/* Rows that must wait until all are read; zero-initialise. */
struct interval_order {
    struct ordered_interval *rows;
    size_t count, capacity;
};

/* Whether the lines of a folder's intervals.csv are in order by their first fields, as we write
 * them; true too if the file cannot be read. */
bool interval_order_holds(const char *folder);

/* Keeps a row (its number is set here); false without memory. */
bool interval_order_keep(struct interval_order *order, const struct ordered_interval *row);

/* By time, and for the same time as in the file. */
void interval_order_sort(struct interval_order *order);
void interval_order_free(struct interval_order *order);

#endif
