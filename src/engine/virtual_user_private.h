/* Between virtual_user.c and the files beside it. */
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

/* The region of its hedge; the number of regions if none takes load. */
size_t virtual_user_hedge_region(const struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_hedge.c ---- */

/* Its turn was sent: a second attempt begins in time, if the profile wants one. */
void virtual_user_arm_hedge(struct virtual_user *user, uint64_t now_ns);

/* The session of its second attempt is ready. */
void virtual_user_hedge_ready(struct virtual_user *user, uint64_t now_ns);

/* It goes away, and its second attempt with it. */
void virtual_user_end_hedge(struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_hold.c: what became of its attempt in a region, for the hold of that ---- */
void virtual_user_hold_ok(struct virtual_user *user, uint64_t now_ns);
void virtual_user_hold_failed(struct virtual_user *user, size_t region,
                              const struct failure_class *failure, int64_t hint_ns,
                              uint64_t now_ns);
void virtual_user_hold_withdrawn(struct virtual_user *user, uint64_t now_ns);

/* Its try has to wait: counts it, once however often it does. */
void virtual_user_count_held(struct virtual_user *user);

/* An arrival of an open load that has not been dialled yet. */
bool virtual_user_is_new_arrival(const struct virtual_user *user);

/* Counts the interaction of a waiting user who will not go on as failed, if it has had a failed
 * attempt. */
void virtual_user_fail_held(struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_budget.c ---- */

/* Takes what a new session's turn in another region can cost out of the budget and the quota's
 * pace, if there is room at once. */
bool virtual_user_afford_second(struct virtual_user *user, size_t region, struct turn_bound *bound,
                                struct purse_part *reserved, uint64_t now_ns);

/* The budget has no room for another turn, and never will: it goes away. */
void virtual_user_leave_spent(struct virtual_user *user, uint64_t now_ns);

/* What was taken out of the budget for a turn that is not sent now goes back, and it no longer
 * waits for room there. */
void virtual_user_give_back(struct virtual_user *user, uint64_t now_ns);

#endif
