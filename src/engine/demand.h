/*
 * Who is to come: the arrivals of an open load, or the slots of a closed one, as they are dealt to
 * one worker. Knows nothing of regions: which of them takes an attempt is routing.h's to say. Pure:
 * the run's own elapsed time in, numbers of the plan out.
 */
#ifndef RUSHHOUR_ENGINE_DEMAND_H
#define RUSHHOUR_ENGINE_DEMAND_H

#include "engine/pacer.h"
#include "engine/shard.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One stream of virtual users. With the routing `each` every region has one of its own. */
struct demand {
    const struct load *load; /* borrowed */
    struct lane lane;        /* what of the plan is the worker's part */
    uint64_t stream;         /* of random numbers; virtual users draw from those behind it */
    uint64_t present;        /* virtual users that are there now */
    /* Open model. */
    struct arrivals arrivals;
    bool arrivals_left;
    uint64_t next_number; /* of the arrival that is due next */
    int64_t next_due_ns;  /* since the start of the load, of the run's own clock */
    /* Closed model: the worker's slots, in the order in which the level asks for them. */
    char *taken;      /* 1: a virtual user is in it */
    uint32_t *rounds; /* how many were in it so far */
    size_t slot_count;
};

/* Readies the demand of a load for one lane of it. False without memory; demand_free in any
 * case. */
bool demand_init(struct demand *demand, const struct load *load, const struct lane *lane,
                 uint64_t seed, uint64_t stream);
void demand_free(struct demand *demand);

/* Open model: goes on to the next arrival. */
void demand_next_arrival(struct demand *demand);

/* Open model: whether one more may come beside those present (load.max_sessions). */
bool demand_has_room(const struct demand *demand);

/* Closed model: how many of the worker's slots are to be busy at a time: always the first ones. */
size_t demand_wanted(const struct demand *demand, int64_t elapsed_ns);

/* Closed model: the first empty slot of the wanted ones; false when all are taken. */
bool demand_vacant(const struct demand *demand, size_t wanted, size_t *slot);

/* Closed model: whether a slot beyond the wanted ones is taken. */
bool demand_has_surplus(const struct demand *demand, size_t wanted);

/* A virtual user has come, or gone; slot is of the closed model. */
void demand_enter(struct demand *demand, size_t slot);
void demand_leave(struct demand *demand, size_t slot);

#endif
