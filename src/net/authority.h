/* A certificate authority that lives as long as a simulator: created at start, its key never leaves
 * memory. */
#ifndef RUSHHOUR_NET_AUTHORITY_H
#define RUSHHOUR_NET_AUTHORITY_H

#include "base/error.h"
#include "base/text.h"

struct authority;    /* an ECDSA P-256 root, valid from an hour ago for 30 days */
struct tls_identity; /* a server's key, certificate and TLS settings, for ws_server_listen */

MUST_USE enum err_code authority_new(struct authority **out, struct error *err);
void authority_free(struct authority *authority);

/* Appends the root certificate as PEM, for the clients that are to trust it. */
MUST_USE enum err_code authority_pem(const struct authority *authority, struct text *out,
                                     struct error *err);

/* Issues a leaf for a DNS name or numeric address (also valid for localhost and 127.0.0.1); the
 * caller frees it. */
MUST_USE enum err_code authority_issue(const struct authority *authority, const char *host,
                                       struct tls_identity **out, struct error *err);
/* The one thing that is wrong with a leaf. */
enum leaf_flaw {
    LEAF_SOUND,
    LEAF_UNTRUSTED, /* issued by a separate authority, named like an inspecting proxy */
    LEAF_WRONG_NAME,
    LEAF_EXPIRED,       /* an hour ago */
    LEAF_NOT_YET_VALID, /* valid only from another day */
    LEAF_MUTUAL         /* nothing, but clients must show a certificate of the same authority */
};

/* As authority_issue, with a flaw. */
MUST_USE enum err_code authority_issue_flawed(const struct authority *authority, const char *host,
                                              enum leaf_flaw flaw, struct tls_identity **out,
                                              struct error *err);
void tls_identity_free(struct tls_identity *identity);

/* The OpenSSL context behind an identity, which keeps owning it; a connection that uses it holds
 * its own reference. */
struct ssl_ctx_st *tls_identity_context(const struct tls_identity *identity);

#endif
