/* TLS settings of the client, and what a failed handshake reported before lws forgets it. */
#ifndef RUSHHOUR_NET_CLIENT_TLS_H
#define RUSHHOUR_NET_CLIENT_TLS_H

#include "base/error.h"

#include "net/client_resume.h"
#include "net/client_tunnel.h"
#include "net/http_target.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* The roots that a context trusts. */
enum client_trust {
    TRUST_NOBODY, /* for plain connections: cheap, and every certificate is rejected */
    TRUST_SYSTEM,
    TRUST_FILE
};

/* An OpenSSL context of our own for one set of terms; lws borrows it. */
struct client_tls {
    struct client_tls *next;      /* the owner's list */
    struct client_tunnel *tunnel; /* for the next handshake to start; NULL: none */
    SSL_CTX *context;
    enum client_trust trust;
    char *ca_file;                             /* with TRUST_FILE */
    const struct tls_certificate *certificate; /* borrowed; NULL: no client certificate */
    bool resume;
    struct client_resumes resumes; /* with resume */
};

/* Why a connection failed. */
struct client_tls_failure {
    char words[192]; /* from OpenSSL or the alert */
    bool peer_left;  /* the peer only disappeared; TLS itself did not fail */
    int alert;       /* number of the alert from the peer, in any phase; 0: none */
};

/*
 * Verification on, TLS 1.2 or later, resumption only if the terms ask for it. NULL terms mean
 * TRUST_NOBODY. The certificate in the terms is borrowed for the life of the settings. ERR_NET,
 * naming the file and the fix, for a ca_file without a certificate, or a client certificate or key
 * that cannot be read or opened or does not match.
 */
MUST_USE enum err_code client_tls_new(const struct tls_terms *terms, struct client_tls **out,
                                      struct error *err);

/* Whether the settings match these terms. */
bool client_tls_fits(const struct client_tls *tls, const struct tls_terms *terms);
void client_tls_free(struct client_tls *tls);

/*
 * Gives a context of another owner, libcurl's, the same policy, roots and client certificate, which
 * they share. The owner's info callback calls client_tls_watch. False if out of memory.
 */
MUST_USE bool client_tls_lend(const struct client_tls *tls, SSL_CTX *context);
void client_tls_watch(const SSL *ssl, int where, int value);

/* Why a connection of such a context failed; NULL when it has not. Lives as long as the
 * connection. */
const struct client_tls_failure *client_tls_failure(const SSL *ssl);

/* Whether the peer asked for our certificate, which it does before its own handshake ends. */
bool client_tls_asked(const SSL *ssl);

#endif
