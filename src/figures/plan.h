/* What a run is to be grouped and judged by: its regions, groupings and thresholds, made before any
 * figure is read. */
#ifndef RUSHHOUR_FIGURES_PLAN_H
#define RUSHHOUR_FIGURES_PLAN_H

#include "figures/model.h"
#include "record/run_reader.h"

/* By what to group: windows to show, or two named times of day to compare, each pooled. */
struct results_wish {
    const struct window *windows;
    size_t window_count;        /* 0: the windows of the run's own profile */
    const struct window *split; /* as results_load_split has it; NULL: none */
    const char *first, *second; /* as results_load_pair has them; first NULL: no pair */
};

/*
 * Fills manifest, regions, groupings and judged. A threshold that names a window gets a grouping of
 * its own when the window is not among those shown. A pair is groupings[2] and [3], and nothing
 * else is grouped or judged.
 */
MUST_USE enum err_code plan_results(const struct run_reader *reader,
                                    const struct results_wish *wish, struct results *results,
                                    struct error *err);

#endif
