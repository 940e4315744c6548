/* The parts of profile_check. */
#ifndef RUSHHOUR_PROFILE_CHECK_H
#define RUSHHOUR_PROFILE_CHECK_H

#include "profile/profile.h"

#include <stdbool.h>

/* Checks each region as a whole, and the regions together. */
MUST_USE enum err_code check_regions(const struct profile *profile, struct error *err);

/* Checks the rules of the simulator. */
MUST_USE enum err_code check_simulator(const struct profile *profile, struct error *err);

/* Checks what the keys of session.audio need of each other and of the rest. */
MUST_USE enum err_code check_audio(const struct profile *profile, struct error *err);

/* Checks that a name (in a rule or threshold at `path`) is a region of the profile; otherwise
 * suggests the nearest. */
MUST_USE enum err_code check_region_known(const struct profile *profile, const char *name,
                                          const char *path, struct error *err);

/* As check_region_known, for the name of a deployment (with dialect openai: a model). */
MUST_USE enum err_code check_deployment_known(const struct profile *profile, const char *name,
                                              const char *path, struct error *err);

/* Whether a region has this deployment (with dialect openai: this model). */
bool check_has_deployment(const struct region *region, const char *name);

/* The region of this name, or NULL. */
const struct region *check_find_region(const struct profile *profile, const char *name);

#endif
