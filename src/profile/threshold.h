/* A threshold: `metric[.stat][{region=NAME,window=NAME,about=run}] OP value` or
 * `share(metric > limit)... OP value`. */
#ifndef RUSHHOUR_PROFILE_THRESHOLD_H
#define RUSHHOUR_PROFILE_THRESHOLD_H

#include "base/error.h"
#include "base/metric.h"

#include <stdbool.h>

enum threshold_kind {
    THRESHOLD_ATTEMPT_RATE,     /* failure_rate */
    THRESHOLD_INTERACTION_RATE, /* interaction_failure_rate */
    THRESHOLD_SESSION_RATE,     /* session_failure_rate */
    THRESHOLD_QUANTILE,         /* ttft.p99, response.p50, dial.max ... */
    /* share(ttft > 1s): share of attempts slower than a limit, failures counted as slower */
    THRESHOLD_SHARE
};

enum comparison { LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL };

struct threshold {
    enum threshold_kind kind;
    enum metric metric;    /* of QUANTILE and SHARE */
    double quantile;       /* of QUANTILE: 0..1 (max is 1) */
    double slower_than_us; /* of SHARE */
    char region[64];       /* "": all regions, each judged separately */
    char window[64];       /* "": the whole run */
    enum comparison comparison;
    double limit;   /* a fraction, or microseconds for QUANTILE */
    bool about_run; /* about=run: what happened in this run, not what the service does at
                              such hours (about=service, the default) */
};

/* Whether it is about the values of a metric, and not about how many failed. */
static inline bool threshold_has_metric(const struct threshold *what)
{
    return what->kind == THRESHOLD_QUANTILE || what->kind == THRESHOLD_SHARE;
}

/* Parses only the part before the comparison: `failure_rate`, `ttft.p99{region=eastus2}`,
 * `share(ttft > 1s)`. The comparison and its limit are then 0. */
MUST_USE enum err_code threshold_parse_metric(const char *expression, struct threshold *out,
                                              struct error *err);

/* Parses an expression; ERR_PROFILE quotes it and says what was expected where. */
MUST_USE enum err_code threshold_parse(const char *expression, struct threshold *out,
                                       struct error *err);

#endif
