/* The run folder itself: the names of its files, and its creation and removal. */
#ifndef RUSHHOUR_RECORD_FOLDER_H
#define RUSHHOUR_RECORD_FOLDER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RUN_MANIFEST "run.json"
#define RUN_INTERVALS "intervals.csv"
#define RUN_LATENCIES "latency.hlog"
#define RUN_ATTEMPTS "attempts.csv"
#define RUN_FAILURES "failures.jsonl"

#define RUN_MANIFEST_LIMIT ((size_t)64 << 20) /* bytes: far more than any manifest needs */

/* Modes of a run's folder and files: for their owner alone, or to be read by others. */
static inline mode_t run_folder_mode(bool share)
{
    return share ? 0755 : 0700;
}
static inline mode_t run_file_mode(bool share)
{
    return share ? 0644 : 0600;
}

/* Makes a folder and its parents, or accepts an existing empty one; ERR_IO if it is not empty.
 * *made_from is for folder_unmake. On failure nothing created is left behind. */
MUST_USE enum err_code folder_make_empty(const char *path, size_t *made_from, struct error *err);

/* The same for a folder that is made with this mode (less the umask). must_be_new: ERR_IO with
 * errno EEXIST even of an empty one, which somebody else has just made for himself. */
MUST_USE enum err_code folder_make_own(const char *path, mode_t mode, bool must_be_new,
                                       size_t *made_from, struct error *err);

/* Removes the folders, empty again, that folder_make_empty created, and no others. */
void folder_unmake(const char *path, size_t made_from);

#endif
