/* Parses "http://[user:pass@]host:port", and writes the request to such a proxy. Pure. */
#ifndef RUSHHOUR_NET_PROXY_H
#define RUSHHOUR_NET_PROXY_H

#include "base/error.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

struct proxy {
    char *host; /* a name, or an address without brackets */
    uint16_t port;
    char *login; /* "user:pass@", percent-decoded, or "" */
};

/* Splits the address of a proxy; what follows the last '@' is the host. login_max limits the length
 * of its user and password. ERR_NET if malformed; the message never contains any of it. */
MUST_USE enum err_code proxy_read(const char *text, size_t login_max, struct proxy *out,
                                  struct error *err);

#define PROXY_LOGIN_MAX 512

/* Appends the request for a tunnel to host and port (RFC 9110, 9.3.6), with the login unless it is
 * "". It is as secret as the login. */
void proxy_question(const char *host, uint16_t port, const char *login, struct text *out);

/* Wipes the login and frees what proxy_read allocated. */
void proxy_clear(struct proxy *proxy);

#endif
