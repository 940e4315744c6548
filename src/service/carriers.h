/* The carriers of one thread: one for each transport that its targets use. */
#ifndef RUSHHOUR_SERVICE_CARRIERS_H
#define RUSHHOUR_SERVICE_CARRIERS_H

#include "service/transport.h"

#define CARRIERS_MOST 8

/* Zero-initialise. */
struct carriers {
    struct carrier *list[CARRIERS_MOST];
    size_t count;
};

/* What the carriers are for. Borrowed: the targets until carriers_open returns, loop and handlers
 * for the carriers' lifetime. */
struct carriers_plan {
    uv_loop_t *loop;
    const struct target *const *targets;
    size_t target_count;
    const struct transport_handlers *handlers;
};

/*
 * Creates the carriers. ERR_NET names a ca_file or client certificate that cannot be used;
 * ERR_NOMEM. Nothing is left open then. Create all carriers of the process before the first
 * conversation.
 */
MUST_USE enum err_code carriers_open(struct carriers *carriers, const struct carriers_plan *plan,
                                     struct error *err);

/* The stamps of all of them together. */
struct receive_stamps carriers_stamps(const struct carriers *carriers);

/* The carrier for a target's transport; NULL if it was not planned for. */
struct carrier *carriers_for(const struct carriers *carriers, const struct target *target);

/* Call it once no conversation is open (abort them first). Runs the loop until their handles are
 * closed. A zeroed struct is fine. */
void carriers_close(struct carriers *carriers);

#endif
