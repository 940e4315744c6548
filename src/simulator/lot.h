/*
 * What is left to chance, drawn by lot: a number of a lot depends on the seed and on what the lot
 * belongs to, a connection or a response, and on nothing that was drawn before. So neither the
 * order in which connections come nor what others draw changes it.
 */
#ifndef RUSHHOUR_SIMULATOR_LOT_H
#define RUSHHOUR_SIMULATOR_LOT_H

#include "base/random.h"

#include <stdint.h>

struct lot {
    uint64_t key;
};

/* What a lot draws, beside the faults, whose numbers are far from these. */
enum lot_draw {
    LOT_PREAMBLE,
    LOT_STRIKE_DELTA,
    LOT_UPGRADE,
    LOT_SESSION,
    LOT_CREATED,
    LOT_FIRST_OUTPUT,
    LOT_ANSWER,
    LOT_CONFIGURE = 1 << 20, /* and one more for each session.update */
    LOT_DELTA = 1 << 24      /* and one more for each delta */
};

/* The lot of a part with this number; parts of one lot are independent of each other and of it. */
struct lot lot_part(struct lot lot, uint64_t number);

/* The same by a name, such as an id. */
struct lot lot_named(struct lot lot, const char *name);

/* The stream of one draw: the same at every call. */
struct random lot_stream(struct lot lot, uint64_t draw);

/* Uniform in [0, 1). */
double lot_unit(struct lot lot, uint64_t draw);

#endif
