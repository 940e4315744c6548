/* Asks one region's service for an ephemeral client secret. */
#ifndef RUSHHOUR_SERVICE_CLIENT_SECRET_REQUEST_H
#define RUSHHOUR_SERVICE_CLIENT_SECRET_REQUEST_H

#include "net/https.h"
#include "realtime/failure.h"
#include "service/target.h"

enum client_secret_end {
    CLIENT_SECRET_GIVEN,
    CLIENT_SECRET_NO_ANSWER, /* none came, or none that was complete */
    CLIENT_SECRET_REFUSED,   /* another status than 2xx */
    CLIENT_SECRET_MISSING    /* 2xx, and no client secret in it */
};

/* What came of it. Valid during the callback; `value` is wiped after it. */
struct client_secret_result {
    enum client_secret_end end;
    const char *value;  /* NULL unless GIVEN */
    int64_t expires_s;  /* by this machine's clock, s since 1970 UTC */
    int64_t took_ns;    /* all steps together */
    int status;         /* of the answer; 0: none came */
    bool timed_out;     /* NO_ANSWER by a limit of ours */
    const char *detail; /* NO_ANSWER: what the library said; "" when nothing */
    char code[64],
        message[512]; /* of the body of REFUSED, as the service wrote it; "" where absent */
    struct failure_facts refusal; /* REFUSED: what it is classified by; its strings are the above */
    char why[320]; /* in words that quote nothing of the service but a plain code; "" when GIVEN */
};

typedef void client_secret_done(void *user, const struct client_secret_result *result);

struct client_secret_request;

/* Borrowed until the callback. */
struct client_secret_question {
    const struct target *target;
    const char *token; /* in place of the profile's, or NULL: the region's own key or token */
    const char *client_request_id; /* our id of the request; NULL: none is sent */
    const struct timeouts *timeouts;
};

/* Starts the request. ERR_NET or ERR_NOMEM: nothing was started. The request frees itself after the
 * callback, which never comes from within this call. */
MUST_USE enum err_code client_secret_request(uv_loop_t *loop,
                                             const struct client_secret_question *question,
                                             client_secret_done *done, void *user,
                                             struct client_secret_request **out, struct error *err);

/* No callback follows. */
void client_secret_request_abort(struct client_secret_request *request);

#endif
