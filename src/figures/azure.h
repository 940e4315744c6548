/*
 * What Azure itself says about the time of a run: service health events and metrics, as the az
 * command line prints them, laid beside our windows. Read tolerantly: unknown keys are passed over,
 * what is missing is unknown.
 */
#ifndef RUSHHOUR_FIGURES_AZURE_H
#define RUSHHOUR_FIGURES_AZURE_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One event of Microsoft.ResourceHealth/events. Strings are "" when unknown. */
struct azure_event {
    char *title, *status, *type;
    char *regions;            /* impacted ones, joined by "; " */
    int64_t start_ns, end_ns; /* INT64_MIN, INT64_MAX: not said (still going on) */
};

struct azure_point {
    int64_t start_ns;
    double total, average, maximum; /* NAN: not given */
};

/* One time series of one metric. */
struct azure_metric {
    char *name, *unit;
    char *dimension; /* "StatusCode=429", "" without any */
    struct azure_point *points;
    size_t count;
};

struct azure {
    bool has_health, has_metrics; /* a file was given, even if it holds nothing */
    struct azure_event *events;
    size_t event_count;
    struct azure_metric *metrics;
    size_t metric_count;
    char *metrics_region; /* of the resource, as Azure writes it; "" when not said */
};

/*
 * Reads the JSON of `az rest .../providers/Microsoft.ResourceHealth/events?api-version=...` and of
 * `az monitor metrics list`; either path may be NULL. ERR_FORMAT says what is wrong with a file and
 * how to make it. The caller's (azure_free).
 */
MUST_USE enum err_code azure_read(const char *health_file, const char *metrics_file,
                                  struct azure **out, struct error *err);
void azure_free(struct azure *azure);

/* How long an event went on inside [start_ns, end_ns), in ns. */
int64_t azure_overlap(const struct azure_event *event, int64_t start_ns, int64_t end_ns);

/*
 * Whether a list of Azure's region names ("East US 2; West Europe") names this one, which may be
 * written either way ("eastus2"); a list that says "Global" names every region.
 */
bool azure_names_region(const char *list, const char *region);

/* A metric's points that begin inside [start_ns, end_ns). NAN where no point says it. */
struct azure_sum {
    size_t points;
    double total, average, maximum;
};
struct azure_sum azure_metric_between(const struct azure_metric *metric, int64_t start_ns,
                                      int64_t end_ns);

/* Its figure for tables: the total when Azure gave totals, else the average, else the maximum; and
 * which. */
double azure_figure(const struct azure_metric *metric, const struct azure_sum *sum,
                    const char **which);

#endif
