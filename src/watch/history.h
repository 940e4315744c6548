/*
 * What the live view remembers of a run in progress: per region, in columns of equal length by the
 * run's own clock, how many attempts ended and failed and how long the first output took; and the
 * last failure. All of it is read off successive snapshots.
 */
#ifndef RUSHHOUR_WATCH_HISTORY_H
#define RUSHHOUR_WATCH_HISTORY_H

#include "record/run_snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_COLUMNS 240

struct history_column {
    uint64_t ended, failed; /* attempts */
    int64_t ttft_us;        /* median of those that ended with an output; -1 if none */
};

struct region_history {
    struct history_column columns[HISTORY_COLUMNS]; /* a ring */
    struct history_column current;                  /* as far as it has come; without ttft_us */
    uint64_t ended, failed;                         /* at the last look */
    double ended_per_s;                             /* of real time, smoothed */
    struct histogram *ttft;                         /* up to the end of the last column */
    uint64_t *tallies;                              /* counts of the last look, as in the cell */
    size_t tally_count;
    char last_code[64]; /* of the last failure; "" if there was none yet */
    int64_t last_ns;    /* when it was seen: elapsed_ns of that snapshot */
};

struct history {
    struct region_history *regions;
    size_t region_count;
    int64_t column_ns;  /* length of a column, by the run's own clock */
    int64_t recent_ns;  /* "lately": one minute, in a replay ten seconds of real time */
    uint64_t begun;     /* the column in which the first look was */
    uint64_t columns;   /* that are over since the load began */
    uint64_t looked_ns; /* monotonic: the last look */
    int64_t elapsed_ns; /* at the last look */
    bool failed;        /* memory ran out */
};

/* Zero-initialise. Takes a snapshot in; the number of regions must not change. False when out of
 * memory: nothing is shown of the history then. */
bool history_look(struct history *history, const struct run_snapshot *run);
void history_free(struct history *history);

/* A complete column of a region, `back` columns before the current one (1: the last); NULL if
 * there is none. */
const struct history_column *history_at(const struct history *history, size_t region, size_t back);

/* What ended within the last recent_ns, or less of it: a column that is only in part within does
 * not count. ttft_us is not set. */
struct history_column history_recent(const struct history *history, size_t region);

#endif
