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

/* Gathers the rows; zero-initialise. */
struct ages_loader {
    struct session_map sessions[AGES_KINDS];
};

/* Counts one attempt that ended ok or failed; rows must be in order of time. False when out of
 * memory. */
MUST_USE bool ages_add(struct ages_loader *loader, struct ages *ages,
                       const struct gathered_attempt *attempt, const struct attempt_row *row);

/* Adds up whatever is still open and frees the loader's memory. */
void ages_finish(struct ages_loader *loader);

/* Attempts in all buckets of one kind, in one region. */
double ages_attempts(const struct ages *ages, enum ages_kind kind);

#endif
