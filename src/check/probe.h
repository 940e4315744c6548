/* One region being checked: shared by check.c, session.c and the steps. Only for check/. */
#ifndef RUSHHOUR_CHECK_PROBE_H
#define RUSHHOUR_CHECK_PROBE_H

#include "check/check.h"
#include "net/http.h"
#include "realtime/failure.h"
#include "service/carriers.h"
#include "service/client_secret_request.h"
#include "service/overdue.h"
#include "service/session.h"
#include "service/skew.h"
#include "service/target.h"

struct probe {
    struct check *check;
    uv_loop_t *loop;
    const struct carriers *carriers; /* the check's */
    const struct profile *profile;
    struct check_region *told;
    bool simulated; /* a service whose clock may run faster than ours */
    struct target target;
    struct http_exchange *exchange; /* NULL here and below: none in progress */
    struct client_secret_request *secret_request;

    /* the session */
    struct conversation *conversation; /* NULL if none */
    struct session session;
    struct event_facts error; /* room for the session's */
    struct timeouts timeouts; /* the profile's, with a close that nobody waits for */
    struct run_clock clock;   /* ours, at the service's speed */
    struct skew skew;         /* of the service's clock against it */
    uv_timer_t timer;         /* the deadline of what is awaited */
    struct overdue overdue;   /* whether it may be judged */
    bool talking;             /* its steps are not over; false: nothing more is judged */
    uint64_t since_ns;        /* when the current step, or its last stage, began; monotonic */
};

/* session.c: dials, and goes through the steps from upgrade to turn; then calls probe_over. */
void session_start(struct probe *probe);

/* session.c: ends whatever is open at once. */
void session_abort(struct probe *probe);

extern const struct transport_handlers session_handlers;

/* check.c: opens the session, or skips it if something that it needs has failed. */
void probe_go_on(struct probe *probe);

/* check.c: continues with a client secret instead of the region's key or token. */
void probe_take_secret(struct probe *probe, const char *client_secret);

/* check.c: the region is done. */
void probe_over(struct probe *probe);

/* check.c: a step has ended. */
void probe_changed(const struct probe *probe);

#endif
