/* What a comparison has found; compare.c, rows.c, codes.c and changes.c fill it, text.c, html.c and
 * json.c show it. */
#ifndef RUSHHOUR_COMPARE_MODEL_H
#define RUSHHOUR_COMPARE_MODEL_H

#include "compare/compare.h"
#include "figures/claim.h"
#include "profile/threshold.h"
#include "stats/comparison.h"

/* One side of a pair. */
struct compare_side {
    struct claim_of of;
    double minutes; /* of load in it */
};

/* Two cells to compare: one region of two runs, one region at two times, or two regions. */
struct compare_pair {
    char *region; /* "eastus2"; of two regions "eastus2 / swedencentral" */
    struct compare_side a, b;
    bool paired; /* two regions in the same minutes */
};

/* A value with its interval of what happened in that run; quantiles in microseconds. */
struct compare_value {
    bool known;
    double value, low, high; /* high is infinite when it cannot be estimated */
    struct estimate service; /* at such hours; not valid where the run cannot tell */
    double n;                /* attempts, interactions or sessions that it rests on */
    double effective;        /* of them, after the design effect */
};

struct compare_row {
    const char *metric; /* as written */
    size_t number;      /* its place as asked for */
    struct threshold what;
    size_t pair;
    bool decides; /* it takes part in the verdict on the whole */
    struct compare_value a, b;
    struct difference difference; /* at such hours: it decides. Not valid without an answer */
    struct difference observed;   /* of what happened in the two */
    struct dependence dependence; /* that ruled, or why there is no answer */
    double p, adjusted;           /* adjusted: Holm over all rows that decide */
    enum compare_verdict verdict;
    double needed; /* further attempts on each side that would settle it; 0: none or not known */
    double needed_minutes; /* at the load of these runs */
    double needed_usd;     /* at their price, on both sides together; NaN: not known */
    struct text why;       /* a sentence */
};

/* A failure code that only one side has, or that both have. */
struct compare_code {
    size_t pair;
    char code[64];
    uint64_t a, b;
};

/* One thing in which the two runs differ by their manifests. */
struct compare_change {
    char *path; /* "profile.regions.eastus2.dialect" */
    char *a, *b;
};

/* How one region's difference compares with that of all other regions at the same times. */
struct compare_beyond {
    size_t pair;
    struct difference own, others, beyond; /* of attempts failed, at such hours */
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
    struct text not_comparable; /* why two runs are not comparable; "" when they are */
    struct text notes;          /* one sentence per line */
    enum compare_verdict verdict;
};

/* rows.c: fills rows from pairs and metrics, judges them and the whole. */
MUST_USE enum err_code compare_judge(struct compared *comparison, struct error *err);

/* changes.c: what differs in the manifests of two runs, profile first. */
MUST_USE enum err_code compare_find_changes(struct compared *comparison, const struct results *a,
                                            const struct results *b, struct error *err);

/* comparable.c: from the changes of two runs, why they cannot be compared; a note instead with
 * options.anyway. */
void compare_find_conditions(struct compared *comparison, const struct results *a,
                             const struct results *b);

/* codes.c: fills codes from pairs. */
MUST_USE enum err_code compare_find_codes(struct compared *comparison, struct error *err);

/* The row that stands in the headline: of those with the verdict a failure rate, else the most
 * significant one. NULL without rows. */
const struct compare_row *compare_deciding_row(const struct compared *comparison);

#endif
