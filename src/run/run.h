/*
 * One driven load into one folder, as a call: the plan, the simulator beside it, the engine, the
 * folder, its figures and pages. Runs on the caller's loop, from which the caller may ask it to
 * end.
 */
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
    bool interrupted; /* it was asked to end before its load began: nothing was kept */
    bool kept;        /* the folder holds a run, with its figures and pages */
    enum run_end end;
    bool valid;              /* the generator kept up: its figures can be believed */
    bool fruitless;          /* a region has not answered once */
    enum verdict verdict;    /* of the thresholds */
    struct results *results; /* the figures; NULL unless kept */
    struct text json;        /* run.json as it stands in the folder */
};

/*
 * Plans a run (run_plan_make); nothing is touched yet. Takes the profile over, whatever it returns.
 * `options` is borrowed until run_free, which is to be called in any case but ERR_NOMEM with *out
 * NULL.
 */
MUST_USE enum err_code run_new(uv_loop_t *loop, struct profile *profile,
                               const struct run_options *options, struct run **out,
                               struct error *err);

const struct run_plan *run_planned(const struct run *run);

/*
 * Drives the load to its end and writes the folder; runs the loop meanwhile. An error may come with
 * a folder that was kept. A folder that holds no run is removed. The outcome is the caller's
 * (run_outcome_free) whatever it returns. Once.
 */
MUST_USE enum err_code run_perform(struct run *run, struct run_outcome *out, struct error *err);
void run_outcome_free(struct run_outcome *outcome);

/*
 * Asks the run to end, on the loop's thread: while the load is driven the first call lets what is
 * in flight finish and the second one stops it; before, the run is called off; after, what is being
 * written is written whole. `reason` stands in run.json.
 */
void run_stop(struct run *run, const char *reason);

/* Waits until a scraper of the metrics that was there has the final figures, a minute at most. */
void run_linger(struct run *run);

/* Runs the loop until everything of the run is closed. NULL is allowed. */
void run_free(struct run *run);

#endif
