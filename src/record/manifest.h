/* run.json as the run itself knows it: who ran what, where, when. Totals and verdicts are added by
 * report/. */
#ifndef RUSHHOUR_RECORD_MANIFEST_H
#define RUSHHOUR_RECORD_MANIFEST_H

#include "profile/profile.h"
#include "record/health.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct library_version {
    const char *name, *version;
};

/* How the abort rule judged a region. */
struct abort_fact {
    const char *name;
    const char *verdict; /* open, acceptable, too_high */
    uint64_t at_risk, first_failures;
};

struct run_facts {
    const char *id;
    const struct profile *profile;
    const char *state;                    /* running, complete, interrupted, stopped */
    const char *reason;                   /* why it was stopped, or "" */
    int64_t started_utc_ns, ended_utc_ns; /* of the run's own clock; ended 0: still running */
    double clock_speed;
    uint64_t seed;
    bool simulated;
    const char *shard; /* "1/1" */
    unsigned workers;
    double elapsed_s;                           /* real seconds */
    const struct health *health;                /* of the whole run, or NULL */
    int64_t lag_p50_us, lag_p99_us, lag_max_us; /* -1: none */
    const struct library_version *libraries;
    size_t library_count;
    const struct abort_fact *abort; /* one per region; NULL: the profile has no such rule, or too
                                       early */
    size_t abort_count;
};

/* The manifest with the contract's keys format, tool, run, host, load, profile (profile_manifest),
 * generator, and abort_on_fail with such a rule. The caller's; NULL without memory. */
cJSON *manifest_new(const struct run_facts *facts);

#endif
