/* One run out of several: shards of one load, or repetitions of one profile. Exact: counts and
 * histograms add up. */
#ifndef RUSHHOUR_RECORD_MERGE_H
#define RUSHHOUR_RECORD_MERGE_H

#include "base/error.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#define MERGE_RUNS_MAX 256

/*
 * Merges run folders into a new folder (which must not exist or be empty), file by file in the
 * order of time and in bounded memory. Intervals that begin and end together are added up; sessions
 * keep their identity by new numbers. *manifest gets the manifest of the whole without totals, the
 * caller's (cJSON_Delete): state `complete` when all are and no shard is missing (else
 * `incomplete`), `run.merged` lists what went in, `shards` which parts of a plan. `notes` gets a
 * sentence on each loss and on clocks that differ, one per line. ERR_FORMAT names the key in which
 * two profiles differ, or a run that is given twice; ERR_IO names the file. On failure nothing is
 * left of the new folder.
 */
MUST_USE enum err_code run_merge(const char *folder, const char *const *runs, size_t count,
                                 cJSON **manifest, struct text *notes, struct error *err);

#endif
