/*
 * What each interval of a run counted, region by region: the one place from which every figure that
 * knows the dependence in time takes its blocks. From intervals.csv and latency.hlog, so that it
 * works without attempts.csv; with it, a run of few intervals is cut finer.
 */
#ifndef RUSHHOUR_FIGURES_SERIES_H
#define RUSHHOUR_FIGURES_SERIES_H

#include "base/metric.h"
#include "figures/series_values.h"
#include "record/cell.h"
#include "stats/blocks.h"
#include "stats/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct grouping;
struct results;
struct slice;

/* A run of fewer intervals keeps its attempts as well. */
#define SERIES_FEW_INTERVALS 60

/* One interval of one region. */
struct series_counts {
    uint32_t attempts, attempts_failed;
    uint32_t interactions, interactions_failed;
    uint32_t sessions, sessions_failed; /* that had attempts, and failed ones */
};

/* One attempt of a run of few intervals. */
struct series_attempt {
    int64_t end_ns;
    int64_t ttft_us, response_us; /* -1: none */
    size_t region;
    bool failed;
};

struct series {
    size_t regions;
    bool wanted[METRIC_COUNT]; /* whose latencies are kept; those of others are left out */
    struct series_interval {
        int64_t start_ns, end_ns;
        int64_t whole_ns; /* the start of the interval that it is a part of; mostly its own */
    } * intervals;        /* by start, each once */
    size_t count, capacity;
    size_t parts;                 /* of `count`, those that are not the first of their interval */
    struct series_counts *counts; /* by interval, then region */
    struct series_values latency[METRIC_COUNT]; /* by interval, then region */
    struct series_attempt *attempts;
    size_t attempt_count, attempt_capacity;
};

/* Each adds what a file of the run says; false without memory. Intervals, and parts of those that
 * windows split (splits.h), come before the others, which leave out what lies in none. */
bool series_add_part(struct series *series, size_t region, const struct series_interval *part,
                     const struct counters *counters);
static inline bool series_add_interval(struct series *series, size_t region, int64_t start_ns,
                                       int64_t end_ns, const struct counters *counters)
{
    const struct series_interval whole = {start_ns, end_ns, start_ns};
    return series_add_part(series, region, &whole, counters);
}
bool series_add_attempt(struct series *series, const struct series_attempt *attempt);
bool series_add_latency(struct series *series, size_t region, enum metric metric, int64_t start_ns,
                        const struct histogram *histogram);

/* Forgets the latencies, before they are read once more. */
void series_forget_latencies(struct series *series);
void series_free(struct series *series);

/* A part of the run. */
struct series_cut {
    const struct grouping *grouping; /* NULL: the whole run */
    const struct slice *slice;       /* one of its slices; NULL: all of them together */
    bool outside;                    /* what lies outside of that */
};

/* What is counted. */
enum series_of {
    SERIES_OF_ATTEMPTS,
    SERIES_OF_INTERACTIONS,
    SERIES_OF_SESSIONS,
    SERIES_OF_SLOWER, /* attempts slower than the limit, those without a value among them */
    SERIES_OF_ABOVE,  /* values above the limit, of those that there are */
};
struct series_what {
    enum series_of of;
    enum metric metric; /* of SERIES_OF_SLOWER and SERIES_OF_ABOVE */
    int64_t limit_us;
};

/* Several regions together in place of one: all of them, or all but one. */
#define SERIES_ALL_REGIONS SIZE_MAX
#define SERIES_ALL_BUT(region) (SIZE_MAX - 1 - (region))

/* Blocks by time, the caller's (series_blocks_free). */
struct series_blocks {
    struct time_block *list; /* seconds since the run's first interval */
    size_t count;
};

/*
 * The intervals of a part of the run as blocks; both sides of a pair of regions have the same ones.
 * If windows split an interval, those of its parts that belong there form one block. Values are
 * resolved to histogram blocks: if the limit lies inside one, all of it counts. False when out of
 * memory.
 */
bool series_blocks(const struct series *series, const struct series_cut *cut, size_t region,
                   const struct series_what *what, struct series_blocks *out);

/*
 * The same from single attempts, in tenths of an interval and no less than a second. Empty where
 * they were not kept or do not tell: interactions, sessions, latencies other than ttft and
 * response.
 */
bool series_fine_blocks(const struct series *series, const struct series_cut *cut, size_t region,
                        const struct series_what *what, struct series_blocks *out);
void series_blocks_free(struct series_blocks *blocks);

#endif
