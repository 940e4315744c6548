/* Between virtual_user.c, virtual_user_hold.c and virtual_user_place.c. */
#ifndef RUSHHOUR_ENGINE_VIRTUAL_USER_PRIVATE_H
#define RUSHHOUR_ENGINE_VIRTUAL_USER_PRIVATE_H

#include "engine/virtual_user.h"

/* ---- virtual_user.c ---- */

/* It continues (or leaves) without its session; the caller takes care of the session's end. */
struct driver *virtual_user_let_go(struct virtual_user *user);

/* Its next try is due then. */
void virtual_user_schedule(struct virtual_user *user, uint64_t due_ns, uint64_t now_ns);

/* What it says in its current interaction. */
const char *virtual_user_prompt(const struct virtual_user *user);

/* Goes away, its session too. */
void virtual_user_retire(struct virtual_user *user, uint64_t now_ns);

/* Goes on to the next interaction without another try of this one. */
void virtual_user_skip(struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_place.c ---- */

/* The region that its attempt of this number would go to now; avoids: it leaves the one of its last
 * failure, if another one takes load. */
size_t virtual_user_region(const struct virtual_user *user, uint64_t attempt, bool avoids,
                           uint64_t now_ns);

/* Before a turn that is due at_ns, the first try of its interaction or not: closes the session if
 * the profile wants it replaced by then, or if the service will end it. */
void virtual_user_rotate(struct virtual_user *user, bool first, uint64_t at_ns, uint64_t now_ns);

/* ---- virtual_user_hold.c: what became of its attempt, for the hold of its region ---- */
void virtual_user_hold_ok(struct virtual_user *user, uint64_t now_ns);
void virtual_user_hold_failed(struct virtual_user *user, const struct failure_class *failure,
                              int64_t hint_ns, uint64_t now_ns);
void virtual_user_hold_withdrawn(struct virtual_user *user, uint64_t now_ns);

/* An arrival of an open load that has not been dialled yet. */
bool virtual_user_is_new_arrival(const struct virtual_user *user);

/* Counts the interaction of a waiting user who will not go on as failed, if it has had a failed
 * attempt. */
void virtual_user_fail_held(struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_budget.c ---- */

/* The budget has no room for another turn, and never will: it goes away. */
void virtual_user_leave_spent(struct virtual_user *user, uint64_t now_ns);

/* What was taken out of the budget for a turn that is not sent now goes back, and it no longer
 * waits for room there. */
void virtual_user_give_back(struct virtual_user *user, uint64_t now_ns);

#endif
