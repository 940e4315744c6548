/* Who starts when: arrivals and busy slots of one worker, and the pacing of its dials. */
#ifndef RUSHHOUR_ENGINE_DISPATCH_H
#define RUSHHOUR_ENGINE_DISPATCH_H

#include "base/clock.h"
#include "engine/worker.h"

/* Makes the first timers. */
void dispatch_start(struct worker *worker);

/* A virtual user has left: the closed model looks at its level at the next turn of the loop, not
 * only in a while. */
void dispatch_soon(struct worker *worker, uint64_t now_ns);

/* Puts a virtual user into the queue of dials; dispatch calls virtual_user_dial when its place in
 * the pace has come. */
void dispatch_dial(struct worker *worker, struct virtual_user *user, uint64_t now_ns);

/* Takes a virtual user out of the queue of dials, if it stands there. */
void dispatch_forget(struct worker *worker, struct virtual_user *user);

/* Whether the closed model wants nobody in the slot of a virtual user any more. */
bool dispatch_surplus(const struct virtual_user *user, uint64_t now_ns);

/* Open model: starts everyone whose arrival was due by now. */
void dispatch_arrivals(struct worker *worker, uint64_t now_ns);

/* No more arrivals and no new virtual users from now on. */
void dispatch_stop(struct worker *worker);

#endif
