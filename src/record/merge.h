/* Makes one run of several: shards of one load, or repetitions of one profile. Exact: counts and
 * histograms add up. */
#ifndef RUSHHOUR_RECORD_MERGE_H
#define RUSHHOUR_RECORD_MERGE_H

#include "base/error.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define MERGE_RUNS_MAX 256

/*
 * Merges run folders into a new folder (which must not exist or be empty), file by file in order of
 * time and in bounded memory; share: others may read it (record/folder.h). Intervals that begin and
 * end together are added up; of rows of one interval that stand twice in a file the first counts,
 * as in any report; sessions are renumbered so that they stay distinct. *manifest gets the manifest
 * of the merged run without totals, which the caller owns (cJSON_Delete): state `complete` if all
 * runs are and no shard is missing (else `incomplete`), `run.merged` lists the runs, `shards` the
 * parts of a plan. `notes` gets a sentence per line about each loss and about clocks that differ.
 * ERR_FORMAT names the key in which two profiles differ, or a run that is given twice; ERR_IO names
 * the file. On failure nothing is left of the new folder.
 */
MUST_USE enum err_code run_merge(const char *folder, bool share, const char *const *runs,
                                 size_t count, cJSON **manifest, struct text *notes,
                                 struct error *err);

/* Whether two run folders, by what their run.json says, are the same run, or one that was merged
 * holds one of the other's: merged, it would count twice. */
bool run_merge_shared(const cJSON *a, const cJSON *b);

#endif
