/* What can be said of a region without asking anybody: mistakes that the parser cannot know to be
 * some. Pure. */
#ifndef RUSHHOUR_CHECK_LINT_H
#define RUSHHOUR_CHECK_LINT_H

#include "check/check.h"

/*
 * Fills in the step `profile`: failed when the service is sure to refuse what the profile asks for
 * (the first such mistake; further ones and what is only unwise become notes).
 */
void lint_region(const struct profile *profile, struct check_region *told);

/* Whether this is a host of Azure's or OpenAI's own, whose certificates and headers are known. */
bool lint_is_azure(const char *host);
bool lint_is_hosted(const char *host);

#endif
