/* Where an HTTP request goes and with which headers: a plain one, or one that asks for a
 * WebSocket. */
#ifndef RUSHHOUR_NET_HTTP_TARGET_H
#define RUSHHOUR_NET_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_header {
    const char *name; /* as to be sent, or lower case as received */
    const char *value;
};

/* Everything that a connection needs to know. Strings are copied by whoever connects. */
struct http_target {
    const char *host;      /* SNI, Host header and certificate check go by this name */
    uint16_t port;         /* of the Host header, and to connect to unless address is given */
    uint16_t address_port; /* with address */
    bool tls;
    const char *address; /* what to connect to, mostly numeric; a name is resolved; NULL: resolve
                            host */
    const char *proxy;   /* "http://[user:pass@]host:port" (HTTP CONNECT, TLS only) or NULL; no
                            environment */
    const char *ca_file; /* of the roots; NULL for the system's. For a WebSocket one of those given
                            to ws_client_new */
    const char *target;  /* path and query */
    const struct http_header *headers;
    size_t header_count;
};

#endif
