/* One region under check: what check.c, session.c and the steps share. For check/ only. */
#ifndef RUSHHOUR_CHECK_PROBE_H
#define RUSHHOUR_CHECK_PROBE_H

#include "check/check.h"
#include "net/client.h"
#include "net/https.h"
#include "realtime/failure.h"
#include "service/client_secret_request.h"
#include "service/target.h"

struct probe {
    struct check *check;
    uv_loop_t *loop;
    struct ws_client *client; /* the check's */
    const struct profile *profile;
    struct check_region *told;
    struct target target;
    struct https_exchange *exchange; /* NULL: none under way, here and below */
    struct client_secret_request *secret_request;

    /* the session */
    struct ws_conn *conn;        /* NULL: none */
    uv_timer_t timer;            /* the deadline of what is awaited */
    bool talking;                /* the WebSocket's steps are not over */
    bool closing;                /* we end the connection: nothing more is judged */
    enum check_step at;          /* the step under way, from CHECK_UPGRADE on */
    enum ws_step dialled;        /* the step of the dial under way */
    uint64_t since_ns;           /* when the step began, here and below on the monotonic clock */
    uint64_t opened_ns;          /* the 101; 0: not yet */
    struct failure_facts answer; /* what the answer to the upgrade tells of a failure */
    bool created;                /* response.created has come */
    uint64_t heard_ns, delta_ns; /* the last event, the last delta of the turn; 0: none */
    bool has_error;              /* an `error` event came in the turn after its response had
                                    begun */
    struct event_facts error;
};

/* session.c: dials, and goes through the steps upgrade to turn; probe_over follows. */
void session_start(struct probe *probe);

/* session.c: ends at once what is open. */
void session_abort(struct probe *probe);

extern const struct ws_handlers session_handlers;

/* check.c: opens the session, or skips it when something that it needs has failed. */
void probe_go_on(struct probe *probe);

/* check.c: goes on with a client secret instead of the region's key or token. */
void probe_take_secret(struct probe *probe, const char *client_secret);

/* check.c: the region is done. */
void probe_over(struct probe *probe);

/* check.c: some step has ended. */
void probe_changed(const struct probe *probe);

#endif
