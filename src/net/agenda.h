/*
 * Appointments on a libuv loop, exact to some ten microseconds: one timerfd and a heap, because
 * libuv's own timers are rounded to milliseconds, which would show up in measured and in scripted
 * latencies alike.
 */
#ifndef RUSHHOUR_NET_AGENDA_H
#define RUSHHOUR_NET_AGENDA_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct agenda;
struct appointment;

/* Called on the loop's thread when an appointment is due; it is off the agenda already and may be
 * set again. */
typedef void appointment_fn(struct appointment *appointment, uint64_t now_ns);

/* Embed one in what it belongs to; zero-initialise and set `fire`. The other fields are the
 * agenda's. */
struct appointment {
    appointment_fn *fire;
    uint64_t due_ns;
    size_t place; /* in the heap, from 1; 0: not on the agenda */
};

MUST_USE enum err_code agenda_new(uv_loop_t *loop, struct agenda **out, struct error *err);

/* Puts an appointment on the agenda, or moves it, to a monotonic time (past times fire at once).
 * False without memory. */
bool agenda_set(struct agenda *agenda, struct appointment *appointment, uint64_t due_ns);
void agenda_cancel(struct agenda *agenda, struct appointment *appointment);

/* Drops all appointments and closes; memory goes once the loop has run its close callbacks. */
void agenda_close(struct agenda *agenda);

#endif
