/*
 * Whether a region's load is held back. A wait that the service asks for, and failures that no
 * retry mends, say something of the region and not of the one interaction that met them: until the
 * hold is over nobody asks again, and then one attempt goes first and shows whether the others may
 * follow.
 *
 * Network and service failures hold nothing by themselves: an outage is what a run is there to
 * measure. Pure: (state, failure, time) in, state out.
 *
 * Each worker holds on its own, by what its own attempts were told: nothing is shared in the hot
 * path, no worker waits for another's word, and what it costs is at most one more refused attempt
 * for each further worker.
 */
#ifndef RUSHHOUR_ENGINE_HOLD_H
#define RUSHHOUR_ENGINE_HOLD_H

#include "realtime/failure.h"
#include "record/holds.h"

#include <stdbool.h>
#include <stdint.h>

/* So many failures that no retry mends, without one success between them, begin a hold. */
#define HOLD_STREAK 3
/* How long it lasts, doubled each time that the attempt that goes first fails likewise. */
#define HOLD_FIRST_NS INT64_C(1000000000)
#define HOLD_MOST_NS INT64_C(60000000000)

/* Zero-initialise: nothing is held. */
struct hold {
    bool on;
    bool probing; /* the attempt that goes first is under way */
    enum hold_cause cause;
    const char *code; /* of the failure that it began with; lives for ever */
    uint64_t since_ns, until_ns;
    unsigned streak; /* failures that no retry mends, since the last success */
    unsigned steps;  /* how often HOLD_FIRST_NS was doubled */
    /* what is told of time that was held */
    uint64_t told_ns; /* until when hold_take_ns has told it */
    uint64_t past_ns; /* of holds that are over since then */
};

enum hold_gate {
    GATE_OPEN,
    GATE_PROBE, /* one may go, as the attempt that goes first */
    GATE_SHUT
};

/* Whether an attempt may be sent now. */
enum hold_gate hold_ask(const struct hold *hold, uint64_t now_ns);

/* How long it lasts from now on, at least; a day when it is for good, 0 when nothing is held. */
int64_t hold_left_ns(const struct hold *hold, uint64_t now_ns);

/* The attempt that goes first is sent. */
void hold_begin_probe(struct hold *hold);

/*
 * An attempt failed. hint_ns: the wait that the service asked for, 0 for none; probe: it was the
 * one that goes first. What our own side failed says nothing of the region. Whether a hold has just
 * begun.
 */
bool hold_on_failure(struct hold *hold, const struct failure_class *failure, int64_t hint_ns,
                     bool probe, uint64_t now_ns);

/* An attempt was ok; whether that ended a hold: only the one that goes first does. */
bool hold_on_ok(struct hold *hold, bool probe, uint64_t now_ns);

/* The attempt that went first has gone without an outcome: another one may. */
void hold_on_withdrawn(struct hold *hold);

/* Ends a hold, if there is one that may end: what was held against the region does not hold any
 * more. */
bool hold_lift(struct hold *hold, uint64_t now_ns);

/* Holds the region for good. */
void hold_for_good(struct hold *hold, const char *code, uint64_t now_ns);

/* Ends a hold of whatever kind, since the load is over; false when there is none. */
bool hold_close(struct hold *hold, uint64_t now_ns);

/* How much of the time since the last call (or since from_ns, if that is later) was held, until
 * now. */
uint64_t hold_take_ns(struct hold *hold, uint64_t from_ns, uint64_t now_ns);

#endif
