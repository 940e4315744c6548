/*
 * What Azure itself reports about the time of a run: service health events and metrics, as printed
 * by the az command line, matched with our windows. Parsed leniently: unknown keys are ignored,
 * missing ones are unknown.
 */
#ifndef RUSHHOUR_FIGURES_AZURE_H
#define RUSHHOUR_FIGURES_AZURE_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One event of Microsoft.ResourceHealth/events. Strings are "" if unknown. */
struct azure_event {
    char *title, *status, *type;
    char *regions;            /* impacted ones, joined by "; " */
    int64_t start_ns, end_ns; /* INT64_MIN, INT64_MAX: not given (or still going on) */
};

struct azure_point {
    int64_t start_ns;
    double total, average, maximum; /* NAN: not given */
};

/* One time series of one metric. */
struct azure_metric {
    char *name, *unit;
    char *dimension; /* "StatusCode=429", "" if none */
    struct azure_point *points;
    size_t count;
};

struct azure {
    bool has_health, has_metrics; /* a file was given, even if it is empty */
    struct azure_event *events;
    size_t event_count;
    struct azure_metric *metrics;
    size_t metric_count;
    char *metrics_region; /* of the resource, as Azure writes it; "" if not given */
};

/*
 * Reads the JSON of `az rest .../providers/Microsoft.ResourceHealth/events?api-version=...` and of
 * `az monitor metrics list`; either path may be NULL. ERR_FORMAT says what is wrong with a file and
 * how to create it. The caller frees the result (azure_free).
 */
MUST_USE enum err_code azure_read(const char *health_file, const char *metrics_file,
                                  struct azure **out, struct error *err);
void azure_free(struct azure *azure);

/* How long an event lasted within [start_ns, end_ns), in ns. */
int64_t azure_overlap(const struct azure_event *event, int64_t start_ns, int64_t end_ns);

/* Whether a list of Azure region names ("East US 2; West Europe") contains this one, in either
 * spelling ("eastus2"); a list with "Global" contains every region. */
bool azure_names_region(const char *list, const char *region);

/* A metric's points that begin within [start_ns, end_ns). NAN if no point has the value. */
struct azure_sum {
    size_t points;
    double total, average, maximum;
};
struct azure_sum azure_metric_between(const struct azure_metric *metric, int64_t start_ns,
                                      int64_t end_ns);

/* The figure for tables, and which one it is: the total if Azure gave totals, else the average,
 * else the maximum. */
double azure_figure(const struct azure_metric *metric, const struct azure_sum *sum,
                    const char **which);

#endif
