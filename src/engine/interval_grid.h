/*
 * The intervals of a run: they begin and end at multiples of their length since 1970 UTC, by the
 * run's own clock, so that a window whose bounds are such multiples contains only whole intervals.
 * The first begins with the run and is shorter; the last ends with it. Pure.
 */
#ifndef RUSHHOUR_ENGINE_INTERVAL_GRID_H
#define RUSHHOUR_ENGINE_INTERVAL_GRID_H

#include <stdint.h>

struct interval_grid {
    int64_t origin_ns; /* when the run begins, ns since 1970 UTC by its own clock */
    int64_t length_ns;
};

/* Number of the interval, from 0, that contains a time since the origin (0 or more). */
uint64_t interval_grid_at(const struct interval_grid *grid, int64_t elapsed_ns);

/* Where an interval begins, and where the next one does, since the origin. */
int64_t interval_grid_start_ns(const struct interval_grid *grid, uint64_t interval);
int64_t interval_grid_end_ns(const struct interval_grid *grid, uint64_t interval);

#endif
