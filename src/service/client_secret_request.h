/* Requests an ephemeral client secret from the service of one region. */
#ifndef RUSHHOUR_SERVICE_CLIENT_SECRET_REQUEST_H
#define RUSHHOUR_SERVICE_CLIENT_SECRET_REQUEST_H

#include "net/http.h"
#include "realtime/failure.h"
#include "service/target.h"

enum client_secret_end {
    CLIENT_SECRET_GIVEN,
    CLIENT_SECRET_NO_ANSWER, /* no response, or an incomplete one */
    CLIENT_SECRET_REFUSED,   /* a status other than 2xx */
    CLIENT_SECRET_MISSING    /* 2xx, but without a client secret */
};

/* The result. Valid during the callback; `value` is wiped afterwards. */
struct client_secret_result {
    enum client_secret_end end;
    const char *value;  /* NULL unless GIVEN */
    int64_t expires_s;  /* by this machine's clock, s since 1970 UTC */
    int64_t took_ns;    /* total of all steps */
    int status;         /* of the response; 0 if none came */
    bool timed_out;     /* NO_ANSWER because of our own limit */
    const char *detail; /* NO_ANSWER: the library's message; "" if none */
    char code[64],
        message[512]; /* from the body of REFUSED, as sent by the service; "" if absent */
    struct failure_facts refusal; /* REFUSED: facts for its classification; the strings are the
                                     ones above */
    char why[320]; /* an explanation that quotes nothing from the service except a plain code; ""
                      if GIVEN */
};

typedef void client_secret_done(void *user, const struct client_secret_result *result);

struct client_secret_request;

/* Borrowed until the callback. */
struct client_secret_question {
    const struct target *target;
    const char *token; /* replaces the profile's, or NULL: the region's own key or token */
    const char *client_request_id; /* our id of the request; NULL: not sent */
    const struct timeouts *timeouts;
};

/* Starts the request. ERR_NET or ERR_NOMEM if nothing was started. The request frees itself after
 * the callback, which never comes from within this call. */
MUST_USE enum err_code client_secret_request(uv_loop_t *loop,
                                             const struct client_secret_question *question,
                                             client_secret_done *done, void *user,
                                             struct client_secret_request **out, struct error *err);

/* No callback follows. */
void client_secret_request_abort(struct client_secret_request *request);

#endif
