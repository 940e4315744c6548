/* The run folder itself: the names of its files, and its making and unmaking. */
#ifndef RUSHHOUR_RECORD_FOLDER_H
#define RUSHHOUR_RECORD_FOLDER_H

#include "base/error.h"

#include <stddef.h>

#define RUN_MANIFEST "run.json"
#define RUN_INTERVALS "intervals.csv"
#define RUN_LATENCIES "latency.hlog"
#define RUN_ATTEMPTS "attempts.csv"
#define RUN_FAILURES "failures.jsonl"

#define RUN_MANIFEST_LIMIT ((size_t)64 << 20) /* bytes: far more than a manifest ever has */

/*
 * Makes a folder and its parents, or takes one that exists and is empty; ERR_IO for one that holds
 * something. *made_from is for folder_unmake. On failure nothing that was made is left.
 */
MUST_USE enum err_code folder_make_empty(const char *path, size_t *made_from, struct error *err);

/* Removes the folders, now empty again, that folder_make_empty has made, and no others. */
void folder_unmake(const char *path, size_t made_from);

#endif
