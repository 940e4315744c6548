/* Between virtual_user.c and virtual_user_hold.c. */
#ifndef RUSHHOUR_ENGINE_VIRTUAL_USER_PRIVATE_H
#define RUSHHOUR_ENGINE_VIRTUAL_USER_PRIVATE_H

#include "engine/virtual_user.h"

/* ---- virtual_user.c ---- */

/* Its next try is due then. */
void virtual_user_schedule(struct virtual_user *user, uint64_t due_ns, uint64_t now_ns);

/* Goes away, its session too. */
void virtual_user_retire(struct virtual_user *user, uint64_t now_ns);

/* Goes on to the next interaction without another try of this one. */
void virtual_user_skip(struct virtual_user *user, uint64_t now_ns);

/* ---- virtual_user_hold.c: what became of its attempt, for the hold of its region ---- */
void virtual_user_hold_ok(struct virtual_user *user, uint64_t now_ns);
void virtual_user_hold_failed(struct virtual_user *user, const struct failure_class *failure,
                              int64_t hint_ns, uint64_t now_ns);
void virtual_user_hold_withdrawn(struct virtual_user *user, uint64_t now_ns);

/* Counts the interaction of a waiting user who will not go on as failed, if it has had a failed
 * attempt. */
void virtual_user_fail_held(struct virtual_user *user, uint64_t now_ns);

#endif
