/* What was open and in flight at once, as JSON. */
#ifndef RUSHHOUR_REPORT_CONCURRENCY_JSON_H
#define RUSHHOUR_REPORT_CONCURRENCY_JSON_H

#include "figures/cells.h"

/* Appends the member `concurrency`: an object of each level with its mean and, under the name
 * given, its peak; null for a folder that does not say. */
void concurrency_json(const struct report_cell *cell, const char *peak, struct text *out);

#endif
