/* Hosts reached at an address other than their name's: `--connect-to`, and the simulator's
 * listeners. */
#ifndef RUSHHOUR_NET_CONNECT_OVERRIDE_H
#define RUSHHOUR_NET_CONNECT_OVERRIDE_H

#include "base/error.h"
#include "net/http_target.h"

#include <stddef.h>
#include <stdint.h>

/* `--connect-to HOST:PORT=ADDR:PORT`, or a listener of the simulator: where to reach this host and
 * port instead. */
struct connect_override {
    const char *region; /* borrowed: the only region it applies to; NULL: every region with that
                           host */
    char *host;
    uint16_t port;
    char *address;
    uint16_t address_port;
};

/* Parses the argument of --connect-to; ADDR is numeric, in brackets if IPv6. The caller owns the
 * strings (connect_override_free). */
MUST_USE enum err_code connect_override_parse(const char *argument, struct connect_override *out,
                                              struct error *err);
void connect_override_free(struct connect_override *connect_override);

/* Redirects a target by the first connect_override that matches its region, host and port; the
 * strings remain the connect_override's. */
void connect_override_take(struct http_target *target, const char *region,
                           const struct connect_override *connect_overrides, size_t count);

#endif
