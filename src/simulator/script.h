/* The delays and faults scripted by the profile for one region, drawn by lot. */
#ifndef RUSHHOUR_SIMULATOR_SCRIPT_H
#define RUSHHOUR_SIMULATOR_SCRIPT_H

#include "base/error.h"
#include "profile/faults.h"
#include "profile/profile.h"
#include "simulator/condition.h"
#include "simulator/lot.h"

#include <stdbool.h>
#include <stdint.h>

enum step {
    STEP_UPGRADE,
    STEP_SESSION,
    STEP_CONFIGURE,
    STEP_RESPONSE_CREATED,
    STEP_FIRST_OUTPUT,
    STEP_DELTA,
    STEP_ANSWER,
    STEP_COUNT
};

struct script {
    const struct latency_rule **latency; /* the rules that name this region, in the profile's
                                            order */
    size_t latency_count;
    const struct fault_rule **faults;
    enum fault_kind *fault_kinds; /* one for each of faults */
    uint64_t *fault_draws;        /* likewise: the number of its draw */
    size_t fault_count;
    int64_t minute; /* of the run's clock for which the next two are valid: rules change by the
                       minute */
    int64_t median_ns[STEP_COUNT]; /* of the rules in force; 0: no delay */
    double sigma[STEP_COUNT];      /* of the logarithm; 0: constant */
    bool *fault_active;
    double *fault_rates;                 /* for the current hour */
    const struct fault_rule *first_rule; /* of the plan: a rule's number seeds its bursts */
    uint64_t burst_seed;
    int64_t origin_ns; /* of the run's clock, from which bursts are counted */
    struct lot lot;    /* of the region: its connections and responses have parts of it */
    uint64_t owed;     /* failed responses not yet followed by a retry */
};

/* The result of a draw: nothing, or a fault. */
struct strike {
    bool struck;
    enum fault_kind kind;
    const struct fault_info *info; /* the name for the ledger: the kind's, or "quota_requests"
                                      and the like */
    int64_t after_ns;              /* the profile's `after`; 0: the fault's default */
    int64_t retry_after_ns;        /* when a retry will find quota again; 0: the fault's default */
    uint64_t limit;                /* the one that was met; 0: the fault's default */
};

/* Picks the rules of a region (region_index makes its lot). The plan is borrowed until
 * script_free. */
MUST_USE enum err_code script_init(struct script *script, const struct simulator_plan *plan,
                                   const struct region *region, uint64_t seed,
                                   uint64_t region_index, struct error *err);
void script_free(struct script *script);

/* Sets the run's first instant. */
void script_set_origin(struct script *script, int64_t wall_ns);

/*
 * Draws the delay of a step at an instant of the run's clock, in ns: log-normal with the median and
 * P99 of the last rule in force that sets the step, with sigma = ln(P99 / median) / z(0.99);
 * constant if the two are equal. `draw` is its number in the lot of whom it delays.
 */
uint64_t script_delay(struct script *script, enum step step, struct lot lot, uint64_t draw,
                      int64_t wall_ns);

/* Draws in a lot once for each rule of this chance that applies at the moment, in order, until one
 * strikes. A rule has the same draw whether or not the others apply. */
struct strike script_strike(struct script *script, enum fault_chance chance, struct lot lot,
                            const struct moment *moment);

/* Whether a fault of the whole region (CHANCE_PER_REGION) is in force at an instant of the run's
 * clock. */
bool script_region_fault(struct script *script, int64_t wall_ns, enum fault_kind kind);

/*
 * Retries cannot be recognised, so failures are counted: script_failed reports a response that
 * ended in a fault; script_claim reports a new session, which counts as the retry of a failure as
 * long as one is outstanding (true). A further response of the failed session is its own retry:
 * script_settle.
 */
void script_failed(struct script *script);
bool script_claim(struct script *script);
void script_settle(struct script *script);

/* Whether a response that this fault struck has failed: some faults let it complete, or end it
 * without failure. */
bool script_fails(enum fault_kind kind);

#endif
