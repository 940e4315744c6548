/* Asks one region's service for an ephemeral client secret. */
#ifndef RUSHHOUR_ENGINE_CLIENT_SECRET_REQUEST_H
#define RUSHHOUR_ENGINE_CLIENT_SECRET_REQUEST_H

#include "engine/route.h"
#include "net/https.h"

/* What came of it. Valid during the callback; `value` is wiped after it. */
struct client_secret_result {
    const char *value; /* NULL: it failed, and `why` says how */
    int64_t expires_s; /* by this machine's clock, s since 1970 UTC */
    int status;        /* of the answer; 0: none came */
    char why[320];
};

typedef void client_secret_done(void *user, const struct client_secret_result *result);

struct client_secret_request;

struct client_secret_question {
    const struct route *route;
    const char *token; /* in place of the profile's, or NULL: the region's own key or token */
    const struct timeouts *timeouts;
};

/* Starts the request. ERR_NET or ERR_NOMEM: nothing was started. The request frees itself after the
 * callback. */
MUST_USE enum err_code client_secret_request(uv_loop_t *loop,
                                             const struct client_secret_question *question,
                                             client_secret_done *done, void *user,
                                             struct client_secret_request **out, struct error *err);

/* No callback follows. */
void client_secret_request_abort(struct client_secret_request *request);

#endif
