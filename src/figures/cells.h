/* The figures of one report cell: rates with their intervals, quantiles, validity. */
#ifndef RUSHHOUR_FIGURES_CELLS_H
#define RUSHHOUR_FIGURES_CELLS_H

#include "figures/model.h"

enum rate_kind {
    RATE_ATTEMPT,     /* failed attempts; the interval accounts for clusters */
    RATE_INTERACTION, /* interactions that failed after all retries */
    RATE_SESSION,     /* sessions with at least one failed attempt */
    RATE_HAZARD       /* first failures per attempt of a session that had not failed before */
};

struct rate {
    struct estimate estimate; /* what happened during the cell */
    double failed, trials;
    double effective;   /* sample size behind the interval: trials / design effect, or sessions */
    const char *method; /* a constant phrase */
};

/* Whether a P99 can be given of values, or else a lower bound of it, which is none where it lies
 * below what fewer exceed; and of all attempts, which it is, too, where failures reach it. */
bool latency_bears_tail(const struct latency_figures *latency);
bool latency_bounds_tail(const struct latency_figures *latency);
bool all_attempts_bear_tail(const struct all_attempts *all);

/* The rate at 95%, or at any other confidence. */
struct rate report_cell_rate(const struct report_cell *cell, enum rate_kind kind);
struct rate report_cell_rate_at(const struct report_cell *cell, enum rate_kind kind,
                                double confidence);

/* Attempts that ended ok or failed, which is the denominator of the failure rate. */
uint64_t report_cell_attempts(const struct report_cell *cell);

/* Whether attempts.csv has as many attempts of it, ok and failed, as intervals.csv counts. */
bool report_cell_agrees(const struct report_cell *cell);

/* Adds the counters, cluster sums and health of an interval, or of a part of one, which covers so
 * much time beyond that of others;
 * health is NULL when the cell already has that of another part. False when out of memory. */
bool report_cell_add(struct report_cell *into, const struct cell *cell, const struct health *health,
                     int64_t length_ns);

/* Adds another cell, which must not be settled yet or must still have its histograms. False when
 * out of memory. */
bool report_cell_merge(struct report_cell *into, const struct report_cell *from);

/*
 * Empty histograms for reuse. A new one is mostly a large block of memory to clear, and a long run
 * has a hundred thousand combinations of window, region and metric. By metric, since a histogram
 * costs the pages of memory that its values have touched. Zero-initialise to start.
 */
struct histogram_pool {
    struct pooled {
        struct histogram **items;
        size_t count, capacity;
    } of[METRIC_COUNT];
};
void histogram_pool_free(struct histogram_pool *pool);

/* Adds one histogram; the cell's first one for a metric comes from the pool. False when out of
 * memory. */
bool report_cell_latency(struct report_cell *into, enum metric metric,
                         const struct histogram *histogram, struct histogram_pool *pool);

/* The histogram itself, which may be one of the pool; NULL without memory. */
struct histogram *report_cell_histogram(struct report_cell *into, enum metric metric,
                                        struct histogram_pool *pool);

/* Computes the latency figures from the histograms. */
void report_cell_settle(struct report_cell *cell);

/* How much of a settled cell's latency at a quantile (0..1) may be this machine's own in a
 * replay, in us. */
int64_t report_cell_least_us(const struct report_cell *cell, enum metric metric, double quantile);

/* The least that a quantile q can have been, us: its own lower bound less what a replay may have
 * added, but above the median never less than what the median (its lower bound: median_low_us)
 * leaves. */
int64_t report_cell_resolved_low(const struct report_cell *cell, enum metric metric, double q,
                                 int64_t low_us, int64_t median_low_us);

/* In a replay part of every latency may be this machine's own: of those above the limit of a share,
 * surely over it are only those above `surely`'s. False, with `surely` left alone, in real time and
 * for anything but a share. */
bool report_cell_surely_over(const struct report_cell *cell, const struct threshold *what,
                             struct threshold *surely);

/* Sets the resolution of a settled cell: latencies below it cannot be told from 0, and those
 * above may include as much of this machine's own time, so the lower bounds of quantiles drop by
 * it. The lag stays as it is, since all of it is this machine's own. */
void report_cell_resolve(struct report_cell *cell, const struct clock_resolution *least);

/* Returns a settled cell's histograms to the pool; its figures stay. */
void report_cell_drop_histograms(struct report_cell *cell, struct histogram_pool *pool);
void report_cell_free(struct report_cell *cell);

/* Whether a metric says anything of the cell: it has values, or attempts that failed without; those
 * of speech only where somebody spoke. */
bool report_cell_tells(const struct report_cell *cell, enum metric metric);

/* Share of attempts slower than a limit in us; attempts without a value count as slower. *count
 * becomes the number of attempts. */
struct estimate report_cell_share(const struct report_cell *cell, enum metric metric,
                                  int64_t limit_us, double confidence, double *count);

/* Whether the load generator was healthy over the cell's intervals taken together. */
bool report_cell_valid(const struct report_cell *cell);

/* Share of the time during which the region was held back (record/holds.h). */
double report_cell_held(const struct report_cell *cell);

/* Appends why the cell is invalid, naming the limit that was exceeded. */
void report_cell_why(const struct report_cell *cell, struct text *out);

/* The cell's failures, most frequent first. The caller frees *out. Returns their number; 0 when
 * there are none, or when out of memory. */
size_t report_cell_tallies(const struct report_cell *cell, struct tally **out);

/* Like report_cell_tallies, for ends that are not failures: a session at its cap, an answer
 * cancelled by the service. */
size_t report_cell_lifecycle(const struct report_cell *cell, struct tally **out);

/* Like report_cell_tallies, with one row per code. A code can occur in several phases; phase and
 * domain are then those of one of them. */
size_t report_cell_codes(const struct report_cell *cell, struct tally **out);

#endif
