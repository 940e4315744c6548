/* How a run is to be grouped and judged: its regions, groupings and thresholds, created before any
 * figure is read. */
#ifndef RUSHHOUR_FIGURES_PLAN_H
#define RUSHHOUR_FIGURES_PLAN_H

#include "figures/model.h"
#include "record/run_reader.h"

/* The requested grouping: windows to show, or two named times of day to compare, each pooled. */
struct results_wish {
    const struct window *windows;
    size_t window_count;        /* 0: the windows in the run's profile */
    const struct window *split; /* for results_load_split; otherwise NULL */
    const char *first, *second; /* for results_load_pair; first is NULL otherwise */
    const bool *compared; /* METRIC_COUNT: whose latencies a comparison will ask for; NULL: none */
};

/*
 * Fills manifest, regions, groupings and judged. A threshold that names a window that is not shown
 * gets a grouping of its own. A pair is groupings[2] and [3], and nothing else is grouped or
 * judged.
 */
MUST_USE enum err_code plan_results(const struct run_reader *reader,
                                    const struct results_wish *wish, struct results *results,
                                    struct error *err);

#endif
