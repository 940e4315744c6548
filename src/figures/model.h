/* The results that results_load builds and every form of the report reads: groupings of the
 * run's intervals, and their figures. */
#ifndef RUSHHOUR_FIGURES_MODEL_H
#define RUSHHOUR_FIGURES_MODEL_H

#include "base/window.h"
#include "figures/ages.h"
#include "figures/results.h"
#include "figures/series.h"
#include "profile/threshold.h"
#include "record/cell.h"
#include "record/clock_limits.h"
#include "record/health.h"
#include "stats/dependence.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIDENCE 0.95
/* Sample sizes for P99: the fewest with a finite two-sided 95% interval, and the fewest for
 * which its lower bound is worth printing. */
#define P99_MIN_SAMPLES 368
#define P99_BOUND_SAMPLES 100

/* One latency metric of a cell, in microseconds. All zero when count is 0. */
struct latency_figures {
    uint64_t count;
    struct clock_resolution least; /* latencies below it cannot be told from 0 */
    int64_t p50, p90, p95, p99, max;
    struct quantile median, tail; /* P50 and P99 with their order-statistic intervals */
};

/* Quantiles over all attempts in microseconds; -1: infinite. An attempt that failed without a
 * value counts as infinite. */
struct all_attempts {
    uint64_t count, infinite;      /* count includes the infinite ones */
    struct clock_resolution least; /* as in latency_figures */
    int64_t p50, p95, p99;
};

/* One region, or all of them, over one stretch of time. */
struct report_cell {
    struct cell cell; /* its histograms are freed once the cell is settled, except in the cell of
                         the whole run */
    struct cluster_sums recorded;            /* attempts of chains within exactly this stretch, from
                                     attempts.csv */
    struct session_counts recorded_sessions; /* likewise */
    struct latency_figures latency[METRIC_COUNT];
    struct all_attempts all[METRIC_COUNT]; /* only for metrics that every attempt has */
    uint64_t
        unanswered; /* interactions given up, whose values are left out, as none was answered */
    struct health health;                  /* over its intervals taken together */
    uint64_t intervals, invalid_intervals; /* of which it holds at least a part */
    int64_t covered_ns;                    /* the time of those intervals and parts */
    /* Attempts counted here whose values of this metric are in another cell; negative: values here
     * of attempts counted in another. Only for metrics that every attempt has. */
    struct {
        int64_t attempts, failed;
    } moved[METRIC_COUNT];
};

struct slice {
    int64_t start_ns, end_ns;
    struct report_cell *cells; /* one per region */
    bool settled;              /* its latency figures are final */
};

enum grouping_kind {
    GROUP_TOTAL,  /* the whole run in one slice */
    GROUP_SERIES, /* equal steps from the run's start, for charts */
    GROUP_WINDOW, /* the slices of a width, or each occurrence of a named time of day */
    GROUP_HOURS,  /* the hours of the day over all days, counts only; slices start at 0 h, 1 h
                     ... */
    /* all occurrences of a named time of day in one slice, for thresholds and comparisons */
    GROUP_POOLED
};

struct grouping {
    enum grouping_kind kind;
    const struct window *window;      /* for GROUP_WINDOW and GROUP_POOLED */
    const struct zone *zone;          /* for GROUP_HOURS; NULL: UTC */
    bool shown;                       /* false: it only serves a threshold */
    bool rest;                        /* for GROUP_POOLED: everything outside the window */
    bool kept;                        /* its histograms stay in memory */
    int64_t bounds_from_ns, bound_ns; /* no window bound lies between them (grouping_cuts) */
    int64_t step_ns;                  /* for GROUP_SERIES */
    struct slice *slices;             /* by start time */
    size_t slice_count, slice_capacity;
};

/* What one cell says about one threshold. Rates and shares are fractions, quantiles are in us. */
struct judgement {
    enum verdict verdict;
    bool observed_known, needed_known;
    double observed, low, high;  /* with its interval within this run; high is infinite when it
                                    cannot be estimated */
    bool about_run;              /* the threshold asks about this run, so that interval decided */
    struct service_rate service; /* the service at such hours; for a quantile, the share of
                                    values above the limit */
    double needed;               /* estimated number of further attempts to settle it */
    double needed_hours;         /* at this load */
    char why[240];               /* the reason for having no verdict, as a clause */
};

