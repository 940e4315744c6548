/*
 * The load: starts the workers, collects what they record into the run folder, and ends the run.
 * Runs on the caller's loop (the main thread), so that the caller's signals, timers and child
 * processes are served meanwhile.
 */
#ifndef RUSHHOUR_ENGINE_ENGINE_H
#define RUSHHOUR_ENGINE_ENGINE_H

#include "base/clock.h"
#include "base/error.h"
#include "engine/abort_rule.h"
#include "engine/worker.h"
#include "profile/profile.h"
#include "record/cell.h"
#include "record/health.h"
#include "record/run_snapshot.h"
#include "record/run_writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct engine;

/* All borrowed until engine_free. */
struct engine_options {
    const struct profile *profile; /* with secrets loaded */
    struct run_clock clock;        /* the load begins at its origin, which should be slightly in
                                      the future */
    uint64_t seed;
    struct shard shard; /* the part of the load driven here; all zero: all of it */
    unsigned workers;
    double expected_attempts; /* of one region in the whole plan; for the abort rule */
    const struct connect_override *connect_overrides;
    size_t connect_override_count;
    const char *ca_file; /* overrides every region's; NULL: the profile's */
    bool simulated;
    struct run_writer *writer;
    /* Of a simulated service, whose delay is this machine's as ours is: the turns of its loop so
     * far, counted into the health of the intervals. NULL for a real one. */
    void (*peer_turns)(void *peer, struct loop_turns *out);
    void *peer;
    void (*note)(void *user, const char *text); /* a line for the user; may be NULL */
    void *note_user;
};

/* The run so far, for the live view; pointers stay valid until the engine is freed. */
struct engine_status {
    const struct cell *totals;     /* one per region */
    const uint64_t *sessions_open; /* one per region */
    const uint64_t *in_flight;
    const struct hold_view *holding; /* likewise: how it is held now */
    const struct holds *holds;       /* that are over */
    size_t region_count;
    bool draining;
    enum run_end end;                    /* how it is going to end */
    const char *reason;                  /* of a stop, otherwise "" */
    double budget_spent;                 /* share used of the limit that is nearest; 0 without a
                                            limit */
    const struct health *health;         /* of the run so far */
    const struct abort_rule *abort_rule; /* its current state; its regions are NULL if the
                                            profile has no rule */
    const struct health *latest;         /* of the last finished interval; NULL before */
    int64_t loop_delay_p90_ns, loop_delay_p99_ns; /* of the run so far */
};

/* Prepares the run without connecting yet. Errors name the region or file. */
MUST_USE enum err_code engine_new(uv_loop_t *loop, const struct engine_options *options,
                                  struct engine **out, struct error *err);

/* Requests client secrets for the regions that need them, running the loop meanwhile. Errors name
 * the region. */
MUST_USE enum err_code engine_open(struct engine *engine, struct error *err);

/* Moves the start of the load to a monotonic time, before engine_run. */
void engine_set_origin(struct engine *engine, uint64_t mono_origin_ns);

/* Starts the workers and runs the loop until the last of them is done and everything is in the
 * folder. */
MUST_USE enum err_code engine_run(struct engine *engine, struct error *err);

/*
 * Asks the run to end; call it on the loop's thread. The first call drains (no new sessions, turns
 * in flight are finished), a second one ends at once. `end` and `reason` of the first call are
 * recorded in the manifest.
 */
void engine_stop(struct engine *engine, enum run_end end, const char *reason);

void engine_status(const struct engine *engine, struct engine_status *out);
void engine_free(struct engine *engine);

#endif
