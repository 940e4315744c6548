/* What a run is going to do, decided before anything is touched: the profile combined with the
 * options. */
#ifndef RUSHHOUR_RUN_PLAN_H
#define RUSHHOUR_RUN_PLAN_H

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"
#include "record/clock_limits.h"
#include "run/options.h"

#include <stdbool.h>
#include <stdint.h>

struct run_plan {
    struct profile *profile; /* as modified by the options; owned */
    uint64_t seed;           /* never 0 */
    uint64_t seed_asked;     /* 0: the one above was drawn */
    unsigned workers;
    struct shard shard; /* count at least 1 */
    int64_t
        start_at_ns; /* real time, since 1970 UTC, whole ms; 0: as soon as everything is ready */
    struct run_clock clock;     /* its monotonic origin is set when the load begins */
    struct clock_limits longer; /* what that clock cannot keep */
    struct text folder;         /* of the run */
    char id[128];               /* of the run: time and profile */
    size_t id_length;           /* without the number of run_plan_number */
};

/*
 * Applies the options to the profile, checks what only a run can know, and chooses the folder,
 * which is not created yet. Takes ownership of the profile whatever it returns (run_plan_free).
 * ERR_USAGE names the wrong option, ERR_PROFILE the wrong key, with the fix.
 */
MUST_USE enum err_code run_plan_make(struct run_plan *plan, struct profile *profile,
                                     const struct run_options *options, struct error *err);
void run_plan_free(struct run_plan *plan);

/* Takes another folder below results/, with this number, when its name turned out to be taken. */
void run_plan_number(struct run_plan *plan, int number);

/* "1/3", as in run.json. */
void run_plan_shard(const struct run_plan *plan, char out[24]);

/* Appends what the run would do and cost: the contract's dry-run JSON, or a table. */
void run_plan_report(const struct run_plan *plan, bool json, struct text *out);

#endif
