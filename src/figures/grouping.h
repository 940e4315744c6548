/* Which slices of which grouping an interval belongs to. An interval belongs to the window in which
 * it begins. */
#ifndef RUSHHOUR_FIGURES_GROUPING_H
#define RUSHHOUR_FIGURES_GROUPING_H

#include "figures/model.h"

/* A chart has at most this many points a region, and no fewer than this when that could be
 * helped. */
#define SERIES_POINTS 300
#define SERIES_POINTS_FEW 24

/* The slice that an interval starting at this time falls in, or NULL. */
struct slice *grouping_find(const struct grouping *grouping, int64_t interval_start_ns);

/*
 * The same, made when it is not there yet. *out is NULL when the interval lies outside a named time
 * of day. False without memory. May move the slices.
 */
bool grouping_place(struct grouping *grouping, int64_t start_ns, int64_t end_ns, size_t regions,
                    struct slice **out);

/*
 * Merges neighbours of a series until it has at most SERIES_POINTS slices, and further, down to
 * SERIES_POINTS_FEW, while the average slice cannot bear a P99. Exact: nothing is averaged. False
 * without memory.
 */
bool grouping_coarsen(struct grouping *grouping, size_t regions);

/*
 * The zone in which tables and charts show their times: that of the first named window, so that a
 * peak stands where it is meant; else that of the profile's; NULL (UTC) without any.
 */
const struct zone *results_zone(const struct results *results);

/*
 * Appends the label of a slice: "07:00-09:00 PDT", with "04-14 " before in a run of several days. A
 * named window is shown in its own zone, a width in results_zone(), without the abbreviation when
 * that is UTC.
 */
void grouping_label(const struct results *results, const struct grouping *grouping,
                    const struct slice *slice, struct text *out);

/* The name of a grouping's windows: "1h", "peak"; "" for the whole run and the series. */
const char *grouping_name(const struct grouping *grouping);

void grouping_free(struct grouping *grouping, size_t regions);

#endif
