/*
 * A cell: what happened in one region in one stretch of time. Workers fill cells, the collector
 * merges them, the run folder keeps them per interval, and reports merge them into windows. Merging
 * is exact, so any grouping of the same intervals gives the same figures.
 */
#ifndef RUSHHOUR_RECORD_CELL_H
#define RUSHHOUR_RECORD_CELL_H

#include "base/error.h"
#include "base/metric.h"
#include "base/words.h"
#include "stats/histogram.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The whole-number counters, in the order of intervals.csv. `started` counts go to the interval of
 * the start; everything that is known only at the end (ok, failed, latencies, tokens) to the
 * interval of the end.
 */
#define COUNTER_MAP(X)                                                                             \
    X(sessions_started) /* dials begun */                                                          \
    X(sessions_opened)  /* session.created received */                                             \
    X(sessions_failed)  /* did not open, or ended otherwise than we asked */                       \
    X(attempts_started)                                                                            \
    X(attempts_ok)                                                                                 \
    X(attempts_failed)    /* a dial that failed while an interaction waited for it is one too */   \
    X(attempts_cancelled) /* ended by us, or by a failure of our own: neither ok nor failed */     \
    X(interactions_ok)                                                                             \
    X(interactions_failed)                                                                         \
    X(retries) /* attempts beyond an interaction's first */                                        \
    X(input_tokens)                                                                                \
    X(cached_tokens) /* a subset of input_tokens */                                                \
    X(output_tokens)

#define COUNTER_MAP_MORE(X)                                                                        \
    X(sessions_ended)         /* opened or not, for whatever reason */                             \
    X(sessions_with_attempts) /* those that had an attempt that was ok or failed */                \
    X(sessions_with_failure)  /* those that had a failed one */                                    \
    X(first_attempts_ok)      /* attempts that were an interaction's first, and ok */              \
    X(first_attempts_failed)                                                                       \
    X(recovered)          /* interactions ok after at least one failed attempt */                  \
    X(failed_tokens)      /* tokens reported for failed attempts: possibly billed */               \
    X(requested_sessions) /* open model: arrivals due; closed model: 0 */                          \
    X(unknown_events)                                                                              \
    X(clipped)         /* latency values out of the histograms' range */                           \
    X(harmless_errors) /* error events that cost no attempt, such as a late cancel */              \
    X(probes) /* retries in a session whose response had failed, to see whether it recovers */     \
    X(probes_recovered) /* those that were ok */                                                   \
    X(own_failures)     /* attempts that our own side failed: they are among the cancelled ones */ \
    X(cut_answers)      /* ok, as far as max_output_tokens let them come */                        \
    X(preambles)        /* ok, with output before the answer itself */

struct counters {
#define X(name) uint64_t name;
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    double cost_usd;        /* of all attempts */
    double failed_cost_usd; /* of failed ones: possibly billed */
};

void counters_merge(struct counters *into, const struct counters *from);

/* How often one class of failure was met. */
struct tally {
    enum phase phase;
    enum domain domain;
    char code[64];
    uint64_t count;
};

struct cell {
    struct counters counters;
    struct cluster_sums clusters; /* of interaction chains that ended here: attempts over the
                                     chain's whole life */
    struct histogram *latency[METRIC_COUNT]; /* microseconds; NULL until a value comes */
    struct tally *tallies;
    size_t tally_count, tally_capacity;
    bool failed; /* memory ran out and something was not counted: cell_merge and run_writer_interval
                    refuse the cell */
};

/* Whether tokens were used that the profile has no price for: the cost is unknown, not 0. */
static inline bool counters_unpriced(const struct counters *counters)
{
    return counters->cost_usd <= 0 && counters->input_tokens + counters->output_tokens > 0;
}

/* Zero-initialise a cell to start. cell_free frees what it holds, cell_reset empties it and keeps
 * the memory. */
void cell_free(struct cell *cell);
void cell_reset(struct cell *cell);

/*
 * Counts a latency in ns (recorded in us, rounded to nearest); what the histogram refuses is
 * counted in clipped. Both set `failed` without memory.
 */
void cell_latency(struct cell *cell, enum metric metric, int64_t ns);
void cell_failure(struct cell *cell, enum phase phase, enum domain domain, const char *code,
                  uint64_t count);

/*
 * Adds all of `from`, or nothing of it: false without memory or when either cell had failed (the
 * caller must stop the run, since figures are missing).
 */
MUST_USE bool cell_merge(struct cell *into, const struct cell *from);

#endif
