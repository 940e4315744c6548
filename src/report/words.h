/* The sentences shared by all formats of the report: what the run was, whether to trust it, what
 * the words mean. */
#ifndef RUSHHOUR_REPORT_WORDS_H
#define RUSHHOUR_REPORT_WORDS_H

#include "figures/model.h"

/* Each appends plain text without a newline; names are as in run.json, so the caller must escape
 * them. */
void words_run(const struct results *results,
               struct text *out); /* "complete, 40 s of load, simulated, 3 regions" */
/* The basis of a threshold's verdict: what a pass does not exclude, or why there is no verdict
 * and what would give one. Empty when the verdict needs no explanation. */
void words_threshold(const struct judged *judged, struct text *out);
/* The words for every threshold, each after its expression, one per line. */
void words_thresholds(const struct results *results, struct text *out);
/* "2 of 3 thresholds failed" */
void words_verdict(const struct results *results, struct text *out);
void words_generator(const struct results *results,
                     struct text *out); /* "healthy: loop delay P99 0.4 ms, ..." */
/* "eastus2 no alarm: 3 first failures in 210 attempts at risk, ..."; nothing without such a rule */
void words_holds(const struct results *results, struct text *out);
void words_abort_rule(const struct results *results, struct text *out);
void words_grouping(const struct grouping *grouping,
                    struct text *out); /* "every 1h", "peak (07:00-09:00@...)" */

/* Appends "N more windows ..." for a truncated table. */
void words_left_out(size_t windows, struct text *out);

/* Where in a terminal report a definition appears; the pages have all of them. */
enum definition_use { USED_IN_PAGES, USED_ALWAYS, USED_WHEN_UNDECIDED, USED_WHEN_INVALID };

struct definition {
    const char *word, *meaning;
    enum definition_use use;
};

/* The definitions printed at the end of the report; sets *count. */
const struct definition *words_definitions(size_t *count);

/* Whether the tables of a terminal report use a word, so that it must be defined there. */
bool words_needed(const struct results *results, const struct definition *definition);

/* Whether the run has values of a metric, so that its definition is needed. */
bool words_metric_used(const struct results *results, enum metric metric);

#endif
