/* Azure's own words beside our windows, as tables, sentences and CSV. All need results->azure. */
#ifndef RUSHHOUR_REPORT_AZURE_TABLES_H
#define RUSHHOUR_REPORT_AZURE_TABLES_H

#include "figures/azure.h"
#include "figures/model.h"
#include "report/table.h"

/* The service health events, one a row. */
void tables_health(const struct results *results, struct table *table);

/* The slices of the first grouping shown, or the whole run: our rate, advisories and metrics of
 * each region. */
void tables_azure(const struct results *results, struct table *table);

/* Appends what was given, how far it overlaps, and that no advisory is no proof of health. */
void words_azure(const struct results *results, struct text *out);

/* Whether the metrics stand beside a region: they are of one resource, or it is not said of
 * which. */
bool azure_metrics_of(const struct results *results, size_t region);

/*
 * One row per event (metric), window and region. `end_heading` and `end` are put at the end of the
 * header and of each row: ",simulated" and ",true".
 */
void azure_health_csv(const struct results *results, const char *end, const char *end_heading,
                      struct text *out);
void azure_metrics_csv(const struct results *results, const char *end, const char *end_heading,
                       struct text *out);

#endif
