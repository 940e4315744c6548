/* Which shards of a plan are present in a merged run, and which are missing. */
#ifndef RUSHHOUR_RECORD_SHARDS_H
#define RUSHHOUR_RECORD_SHARDS_H

#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Summarises the shards in several run.json as an object with `have` and `missing`: lists of names
 * such as "2/3", each once. Shards belong together if they have the same number of parts and the
 * same seed; if parts were repeated, each must be present as often as the most frequent one, or it
 * is missing. Whole runs are not shards. The caller owns the result (cJSON_Delete); NULL when out
 * of memory.
 */
cJSON *shards_of(const cJSON *const *manifests, size_t count);

/* How many shards are missing according to a run.json; appends their names, "2/3, 3/3", unless
 * names is NULL. */
size_t shards_missing(const cJSON *manifest, struct text *names);

/* How many shards of a merged run did not drive their load to the end: killed, interrupted or
 * stopped (by a budget, or abort_on_fail). Appends "2/3 was interrupted, 3/3 was stopped (why)",
 * unless names is NULL. Whole runs are not shards. */
size_t shards_cut_short(const cJSON *manifest, struct text *names);

/* Whether a run has all of the load that was asked for, as far as its shards go: none is missing,
 * and none was cut short. */
bool shards_whole(const cJSON *manifest);

#endif
