/* One driven load into one folder, as a call: the plan, the simulator beside it, the engine, the
 * folder, its figures and pages. Runs on the caller's loop, from which the caller may stop it. */
#ifndef RUSHHOUR_RUN_RUN_H
#define RUSHHOUR_RUN_RUN_H

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"
#include "figures/results.h"
#include "profile/profile.h"
#include "run/options.h"
#include "run/plan.h"

#include <stdbool.h>
#include <uv.h>

struct run;

/* How a run ended. */
struct run_outcome {
    bool interrupted; /* it was stopped before its load began: nothing was kept */
    bool kept;        /* the folder holds a run, with its figures and pages */
    enum run_end end;
    bool valid;              /* the generator kept up: its figures can be trusted */
    bool fruitless;          /* a region never answered */
    enum verdict verdict;    /* of the thresholds */
    struct results *results; /* the figures; NULL unless kept */
    struct text json;        /* the content of run.json */
};

/*
 * Plans a run (run_plan_make); touches nothing yet. Takes ownership of the profile whatever it
 * returns. `options` is borrowed until run_free, which must be called unless the result is
 * ERR_NOMEM with *out NULL.
 */
MUST_USE enum err_code run_new(uv_loop_t *loop, struct profile *profile,
                               const struct run_options *options, struct run **out,
                               struct error *err);

const struct run_plan *run_planned(const struct run *run);

/*
 * Drives the load to its end and writes the folder, running the loop meanwhile. There may be an
 * error even though a folder was kept. A folder that holds no run is removed. The caller frees the
 * outcome (run_outcome_free) whatever it returns. Call it once.
 */
MUST_USE enum err_code run_perform(struct run *run, struct run_outcome *out, struct error *err);
void run_outcome_free(struct run_outcome *outcome);

/*
 * Asks the run to end; call it on the loop's thread. During the load, the first call lets what is
 * in flight finish and the second stops it; before the load, the run is cancelled; after it,
 * whatever is being written is completed. `reason` is recorded in run.json.
 */
void run_stop(struct run *run, const char *reason);

/* The same when whoever asks will kill the process after a while: within load.drain the folder is
 * whole and the process gone, if need be without its pages. Turns in flight have a part of it. */
void run_stop_within(struct run *run, const char *reason);

/* Waits until a scraper that has been seen has the final figures, at most a minute. */
void run_linger(struct run *run);

/* Runs the loop until everything belonging to the run is closed. NULL is allowed. */
void run_free(struct run *run);

#endif
