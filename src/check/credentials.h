/* The step `credentials`: where the key or token comes from, and what a token says of itself. */
#ifndef RUSHHOUR_CHECK_CREDENTIALS_H
#define RUSHHOUR_CHECK_CREDENTIALS_H

#include "check/check.h"

/* Loads the secrets of region number `index` (which may run a command, and waits for it) and fills
 * in the step. With `given` they are set already, as by a simulator. */
void credentials_read(struct profile *profile, size_t index, bool given, struct check_region *told);

/*
 * Fills in the step for a bearer token by what it says of itself: expired, not valid yet, for
 * another audience than the service's. Nothing of it is shown but audience and times. ns: how long
 * it took to get; now_s: the time of day, s since 1970 UTC. Pure.
 */
void credentials_judge_token(struct check_region *told, const char *token, int64_t ns,
                             int64_t now_s);

#endif
