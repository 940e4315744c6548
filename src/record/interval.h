/* One row of intervals.csv: an interval of one region. The columns are generated from the tables of
 * the counters. */
#ifndef RUSHHOUR_RECORD_INTERVAL_H
#define RUSHHOUR_RECORD_INTERVAL_H

#include "base/error.h"
#include "base/text.h"
#include "record/cell.h"
#include "record/csv.h"
#include "record/health.h"

#include <stdint.h>

/* One level's columns. */
struct level_row {
    double mean;
    int64_t peak; /* -1: not known */
};

struct interval_row {
    int64_t start_utc_ns, end_utc_ns;
    const char *region;
    struct counters counters;
    struct cluster_sums clusters;
    struct told_limits limits;            /* only the lowest are kept */
    struct concurrency concurrency;       /* of an interval of no length: unknown */
    struct level_row levels[LEVEL_COUNT]; /* the columns: interval_csv_row fills them */
    struct health
        health; /* the generator's as a whole, except own_failures, which are the region's */
};

/* The header line of intervals.csv, or one row, with its newline. Times are truncated to ms. */
void interval_csv_header(struct text *out);
void interval_csv_row(struct text *out, const struct interval_row *row);

/* Reads the header row (modifying it) to learn where this file has its columns. ERR_FORMAT names a
 * missing column of the contract. */
MUST_USE enum err_code interval_csv_columns(char *header, struct csv_map *map, struct error *err);

/* Reads one row back (modifying the line, into which its region points). Missing columns are 0; a
 * missing `valid` is true. */
MUST_USE enum err_code interval_csv_read(const struct csv_map *map, char *line,
                                         struct interval_row *row, struct error *err);

/* Copies into the row's health what its counters say about attempts that failed on our side.
 * Everything else in the health is the generator's; this is the region's. */
void interval_own_failures(struct interval_row *row);

#endif
