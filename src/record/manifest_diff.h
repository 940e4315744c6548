/* Where two manifests, or parts of them, differ. */
#ifndef RUSHHOUR_RECORD_MANIFEST_DIFF_H
#define RUSHHOUR_RECORD_MANIFEST_DIFF_H

#include <cjson/cJSON.h>

/* One difference: a path such as "profile.regions.eastus2.dialect" and the two values, NULL if
 * absent. */
typedef void manifest_diff_visitor(void *context, const char *path, const cJSON *a, const cJSON *b);

/*
 * Visits each leaf in which a and b (either may be NULL) differ, in the order of a. List elements
 * with a `name` are matched by name; other lists are compared as a whole. `path` is the prefix of
 * the visited paths.
 */
void manifest_diff(const char *path, const cJSON *a, const cJSON *b, manifest_diff_visitor *visit,
                   void *context);

#endif
