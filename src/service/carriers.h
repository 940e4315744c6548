/* The carriers of one thread: one for each transport that its targets are spoken to by. */
#ifndef RUSHHOUR_SERVICE_CARRIERS_H
#define RUSHHOUR_SERVICE_CARRIERS_H

#include "service/transport.h"

#define CARRIERS_MOST 8

/* Zero-initialise to start. */
struct carriers {
    struct carrier *list[CARRIERS_MOST];
    size_t count;
};

/* What the carriers are for. Borrowed: the targets until this returns, loop and handlers as long as
 * the carriers live. */
struct carriers_plan {
    uv_loop_t *loop;
    const struct target *const *targets;
    size_t target_count;
    const struct transport_handlers *handlers;
};

/*
 * Makes them. A ca_file that cannot be read or holds no certificate is ERR_NET with its name;
 * ERR_NOMEM. Nothing is left open then. All carriers of the process come before the first
 * conversation.
 */
MUST_USE enum err_code carriers_open(struct carriers *carriers, const struct carriers_plan *plan,
                                     struct error *err);

/* The carrier of a target's transport; NULL when it was none of those planned for. */
struct carrier *carriers_for(const struct carriers *carriers, const struct target *target);

/* When no conversation is left open (abort them first). Runs the loop until their handles are
 * closed. A zeroed one is fine. */
void carriers_close(struct carriers *carriers);

#endif
