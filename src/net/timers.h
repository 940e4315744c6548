/*
 * Timers on a libuv loop, precise to some ten microseconds: one timerfd and a heap, because libuv's
 * own timers are rounded to milliseconds, which would distort measured and scripted latencies
 * alike.
 */
#ifndef RUSHHOUR_NET_TIMERS_H
#define RUSHHOUR_NET_TIMERS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct timers;
struct timer;

/* Called on the loop's thread when a timer is due; it is then no longer set and may be set
 * again. */
typedef void timer_fn(struct timer *timer, uint64_t now_ns);

/* Embed one in the object it belongs to; zero-initialise and set `fire`. The other fields are the
 * heap's. */
struct timer {
    timer_fn *fire;
    uint64_t due_ns;
    size_t place; /* index in the heap, from 1; 0: not set */
};

MUST_USE enum err_code timers_new(uv_loop_t *loop, struct timers **out, struct error *err);

/* Sets or moves a timer to a monotonic time (past times fire at once). False if out of memory. */
bool timers_set(struct timers *timers, struct timer *timer, uint64_t due_ns);
void timers_cancel(struct timers *timers, struct timer *timer);

/* Drops all timers; none that is set later fires either. */
void timers_stop(struct timers *timers);

/* Drops all timers and closes; memory is freed once the loop has run its close callbacks. */
void timers_close(struct timers *timers);

#endif
