/* Where a host is reached at another address than its name's: `--connect-to`, and the simulator's
 * listeners. */
#ifndef RUSHHOUR_NET_DETOUR_H
#define RUSHHOUR_NET_DETOUR_H

#include "base/error.h"
#include "net/client.h"

#include <stddef.h>
#include <stdint.h>

/* `--connect-to HOST:PORT=ADDR:PORT`, or where the simulator listens: host and port are reached at
 * another address. */
struct detour {
    const char *region; /* borrowed: the only region that takes it; NULL: every region of that
                           host */
    char *host;
    uint16_t port;
    char *address;
    uint16_t address_port;
};

/* Parses the argument of --connect-to; ADDR is numeric, in brackets when IPv6. The strings are the
 * caller's (detour_free). */
MUST_USE enum err_code detour_parse(const char *argument, struct detour *out, struct error *err);
void detour_free(struct detour *detour);

/* Leads a target astray by the first detour that fits its region, host and port; the strings stay
 * the detour's. */
void detour_take(struct ws_target *target, const char *region, const struct detour *detours,
                 size_t count);

#endif
