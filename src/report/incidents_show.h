/* The incidents of a run (figures/incidents.h) as sentences, tables and JSON. */
#ifndef RUSHHOUR_REPORT_INCIDENTS_SHOW_H
#define RUSHHOUR_REPORT_INCIDENTS_SHOW_H

#include "base/text.h"
#include "figures/incidents.h"
#include "figures/results.h"
#include "report/table.h"

/* Each appends plain text without a newline; names come as they are in run.json. */

/* How many there were, how many per hour, and how often the search errs; or why there was no
 * search. */
void incidents_summary(const struct results *results, struct text *out);

/* "07:01:00-07:59:00 PDT", "04-14 07:01:00-..." in a run of several days; in results_zone(). */
void incident_when(const struct results *results, const struct run_incident *incident,
                   struct text *out);

/* "eastus2 and westus3 together", "eastus2 alone"; with a single region, its name. */
void incident_regions(const struct results *results, const struct run_incident *incident,
                      struct text *out);

/* "12m", and of how much of it there is a record when that is not all: "12m (10m of it
 * recorded)". */
void incident_length(const struct run_incident *incident, struct text *out);

/* "server_error 103, stall 2, ...": the most frequent codes and what is left. */
void incident_codes(const struct run_incident *incident, struct text *out);

/* "struck eastus2 alone at 07:01:00-07:59:00 PDT, for 58m: 115 of 781 attempts failed (14.7%), 66%
 * of the failures that count" */
void incident_words(const struct results *results, const struct run_incident *incident,
                    struct text *out);

/* "3 interactions failed after all retries; in the worst minute 5 of 20 at 07:25:00; server_error
 * 103" */
void incident_details(const struct results *results, const struct run_incident *incident,
                      struct text *out);

/* What is left out of all figures on incidents, and why; nothing when it is nothing. */
void incidents_left_out(const struct results *results, struct text *out);

/* The incidents to list where there is room for `room`: those with the most failures, in order
 * of time. The caller frees the list; *count is set. NULL without incidents, or when out of
 * memory. */
const struct run_incident **incidents_chosen(const struct results *results, size_t room,
                                             size_t *count);

/* Each fills a zeroed table, which has only its headings when there is nothing to say. */
void incidents_table(const struct results *results, struct table *table);

/* Per region: the number of incidents, their rate per hour, and the failure rate outside of
 * them. */
void incidents_outside_table(const struct results *results, struct table *table);

/* Each appends one JSON value: an incident, all of them, and how they were found with what lies
 * outside. */
void incident_json(const struct results *results, const struct run_incident *incident,
                   struct text *out);
void incidents_json(const struct results *results, struct text *out);
void incident_search_json(const struct results *results, struct text *out);

#endif
