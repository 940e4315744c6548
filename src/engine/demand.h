/*
 * Who arrives: one worker's share of the arrivals of an open load, or of the slots of a closed one.
 * It knows nothing about regions: routing.h decides which of them takes an attempt. Pure: the run's
 * own elapsed time in, numbers of the plan out.
 */
#ifndef RUSHHOUR_ENGINE_DEMAND_H
#define RUSHHOUR_ENGINE_DEMAND_H

#include "engine/pacer.h"
#include "engine/shard.h"
#include "profile/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One stream of virtual users. With routing `each`, every region has its own. */
struct demand {
    const struct load *load; /* borrowed */
    struct lane lane;        /* the worker's part of the plan */
    uint64_t stream;         /* of random numbers; virtual users use the streams after it */
    uint64_t present;        /* virtual users currently present */
    /* Open model. */
    struct arrivals arrivals;
    bool arrivals_left;
    uint64_t next_number; /* of the next arrival due */
    int64_t next_due_ns;  /* since the start of the load, by the run's own clock */
    uint64_t stays;       /* virtual users who left without having met a failure */
    double stay_ns;       /* how long they stayed on average, by the run's own clock */
    /* Closed model: the worker's slots, in the order in which the level uses them. */
    char *taken;      /* 1: it has a virtual user */
    uint32_t *rounds; /* how many it has had so far */
    size_t slot_count;
};

/* Initialises the demand of a load for one of its lanes. False when out of memory; call demand_free
 * in any case. */
bool demand_init(struct demand *demand, const struct load *load, const struct lane *lane,
                 uint64_t seed, uint64_t stream);
void demand_free(struct demand *demand);

/* Open model: goes on to the next arrival. */
void demand_next_arrival(struct demand *demand);

/* Open model: whether another may join those present (load.max_sessions). */
bool demand_has_room(const struct demand *demand);

/* A virtual user who met no failure has left, after so long by the run's own clock. */
void demand_stayed(struct demand *demand, int64_t ns);

/*
 * Open model: whether arrivals at this time would have room had nothing failed, so far as is known:
 * by Little's law so many would be present as arrive in the time that one without a failure stays.
 * False while nobody has stayed.
 */
bool demand_would_have_room(const struct demand *demand, int64_t elapsed_ns);

/* Closed model: how many of the worker's slots should be busy at a time; always the first ones. */
size_t demand_wanted(const struct demand *demand, int64_t elapsed_ns);

/* Closed model: the first empty slot among the wanted ones; false if all are taken. */
bool demand_vacant(const struct demand *demand, size_t wanted, size_t *slot);

/* Closed model: whether a slot beyond the wanted ones is taken. */
bool demand_has_surplus(const struct demand *demand, size_t wanted);

/* A virtual user has arrived, or left; slot is for the closed model. */
void demand_enter(struct demand *demand, size_t slot);
void demand_leave(struct demand *demand, size_t slot);

#endif
