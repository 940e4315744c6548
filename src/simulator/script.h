/* What the profile scripts for one region: delays and faults, drawn from seeded streams. */
#ifndef RUSHHOUR_SIMULATOR_SCRIPT_H
#define RUSHHOUR_SIMULATOR_SCRIPT_H

#include "base/error.h"
#include "base/random.h"
#include "profile/faults.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>

enum step {
    STEP_UPGRADE,
    STEP_SESSION,
    STEP_CONFIGURE,
    STEP_RESPONSE_CREATED,
    STEP_FIRST_OUTPUT,
    STEP_DELTA,
    STEP_COUNT
};

struct script {
    const struct latency_rule **latency; /* the rules that name this region, in the profile's order */
    size_t latency_count;
    const struct fault_rule **faults;
    enum fault_kind *fault_kinds; /* of each of faults */
    size_t fault_count;
    int64_t minute; /* of the run's clock that the two below hold for: rules change by the minute */
    int64_t median_ns[STEP_COUNT]; /* of the rules in force; 0: no delay */
    double sigma[STEP_COUNT];      /* of the logarithm; 0: fixed */
    bool *fault_active;
    struct random delays, strikes; /* two streams, so that a latency rule does not move the faults */
};

/* What was drawn: none, or a fault with the profile's `after` (0: its default). */
struct strike {
    bool struck;
    enum fault_kind kind;
    int64_t after_ns;
};

/* Picks the rules of a region (region_index seeds its streams). The plan is borrowed until script_free. */
MUST_USE enum err_code script_init(struct script *script, const struct simulator_plan *plan,
                                   const char *region, uint64_t seed, uint64_t region_index,
                                   struct error *err);
void script_free(struct script *script);

/*
 * Draws the delay of a step at an instant of the run's clock, in ns: log-normal with the median and P99 of
 * the last rule in force that sets the step, whose sigma is ln(P99 / median) / z(0.99); fixed when the two
 * are equal.
 */
uint64_t script_delay(struct script *script, enum step step, int64_t wall_ns);

/* Draws once for each rule in force of that chance, in order, until one strikes. */
struct strike script_strike(struct script *script, enum fault_chance chance, int64_t wall_ns);

/* Uniform in 0 .. bound-1 (bound > 0), of the stream of faults. */
uint64_t script_below(struct script *script, uint64_t bound);

#endif
