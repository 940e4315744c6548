/* The step `credentials`: where the key or token comes from, and what a token says about itself. */
#ifndef RUSHHOUR_CHECK_CREDENTIALS_H
#define RUSHHOUR_CHECK_CREDENTIALS_H

#include "check/check.h"

/* Loads the secrets of region number `index` (which may run a command, and waits for it) and fills
 * in the step. With `given` they are already set, as by a simulator. */
void credentials_read(struct profile *profile, size_t index, bool given, struct check_region *told);

/*
 * Fills in the step for a bearer token from its own claims: expired, not valid yet, for an audience
 * other than the service's. Shows nothing of it but audience and times. ns: how long it took to
 * get; now_s: the time of day, s since 1970 UTC. Pure.
 */
void credentials_judge_token(struct check_region *told, const char *token, int64_t ns,
                             int64_t now_s);

#endif
