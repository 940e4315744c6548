/*
 * A region that never answered. A run in which everything fails is not a measurement, even without
 * thresholds; and if only the profile or its credentials are to blame, continuing would only repeat
 * the failure. Pure.
 */
#ifndef RUSHHOUR_ENGINE_FRUITLESS_H
#define RUSHHOUR_ENGINE_FRUITLESS_H

#include "base/text.h"
#include "profile/profile.h"
#include "record/cell.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When a region's load ends early: after this many failures, all for such reasons, or, because
 * such failures hold the region back (hold.h), after this many tries that followed growing
 * waits. */
#define FRUITLESS_ATTEMPTS 100
#define FRUITLESS_PROBES 3

/* Whether attempts were made and none was ok. */
bool fruitless_region(const struct cell *totals);

/* Whether that is so, and every failure is due to the profile or the credentials (domains config,
 * auth). */
bool fruitless_by_config(const struct cell *totals);

/* Whether the region's load is to end: it is so, and was asked often enough. */
bool fruitless_over(const struct cell *totals);

/* Whether the run is to end: the load of every region is. totals has one cell a region. */
bool fruitless_run(const struct cell *totals, size_t region_count);

/* The code that most of its failures have; lives for ever. "" when it has none. */
const char *fruitless_code(const struct cell *totals);

/* What was dialled for a region's host. */
enum fruitless_way {
    FRUITLESS_DIRECT,    /* as the profile says */
    FRUITLESS_ELSEWHERE, /* an address of --connect-to */
    FRUITLESS_SIMULATED
};

/* When the attempts were counted: as a load is ended, some are still to end. */
enum fruitless_moment { FRUITLESS_AT_LAST, FRUITLESS_SO_FAR };

/* Appends "region a: none of 78 attempts was answered (resolve_failed 78); `rushhour check p.json`
 * finds the cause": of those that the tables count ("the first 78" so far), and beside them those
 * that failed on our own side. The region must be fruitless. Where no connection came about
 * on the direct way, a proxy of the environment that was not used is named. */
void fruitless_words(const struct region *region, const struct cell *totals,
                     const char *profile_file, enum fruitless_way way, enum fruitless_moment moment,
                     struct text *out);

#endif