/* One threshold and its verdict. Of the cells judged, the worst one decides. */
struct judged {
    char *expression;
    struct threshold threshold;
    size_t cells;             /* how many were judged */
    size_t region;            /* of the deciding cell */
    int64_t start_ns, end_ns; /* the deciding slice, for a width; otherwise 0, 0 */
    struct judgement of;      /* of the deciding cell */
    bool quantile;            /* its figures are microseconds */
};

struct azure;
struct patterns;
struct run_incidents;
struct splits;
struct timeline;

struct results {
    cJSON *manifest;
    char **regions;
    size_t region_count;
    struct window *own_windows; /* parsed from the manifest */
    size_t own_window_count;
    struct grouping *groupings; /* [0] the whole run, [1] the series, then the windows */
    size_t grouping_count;
    struct report_cell all;   /* every region together, the whole run */
    struct series series;     /* counts of each interval, for claims about other hours */
    struct splits *splits;    /* the intervals that windows cut (splits.h); NULL: none */
    int64_t *interval_starts; /* ascending, without repeats */
    size_t interval_count, interval_capacity;
    int64_t start_ns, end_ns; /* start of the first interval, end of the last */
    int64_t longest_ns;       /* the longest interval */
    bool killed;              /* run.json still says "running": the interval under way was lost */
    bool has_attempts;        /* the cluster sums come from attempts.csv */
    struct ages *ages;        /* one per region, from attempts.csv */
    uint64_t failure_lines;
    struct timeline *timeline;       /* timeline.h, without single failures */
    struct run_incidents *incidents; /* incidents.h; found once everything is loaded */
    struct patterns *patterns; /* what the windows show together; found once everything is loaded */
    struct judged *judged;
    size_t judged_count;
    enum verdict verdict;
    const struct window *split; /* for results_load_split; otherwise NULL */
    struct text notes;          /* one sentence per line */
    struct text window_notes;   /* the notes on intervals that windows cut; `notes` has them too */
    struct azure *azure;        /* Azure's own figures for the same time; NULL: none */
};

/* The cell of a region over the whole run. */
const struct report_cell *results_region(const struct results *results, size_t region);

/*
 * The cell of a region inside the time of day by which results_load_split divided the run, or in
 * the rest. It is empty when nothing lies there.
 */
const struct report_cell *results_part(const struct results *results, bool rest, size_t region);

/* Finds the start of the interval that holds an instant; false when there is none. An instant
 * past the end counts in the last interval, unless the run was killed and so lost that interval. */
bool results_interval(const struct results *results, int64_t utc_ns, int64_t *start_ns);

/* Where an instant is counted; false as for results_interval. */
struct moment {
    int64_t interval_ns; /* start of its interval */
    int64_t part_ns;     /* start of its part if windows split the interval, otherwise the same */
};
bool results_moment(const struct results *results, int64_t utc_ns, struct moment *out);

/* A string or number from the manifest, by section and key; "" or 0 when it is missing. */
const char *results_fact(const struct results *results, const char *section, const char *key);
double results_fact_number(const struct results *results, const char *section, const char *key);
/* What latencies of a replay cannot resolve. */
struct clock_resolution results_resolution(const struct results *results);
bool results_simulated(const struct results *results);

/* The result of the run's abort rule in run.json; NULL when the run had none or has not ended. */
const cJSON *results_abort_rule(const struct results *results);

/* The list in run.json of the times when regions were held back; NULL in an older or killed run. */
const cJSON *results_holds(const struct results *results);

/* Whether the run's abort rule found a region's failure rate too high. */
bool results_rule_failed(const struct results *results);

/* An entry of profile.regions in the manifest; "" when it is missing. */
const char *results_region_fact(const struct results *results, size_t region, const char *key);

/* The region's deployment_type; "" when the profile does not give one. */
const char *results_deployment_type(const struct results *results, size_t region);

/* The quota that the profile gives for a region, by key "rpm" or "tpm"; 0 when it gives none. */
double results_region_quota(const struct results *results, size_t region, const char *key);

#endif
