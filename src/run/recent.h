/* The last few runs of a profile as one run, so that a verdict rests on more than the newest. */
#ifndef RUSHHOUR_RUN_RECENT_H
#define RUSHHOUR_RUN_RECENT_H

#include "base/error.h"
#include "base/text.h"
#include "figures/results.h"

#include <stddef.h>

#define RECENT_MOST 200

/* What was taken together. Zero-initialise. */
struct recent {
    struct text above;  /* a temporary folder, removed by recent_free */
    struct text folder; /* of the merged run, in it */
    struct results *results;
    size_t runs;       /* how many went in */
    struct text first; /* the folder of the earliest */
    struct text told;  /* a sentence per line: what went in, what was left out and why */
};

/*
 * Merges the run in `folder` with the runs of the same profile that were written before it and lie
 * beside it, `most` at most (1 to RECENT_MOST), and groups them as results_load does. Going back,
 * it ends at the first run whose profile differs in any key; runs that are not complete, and those
 * that are invalid, are left out, and so is what another one holds (run_merge_shared). ERR_FORMAT
 * if none remains; otherwise errors as of run_merge. Free it (recent_free) whatever it returns.
 */
MUST_USE enum err_code recent_load(const char *folder, size_t most, const struct window *windows,
                                   size_t window_count, struct recent *out, struct error *err);
void recent_free(struct recent *recent);

/* The newest run before the one in `folder`, of the same profile and beside it, whose thresholds
 * have been judged: appends its folder, and copies its verdict into verdict[size]. ERR_IO if the
 * runs cannot be looked at; nothing is appended if there is none. */
MUST_USE enum err_code recent_judged(const char *folder, struct text *earlier, char *verdict,
                                     size_t size, struct error *err);

#endif
