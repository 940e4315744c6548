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

/* A client certificate (mutual TLS): PEM text, and its origin for messages. Key and passphrase are
 * secrets. */
struct tls_certificate {
    const char *certificate; /* with its chain, the leaf first */
    const char *key;
    const char *passphrase; /* of the key; NULL if it has none */
    const char *certificate_from, *key_from;
};

/* The settings of a TLS connection, apart from the peer's name. */
struct tls_terms {
    const char *ca_file;                       /* trusted roots; NULL for the system's */
    const struct tls_certificate *certificate; /* NULL for none; compared by address */
    bool resume;                               /* the latest session of the same host name */
};

/* Everything a connection needs to know. The connecting code copies the strings, but borrows the
 * client certificate. */
struct http_target {
    const char *host;      /* for SNI, the Host header and the certificate check */
    uint16_t port;         /* for the Host header, and to connect to unless address is set */
    uint16_t address_port; /* used with address */
    bool tls;
    const char *address; /* what to connect to, usually numeric; a name is resolved; NULL:
                            resolve host */
    const char *proxy;   /* "http://[user:pass@]host:port" (HTTP CONNECT, TLS only) or NULL; the
                            environment is ignored */
    struct tls_terms terms;
    const char *target; /* path and query */
    const struct http_header *headers;
    size_t header_count;
};

#endif
