/* What libraries this build is made of. */
#ifndef RUSHHOUR_RUN_VERSION_H
#define RUSHHOUR_RUN_VERSION_H

#include "record/manifest.h"

#include <stddef.h>

#define LIBRARY_COUNT 5

/* The versions of the libraries as they run (not as they were compiled against). */
void library_versions(struct library_version out[LIBRARY_COUNT]);

#endif
