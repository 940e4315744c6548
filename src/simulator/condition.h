/* What a fault rule asks about beside the time of day: whether it holds at a moment, and at which
 * rate. Pure. */
#ifndef RUSHHOUR_SIMULATOR_CONDITION_H
#define RUSHHOUR_SIMULATOR_CONDITION_H

#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>

/* When and where a fault is drawn. */
struct moment {
    int64_t wall_ns; /* of the run's clock */
    /* of a response only, 0 and false otherwise: */
    uint64_t socket_age_ns;  /* since the 101, real time */
    uint64_t turn;           /* of the session, from 1 */
    uint64_t context_tokens; /* that it reads as input */
    bool failed_before;      /* the session's previous response failed */
    bool retries;            /* the first of a session that is taken for a retry */
};

/* Whether socket age, turn and context of a moment are what the rule asks for. */
bool condition_holds(const struct fault_rule *rule, const struct moment *moment);

/*
 * Whether the rule is in a burst when so much of the run's own time has passed. Each stretch of
 * `burst.every` holds one burst, whose begin is drawn from the seed and the stretch's number alone.
 */
bool condition_bursts(const struct fault_rule *rule, uint64_t seed, int64_t elapsed_ns);

/* The rate of the hour that a moment lies in: the rule's own, or that of its hour profile. */
double condition_rate(const struct fault_rule *rule, int64_t wall_ns);

/* What becomes of that rate after a failure. */
double condition_sticky_rate(const struct fault_rule *rule, double rate,
                             const struct moment *moment);

#endif
