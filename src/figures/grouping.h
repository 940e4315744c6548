/* Which slices of which grouping an interval belongs to: the window in which the interval begins,
 * or where windows split it (splits.h) that in which its part begins. */
#ifndef RUSHHOUR_FIGURES_GROUPING_H
#define RUSHHOUR_FIGURES_GROUPING_H

#include "figures/model.h"

/* A chart has at most this many points per region, and at least SERIES_POINTS_FEW if possible. */
#define SERIES_POINTS 300
#define SERIES_POINTS_FEW 24

/* The slice for an interval, or a part of one, that starts at this time, or NULL. */
struct slice *grouping_find(const struct grouping *grouping, int64_t interval_start_ns);

/* The slice in which an instant counts, or NULL. */
struct slice *grouping_at(const struct grouping *grouping, const struct moment *moment);

/* Whether a grouping is one of windows, whose bounds can cut intervals: not the whole run nor the
 * series. */
bool grouping_has_bounds(const struct grouping *grouping);

/* The first instant after this one at which one of its windows begins or ends; INT64_MAX if there
 * is none. */
int64_t grouping_next_bound(const struct grouping *grouping, int64_t utc_ns);

/* Whether a bound of its windows lies inside an interval. Quick if asked in order of time. */
bool grouping_cuts(struct grouping *grouping, int64_t start_ns, int64_t end_ns);

/* As grouping_find, creating the slice if necessary. *out is NULL if the interval lies outside a
 * named time of day. False when out of memory. May move the slices. */
bool grouping_place(struct grouping *grouping, int64_t start_ns, int64_t end_ns, size_t regions,
                    struct slice **out);

/* Forgets windows at the end in which nothing happened, but for the first one: the run ended just
 * behind a bound. */
void grouping_trim(struct grouping *grouping, size_t regions);

/*
 * Merges neighbours of a series until it has at most SERIES_POINTS slices, and further, down to
 * SERIES_POINTS_FEW, while the average slice is too small for a P99. Exact: nothing is averaged.
 * False when out of memory.
 */
bool grouping_coarsen(struct grouping *grouping, size_t regions);

/* The zone of times in tables and charts: that of the first named window, so that a peak appears at
 * its local time; else the profile's; NULL (UTC) if there is none. */
const struct zone *results_zone(const struct results *results);

/*
 * Appends the label of a slice: "07:00-09:00 PDT", preceded by "04-14 " in a run of several days. A
 * named window is shown in its own zone, a width in results_zone(), without the abbreviation if
 * that is UTC.
 */
void grouping_label(const struct results *results, const struct grouping *grouping,
                    const struct slice *slice, struct text *out);

/* The name of a grouping's windows: "1h", "peak"; "" for the whole run and the series. */
const char *grouping_name(const struct grouping *grouping);

void grouping_free(struct grouping *grouping, size_t regions);

#endif
