/*
 * A file of a run folder that was rotated: attempts-0001.csv.gz, attempts-0002.csv.gz and so on
 * hold what came before attempts.csv, each with the header row. A part is gzip (RFC 1952) or, until
 * it was compressed, plain.
 */
#ifndef RUSHHOUR_RECORD_PARTS_H
#define RUSHHOUR_RECORD_PARTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define PART_NAME_SIZE 64
#define PART_MOST 999999

/* The name of a part: "attempts.csv", 7, true -> "attempts-0007.csv.gz". */
void part_name(const char *name, unsigned number, bool compressed, char out[PART_NAME_SIZE]);

struct part {
    unsigned number; /* from 1 */
    bool compressed; /* only so: the plain one is the one to read while both are there */
};

struct parts {
    struct part *list; /* by number */
    size_t count;
};

/* The parts of the file at `path`, whether that one exists or not. The caller frees them
 * (parts_free). ERR_NOMEM; a folder that cannot be read has none. */
MUST_USE enum err_code parts_find(const char *path, struct parts *out, struct error *err);
void parts_free(struct parts *parts);

#endif
