/* Where an HTTP request goes and with which headers, be it a plain request or a WebSocket
 * upgrade. */
#ifndef RUSHHOUR_NET_HTTP_TARGET_H
#define RUSHHOUR_NET_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_header {
    const char *name; /* as sent, or in lower case as received */
    const char *value;
};

/* Everything a connection needs to know. The connecting code copies the strings. */
struct http_target {
    const char *host;      /* for SNI, the Host header and the certificate check */
    uint16_t port;         /* for the Host header, and to connect to unless address is set */
    uint16_t address_port; /* used with address */
    bool tls;
    const char *address; /* what to connect to, usually numeric; a name is resolved; NULL:
                            resolve host */
    const char *proxy;   /* "http://[user:pass@]host:port" (HTTP CONNECT, TLS only) or NULL; the
                            environment is ignored */
    const char *ca_file; /* trusted roots; NULL for the system's. For a WebSocket, one of those
                            given to ws_client_new */
    const char *target;  /* path and query */
    const struct http_header *headers;
    size_t header_count;
};

#endif
