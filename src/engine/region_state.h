/* What one worker keeps of one region while it drives it: what is open and for how long, what the
 * abort rule judges, whether its load is held back, and the limits that the service
 * has told. */
#ifndef RUSHHOUR_ENGINE_REGION_STATE_H
#define RUSHHOUR_ENGINE_REGION_STATE_H

#include "engine/breaker.h"
#include "engine/hold.h"
#include "engine/trials.h"
#include "profile/profile.h"

#include <stdint.h>

/* Zero-initialise; its trials are freed with trials_free. */
struct region_state {
    uint64_t sessions_open, in_flight; /* at present */
    uint64_t open_told_ns;             /* monotonic: open time is counted up to here, except for */
    int64_t open_rest_ns;              /* the part short of a whole ms of the run's own clock */
    const struct price *price;         /* of its model; NULL: the profile has none */
    struct trials trials;              /* for the abort rule */
    struct hold hold;                  /* from the responses that this worker received */
    struct breaker breaker;            /* from the same */
    struct hold shortage;              /* for want of budget or quota, while no such hold is on */
    bool lacks_budget;                 /* the last turn that was due found no room */
    uint64_t waiting;                  /* users who wait for it */
    uint64_t paced;                    /* users who wait for their time by the quota's pace */
    double usual_limit_tokens; /* the highest x-ratelimit-limit-tokens reported; 0 if none */
    double weight;             /* its part of a load with routing `weighted` */
};

#endif
