/* Figures as people read them. Each function appends. */
#ifndef RUSHHOUR_REPORT_FORMAT_H
#define RUSHHOUR_REPORT_FORMAT_H

#include "figures/cells.h"

/* 12,345 */
void format_count(struct text *out, uint64_t count);

/* A fraction with three significant digits, two under 1%: 15.1%, 0.80%, 0.027%, 0%. */
void format_percent(struct text *out, double fraction);

/* "15.1% (12.9-17.6)", or "-" when nothing can be said. */
void format_estimate(struct text *out, const struct estimate *estimate);

/* A rate an hour with two digits: 0.73, 12. */
void format_hourly(struct text *out, double per_hour);

/* A rate an hour with its interval: "0.73 (0.15-2.1)". */
void format_per_hour(struct text *out, const struct estimate *per_hour);

/* Microseconds with three significant digits: 0.41 ms, 41.2 ms, 412 ms, 1.20 s. */
void format_us(struct text *out, double us);

/* Values below what a replay can resolve are "< 240 ms" in the next three. */

/* P99 of a metric: its value, ">= bound" under 368 samples, "n too small" under 100, "-" without
 * any. */
void format_tail(struct text *out, const struct latency_figures *latency);

/* A value of a metric, "-" without samples. */
void format_latency(struct text *out, const struct latency_figures *latency, int64_t us);

/* A quantile over all attempts: "infinite" when the failures reach that far down, "-" without
 * attempts. */
void format_all(struct text *out, const struct all_attempts *all, int64_t us);

/* "$1.23", with more digits under a cent. */
void format_usd(struct text *out, double usd);

/* A cost, of all that the counters hold or of a part of it: "no price" when it is not known, "-"
 * when nothing was spent at all. */
void format_cost(struct text *out, const struct counters *counters, double usd);

/* "0:42", "1:05:00", "25h": a length of time for headers and progress. */
void format_clock(struct text *out, int64_t ns);

/* An interval of shares without its value: "0.41-1.58%". */
void format_range(struct text *out, const struct estimate *estimate);

/* What a rate says of the service at such hours: its interval, "cannot tell", "-" without
 * attempts. */
void format_service(struct text *out, const struct service_rate *rate);

/* The same of a threshold: of a quantile the share of values over its limit; "not asked" where it
 * is about this run alone. */
void format_judged_service(struct text *out, const struct judged *judged);

/* What a threshold saw in this run, with its interval: "2.86% (2.53-3.23)", "1.20 s (1.05 s to
 * 1.31 s)"; "-" when unknown. */
void format_judged(struct text *out, const struct judged *judged);

/* Which cell decided: "eastus2", "eastus2, 2026-04-14 08:00 PDT, worst of 12"; in the zone of the
 * tables. */
void format_judged_where(struct text *out, const struct results *results,
                         const struct judged *judged);

#endif
