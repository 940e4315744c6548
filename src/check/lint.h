/* Checks of a region that need no network: mistakes that the parser cannot recognise. Pure. */
#ifndef RUSHHOUR_CHECK_LINT_H
#define RUSHHOUR_CHECK_LINT_H

#include "check/check.h"

/* Fills in the step `profile`: failed if the service is certain to refuse what the profile asks for
 * (the first such mistake; further ones, and whatever is merely unwise, become notes). Retirements
 * are told as of this instant, ns since 1970 UTC; INT64_MIN: none are. */
void lint_region(const struct profile *profile, int64_t wall_ns, struct check_region *told);

/* Whether this is one of Azure's own hosts, whose headers are known. */
bool lint_is_azure(const char *host);

#endif
