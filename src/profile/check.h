/* Parts of profile_check. */
#ifndef RUSHHOUR_PROFILE_CHECK_H
#define RUSHHOUR_PROFILE_CHECK_H

#include "profile/profile.h"

#include <stdbool.h>

/* What only holds for a region as a whole, and for the regions together. */
MUST_USE enum err_code check_regions(const struct profile *profile, struct error *err);

/* The rules of the simulator. */
MUST_USE enum err_code check_simulator(const struct profile *profile, struct error *err);

/* That a name (of a rule or threshold, found at `path`) is a region of the profile; else the
 * nearest is named. */
MUST_USE enum err_code check_region_known(const struct profile *profile, const char *name,
                                          const char *path, struct error *err);

/* The same for the name of a deployment (of dialect openai: a model). */
MUST_USE enum err_code check_deployment_known(const struct profile *profile, const char *name,
                                              const char *path, struct error *err);

/* Whether a region has this deployment (of dialect openai: this model). */
bool check_has_deployment(const struct region *region, const char *name);

/* The region of this name, or NULL. */
const struct region *check_find_region(const struct profile *profile, const char *name);

#endif
