/* What the windows of a run show together (figures/patterns.h), as tables and as JSON. */
#ifndef RUSHHOUR_REPORT_PATTERNS_SHOW_H
#define RUSHHOUR_REPORT_PATTERNS_SHOW_H

#include "base/text.h"
#include "figures/results.h"
#include "report/table.h"

/* Each fills a zeroed table, which has only its headings if there is nothing to show. */
void patterns_hours_table(const struct results *results, struct table *table);
void patterns_concentration_table(const struct results *results, struct table *table);
void patterns_together_table(const struct results *results, struct table *table);

/* Appends one JSON object. */
void patterns_json(const struct results *results, struct text *out);

#endif
