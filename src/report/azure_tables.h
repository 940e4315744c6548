/* Azure's own data beside our windows, as tables, sentences and CSV. All need results->azure. */
#ifndef RUSHHOUR_REPORT_AZURE_TABLES_H
#define RUSHHOUR_REPORT_AZURE_TABLES_H

#include "figures/azure.h"
#include "figures/model.h"
#include "report/table.h"

/* The service health events, one per row. */
void tables_health(const struct results *results, struct table *table);

/* The slices of the first grouping shown, or the whole run: our rate, and the advisories and
 * metrics of each region. */
void tables_azure(const struct results *results, struct table *table);

/* Appends what was given, how far it overlaps, and that the absence of advisories does not prove
 * health. */
void words_azure(const struct results *results, struct text *out);

/* One row per event (metric) and window, beside the figures of its region. `end_heading` and `end`
 * are appended to the header and to each row: ",simulated" and ",true". */
void azure_health_csv(const struct results *results, const char *end, const char *end_heading,
                      struct text *out);
void azure_metrics_csv(const struct results *results, const char *end, const char *end_heading,
                       struct text *out);

#endif
