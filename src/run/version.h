/* The libraries of this build. */
#ifndef RUSHHOUR_RUN_VERSION_H
#define RUSHHOUR_RUN_VERSION_H

#include "record/manifest.h"

#include <stddef.h>

#define LIBRARY_COUNT 6

/* The versions of the libraries at run time (not those compiled against). */
void library_versions(struct library_version out[LIBRARY_COUNT]);

#endif
