/* compare --policies: ranks several runs of one load. */
#ifndef RUSHHOUR_CLI_COMPARE_POLICIES_H
#define RUSHHOUR_CLI_COMPARE_POLICIES_H

#include "compare/compare.h"

/* How it is to be shown. */
struct compare_policies {
    const struct compare_options *options;
    const char *const *runs; /* at least two, as named on the command line */
    size_t run_count;
    bool json, markdown, colour;
};

/* Appends the ranking; *status is 0, 3 (not comparable) or 4 (a generator was in the way). */
MUST_USE enum err_code compare_policies_make(const struct compare_policies *wanted,
                                             struct text *out, int *status, struct error *err);

#endif
