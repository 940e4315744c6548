/*
 * A cell: what happened in one region during one period of time. Workers fill cells, the collector
 * merges them, the run folder keeps them per interval, and reports merge them into windows. Merging
 * is exact, so any grouping of the same intervals gives the same figures.
 */
#ifndef RUSHHOUR_RECORD_CELL_H
#define RUSHHOUR_RECORD_CELL_H

#include "base/error.h"
#include "base/metric.h"
#include "base/words.h"
#include "record/concurrency.h"
#include "stats/histogram.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The integer counters, in the order of intervals.csv. `started` counts belong to the interval of
 * the start; whatever is known only at the end (ok, failed, latencies, tokens) to the interval of
 * the end.
 */
#define COUNTER_MAP(X)                                                                             \
    X(sessions_started) /* dials begun */                                                          \
    X(sessions_opened)  /* session.created received */                                             \
    X(sessions_failed)  /* did not open, or ended other than at our request */                     \
    X(attempts_started)                                                                            \
    X(attempts_ok)                                                                                 \
    X(attempts_failed)    /* includes a failed dial for which an interaction was waiting */        \
    X(attempts_cancelled) /* ended by us, or by our own failure: neither ok nor failed */          \
    X(interactions_ok)                                                                             \
    X(interactions_failed)                                                                         \
    X(retries) /* attempts beyond an interaction's first */                                        \
    X(input_tokens)                                                                                \
    X(cached_tokens) /* a subset of input_tokens */                                                \
    X(output_tokens)

#define COUNTER_MAP_MORE(X)                                                                        \
    X(sessions_ended)         /* opened or not, for any reason */                                  \
    X(sessions_with_attempts) /* with an attempt that was ok or failed */                          \
    X(sessions_with_failure)  /* with a failed attempt */                                          \
    X(first_attempts_ok)      /* ok on an interaction's first attempt */                           \
    X(first_attempts_failed)                                                                       \
    X(recovered)          /* interactions ok after at least one failed attempt */                  \
    X(failed_tokens)      /* tokens reported for failed attempts: possibly billed */               \
    X(requested_sessions) /* open model: arrivals due; closed model: 0 */                          \
    X(unknown_events)                                                                              \
    X(clipped)           /* latencies outside the histograms' range */                             \
    X(harmless_errors)   /* error events that cost no attempt, such as a late cancel */            \
    X(probes)            /* retries after a failed response on the same session */                 \
    X(probes_recovered)  /* those that were ok */                                                  \
    X(own_failures)      /* failed on our side; these count as cancelled */                        \
    X(cut_answers)       /* ok, but cut off by max_output_tokens */                                \
    X(preambles)         /* ok, with output before the actual answer */                            \
    X(driven_ms)         /* of the load, all workers together, by the run's own clock */           \
    X(held_ms)           /* of these, held back by a hold of the region (holds.h) */               \
    X(held_arrivals)     /* open model: due under a hold and never started */                      \
    X(held_tries)        /* of those who are there: that waited for a hold's end to become due */  \
    X(hold_probes)       /* attempts that went first to find out whether a hold is over */         \
    X(unpriced_attempts) /* ended, of a model for which the profile has no price */                \
    X(open_ms)           /* sum over sessions of the time they were open, on the run's clock */    \
    X(recovered_same_session) /* of those recovered: in the session that failed them first, */     \
    X(recovered_new_session)  /* in another one of its region, */                                  \
    X(recovered_other_region) /* or in another region */                                           \
    X(false_turns)            /* speech that the service heard where nobody spoke */               \
    X(missed_turns)           /* ended without its having noticed the end of speech */             \
    X(split_turns)            /* pauses of a user that it took for the end */                      \
    X(early_answers)          /* ok, but begun before the user was through */                      \
    X(speech_ms)              /* of audio sent as speech, in turns that came to their end */       \
    X(audio_ms)               /* of audio received in answers */                                   \
    X(audio_wall_ms)          /* from the first to the last piece of each */                       \
    X(slow_answers)           /* ok, and slower than they are played */                            \
    X(underruns_0)            /* gaps in what is played, without a prebuffer, */                   \
    X(underrun_ms_0)          /* their length, */                                                  \
    X(underruns_100)          /* with one of 100 ms, */                                            \
    X(underrun_ms_100)                                                                             \
    X(underruns_200) /* and of 200 ms */                                                           \
    X(underrun_ms_200)                                                                             \
    X(interruptions)     /* answers that users interrupted */                                      \
    X(late_audio_ms)     /* of audio that came after their cancel */                               \
    X(unheard_ms)        /* of audio received and never heard, because of them */                  \
    X(unheard_micro_usd) /* what it cost by its share of the audio, in millionths of USD */        \
    X(hedges)            /* of the retries: begun in another region before the first had output */ \
    X(hedges_won)        /* those of them that answered */                                         \
    X(hedges_cancelled)  /* attempts ended by us since another region had answered */              \
    X(hedge_tokens)      /* of these, and of those that came whole nevertheless */

