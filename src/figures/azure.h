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
    size_t region; /* of the run: that its file was given for */
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
    size_t region; /* likewise */
    char *name, *unit;
    char *dimension; /* "StatusCode=429", "" if none */
    struct azure_point *points;
    size_t count;
};

/* What was given for one region of the run. */
struct azure_region {
    bool has_health, has_metrics; /* a file was given, even if it is empty */
    char *resource_region;        /* of the metrics' resource, as Azure writes it; "" if unknown */
};

struct azure {
    struct azure_region *regions; /* one per region of the run */
    size_t region_count;
    struct azure_event *events;
    size_t event_count;
    struct azure_metric *metrics;
    size_t metric_count;
};

/* Files as the command line has them: "REGION=FILE", or "FILE" if the run has only one region. */
struct azure_files {
    const char *const *health; /* the JSON of `az rest .../Microsoft.ResourceHealth/events...` */
    size_t health_count;
    const char *const *metrics; /* the JSON of `az monitor metrics list` */
    size_t metrics_count;
};

/*
 * Reads the files; `regions` are the names of the run's. ERR_USAGE says how to name the region of a
 * file; ERR_FORMAT says what is wrong with a file and how to make it. Free with azure_free.
 */
MUST_USE enum err_code azure_read(const struct azure_files *files, char *const *regions,
                                  size_t region_count, struct azure **out, struct error *err);
void azure_free(struct azure *azure);

/* How long an event lasted within [start_ns, end_ns), in ns. */
int64_t azure_overlap(const struct azure_event *event, int64_t start_ns, int64_t end_ns);

/* Whether a list of Azure region names ("East US 2; West Europe") contains this one, in either
 * spelling ("eastus2"); a list with "Global" contains every region. */
bool azure_names_region(const char *list, const char *region);

/* Whether an event names the region that its file was given for, `name` in the run: by that name,
 * by the region of the metrics' resource, or because it is global. */
bool azure_event_is_here(const struct azure *azure, const struct azure_event *event,
                         const char *name);

/* Whether a file of that kind was given for any region. */
bool azure_has_health(const struct azure *azure);
bool azure_has_metrics(const struct azure *azure);

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
