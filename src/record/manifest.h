/* run.json as far as the run itself knows it: who ran what, where, when. report/ adds totals and
 * verdicts. */
#ifndef RUSHHOUR_RECORD_MANIFEST_H
#define RUSHHOUR_RECORD_MANIFEST_H

#include "record/run_snapshot.h"

#include <cjson/cJSON.h>
#include <stddef.h>

struct library_version {
    const char *name, *version;
};

/*
 * The manifest with the contract's keys format, tool, run, host, load, profile (profile_manifest),
 * generator, and abort_on_fail if there is such a rule. What is only known of a whole run
 * (generator, abort_on_fail) is added at the end. The caller owns it; NULL when out of memory.
 */
cJSON *manifest_new(const struct run_snapshot *run, const struct library_version *libraries,
                    size_t library_count);

#endif
