/* The figures of one report cell: rates with their intervals, quantiles, validity. */
#ifndef RUSHHOUR_FIGURES_CELLS_H
#define RUSHHOUR_FIGURES_CELLS_H

#include "figures/model.h"

enum rate_kind {
    RATE_ATTEMPT,     /* attempts failed, clusters taken into account */
    RATE_INTERACTION, /* interactions failed after all retries */
    RATE_SESSION,     /* sessions with at least one failed attempt */
    RATE_HAZARD       /* first failures per attempt of a session that had not failed yet */
};

struct rate {
    struct estimate estimate; /* of what happened in the cell's time */
    double failed, trials;
    double effective;   /* trials that the interval is worth: trials / design effect, or sessions */
    const char *method; /* a constant phrase */
};

/* At 95%, or at any confidence. */
struct rate report_cell_rate(const struct report_cell *cell, enum rate_kind kind);
struct rate report_cell_rate_at(const struct report_cell *cell, enum rate_kind kind,
                                double confidence);

/* Attempts that ended ok or failed: the denominator of the failure rate. */
uint64_t report_cell_attempts(const struct report_cell *cell);

/* Adds an interval's counters, cluster sums and health. False without memory. */
bool report_cell_add(struct report_cell *into, const struct cell *cell,
                     const struct health *health);

/* Adds all of another cell that is not settled yet, or whose histograms are still there. False
 * without memory. */
bool report_cell_merge(struct report_cell *into, const struct report_cell *from);

/*
 * Empty histograms to be used again: a new one is mostly a large piece of memory to clear, and a
 * long run has a hundred thousand windows, regions and metrics. Zero-initialise to start.
 */
struct histogram_pool {
    struct histogram **items;
    size_t count, capacity;
};
void histogram_pool_free(struct histogram_pool *pool);

/* Adds one histogram, into one of the pool when the cell has none yet. False without memory. */
bool report_cell_latency(struct report_cell *into, enum metric metric,
                         const struct histogram *histogram, struct histogram_pool *pool);

/* Computes the latency figures from the histograms. */
void report_cell_settle(struct report_cell *cell);

/* What a latency of a settled cell may be this machine's in a replay, at a quantile (0..1), us. */
int64_t report_cell_least_us(const struct report_cell *cell, enum metric metric, double quantile);

/* Latencies of a settled cell below this cannot be told from 0: what lies above may hold as much of
 * this machine, by which the lower bounds of its quantiles are lowered. The lag is this machine's
 * own and stays. */
void report_cell_resolve(struct report_cell *cell, const struct clock_resolution *least);

/* Gives the histograms of a settled cell to the pool; its figures stay. */
void report_cell_drop_histograms(struct report_cell *cell, struct histogram_pool *pool);
void report_cell_free(struct report_cell *cell);

/* Share of attempts slower than a limit in us, those without a value counted as slower; *count: of
 * how many. */
struct estimate report_cell_share(const struct report_cell *cell, enum metric metric,
                                  int64_t limit_us, double confidence, double *count);

/* Whether the generator was healthy over the cell's intervals, judged as a whole. */
bool report_cell_valid(const struct report_cell *cell);

/* Share of the time in which the region was held back (record/holds.h). */
double report_cell_held(const struct report_cell *cell);

/* Appends why the cell is invalid: the limit that was passed. */
void report_cell_why(const struct report_cell *cell, struct text *out);

/* Its failures, the most frequent first; *out is the caller's (free). Returns their number, 0
 * without any or memory. */
size_t report_cell_tallies(const struct report_cell *cell, struct tally **out);

/* The same of ends that are no failures: a session at its cap, an answer that the service
 * cancelled. */
size_t report_cell_lifecycle(const struct report_cell *cell, struct tally **out);

/* Its failures with one row a code: a code may be met in several phases. Phase and domain are those
 * of one of them. */
size_t report_cell_codes(const struct report_cell *cell, struct tally **out);

#endif
