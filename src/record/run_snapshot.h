/*
 * A run at one moment: the one description that its manifest (record/manifest.h), the live view and
 * the metrics (watch/) are made from, so that they cannot tell different things.
 */
#ifndef RUSHHOUR_RECORD_RUN_SNAPSHOT_H
#define RUSHHOUR_RECORD_RUN_SNAPSHOT_H

#include "profile/profile.h"
#include "record/cell.h"
#include "record/health.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a run does now. */
enum run_phase {
    RUN_STARTING, /* nothing is driven yet */
    RUN_RUNNING,
    RUN_DRAINING, /* no new sessions; what is in flight finishes */
    RUN_STOPPING, /* nor is that waited for */
    RUN_FINISHED, /* the figures are final */
    RUN_PHASE_COUNT
};

/* How a run ended, or is going to. */
enum run_end { RUN_COMPLETE, RUN_INTERRUPTED, RUN_STOPPED_BUDGET, RUN_STOPPED_RULE, RUN_FAILED };

/* How the abort rule judges a region. */
struct abort_fact {
    const char *name;
    const char *verdict; /* watching, too_high */
    uint64_t at_risk, first_failures;
    double sum, peak, limit; /* of the cumulative sum: now, the highest so far, that of the alarm */
    uint64_t restarts;       /* how often it fell back to 0 */
    double mean_attempts;    /* at risk, at the acceptable rate, between two false alarms */
};

struct region_snapshot {
    const struct region *region;
    const struct cell *totals; /* since the run began; NULL: nothing has begun */
    uint64_t sessions_open, in_flight;
};

/* Everything is borrowed. */
struct run_snapshot {
    const char *id;
    const struct profile *profile;
    uint64_t seed;
    const char *shard; /* "1/3" */
    unsigned workers;
    bool simulated;
    double clock_speed;

    uint64_t at_mono_ns;          /* when the snapshot was taken */
    int64_t counting_since_ns;    /* real time since 1970 UTC */
    int64_t started_ns, ended_ns; /* of the run's own clock, since 1970 UTC; ended 0: under way */
    int64_t elapsed_ns, load_ns;  /* of the run's own clock: since the load began, and its length */
    int64_t driven_ns;            /* real time since the load began */

    enum run_phase phase;
    enum run_end end;
    const char *reason;  /* why it was stopped, or "" */
    double requested;    /* per region, now: sessions to keep busy, or arrivals per second */
    double budget_spent; /* share of the limit that is nearest; negative: there is none */
    const struct health *health;    /* of the run so far; NULL: not known */
    const struct health *latest;    /* of its last whole interval; NULL: there was none yet */
    const struct abort_fact *abort; /* one per region; NULL: the profile has no such rule */
    const char *abort_status;       /* the same in words, or "" */
    const struct region_snapshot *regions; /* as the profile has them */
    size_t region_count;
};

/* "starting", "running", "draining", "stopping", "finished". */
const char *run_phase_name(enum run_phase phase);

/* What run.json says of a run: "running", then "complete", "interrupted" or "stopped". */
const char *run_state_name(enum run_phase phase, enum run_end end);

#endif
