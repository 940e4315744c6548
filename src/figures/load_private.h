/* A run folder being loaded, shared by the parts of the loader. */
#ifndef RUSHHOUR_FIGURES_LOAD_PRIVATE_H
#define RUSHHOUR_FIGURES_LOAD_PRIVATE_H

#include "base/error.h"
#include "figures/ages.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "figures/model.h"
#include "figures/sessions.h"
#include "figures/splits.h"
#include "figures/timeline.h"
#include "record/run_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* State of the visitors of the run folder's files. */
struct loader {
    struct run_reader *reader;
    struct results *results;
    struct session_map sessions;  /* ways: the groupings, then the kinds of ages */
    struct session_place *places; /* of a row, one for each of these ways */
    struct timeline_gather gather;
    int64_t *until_ns;        /* per region: the end of the intervals so far */
    struct concurrency *last; /* per region: of the interval before */
    size_t *first_open;       /* per grouping: slices before this one are settled */
    struct histogram_pool pool;
    struct report_cell *pending; /* per region: latencies of consecutive intervals in the same
                                    slices */
    struct slice **slices;       /* per grouping: the slice of those intervals, or NULL */
    int64_t pending_start_ns;    /* of the latest of those intervals; INT64_MIN if there is none */
    int64_t logged_ns;           /* the middle of that interval according to the log */
    struct split *split;         /* that interval, if windows split it; nothing of it is pending */
    bool patient;                /* settle nothing until all latencies are read */
    bool late;                   /* a latency came for a slice that was already settled */
    bool no_memory;
    uint64_t attempts_beyond, failures_beyond, attempt_rows, cancelled_rows, untimed_rows;
};

/* load_splits.c: counts from attempts.csv what ended in intervals that windows cut, if there are
 * any, and puts these intervals into the windows. */
MUST_USE enum err_code load_splits(struct loader *loader, struct error *err);

/* Takes a histogram of an interval that was split, for the slices of its start and for the series.
 * False without memory. */
bool load_split_latency(struct loader *loader, size_t region, enum metric metric,
                        const struct histogram *histogram);

/* Adds the latencies of the parts in a slice that is about to be settled. False without memory. */
bool load_split_values(struct loader *loader, const struct grouping *grouping, struct slice *slice);

/* Forgets which latencies of the log were seen, before it is read once more. */
void load_split_restart(struct loader *loader);

/* Computes the figures of a slice that has been read completely. */
void load_settle(struct loader *loader, const struct grouping *grouping, struct slice *slice);

/* Reads latency.hlog into the slices, which are settled as the log moves past them. */
MUST_USE enum err_code load_latencies(struct loader *loader, struct error *err);

/* load_timeline.c: takes a failed attempt, or a line of failures.jsonl, for the timeline. False
 * without memory. */
bool load_attempt_failure(struct loader *loader, size_t region, const struct attempt_row *row,
                          uint64_t chain);
bool load_failure_line(struct loader *loader, size_t region, int64_t utc_ns,
                       const struct tally *failure);

/* Builds the timeline when all but the latencies is read, and finds the incidents in it. False
 * without memory. */
bool load_incidents(struct loader *loader);

#endif
