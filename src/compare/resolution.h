/* What a replay cannot resolve of a share above a limit (record/clock_limits.h): a part of every
 * latency may be this machine's own. */
#ifndef RUSHHOUR_COMPARE_RESOLUTION_H
#define RUSHHOUR_COMPARE_RESOLUTION_H

#include "base/text.h"
#include "figures/model.h"
#include "profile/threshold.h"
#include "stats/comparison.h"

/* By how much the share may be too large: of the values above the limit, only those above it by
 * more than the replay resolves surely are. 0 in real time, and for anything but a share. */
double resolution_of_share(const struct report_cell *cell, const struct threshold *what);

/* Widens the interval of b - a by what each share may be too large. */
void resolution_widen(struct difference *d, double of_a, double of_b);

/* Appends "; in this replay up to 1.2 s of a latency may be this machine's own"; nothing where
 * resolution_of_share is 0 whatever the limit. */
void resolution_words(const struct report_cell *cell, const struct threshold *what,
                      struct text *out);

#endif
