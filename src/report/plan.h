/* What a run is to be grouped and judged by: its regions, groupings and thresholds, made before any figure is
 * read. */
#ifndef RUSHHOUR_REPORT_PLAN_H
#define RUSHHOUR_REPORT_PLAN_H

#include "record/run_reader.h"
#include "report/model.h"

/*
 * Fills manifest, regions, groupings and judged. window_count 0: the windows of the run's own profile. A
 * threshold that names a window gets a grouping of its own when the window is not among those shown.
 */
MUST_USE enum err_code plan_results(const struct run_reader *reader, const struct window *windows,
                                    size_t window_count, struct results *results, struct error *err);

#endif
