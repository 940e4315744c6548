/* Is one service worse than another? Two runs, two regions or two times of day, metric by metric,
 * with a verdict. */
#ifndef RUSHHOUR_COMPARE_COMPARE_H
#define RUSHHOUR_COMPARE_COMPARE_H

#include "base/error.h"
#include "base/text.h"
#include "figures/results.h"

#include <stdbool.h>
#include <stddef.h>

struct compared; /* opaque to callers outside compare/ */

struct compare_options {
    double confidence;     /* of every interval, and 1 - the level of the decision: 0.95 */
    double rate_margin;    /* differences of rates and shares within it count as equal: 0.005 is
                              half a point */
    double latency_margin; /* the same for quantiles, as a share of the baseline's value */
    const char *const *metrics; /* written as in thresholds, without a limit; metric_count 0: the
                                   default ones */
    size_t metric_count;
    bool anyway; /* compare even runs that did not ask the same of the service */
};

/* Half a point, 10%, 95%, the default metrics. */
struct compare_options compare_defaults(void);

/* Whose latencies the metrics need (METRIC_COUNT, by metric), for results_load_compared. An unknown
 * one needs none: the comparison complains of it. */
void compare_latencies(const struct compare_options *options, bool *latencies);

enum compare_verdict {
    COMPARE_EQUAL, /* the whole interval of the difference is within the margin */
    COMPARE_BETTER,
    COMPARE_WORSE,
    COMPARE_INCONCLUSIVE,
    COMPARE_INVALID,       /* a side's generator was too slow, or it has no attempts */
    COMPARE_NOT_WORSE,     /* not worse by more than the margin; possibly better */
    COMPARE_NOT_COMPARABLE /* two runs that did not ask the same of the service */
};
const char *compare_verdict_name(enum compare_verdict verdict);

/*
 * Each compares b with the baseline a; results are borrowed until compare_free. ERR_USAGE for an
 * unknown metric or region, ERR_NOMEM. Two runs are compared in each region that both have. label_a
 * and label_b are copied.
 */
MUST_USE enum err_code compare_runs(const struct results *a, const char *label_a,
                                    const struct results *b, const char *label_b,
                                    const struct compare_options *options, struct compared **out,
                                    struct error *err);

/* Two regions of one run; also within its windows, so that the time of day cancels out. */
MUST_USE enum err_code compare_regions(const struct results *results, const char *a, const char *b,
                                       const struct compare_options *options, struct compared **out,
                                       struct error *err);

/* Compares the first time of day of results_load_pair (b) with its second (a, the baseline), in
 * each region. */
MUST_USE enum err_code compare_windows(const struct results *pair,
                                       const struct compare_options *options, struct compared **out,
                                       struct error *err);
void compare_free(struct compared *comparison);

/* The overall verdict: worse if anything that decides is worse. */
enum compare_verdict compare_verdict_of(const struct compared *comparison);

/* Each appends one format. */
void compare_text(const struct compared *comparison, bool colour, struct text *out);
void compare_markdown(const struct compared *comparison, struct text *out);
void compare_html(const struct compared *comparison, struct text *out);
void compare_json(const struct compared *comparison, struct text *out);

#endif
