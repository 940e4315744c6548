/*
 * The pace of dials (load.connect_rate), and beside it what it would be without the dials that
 * replace sessions lost to failures. Retries take places that arrivals wait for, so a failing
 * service makes arrivals late: that is its doing, and neither the profile's nor this machine's. The
 * second pace, in which planned dials alone take places, tells them apart. Pure: times in, times
 * out.
 */
#ifndef RUSHHOUR_ENGINE_PACE_H
#define RUSHHOUR_ENGINE_PACE_H

#include <stdint.h>

struct pace {
    uint64_t gap_ns;          /* between two dials */
    uint64_t next_ns;         /* no dial before then */
    uint64_t planned_next_ns; /* the same, of planned dials alone */
};

/* A time for which dials that could go had to wait for this machine. 0, 0: none. */
struct pace_stall {
    uint64_t from_ns, length_ns;
};

/* Nothing has been dialled yet; rate: dials a second. */
void pace_init(struct pace *pace, double rate);

/* A planned dial (an arrival's, or a rotation's), due at due_ns, is asked for now: when it would go
 * if no dial had been made for a failure. Takes that place. */
uint64_t pace_plan(struct pace *pace, uint64_t due_ns, uint64_t now_ns);

/*
 * A dial, planned or not, goes now, and no earlier than next_ns; it was asked for at asked_ns.
 * Returns the stall that it met: pace_delay tells what it does to the plans.
 */
struct pace_stall pace_take(struct pace *pace, uint64_t due_ns, uint64_t asked_ns, uint64_t now_ns);

/* A stall delays what is planned for its start or later: returns the new time. */
uint64_t pace_delay(const struct pace_stall *stall, uint64_t planned_ns);

#endif
