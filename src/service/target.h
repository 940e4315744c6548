/* Where and how one region is asked for a conversation: address, path and query, headers. Prepared
 * once, read by every thread. */
#ifndef RUSHHOUR_SERVICE_TARGET_H
#define RUSHHOUR_SERVICE_TARGET_H

#include "base/error.h"
#include "base/text.h"
#include "net/connect_override.h"
#include "net/http_target.h"
#include "profile/profile.h"
#include "realtime/endpoint.h"

/* Headers of a request that we set at most, the profile's included. */
#define TARGET_HEADERS 64

/* Zero-initialise to start. Holds secrets: never shown. */
struct target {
    const struct region *region;
    struct text path;            /* and query; may hold a key */
    char *credential;            /* value of the credential header, or NULL (base/secret.h) */
    struct http_header *headers; /* the credential, when there is a header for it, comes first; the
                                    profile's own follow */
    size_t header_count;
    bool key_as_subprotocol; /* one of them carries a key in Sec-WebSocket-Protocol */
    struct http_target where;
};

/* What a target depends on beside its region. All borrowed, as long as the target lives. */
struct target_options {
    const struct connect_override *connect_overrides;
    size_t connect_override_count;
    const char *ca_file; /* replaces the region's; NULL: as the profile says */
    /* What opens the sessions of an ephemeral region; NULL: it takes the header's place with each
     * opening. Not kept. */
    const char *client_secret;
};

/* The header that carries the client's own id of a request. */
#define TARGET_REQUEST_ID_HEADER "x-ms-client-request-id"

/*
 * Builds the target of a region whose secrets are loaded. ERR_PROFILE: too many headers; ERR_NOMEM:
 * there is nothing to free then.
 */
MUST_USE enum err_code target_init(struct target *target, const struct region *region,
                                   const struct target_options *options, struct error *err);

/* Wipes and frees; a zeroed one is fine. */
void target_free(struct target *target);

/*
 * How a region is addressed: with its own key or token, with another token of its own (`token`),
 * or, for sessions, with a client secret. NULL: none of these.
 */
struct endpoint target_endpoint(const struct region *region, const char *token,
                                const char *client_secret);

#endif
