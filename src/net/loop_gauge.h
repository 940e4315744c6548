/* How late an event loop is: a timer every 10 ms with a known due time. */
#ifndef RUSHHOUR_NET_LOOP_GAUGE_H
#define RUSHHOUR_NET_LOOP_GAUGE_H

#include "net/timers.h"

#define LOOP_GAUGE_EVERY_NS UINT64_C(10000000)

/* Due times that came, and those of them that were met later than its owner allows. */
struct loop_turns {
    uint64_t all, late;
};

/* What has come since *counted, which becomes as much. A count that has shrunk adds nothing: turns
 * taken for late while they could not be told may turn out to have been in time. */
struct loop_turns loop_turns_since(const struct loop_turns *now, struct loop_turns *counted);

/* Zero-initialise and set `turn`. The other fields are the gauge's. */
struct loop_gauge {
    /* Called for every due time that has come, with how late it was met. A blocked loop misses
     * several: each is reported, or one long stall would look like a single late turn. */
    void (*turn)(struct loop_gauge *gauge, uint64_t now_ns, int64_t late_ns);
    struct timer timer;
    struct timers *timers;
    uint64_t due_ns;
};

/* The first due time is from_ns (monotonic). False if out of memory. */
bool loop_gauge_start(struct loop_gauge *gauge, struct timers *timers, uint64_t from_ns);

/* Does nothing if it was not started. */
void loop_gauge_stop(struct loop_gauge *gauge);

#endif
