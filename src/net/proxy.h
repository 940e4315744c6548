/* What "http://[user:pass@]host:port" says. Pure. */
#ifndef RUSHHOUR_NET_PROXY_H
#define RUSHHOUR_NET_PROXY_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct proxy {
    char *host; /* a name, or an address without brackets */
    uint16_t port;
    char *login; /* "user:pass@" as written, or "" */
};

/* Takes a proxy apart; what follows the last '@' is the host. login_max bounds its user and password. ERR_NET
 * for what has another form; the message never holds any of it. */
MUST_USE enum err_code proxy_read(const char *text, size_t login_max, struct proxy *out, struct error *err);

/* Wipes the login and frees what proxy_read made. */
void proxy_clear(struct proxy *proxy);

#endif
