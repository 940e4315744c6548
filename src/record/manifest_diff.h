/* Where two manifests, or parts of them, differ. */
#ifndef RUSHHOUR_RECORD_MANIFEST_DIFF_H
#define RUSHHOUR_RECORD_MANIFEST_DIFF_H

#include <cjson/cJSON.h>

/* One place: "profile.regions.eastus2.dialect" and what stands there, NULL for nothing. */
typedef void manifest_diff_visitor(void *context, const char *path, const cJSON *a, const cJSON *b);

/*
 * Visits each leaf in which a and b (either may be NULL) differ, in the order of a. List elements
 * that have a `name` are compared by it, others as a whole list. `path` is what the first part of
 * the names is to be.
 */
void manifest_diff(const char *path, const cJSON *a, const cJSON *b, manifest_diff_visitor *visit,
                   void *context);

#endif
