/* Fills the snapshot of a run under way: from its plan, and from the engine once there is one. */
#ifndef RUSHHOUR_RUN_SNAPSHOT_H
#define RUSHHOUR_RUN_SNAPSHOT_H

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"
#include "record/run_snapshot.h"
#include "run/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* When a snapshot is taken, and what only the run itself knows. */
struct snapshot_moment {
    uint64_t now_mono_ns;
    int64_t counting_since_ns; /* real time since 1970 UTC */
    uint64_t ended_mono_ns;    /* when the load had been driven; 0: not yet */
    unsigned stops;            /* how often the run was asked to end */
    bool driven;               /* the engine was started */
    bool simulated;
};

/* What snapshots borrow; zero-initialise to start. */
struct snapshot_store {
    struct region_snapshot *regions;
    struct abort_fact *abort;
    struct text abort_status;
    char shard[24];
};

/* Makes room for the regions of a profile. ERR_NOMEM. */
MUST_USE enum err_code snapshot_store_open(struct snapshot_store *store,
                                           const struct profile *profile, struct error *err);
void snapshot_store_free(struct snapshot_store *store);

/* The snapshot stays valid until the next one of the same store, and borrows from the plan and the
 * engine too. `engine` is NULL before there is one. */
void snapshot_take(struct snapshot_store *store, const struct run_plan *plan,
                   const struct engine_status *engine, const struct snapshot_moment *moment,
                   struct run_snapshot *out);

#endif
