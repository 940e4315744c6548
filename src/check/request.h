/* What is sent to a region: where to, the path and query of the upgrade, its headers. */
#ifndef RUSHHOUR_CHECK_REQUEST_H
#define RUSHHOUR_CHECK_REQUEST_H

#include "base/error.h"
#include "base/text.h"
#include "net/client.h"
#include "profile/profile.h"
#include "realtime/endpoint.h"

/* Zero-initialise to start. Holds secrets: never shown. */
struct check_request {
    struct ws_target where; /* of the upgrade; its strings are the request's and the region's */
    struct text target;
    struct text credential;
    struct ws_header *headers;
};

/* How a region is addressed, with its own key or token, or with a client secret (NULL: none). */
struct endpoint request_endpoint(const struct region *region, const char *client_secret);

/*
 * Builds the upgrade request of a region whose secrets are loaded, with a client secret instead
 * when it is not NULL; client_request_id and ca_file (which replaces the region's when not NULL)
 * are borrowed. ERR_NOMEM.
 */
MUST_USE enum err_code request_make(struct check_request *request, const struct region *region,
                                    const char *client_secret, const char *ca_file,
                                    const char *client_request_id, struct error *err);

/* Wipes and frees. */
void request_free(struct check_request *request);

#endif
