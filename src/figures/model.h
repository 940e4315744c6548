/* What results_load builds and every form of the report reads: groupings of the run's intervals,
 * and what they say. */
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
/* Fewest samples for a finite two-sided 95% interval of P99, and fewest for which its lower bound
 * is worth printing. */
#define P99_MIN_SAMPLES 368
#define P99_BOUND_SAMPLES 100

/* One latency metric of a cell, in microseconds. All zero when count is 0. */
struct latency_figures {
    uint64_t count;
    struct clock_resolution least; /* what is below it cannot be told from 0 */
    int64_t p50, p90, p95, p99, max;
    struct quantile median, tail; /* P50 and P99 with their order-statistic intervals */
};

/* Quantiles over all attempts, one that failed without a value counting as infinite. Microseconds;
 * -1: infinite. */
struct all_attempts {
    uint64_t count, infinite;      /* count includes the infinite ones */
    struct clock_resolution least; /* as of latency_figures */
    int64_t p50, p95, p99;
};

/* One region (or all of them) in one stretch of time. */
struct report_cell {
    struct cell cell; /* its histograms live only until the cell is settled, except for the whole
                         run */
    struct cluster_sums recorded; /* of the chains' attempts inside this very stretch, from
                                     attempts.csv */
    struct session_counts recorded_sessions; /* likewise */
    struct latency_figures latency[METRIC_COUNT];
    struct all_attempts all[METRIC_COUNT]; /* of the metrics that each attempt has */
    struct health health;                  /* of its intervals, judged as a whole */
    uint64_t intervals, invalid_intervals;
};

struct slice {
    int64_t start_ns, end_ns;
    struct report_cell *cells; /* one per region */
    bool settled;              /* its latency figures are final */
};

enum grouping_kind {
    GROUP_TOTAL,  /* the whole run in one slice */
    GROUP_SERIES, /* equal steps from the run's start, for charts */
    GROUP_WINDOW, /* the slices of a width, or the occurrences of a named time of day */
    GROUP_HOURS,  /* the hours of the day, over all days: counts only; slices start at 0 h, 1 h
                     ... */
    /* all occurrences of a named time of day in one slice, for thresholds and comparisons */
    GROUP_POOLED
};

struct grouping {
    enum grouping_kind kind;
    const struct window *window; /* of GROUP_WINDOW and GROUP_POOLED */
    const struct zone *zone;     /* of GROUP_HOURS; NULL: UTC */
    bool shown;                  /* false: there for a threshold only */
    bool rest;                   /* of GROUP_POOLED: all that lies outside the window */
    bool kept;                   /* its histograms stay */
    bool cuts;                   /* a bound of GROUP_WINDOW lies inside an interval */
    int64_t step_ns;             /* of GROUP_SERIES */
    struct slice *slices;        /* by start time */
    size_t slice_count, slice_capacity;
};

/* What one cell says about one threshold. Rates and shares are fractions, quantiles in us. */
struct judgement {
    enum verdict verdict;
    bool observed_known, needed_known;
    double observed, low, high;  /* with its interval of what happened in this run; high is infinite
                                   when not estimable */
    bool about_run;              /* decided by that interval: the threshold asks about this run */
    struct service_rate service; /* what it says of the service at such hours; of a quantile the
                                    share of values above the limit */
    double needed;               /* further attempts that would settle it, estimated */
    double needed_hours;         /* at this load */
    char why[240];               /* of no verdict: the reason in a clause */
};

/* One threshold with its verdict: the deciding cell is the worst one of those judged. */
struct judged {
    char *expression;
    struct threshold threshold;
    size_t cells;             /* how many were judged */
    size_t region;            /* of the deciding cell */
    int64_t start_ns, end_ns; /* of the deciding cell's slice of a width; 0, 0 otherwise */
    struct judgement of;      /* of the deciding cell */
    bool quantile;            /* its figures are microseconds */
};

struct azure;
struct patterns;
struct run_incidents;
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
    struct series series;     /* what each interval counted, for claims about other hours */
    int64_t *interval_starts; /* ascending, each once */
    size_t interval_count, interval_capacity;
    int64_t start_ns, end_ns; /* first interval's start, last one's end */
    int64_t longest_ns;       /* of one interval */
    bool killed;              /* run.json still says "running": the interval under way was lost */
    bool has_attempts;        /* the cluster sums are those of attempts.csv */
    struct ages *ages;        /* one per region, from attempts.csv */
    uint64_t failure_lines;
    struct timeline *timeline;       /* timeline.h, without its single failures */
    struct run_incidents *incidents; /* incidents.h; found once, when all is loaded */
    struct patterns *patterns; /* what the windows say together; found once, when all is loaded */
    struct judged *judged;
    size_t judged_count;
    enum verdict verdict;
    const struct window *split; /* of results_load_split; NULL otherwise */
    struct text notes;          /* one sentence per line */
    struct azure *azure;        /* what Azure says of the same time; NULL without */
};

/* The cell of a region over the whole run. */
const struct report_cell *results_region(const struct results *results, size_t region);

/*
 * The cell of a region inside of the time of day by which results_load_split has divided the run,
 * or in the rest. An empty one when nothing lies there.
 */
const struct report_cell *results_part(const struct results *results, bool rest, size_t region);

/* The start of the interval that holds an instant; false when none does. Past the end of the last
 * one the instant counts in it, unless the run was killed: its last interval was lost. */
bool results_interval(const struct results *results, int64_t utc_ns, int64_t *start_ns);

/* A string or a number of the manifest by section and key; "" (0) when it is not there. */
const char *results_fact(const struct results *results, const char *section, const char *key);
double results_fact_number(const struct results *results, const char *section, const char *key);
/* What the latencies of a replay cannot resolve. */
struct clock_resolution results_resolution(const struct results *results);
bool results_simulated(const struct results *results);

/* What run.json says of the run's abort rule; NULL: it had none, or has not ended. */
const cJSON *results_abort_rule(const struct results *results);

/* The list of run.json of when regions were held back; NULL in an older or a killed run. */
const cJSON *results_holds(const struct results *results);

/* Whether the run's abort rule found a region's failure rate too high. */
bool results_rule_failed(const struct results *results);

/* An entry of the manifest's profile.regions, "" when it is not there. */
const char *results_region_fact(const struct results *results, size_t region, const char *key);

/* The word of the region's deployment_type; "" where the profile does not say it. */
const char *results_deployment_type(const struct results *results, size_t region);

/* What the profile says was bought for a region: "rpm" or "tpm"; 0 if it does not say. */
double results_region_quota(const struct results *results, size_t region, const char *key);

#endif
