/*
 * How many sessions and responses there are at once, over all workers. Each worker posts its
 * changes with their times, sharing nothing; here they are put in order of time and measured
 * interval by interval, so the peak is that of all workers together, not the sum of theirs. Main
 * thread only.
 */
#ifndef RUSHHOUR_ENGINE_LEVELS_H
#define RUSHHOUR_ENGINE_LEVELS_H

#include "base/error.h"
#include "engine/interval_grid.h"
#include "record/concurrency.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One session or response more or less. */
struct level_change {
    int64_t at_ns; /* of the run's own clock, since its origin */
    uint32_t region;
    int8_t level; /* enum level */
    int8_t by;
};

/* What a worker posts: its changes in order of time, and up to when these are all of them. Zero-
 * initialise. */
struct level_changes {
    struct level_change *list;
    size_t count, capacity;
    int64_t until_ns;
};

/* False without memory. */
bool level_changes_add(struct level_changes *changes, const struct level_change *change);
void level_changes_free(struct level_changes *changes);

struct levels;

/* NULL without memory. */
struct levels *levels_new(unsigned workers, size_t regions, const struct interval_grid *grid);
void levels_free(struct levels *levels);

/* Takes what a worker has posted; `final`: it posts nothing more. False without memory. */
bool levels_take(struct levels *levels, unsigned worker, const struct level_changes *changes,
                 bool final);

/*
 * Measures on, as far as every worker has told but not beyond one interval: its number, and what
 * each region did in that part of it (an array by region, valid until the next call). NULL when
 * there is no further time to measure.
 */
const struct concurrency *levels_next(struct levels *levels, uint64_t *interval);

/* How many there are by what the workers posted last, an array by region. */
const uint64_t *levels_now(const struct levels *levels, enum level level);

#endif
