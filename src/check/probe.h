/* One region under check: what check.c, session.c and the steps share. For check/ only. */
#ifndef RUSHHOUR_CHECK_PROBE_H
#define RUSHHOUR_CHECK_PROBE_H

#include "check/check.h"
#include "net/https.h"
#include "realtime/failure.h"
#include "service/carriers.h"
#include "service/client_secret_request.h"
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
    struct https_exchange *exchange; /* NULL: none under way, here and below */
    struct client_secret_request *secret_request;

    /* the session */
    struct conversation *conversation; /* NULL: none */
    struct session session;
    struct timeouts timeouts; /* the profile's, with a close that nobody waits for */
    struct run_clock clock;   /* ours, as fast as the service's */
    struct skew skew;         /* of the service's against it */
    uv_timer_t timer;         /* the deadline of what is awaited */
    bool talking;             /* its steps are not over; false: nothing more is judged */
    uint64_t since_ns;        /* when the step under way began, or its last stage; monotonic */
};

/* session.c: dials, and goes through the steps upgrade to turn; probe_over follows. */
void session_start(struct probe *probe);

/* session.c: ends at once what is open. */
void session_abort(struct probe *probe);

extern const struct transport_handlers session_handlers;

/* check.c: opens the session, or skips it when something that it needs has failed. */
void probe_go_on(struct probe *probe);

/* check.c: goes on with a client secret instead of the region's key or token. */
void probe_take_secret(struct probe *probe, const char *client_secret);

/* check.c: the region is done. */
void probe_over(struct probe *probe);

/* check.c: some step has ended. */
void probe_changed(const struct probe *probe);

#endif
