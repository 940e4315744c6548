/* What retries did, as JSON. */
#ifndef RUSHHOUR_REPORT_RETRIES_JSON_H
#define RUSHHOUR_REPORT_RETRIES_JSON_H

#include "figures/model.h"

/* Appends the members `retries`, `attempts_per_interaction` and `hedges`. */
void retries_counts_json(const struct report_cell *cell, struct text *out);

/* Appends the members `recovered` and `added_seconds`, of the whole run: rows of attempts do not
 * tell them for a part of an interval. */
void retries_json(const struct report_cell *cell, struct text *out);

#endif
