/* A run at one moment: the single description behind its manifest (record/manifest.h), the live
 * view and the metrics (watch/), so that they cannot contradict each other. */
#ifndef RUSHHOUR_RECORD_RUN_SNAPSHOT_H
#define RUSHHOUR_RECORD_RUN_SNAPSHOT_H

#include "profile/profile.h"
#include "record/cell.h"
#include "record/clock_limits.h"
#include "record/health.h"
#include "record/holds.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a run is doing. */
enum run_phase {
    RUN_STARTING, /* no load yet */
    RUN_RUNNING,
    RUN_DRAINING, /* no new sessions; those in flight may finish */
    RUN_STOPPING, /* no longer waits for them */
    RUN_FINISHED, /* figures are final */
    RUN_PHASE_COUNT
};

/* How a run ended, or will end. */
enum run_end { RUN_COMPLETE, RUN_INTERRUPTED, RUN_STOPPED_BUDGET, RUN_STOPPED_RULE, RUN_FAILED };

/* The abort rule's judgement of a region. */
struct abort_fact {
    const char *name;
    const char *verdict; /* watching, too_high */
    uint64_t at_risk, first_failures;
    double sum, peak, limit; /* cumulative sum: current, highest so far, and the alarm limit */
    uint64_t restarts;       /* how often it fell back to 0 */
    double mean_attempts;    /* between two false alarms at the acceptable rate */
};

struct region_snapshot {
    const struct region *region;
    const struct cell *totals; /* since the run began; NULL if nothing has begun */
    uint64_t sessions_open, in_flight;
    struct hold_view hold; /* now */
};

/* All members are borrowed. */
struct run_snapshot {
    const char *id;
    const struct profile *profile;
    uint64_t seed;
    const char *shard; /* "1/3" */
    unsigned workers;
    bool simulated;
    double clock_speed;
    struct clock_resolution resolution;
    const struct clock_limits *longer; /* what this clock cannot keep; NULL: nothing */

    uint64_t at_mono_ns;          /* when the snapshot was taken */
    int64_t counting_since_ns;    /* real time since 1970 UTC */
    int64_t started_ns, ended_ns; /* by the run's own clock, since 1970 UTC; ended 0: in progress */
    int64_t elapsed_ns, load_ns;  /* by the run's own clock: since the load began, and its length */
    int64_t driven_ns;            /* real time since the load began */

    enum run_phase phase;
    enum run_end end;
    const char *reason;  /* why it was stopped, or "" */
    double requested;    /* per region, now: sessions to keep busy, or arrivals per second */
    double budget_spent; /* share used of the limit that is nearest; negative if there is none */
    const struct health *health;    /* of the run so far; NULL if unknown */
    const struct health *latest;    /* of its last complete interval; NULL if there is none yet */
    const struct abort_fact *abort; /* one per region; NULL if the profile has no such rule */
    double abort_hours; /* mean time between its false alarms at the load so far; infinite if none
                           has begun */
    const char *abort_status;              /* the same in words, or "" */
    const struct holds *holds;             /* that are over; NULL if nothing has begun */
    const struct region_snapshot *regions; /* in the profile's order */
    size_t region_count;
};

/* "starting", "running", "draining", "stopping", "finished". */
const char *run_phase_name(enum run_phase phase);

/* The state that run.json gives a run: "running", then "complete", "interrupted" or "stopped". */
const char *run_state_name(enum run_phase phase, enum run_end end);

#endif
