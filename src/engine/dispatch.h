/* Who starts when: the arrivals and busy slots of one worker, and the pacing of its dials. */
#ifndef RUSHHOUR_ENGINE_DISPATCH_H
#define RUSHHOUR_ENGINE_DISPATCH_H

#include "base/clock.h"
#include "engine/worker.h"

/* Starts the first timers. */
void dispatch_start(struct worker *worker);

/* A virtual user has left: makes the closed model check its level in the next loop iteration
 * instead of later. */
void dispatch_soon(struct worker *worker, uint64_t now_ns);

/* Puts a virtual user into the queue of dials; dispatch calls virtual_user_dial when its turn has
 * come. */
void dispatch_dial(struct worker *worker, struct virtual_user *user, uint64_t now_ns);

/* Removes a virtual user from the queue of dials, if it is in it. */
void dispatch_forget(struct worker *worker, struct virtual_user *user);

/* Whether the closed model no longer wants anyone in the slot of a virtual user. */
bool dispatch_surplus(const struct virtual_user *user, uint64_t now_ns);

/* Open model: starts everyone whose arrival was due by now. */
void dispatch_arrivals(struct worker *worker, uint64_t now_ns);

/* Whether the try of a virtual user that is dialled now is at most HEALTH_DIAL_LATE_NS late. */
bool dispatch_is_in_time(const struct virtual_user *user, uint64_t now_ns);

/* From now on no arrivals and no new virtual users. With `arrived_stay`, those who wait for their
 * first dial and are in time stay; the others will be given up by the caller. */
void dispatch_stop(struct worker *worker, bool arrived_stay, uint64_t now_ns);

#endif
