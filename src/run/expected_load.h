/* When the virtual users of one region will arrive, in slots of time: the arrivals that the seed
 * draws, their mean, or the slots of a closed load. Pure. */
#ifndef RUSHHOUR_RUN_EXPECTED_LOAD_H
#define RUSHHOUR_RUN_EXPECTED_LOAD_H

#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct expected_load {
    double slot_s; /* length of a slot */
    size_t count;
    double *starts; /* users who arrive in each slot */
};

/* Makes the slots of a load, all empty. False when out of memory; expected_load_free in any
 * case. */
bool expected_load_init(struct expected_load *load, const struct load *wanted);
void expected_load_free(struct expected_load *load);

/* Whether chance has a part in when users arrive. */
bool expected_load_is_drawn(const struct load *wanted);

/* Open model: the arrivals of a region (its name gives the stream) that this seed draws; those of
 * evenly spaced ones do not depend on it. */
void expected_load_draw(struct expected_load *load, const struct load *wanted, const char *region,
                        uint64_t seed);

/* The mean over all seeds. Closed model: every slot has a user, who stays for `stay_s`; new ones
 * come as fast as the region's part of load.connect_rate (dials a second) lets them. */
void expected_load_mean(struct expected_load *load, const struct load *wanted, double stay_s,
                        double connect_rate);

#endif
