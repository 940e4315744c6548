/* The engine behind our CSV files (RFC 4180, one row per line): one table of columns serves writer
 * and reader, so the two cannot drift apart. */
#ifndef RUSHHOUR_RECORD_CSV_H
#define RUSHHOUR_RECORD_CSV_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* What a column holds, and the type of the row's field behind it. */
enum csv_kind {
    CSV_TIME,     /* int64_t, ns since 1970 UTC: RFC 3339 in UTC, truncated to ms */
    CSV_STRING,   /* const char *, borrowed from the line when read */
    CSV_CHARS,    /* char[size]: truncated if longer */
    CSV_COUNT,    /* uint64_t */
    CSV_OPTIONAL, /* int64_t, 0 or more; -1 is an empty field */
    CSV_REAL, /* double: the shortest form that reads back exactly; empty if not finite, and read
                 back as 0 */
    CSV_NS_AS_US, /* int64_t in ns: microseconds, with decimals where needed */
    CSV_WORD,     /* an enum: words[value] */
    CSV_BOOL      /* bool: true or false */
};

struct csv_column {
    const char *name;
    enum csv_kind kind;
    bool required; /* a file without this column is refused; a missing optional column leaves the
                      row's field as it was */
    size_t offset; /* of the field in the row struct */
    size_t size;   /* of CSV_CHARS; the number of words of CSV_WORD */
    const char *const *words;
};

#define CSV_COLUMNS_MAX 128
#define CSV_FIELDS_MAX 256

/* The name that older files use for a column. */
struct csv_former {
    const char *now, *before;
};

struct csv_table {
    const struct csv_column *columns;
    size_t count; /* at most CSV_COLUMNS_MAX */
    const struct csv_former *former;
    size_t former_count;
};

/* Where a file has the table's columns: position[i] of column i, or -1. */
struct csv_map {
    size_t fields; /* in every row */
    int position[CSV_COLUMNS_MAX];
};

/* Appends the header row, or one row, with its newline. Control characters in strings become
 * spaces. */
void csv_write_header(struct text *out, const struct csv_table *table);
void csv_write_row(struct text *out, const struct csv_table *table, const void *row);

/* The map of a file written by this very table. */
void csv_map_own(const struct csv_table *table, struct csv_map *map);

/* Reads a header row (modifying it). Unknown columns are ignored; ERR_FORMAT names a missing
 * required one. */
MUST_USE enum err_code csv_read_header(const struct csv_table *table, char *line,
                                       struct csv_map *map, struct error *err);

/* Reads one row (modifying the line, into which strings point). ERR_FORMAT names the column that
 * could not be read. */
MUST_USE enum err_code csv_read_row(const struct csv_table *table, const struct csv_map *map,
                                    char *line, void *row, struct error *err);

#endif
