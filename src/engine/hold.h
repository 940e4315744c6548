/*
 * Whether a region's load is held back. A wait that the service asks for, and failures that no
 * retry can cure, concern the region and not just the interaction that met them: no attempt is sent
 * until the hold is over, and then a single one goes first to see whether the others may follow.
 *
 * Network and service failures do not hold a region by themselves: an outage is what a run is meant
 * to measure. Only a breaker (breaker.h), where the profile asks for one, holds it for them. Pure:
 * (state, failure, time) in, state out.
 *
 * Each worker holds on its own, by the answers that its own attempts got. Nothing is shared in the
 * hot path, and no worker depends on another; the price is at most one more refused attempt per
 * worker.
 */
#ifndef RUSHHOUR_ENGINE_HOLD_H
#define RUSHHOUR_ENGINE_HOLD_H

#include "realtime/failure.h"
#include "record/holds.h"

#include <stdbool.h>
#include <stdint.h>

/* This many failures that no retry can cure, with no success in between, start a hold. */
#define HOLD_STREAK 3
/* Its length by the run's clock, doubled each time the attempt that goes first fails in the same
 * way. */
#define HOLD_FIRST_NS INT64_C(1000000000)
#define HOLD_MOST_NS INT64_C(60000000000)

/* Zero-initialise: nothing is held. */
struct hold {
    double speed; /* of the run's clock; 0: 1 */
    bool on;
    bool probing; /* the attempt that goes first is under way */
    bool tripped; /* the region's breaker is open: the hold lasts at least until it closes */
    enum hold_cause cause;
    const char *code; /* of the failure that started it; static */
    uint64_t since_ns, until_ns;
    unsigned streak; /* failures that no retry can cure, since the last success */
    unsigned steps;  /* how often HOLD_FIRST_NS was doubled */
    /* for hold_take_ns */
    uint64_t told_ns; /* up to when held time was reported */
    uint64_t past_ns; /* of holds that ended since then */
};

enum hold_gate {
    GATE_OPEN,
    GATE_PROBE, /* one may go, as the attempt that goes first */
    GATE_SHUT
};

/* Whether an attempt may be sent now. */
enum hold_gate hold_ask(const struct hold *hold, uint64_t now_ns);

/* How much longer it lasts at least: a day if it is for good, 0 if nothing is held. */
int64_t hold_left_ns(const struct hold *hold, uint64_t now_ns);

/* The attempt that goes first is sent. */
void hold_begin_probe(struct hold *hold);

/*
 * An attempt failed. hint_ns: the wait that the service asked for, 0 for none; probe: it was the
 * one that went first. Failures on our own side say nothing about the region. Returns whether a
 * hold has just begun.
 */
bool hold_on_failure(struct hold *hold, const struct failure_class *failure, int64_t hint_ns,
                     bool probe, uint64_t now_ns);

/* An attempt was ok. Returns whether that ended a hold; only the one that went first can. */
bool hold_on_ok(struct hold *hold, bool probe, uint64_t now_ns);

/* Its breaker opened, or did so again, and stays open until then. code: of the last failure,
 * static. Returns whether a hold has just begun. */
bool hold_trip(struct hold *hold, const char *code, uint64_t until_ns, uint64_t now_ns);

/* Its breaker closed. Returns whether that ended a hold. */
bool hold_close_breaker(struct hold *hold, uint64_t now_ns);

/* The attempt that went first ended without an outcome: another one may go. */
void hold_on_withdrawn(struct hold *hold);

/* Ends a hold whose reason no longer applies. False if there is none, if it is permanent, or if a
 * breaker is open. */
bool hold_lift(struct hold *hold, uint64_t now_ns);

/* Holds the region for good. */
void hold_for_good(struct hold *hold, const char *code, uint64_t now_ns);

/* Begins a hold for our own reasons (HOLD_BUDGET, HOLD_PACE); it ends by hold_close alone. */
void hold_for_us(struct hold *hold, enum hold_cause cause, uint64_t now_ns);

/* Ends any hold, since the load is over; false if there is none. */
bool hold_close(struct hold *hold, uint64_t now_ns);

/* How much of the time since the last call, or since from_ns if that is later, was held. */
uint64_t hold_take_ns(struct hold *hold, uint64_t from_ns, uint64_t now_ns);

#endif
