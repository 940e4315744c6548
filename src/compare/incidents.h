/* How many incidents an hour the two sides had, and what fails outside of them, beside the total.
 * Shown, and no part of the verdict. */
#ifndef RUSHHOUR_COMPARE_INCIDENTS_H
#define RUSHHOUR_COMPARE_INCIDENTS_H

#include "compare/model.h"
#include "figures/incidents.h"
#include "report/table.h"

/* What a side holds: a region of a run, or of all occurrences of a time of day. False when its run
 * is too short to look for incidents. */
bool compare_side_incidents(const struct compare_side *side, struct incident_rates *out);

/* Fills a zeroed table: a row for each side of each pair. */
void compare_table_incidents(const struct compared *comparison, struct table *table);

/* Appends the key and its list. */
void compare_incidents_json(const struct compared *comparison, struct text *out);

#endif
