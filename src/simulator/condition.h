/* The conditions of a fault rule other than the time of day: whether it applies at a moment, and at
 * which rate. Pure. */
#ifndef RUSHHOUR_SIMULATOR_CONDITION_H
#define RUSHHOUR_SIMULATOR_CONDITION_H

#include "profile/profile.h"

#include <stdbool.h>
#include <stdint.h>

/* When and where a fault is drawn. */
struct moment {
    int64_t wall_ns; /* by the run's clock */
    /* of a response only, otherwise 0 and false: */
    uint64_t socket_age_ns;  /* since the 101, by the run's clock */
    uint64_t turn;           /* of the session, from 1 */
    uint64_t context_tokens; /* that it reads as input */
    bool failed_before;      /* the session's previous response failed */
    bool retries;            /* the session's first response, and the session counts as a retry */
};

/* Whether socket age, turn and context of a moment meet the rule's conditions. */
bool condition_holds(const struct fault_rule *rule, const struct moment *moment);

/*
 * Whether the rule is in a burst when this much of the run's own time has passed. Each period of
 * `burst.every` holds one burst, whose start is drawn from the seed and the period's number alone.
 */
bool condition_bursts(const struct fault_rule *rule, uint64_t seed, int64_t elapsed_ns);

/* The rate at a moment: the rule's own, or that of the hour in its hour profile. */
double condition_rate(const struct fault_rule *rule, int64_t wall_ns);

/* That rate as modified after a failure. */
double condition_sticky_rate(const struct fault_rule *rule, double rate,
                             const struct moment *moment);

#endif
