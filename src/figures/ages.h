/* Whether failures depend on the turn of a session or on the age of its connection: attempts.csv
 * summed by both. */
#ifndef RUSHHOUR_FIGURES_AGES_H
#define RUSHHOUR_FIGURES_AGES_H

#include "figures/sessions.h"
#include "record/attempt.h"
#include "stats/rate.h"

#define AGES_BUCKETS 8

enum ages_kind {
    AGES_TURN,   /* number of the attempt on its session, from 1 */
    AGES_SOCKET, /* seconds from the upgrade to the start of the attempt */
    AGES_KINDS
};

/* For one region. Attempts whose session never opened have neither turn nor age, and are in no
 * bucket. */
struct ages {
    struct cluster_sums sums[AGES_KINDS][AGES_BUCKETS];
};

/* The values of a bucket are from..to: inclusive for turns, up to below `to` for ages; to is 0 for
 * the last. */
struct ages_bucket {
    const char *label;
    uint32_t from, to;
};
const struct ages_bucket *ages_bucket(enum ages_kind kind, size_t bucket);

/* Where a row of the region counts, one place for each kind, for session_map_add. */
void ages_places(struct ages *ages, const struct attempt_row *row,
                 struct session_place places[AGES_KINDS]);

/* Attempts in all buckets of one kind, in one region. */
double ages_attempts(const struct ages *ages, enum ages_kind kind);

#endif