struct counters {
#define X(name) uint64_t name;
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    double cost_usd;        /* of all attempts, and of the time that sessions were open */
    double failed_cost_usd; /* of failed ones: possibly billed */
    double hedge_cost_usd;  /* what hedge_tokens cost */
};

void counters_merge(struct counters *into, const struct counters *from);

/* How often one class of failure occurred. */
struct tally {
    enum phase phase;
    enum domain domain;
    char code[64];
    uint64_t count;
};

/* A limit per minute as reported by the service: lowest and highest value; 0 if it reported
 * none. */
struct told_limit {
    uint64_t low, high;
};

struct told_limits {
    struct told_limit requests, tokens;
};

/* Adds a value, if it is above 0. */
void told_limit_add(struct told_limit *limit, double value);
void told_limits_merge(struct told_limits *into, const struct told_limits *from);

struct cell {
    struct counters counters;
    struct cluster_sums clusters;   /* of interaction chains that ended here: attempts over the
                                     whole chain */
    struct told_limits limits;      /* by headers of upgrades, and by rate_limits.updated */
    struct concurrency concurrency; /* of whole intervals: unknown in what workers hand over */
    struct histogram *latency[METRIC_COUNT]; /* microseconds; NULL until there is a value */
    struct histogram *ttft_of_service; /* the same values as in METRIC_TTFT without what of each is
                                          our own; not kept in the folder */
    struct tally *tallies;
    size_t tally_count, tally_capacity;
    bool failed; /* memory ran out and something was not counted: cell_merge and
                    run_writer_interval refuse the cell */
};

/* Whether any attempt was of a model for which the profile has no price: the cost, also that of all
 * regions together, is then unknown, not 0. */
static inline bool counters_unpriced(const struct counters *counters)
{
    return counters->unpriced_attempts > 0;
}

/* Zero-initialise a cell. cell_free frees what it holds; cell_reset empties it and keeps the
 * memory. */
void cell_free(struct cell *cell);
void cell_reset(struct cell *cell);

/*
 * Counts a latency in ns (recorded in us, rounded to nearest). Values beyond the histogram's range
 * count as its longest and in `clipped`; negative ones count in `clipped` only. Both set `failed`
 * when out of memory.
 */
void cell_latency(struct cell *cell, enum metric metric, int64_t ns);
void cell_ttft_of_service(struct cell *cell, int64_t ns);
void cell_failure(struct cell *cell, enum phase phase, enum domain domain, const char *code,
                  uint64_t count);

/* Adds all of `from` or nothing: false when out of memory or if either cell had failed (the caller
 * must then stop the run, since figures are missing). Of the concurrency, `from` is another time:
 * what happened beside it is for concurrency_beside. */
MUST_USE bool cell_merge(struct cell *into, const struct cell *from);

#endif
