/* The tables shared by the terminal, Markdown and HTML reports: one builder each, so that all
 * formats agree. */
#ifndef RUSHHOUR_REPORT_TABLES_H
#define RUSHHOUR_REPORT_TABLES_H

#include "figures/model.h"
#include "report/table.h"

/* Each fills a zeroed table, which the caller draws and frees. */
void tables_failures(const struct results *results,
                     struct table *table); /* per region: counts and the three rates */
void tables_latency(const struct results *results,
                    struct table *table); /* per region: ttft, response, interaction, cost */
void tables_all_attempts(const struct results *results,
                         /* with failures counted as infinitely slow */
                         struct table *table);
/* failures by region and code */
void tables_codes(const struct results *results, struct table *table);
void tables_advice(const struct results *results,
                   struct table *table); /* failures by code, with what to do */
void tables_lifecycle(const struct results *results,
                      struct table *table); /* ends that are not failures, by region and code */
/* what retries hid, by where interactions were answered after them, and what that cost; no rows
 * without failures */
void tables_retries(const struct results *results, struct table *table);
/* how turns were taken where users speak; no rows where nobody spoke */
void tables_voice(const struct results *results, struct table *table);
/* how their answers came, what of them was played, and what was interrupted; likewise */
void tables_heard(const struct results *results, struct table *table);
/* how often a second region was asked, and what that cost; no rows without such */
void tables_hedges(const struct results *results, struct table *table);
void tables_probes(const struct results *results,
                   struct table *table); /* how often a session recovered; no rows without probes */
/* failures, input and ttft by the size of the conversation before the turn; no rows where none went
 * on after its first turn */
void tables_context(const struct results *results, struct table *table);
void tables_holds(const struct results *results,
                  struct table *table); /* per region that was held back; no rows without holds */
void tables_limits(const struct results *results,
                   struct table *table); /* one row per region that reported a limit, against its
                                            quota */
void tables_thresholds(const struct results *results, struct table *table);
/* The same without what decided them, in at most so many rows: all, or the first that did not
 * pass; and without the intervals that make it wider than `width`. */
void tables_thresholds_brief(const struct results *results, size_t most, size_t width,
                             struct table *table);
/* Per region, the main figures in one row; without the least of them where it would be wider than
 * `width`. */
void tables_regions(const struct results *results, size_t width, struct table *table);
void tables_metrics(const struct results *results,
                    struct table *table); /* every latency metric of every region */

/*
 * A grouping's slices by region. If there are more than max_rows, only the slices with the most
 * failed attempts, in order of time; returns how many were left out. `wide` adds the columns for
 * which a terminal has no room.
 */
size_t tables_windows(const struct results *results, const struct grouping *grouping,
                      size_t max_rows, bool wide, struct table *table);

#endif
