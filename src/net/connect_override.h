/* Where a host is reached at another address than its name's: `--connect-to`, and the simulator's
 * listeners. */
#ifndef RUSHHOUR_NET_CONNECT_OVERRIDE_H
#define RUSHHOUR_NET_CONNECT_OVERRIDE_H

#include "base/error.h"
#include "net/http_target.h"

#include <stddef.h>
#include <stdint.h>

/* `--connect-to HOST:PORT=ADDR:PORT`, or where the simulator listens: host and port are reached at
 * another address. */
struct connect_override {
    const char *region; /* borrowed: the only region that takes it; NULL: every region of that
                           host */
    char *host;
    uint16_t port;
    char *address;
    uint16_t address_port;
};

/* Parses the argument of --connect-to; ADDR is numeric, in brackets when IPv6. The strings are the
 * caller's (connect_override_free). */
MUST_USE enum err_code connect_override_parse(const char *argument, struct connect_override *out,
                                              struct error *err);
void connect_override_free(struct connect_override *connect_override);

/* Leads a target astray by the first connect_override that fits its region, host and port; the
 * strings stay the connect_override's. */
void connect_override_take(struct http_target *target, const char *region,
                           const struct connect_override *connect_overrides, size_t count);

#endif
