/*
 * A region that has not answered once. A run in which everything fails is no measurement, however
 * few thresholds it has; and where nothing but the profile or its credentials is to blame, going on
 * would only repeat it. Pure.
 */
#ifndef RUSHHOUR_ENGINE_FRUITLESS_H
#define RUSHHOUR_ENGINE_FRUITLESS_H

#include "base/text.h"
#include "record/cell.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run ends early when each of its regions has failed so often for such reasons alone. */
#define FRUITLESS_ATTEMPTS 100

/* Whether attempts were made and none was ok. */
bool fruitless_region(const struct cell *totals);

/* Whether it is so, and every failure is of the profile or the credentials (domains config,
 * auth). */
bool fruitless_by_config(const struct cell *totals);

/* Whether the run is to end: every region is so, after FRUITLESS_ATTEMPTS. totals has one cell a
 * region. */
bool fruitless_run(const struct cell *totals, size_t region_count);

/* Appends "region a: none of 78 attempts was answered (resolve_failed 78); run `rushhour check
 * p.json`". The region must be fruitless. */
void fruitless_words(const char *region, const struct cell *totals, const char *profile_file,
                     struct text *out);

#endif
