/* Whether failures depend on the turn of a session, on the age of its connection or on the size of
 * its conversation, and the first output on that size: attempts.csv summed by each. */
#ifndef RUSHHOUR_FIGURES_AGES_H
#define RUSHHOUR_FIGURES_AGES_H

#include "figures/sessions.h"
#include "record/attempt.h"
#include "stats/histogram.h"
#include "stats/rate.h"

#define AGES_BUCKETS 8

enum ages_kind {
    AGES_TURN,    /* number of the attempt on its session, from 1 */
    AGES_SOCKET,  /* seconds from the upgrade to the start of the attempt */
    AGES_CONTEXT, /* tokens of the conversation before the attempt, as the service told them */
    AGES_KINDS
};

/* What answered attempts took in, where the service told it. */
struct ages_told {
    uint64_t answers;
    double input_tokens; /* their sum */
};

/* For one region. Attempts whose session never opened have neither turn nor age, and are in no
 * bucket. */
struct ages {
    struct cluster_sums sums[AGES_KINDS][AGES_BUCKETS];
    struct ages_told told[AGES_KINDS][AGES_BUCKETS];
    struct histogram *ttft[AGES_BUCKETS]; /* by AGES_CONTEXT, in us to 1%; NULL: no value */
};

/* The values of a bucket are from..to: inclusive for turns, up to below `to` for the others; to is
 * 0 for the last. */
struct ages_bucket {
    const char *label;
    uint32_t from, to;
};
const struct ages_bucket *ages_bucket(enum ages_kind kind, size_t bucket);

/* Where a row of the region counts, one place for each kind, for session_map_add. */
void ages_places(struct ages *ages, const struct attempt_row *row,
                 struct session_place places[AGES_KINDS]);

/* Adds what a row says of its answer. False when out of memory. */
bool ages_answer(struct ages *ages, const struct attempt_row *row);

/* The mean input of a bucket's answered attempts, tokens; NAN if none told it. */
double ages_input(const struct ages *ages, enum ages_kind kind, size_t bucket);

/* A quantile of ttft by the size of the conversation, us, with its order-statistic interval; not
 * valid without values. */
struct quantile ages_ttft(const struct ages *ages, size_t bucket, double q);

/* Frees what it holds, not itself. */
void ages_free(struct ages *ages);

/* Attempts in all buckets of one kind, in one region. */
double ages_attempts(const struct ages *ages, enum ages_kind kind);

#endif
