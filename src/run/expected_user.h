/*
 * What one virtual user of a profile will do and take, turn by turn, on stated assumptions: tokens
 * as the service counts them (realtime/token_count.h), dollars at the terms of its region. Pure.
 */
#ifndef RUSHHOUR_RUN_EXPECTED_USER_H
#define RUSHHOUR_RUN_EXPECTED_USER_H

#include "profile/profile.h"
#include "realtime/token_count.h"
#include "run/terms.h"

#include <stdbool.h>
#include <stddef.h>

/* Assumed of each answer and dial until something was measured. */
#define ASSUMED_OUTPUT_TOKENS TOKEN_COUNT_ASSUMED_OUTPUT
#define ASSUMED_SPEECH_MS TOKEN_COUNT_ASSUMED_SPEECH_MS
#define ASSUMED_REASONING_TOKENS 64 /* of a model that thinks before it answers */
#define ASSUMED_ATTEMPT_SECONDS 1.0
#define ASSUMED_DIAL_SECONDS 0.5
/* Without session.max_output_tokens, an answer at its most is so many times the assumed one. */
#define ASSUMED_MOST_TIMES 4

/* Low: answers half as long, no thoughts. High: as long as they may be, nothing is cached, and
 * retries take their whole budget. */
enum cost_case { COST_LOW, COST_LIKELY, COST_HIGH, COST_CASES };

struct expected_turn {
    double at_s;            /* since the user arrived */
    unsigned connections;   /* opened for it: 1 for the first of each session */
    double tokens, counted; /* used, as billed; as counted for a quota */
    double usd[COST_CASES];
};

struct expected_user {
    struct expected_turn *turns;
    size_t count;
    double stay_s; /* until the last turn has ended; at least `until_s` when there are more */
};

/* The tokens of a prompt, by its length: as often as each is drawn, and of the shortest and the
 * longest. */
struct expected_prompt {
    double mean;
    uint64_t least, most;
};
struct expected_prompt expected_prompt_of(const struct session_plan *session);

/* The turns of a user of a region that begin in the first `until_s` seconds, at least one. False
 * when out of memory; expected_user_free in any case. */
bool expected_user_init(struct expected_user *user, const struct profile *profile,
                        const struct region *region, const struct terms *terms, double until_s);
void expected_user_free(struct expected_user *user);

#endif
