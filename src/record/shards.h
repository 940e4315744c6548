/* Which shards of a plan are there: of a merged run, and what is missing from it. */
#ifndef RUSHHOUR_RECORD_SHARDS_H
#define RUSHHOUR_RECORD_SHARDS_H

#include "base/text.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/*
 * What run.json of several runs say of their shards, as an object with `have` and `missing`: lists
 * of names such as "2/3", each once. Shards belong together when they have the same number of parts
 * and the same seed; what was repeated must be there as often as its most frequent part, or the
 * part is missing. Whole runs are no shards. The caller's (cJSON_Delete); NULL without memory.
 */
cJSON *shards_of(const cJSON *const *manifests, size_t count);

/* How many shards a run.json says are missing; appends their names, "2/3, 3/3",
 * when names is not NULL. */
size_t shards_missing(const cJSON *manifest, struct text *names);

#endif
