/* Formats figures for people. Each function appends. Counts: text_count (base/digits.h). */
#ifndef RUSHHOUR_REPORT_FORMAT_H
#define RUSHHOUR_REPORT_FORMAT_H

#include "figures/cells.h"

/* A fraction with three significant digits, two under 1%: 15.1%, 0.80%, 0.027%, 0%. */
void format_percent(struct text *out, double fraction);

/* "15.1% (12.9-17.6)", or "-" when there is no estimate. */
void format_estimate(struct text *out, const struct estimate *estimate);

/* How many there are on average, with three significant digits, two under 1: 1,204, 41.2, 0.41;
 * "-" when it is not known. */
void format_mean(struct text *out, double mean);

/* A rate per hour with two digits: 0.73, 12. */
void format_hourly(struct text *out, double per_hour);

/* A rate per hour with its interval: "0.73 (0.15-2.1)". */
void format_per_hour(struct text *out, const struct estimate *per_hour);

/* Microseconds with three significant digits: 0.41 ms, 41.2 ms, 412 ms, 1.20 s. */
void format_us(struct text *out, double us);

/* The next three print values below a replay's resolution as "< 240 ms". */

/* P99 of a metric: its value, ">= bound" with fewer than 368 samples, "n too small" with fewer
 * than 100, "-" without samples. */
void format_tail(struct text *out, const struct latency_figures *latency);

/* A value of a metric, or "-" without samples. */
void format_latency(struct text *out, const struct latency_figures *latency, int64_t us);

/* A quantile over all attempts: "infinite" when enough of them failed, "-" without attempts. */
void format_all(struct text *out, const struct all_attempts *all, int64_t us);

/* "$1.23", with more digits below one cent. */
void format_usd(struct text *out, double usd);

/* A cost, of everything in the counters or a part of it: "no price" when it is unknown, "-" when
 * nothing was spent. */
void format_cost(struct text *out, const struct counters *counters, double usd);

/* A length of time for headers and progress: "0:42", "1:05:00", "25h". */
void format_clock(struct text *out, int64_t ns);

/* An interval of shares without the value: "0.41-1.58%". */
void format_range(struct text *out, const struct estimate *estimate);

/* The interval of a rate for the service at such hours, "cannot tell", or "-" without attempts. */
void format_service(struct text *out, const struct service_rate *rate);

/* The same for a threshold: for a quantile, the share of values above its limit; "not asked"
 * when the threshold is about this run only. */
void format_judged_service(struct text *out, const struct judged *judged);

/* What a threshold saw in this run, with its interval: "2.86% (2.53-3.23)", "1.20 s (1.05 s to
 * 1.31 s)"; "-" when unknown. */
void format_judged(struct text *out, const struct judged *judged);

/* The cell that decided, in the zone of the tables: "eastus2", "eastus2, 2026-04-14 08:00 PDT,
 * worst of 12". */
void format_judged_where(struct text *out, const struct results *results,
                         const struct judged *judged);

#endif
