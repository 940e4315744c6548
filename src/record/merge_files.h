/* Reads the files of several run folders side by side in order of time. Only for record/merge.c. */
#ifndef RUSHHOUR_RECORD_MERGE_FILES_H
#define RUSHHOUR_RECORD_MERGE_FILES_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is merged: `runs` folders into one. */
struct merge {
    const char *folder;
    bool share; /* its files may be read by others, as those of a run */
    const char *const *runs;
    size_t count;
    int64_t start_utc_ns; /* of the earliest run */
    const char *profile;  /* its name */
    double *skew_ms;      /* per run: the mean clock skew of its failures; NaN if unknown */
    struct text *notes;
};

/* Each function writes one file of the new folder. ERR_IO names what could not be read or
 * written. */
MUST_USE enum err_code merge_intervals(const struct merge *merge, struct error *err);
MUST_USE enum err_code merge_latencies(const struct merge *merge, struct error *err);
/* writes no file if no run has one */
MUST_USE enum err_code merge_attempts(const struct merge *merge, struct error *err);
/* also fills skew_ms */
MUST_USE enum err_code merge_failures(const struct merge *merge, struct error *err);

#endif
