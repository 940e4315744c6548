/* One row of intervals.csv: an interval of one region. The columns are made from the counters' own
 * tables. */
#ifndef RUSHHOUR_RECORD_INTERVAL_H
#define RUSHHOUR_RECORD_INTERVAL_H

#include "base/error.h"
#include "base/text.h"
#include "record/cell.h"
#include "record/csv.h"
#include "record/health.h"

#include <stdint.h>

struct interval_row {
    int64_t start_utc_ns, end_utc_ns;
    const char *region;
    struct counters counters;
    struct cluster_sums clusters;
    struct health
        health; /* of the generator as a whole but for own_failures, which are the region's */
};

/* The header line of intervals.csv, with its newline, and one row with its newline. Times are cut
 * to ms. */
void interval_csv_header(struct text *out);
void interval_csv_row(struct text *out, const struct interval_row *row);

/* Reads the header row (changing it): where this file has its columns. ERR_FORMAT names one of the
 * contract's that is missing. */
MUST_USE enum err_code interval_csv_columns(char *header, struct csv_map *map, struct error *err);

/* Reads one row back (changing the line, into which its region points). Missing columns are 0, a
 * missing `valid` is true. */
MUST_USE enum err_code interval_csv_read(const struct csv_map *map, char *line,
                                         struct interval_row *row, struct error *err);

/* Gives the row's health what its counters say of attempts that our own side failed; the health of
 * a row is the generator's but for these, which are its region's. */
void interval_own_failures(struct interval_row *row);

#endif
