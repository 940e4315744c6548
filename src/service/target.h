/* Where and how to open a conversation with one region: address, path and query, headers. Prepared
 * once, read by every thread. */
#ifndef RUSHHOUR_SERVICE_TARGET_H
#define RUSHHOUR_SERVICE_TARGET_H

#include "base/error.h"
#include "base/text.h"
#include "net/connect_override.h"
#include "net/http_target.h"
#include "profile/profile.h"
#include "realtime/endpoint.h"

/* The maximum number of headers in a request, including the profile's. */
#define TARGET_HEADERS 64

/* Zero-initialise. Holds secrets: never show it. */
struct target {
    const struct region *region;
    struct text path;            /* with query; may hold a key */
    char *credential;            /* value of the credential header, or NULL (base/secret.h) */
    struct http_header *headers; /* the credential first, if it goes into a header; the profile's
                                    own follow */
    size_t header_count;
    bool key_as_subprotocol;            /* one of them carries a key in Sec-WebSocket-Protocol */
    struct tls_certificate certificate; /* the region's own; empty: none */
    struct http_target where;
};

/* What a target depends on besides its region. All borrowed for the target's lifetime. */
struct target_options {
    const struct connect_override *connect_overrides;
    size_t connect_override_count;
    const char *ca_file; /* replaces the region's; NULL: use the profile's */
    bool tls_resume;     /* a new connection resumes the TLS session of an earlier one */
    /* The credential for the sessions of an ephemeral region; NULL: each opening sets the header.
     * Not kept. */
    const char *client_secret;
};

/* The header that carries the client's own id of a request. */
#define TARGET_REQUEST_ID_HEADER "x-ms-client-request-id"

/* Builds the target of a region whose secrets are loaded. ERR_PROFILE for too many headers, or
 * ERR_NOMEM; there is nothing to free then. */
MUST_USE enum err_code target_init(struct target *target, const struct region *region,
                                   const struct target_options *options, struct error *err);

/* Wipes and frees; a zeroed struct is fine. */
void target_free(struct target *target);

/* The endpoint of a region: with its own key or token, with another token of its own (`token`), or,
 * for sessions, with a client secret. NULL: without. */
struct endpoint target_endpoint(const struct region *region, const char *token,
                                const char *client_secret);

#endif
