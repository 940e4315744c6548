/*
 * Runs of one load that differ in their policies alone, ranked by how many users they left without
 * an answer. The same seed makes the same arrivals, so that each user is compared with himself.
 */
#ifndef RUSHHOUR_COMPARE_POLICIES_H
#define RUSHHOUR_COMPARE_POLICIES_H

#include "compare/compare.h"
#include "stats/paired.h"

#include <stdint.h>

#define POLICIES_MOST 16

/* One run, with what it cost. */
struct policy {
    char *label;
    const struct results *results; /* borrowed */
    unsigned char *ends;           /* of each arrival, enum paired_end */
    uint64_t users;                /* with a known end */
    uint64_t lost;                 /* of these, without an answer to at least one interaction */
    uint64_t turned_away;          /* of these, who never had an attempt */
    unsigned rank;                 /* 1 and the number of policies that are better beyond chance */
};

/* Policies a and b, by their places in `list`. */
struct policy_pair {
    size_t a, b;
    struct paired paired;
    double adjusted;              /* p after Holm over all pairs */
    enum compare_verdict verdict; /* of b against a: worse, better, equal or inconclusive */
};

struct policies {
    struct policy list[POLICIES_MOST]; /* fewest lost users first */
    size_t count;
    uint64_t arrivals;
    struct policy_pair pairs[POLICIES_MOST * (POLICIES_MOST - 1) / 2];
    size_t pair_count;
    double confidence, margin;
    struct text not_comparable; /* why they cannot be ranked; "" when they can */
    struct text invalid;        /* runs whose generator was in the way; "" without */
};

/*
 * Reads the ends of every run's users and ranks them. ERR_USAGE if the load is closed or a run has
 * no attempts.csv; results and folders are borrowed, `out` is freed with policies_free in any case.
 * Runs that differ in more than their policies are not ranked unless options->anyway.
 */
MUST_USE enum err_code policies_rank(const struct results *const *results,
                                     const char *const *folders, size_t count,
                                     const struct compare_options *options, struct policies *out,
                                     struct error *err);
void policies_free(struct policies *policies);

/* policies_show.c: each appends one form. */
void policies_text(const struct policies *policies, bool colour, struct text *out);
void policies_markdown(const struct policies *policies, struct text *out);
void policies_json(const struct policies *policies, struct text *out);

#endif
