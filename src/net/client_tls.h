/* The TLS settings of the client side, and what a failed handshake said before lws forgets it. */
#ifndef RUSHHOUR_NET_CLIENT_TLS_H
#define RUSHHOUR_NET_CLIENT_TLS_H

#include "base/error.h"

#include "net/client_tunnel.h"
#include "net/http_target.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* Which roots a context trusts. */
enum client_trust {
    TRUST_NOBODY, /* for plain connections: costs nothing and lets nobody in */
    TRUST_SYSTEM,
    TRUST_FILE
};

/* One OpenSSL context of our own, for one set of terms; lws borrows it. */
struct client_tls {
    struct client_tls *next;      /* the owner's list */
    struct client_tunnel *tunnel; /* for the next handshake that starts; NULL: none */
    SSL_CTX *context;
    enum client_trust trust;
    char *ca_file;                             /* with TRUST_FILE */
    const struct tls_certificate *certificate; /* borrowed; NULL: none is shown */
};

/* How one connection failed. */
struct client_tls_failure {
    char words[192]; /* OpenSSL's, or the alert's */
    bool peer_left;  /* only the peer's disappearance, no fault of TLS */
    int alert;       /* number of the one that the peer sent, in whichever phase; 0: none */
};

/*
 * Verification on, TLS 1.2 or later, no resumption. terms NULL: TRUST_NOBODY. The terms'
 * certificate is borrowed as long as the settings live. ERR_NET, with name and mend: a ca_file that
 * holds no certificate; a client certificate or key that cannot be read, opened or does not fit.
 */
MUST_USE enum err_code client_tls_new(const struct tls_terms *terms, struct client_tls **out,
                                      struct error *err);

/* Whether settings are for these terms. */
bool client_tls_fits(const struct client_tls *tls, const struct tls_terms *terms);
void client_tls_free(struct client_tls *tls);

/* The failure of a connection of such a context; NULL: it has not failed. Lives as long as the
 * connection. */
const struct client_tls_failure *client_tls_failure(const SSL *ssl);

/* Whether the peer has asked for our certificate, which it does before its own handshake ends. */
bool client_tls_asked(const SSL *ssl);

#endif
