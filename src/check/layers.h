/* What one HTTPS request reveals about the layers below the WebSocket, as steps of the preflight
 * check. Pure. */
#ifndef RUSHHOUR_CHECK_LAYERS_H
#define RUSHHOUR_CHECK_LAYERS_H

#include "check/check.h"

struct layers_view {
    const struct timeouts *timeouts;
    int64_t wall_ns;       /* our time of day when the response came, ns since 1970 UTC */
    unsigned port;         /* the port connected to */
    bool connect_override; /* the address was given, not looked up */
    bool clock_of_its_own; /* a simulated service whose time of day differs from ours */
    bool simulated;        /* certificates and addresses prove nothing */
};

/* Fills in the steps resolve, tcp, tls and https, and their facts. */
void layers_read(struct check_region *told, const struct http_result *result,
                 const struct layers_view *view);

/* Whether a numeric address is not routed on the Internet (RFC 1918, 4193, 3927, 6598,
 * loopback). */
bool layers_is_private(const char *address);

#endif
