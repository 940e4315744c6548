/* When the virtual users of one region will arrive, slot after slot of time: the arrivals that the
 * seed draws, their mean, or the slots of a closed load; and how many are there. Pure. */
#ifndef RUSHHOUR_RUN_EXPECTED_LOAD_H
#define RUSHHOUR_RUN_EXPECTED_LOAD_H

#include "engine/pacer.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct expected_load {
    double slot_s;   /* length of a slot, whatever the length of the load */
    size_t count;    /* slots of the load */
    size_t presence; /* slots that a user is present at most, the load's end cut off */
    const struct load *wanted;
    double stay_s;
    size_t at; /* the next slot */
    bool drawn;
    /* drawn arrivals */
    struct arrivals arrivals;
    bool more;
    int64_t due_ns;
    int64_t *leave_ns; /* a ring: when those present leave */
    size_t room, first, present;
    /* the mean; a closed load's */
    double before, connect_rate, open;
    double *leaving; /* a ring: how many leave in each slot to come */
};

/* What happens to the users in one slot. */
struct expected_slot {
    double users; /* who arrive */
    double open;  /* the most that are present; of a mean of arrivals 0 */
    double kept;  /* share of those present before that the falling level of a closed load leaves */
};

/* Prepares the slots of a load whose users stay for `stay_s` and take `turns` turns; `wanted` must
 * outlive it. False when out of memory; expected_load_free in any case. */
bool expected_load_init(struct expected_load *load, const struct load *wanted, double stay_s,
                        size_t turns);
void expected_load_free(struct expected_load *load);

/* Whether chance has a part in when users arrive. */
bool expected_load_is_drawn(const struct load *wanted);

/* Begins with the first slot. Open model: the arrivals of a region (its name gives the stream) that
 * this seed draws; those of evenly spaced ones do not depend on it. */
void expected_load_draw(struct expected_load *load, const char *region, uint64_t seed);

/* Begins with the first slot of the mean over all seeds. Closed model: every slot has a user; new
 * ones come as fast as the region's part of load.connect_rate (dials a second) lets them. */
void expected_load_mean(struct expected_load *load, double connect_rate);

/* The next slot; false after the last of the load, and when out of memory. */
bool expected_load_next(struct expected_load *load, struct expected_slot *slot);

#endif
