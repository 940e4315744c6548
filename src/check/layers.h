/* What one HTTPS request tells of the layers below the WebSocket, as steps of the preflight.
 * Pure. */
#ifndef RUSHHOUR_CHECK_LAYERS_H
#define RUSHHOUR_CHECK_LAYERS_H

#include "check/check.h"

struct layers_view {
    const struct timeouts *timeouts;
    int64_t wall_ns;       /* our time of day when the answer came, ns since 1970 UTC */
    unsigned port;         /* that was connected to */
    bool connect_override; /* the address was given, not looked up */
    bool clock_of_its_own; /* a simulated service whose time of day is not ours */
    bool simulated;        /* certificates and addresses prove nothing */
};

/* Fills in the steps resolve, tcp, tls and https, and the facts that belong to them. */
void layers_read(struct check_region *told, const struct https_result *result,
                 const struct layers_view *view);

/* Whether a numeric address is one that the Internet does not route (RFC 1918, 4193, 3927, 6598,
 * loopback). */
bool layers_is_private(const char *address);

#endif
