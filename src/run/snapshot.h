/* Fills the snapshot of a run in progress from its plan, and from the engine once there is one. */
#ifndef RUSHHOUR_RUN_SNAPSHOT_H
#define RUSHHOUR_RUN_SNAPSHOT_H

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"
#include "record/run_snapshot.h"
#include "run/plan.h"

#include <stdbool.h>
#include <stdint.h>

/* The time of a snapshot, and what only the run itself knows. */
struct snapshot_moment {
    uint64_t now_mono_ns;
    int64_t counting_since_ns; /* real time since 1970 UTC */
    uint64_t ended_mono_ns;    /* when the load ended; 0: not yet */
    unsigned stops;            /* how often the run was asked to end */
    bool driven;               /* the engine was started */
    bool simulated;
};

/* Memory that snapshots borrow; zero-initialise. */
struct snapshot_store {
    struct region_snapshot *regions;
    struct abort_fact *abort;
    struct text abort_status;
    char shard[24];
};

/* Allocates for the regions of a profile. ERR_NOMEM. */
MUST_USE enum err_code snapshot_store_open(struct snapshot_store *store,
                                           const struct profile *profile, struct error *err);
void snapshot_store_free(struct snapshot_store *store);

/* The snapshot is valid until the next one from the same store, and also borrows from the plan and
 * the engine. `engine` is NULL until there is one. */
void snapshot_take(struct snapshot_store *store, const struct run_plan *plan,
                   const struct engine_status *engine, const struct snapshot_moment *moment,
                   struct run_snapshot *out);

#endif
