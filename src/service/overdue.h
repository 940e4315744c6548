/*
 * When a deadline that has passed may be judged. A machine that was slow to look finds the deadline
 * passed and the answer in the socket: what came must be read first. So the loop has a turn before,
 * and more of them as long as anything of the service's lies unread.
 */
#ifndef RUSHHOUR_SERVICE_OVERDUE_H
#define RUSHHOUR_SERVICE_OVERDUE_H

#include "service/transport.h"

#include <stdbool.h>
#include <stdint.h>

/* Who sends without end does not keep a deadline from being judged: after this, it is. */
#define OVERDUE_READING_NS (2 * INT64_C(1000000000))

/* Zero-initialise. */
struct overdue {
    uint64_t due_ns, seen_ns; /* the deadline that was last seen to have passed, and when */
};

/* Whether a deadline that has passed may be judged now; if not, ask again after the loop's next
 * turn. conversation: NULL once it has ended. */
bool overdue_may_judge(struct overdue *overdue, uint64_t due_ns,
                       const struct conversation *conversation, uint64_t now_ns);

#endif
