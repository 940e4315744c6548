/* Sums over slices of time, as quotas are enforced: of which each begins a slot after the one
 * before. Pure. */
#ifndef RUSHHOUR_RUN_QUOTA_SLICE_H
#define RUSHHOUR_RUN_QUOTA_SLICE_H

#include <stddef.h>

#define SLICE_SLOTS_MOST 40

struct quota_slice {
    double length_s;
    double limit; /* within a slice, at least 1; INFINITY: none */
    size_t slots, at;
    double values[SLICE_SLOTS_MOST];
    double sum, most;
    double exceeded_s; /* negative: never */
};

/* Nothing yet, in slots of this length; the limit a minute, 0 for none. */
struct quota_slice quota_slice_of(double slot_s, double per_minute);

/* Adds what falls into the next slot, which begins at_s. */
void quota_slice_add(struct quota_slice *slice, double value, double at_s);

/* The highest sum so far, by the minute. */
double quota_slice_per_minute(const struct quota_slice *slice);

/* What part of a value fits into the next slot when at most `share` of the limit is used, but
 * always room for one; and what part of it a whole slice has room for. */
double quota_slice_fits(const struct quota_slice *slice, double share, double value);
double quota_slice_holds(const struct quota_slice *slice, double share, double value);

#endif
