/* The findings of a comparison. compare.c, rows.c, codes.c and changes.c fill it; text.c, html.c
 * and json.c show it. */
#ifndef RUSHHOUR_COMPARE_MODEL_H
#define RUSHHOUR_COMPARE_MODEL_H

#include "compare/compare.h"
#include "figures/claim.h"
#include "profile/threshold.h"
#include "stats/comparison.h"

/* One side of a pair. */
struct compare_side {
    struct claim_of of;
    double minutes; /* length of its load */
};

/* Two cells to compare: one region in two runs, one region at two times, or two regions. */
struct compare_pair {
    char *region; /* "eastus2", or "eastus2 / swedencentral" for two regions */
    struct compare_side a, b;
    bool paired; /* two regions in the same minutes */
};

/* A value and its interval within its own run. Quantiles are in microseconds. */
struct compare_value {
    bool known;
    double value, low, high; /* high is infinite when it cannot be estimated */
    struct estimate service; /* at such hours; not valid when the run cannot tell */
    double n;                /* attempts, interactions or sessions behind it */
    double effective;        /* n divided by the design effect */
};

struct compare_row {
    const char *metric; /* as the user wrote it */
    size_t number;      /* position in the list of metrics */
    struct threshold what;
    size_t pair;
    bool decides; /* counts towards the overall verdict */
    struct compare_value a, b;
    struct difference difference; /* at such hours; decides the row. Not valid without an answer */
    struct difference observed;   /* between what happened in the two runs */
    struct dependence dependence; /* the dependence that applied, or why there is no answer */
    double p, adjusted;           /* adjusted: after Holm over all deciding rows */
    enum compare_verdict verdict;
    double needed;         /* further attempts per side to settle it; 0: none, or unknown */
    double needed_minutes; /* at the load of these runs */
    double needed_usd;     /* at their price, both sides together; NaN: unknown */
    struct text why;       /* a sentence */
};

/* A failure code found on one side or on both. */
struct compare_code {
    size_t pair;
    char code[64];
    uint64_t a, b;
    /* There are as many records as failures: 0 is none. */
    bool a_whole, b_whole;
};

/* One difference between the manifests of the two runs. */
struct compare_change {
    char *path; /* "profile.regions.eastus2.dialect" */
    char *a, *b;
};

/* How one region's difference compares with that of all other regions at the same times. */
struct compare_beyond {
    size_t pair;
    struct difference own, others, beyond; /* failed attempts, at such hours */
};

struct compared {
    struct compare_options options;
    char *label_a, *label_b;
    char **metrics;
    size_t metric_count;
    struct compare_pair *pairs;
    size_t pair_count;
    struct compare_row *rows;
    size_t row_count, deciding;
    struct compare_code *codes;
    size_t code_count;
    struct compare_change *changes;
    size_t change_count;
    struct compare_beyond *beyond;
    size_t beyond_count;
    struct text not_comparable; /* why the two runs cannot be compared; "" when they can */
    struct text notes;          /* one sentence per line */
    enum compare_verdict verdict;
};

/* rows.c: fills the rows from pairs and metrics, then judges each row and the whole. */
MUST_USE enum err_code compare_judge(struct compared *comparison, struct error *err);

/* changes.c: lists what differs between the manifests of two runs, the profile first. */
MUST_USE enum err_code compare_find_changes(struct compared *comparison, const struct results *a,
                                            const struct results *b, struct error *err);

/* comparable.c: derives from the changes why two runs cannot be compared; with options.anyway it
 * adds a note instead. */
void compare_find_conditions(struct compared *comparison, const struct results *a,
                             const struct results *b);

/* codes.c: fills the codes from the pairs. */
MUST_USE enum err_code compare_find_codes(struct compared *comparison, struct error *err);

/* The row for the headline. Among the rows with the overall verdict a failure rate comes first,
 * then the most significant row. NULL when there are no rows. */
const struct compare_row *compare_deciding_row(const struct compared *comparison);

#endif
