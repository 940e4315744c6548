/* Reads a run and draws all conclusions for its package, before anything is written. */
#ifndef RUSHHOUR_PACKAGE_OPEN_H
#define RUSHHOUR_PACKAGE_OPEN_H

#include "package/parts.h"

/* Fills a package in which only `request` is set. Call package_close in any case. */
MUST_USE enum err_code package_open(struct package *package, struct error *err);
void package_close(struct package *package);

/* Appends a short summary for people. */
void package_summary(const struct package *package, const char *archive, size_t files,
                     struct text *out);

#endif
