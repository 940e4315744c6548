/* Walks through one file of a run folder: intact lines are used, all others are dropped and
 * reported. */
#ifndef RUSHHOUR_RECORD_RUN_WALK_H
#define RUSHHOUR_RECORD_RUN_WALK_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum line_use {
    LINE_USED,
    LINE_BROKEN,   /* malformed, or with numbers that cannot be */
    LINE_FOREIGN,  /* of a region that run.json does not name */
    LINE_REPEATED, /* was there before */
    LINE_NO_MEMORY /* ends the walk */
};

struct run_walk {
    const char *folder, *name;
    size_t limit; /* longest line, in bytes */
    bool may_be_missing;
    /* Reads the header row of a CSV file; NULL if the file has none. Fails only for a foreign
     * file. */
    enum err_code (*header)(void *state, char *line, struct error *err);
    enum line_use (*line)(void *state, char *line, size_t length);
    void *state;
    struct text *notes; /* gets a sentence per line about each kind of loss */
};

/*
 * Passes every intact line to `line`. A torn last line is dropped, a malformed one skipped.
 * ERR_FORMAT for a foreign header row, ERR_IO (with path and reason) if the file exists and cannot
 * be read, ERR_NOMEM.
 */
MUST_USE enum err_code run_walk(const struct run_walk *walk, struct error *err);

#endif
