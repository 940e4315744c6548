/* The TLS settings of the client side, and what a failed handshake said before lws forgets it. */
#ifndef RUSHHOUR_NET_CLIENT_TLS_H
#define RUSHHOUR_NET_CLIENT_TLS_H

#include "base/error.h"

#include "net/client_tunnel.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* One OpenSSL context of our own, for one set of trusted roots; lws borrows it. */
struct client_tls {
    struct client_tunnel *tunnel; /* for the next handshake that starts; NULL: none */
    SSL_CTX *context;
    char *ca_file; /* NULL: the system's roots */
};

/* How one connection failed. */
struct client_tls_failure {
    char words[192]; /* OpenSSL's */
    bool peer_left;  /* only the peer's disappearance, no fault of TLS */
};

/* Which roots a context trusts. */
enum client_trust {
    TRUST_NOBODY, /* for plain connections: costs nothing and lets nobody in */
    TRUST_SYSTEM,
    TRUST_FILE
};

/* Verification on, TLS 1.2 or later, no resumption. A ca_file that holds no certificate is ERR_NET
 * with its name. */
MUST_USE enum err_code client_tls_new(enum client_trust trust, const char *ca_file,
                                      struct client_tls **out, struct error *err);
void client_tls_free(struct client_tls *tls);

/* The failure of a connection of such a context; NULL: it has not failed. Lives as long as the
 * connection. */
const struct client_tls_failure *client_tls_failure(const SSL *ssl);

#endif
