/*
 * Whether a worker's loop looked all the time. A timer lets it be seen awake every 10 ms; where it
 * was not for much longer, this machine was paused (SIGSTOP, a frozen virtual machine, no CPU), and
 * what came meanwhile lies unread in its sockets. Pure.
 */
#ifndef RUSHHOUR_ENGINE_ATTENTION_H
#define RUSHHOUR_ENGINE_ATTENTION_H

#include <stdint.h>

#define ATTENTION_PAUSE_NS INT64_C(100000000) /* not seen awake for as long is a pause */

/* Zero-initialise. */
struct attention {
    uint64_t seen_ns; /* when it was last seen awake; 0: never */
};

/* It is awake now. Returns the length of the pause that has just ended, ns; 0 if there was none. */
uint64_t attention_at(struct attention *attention, uint64_t now_ns);

#endif
