/*
 * The client side of the network seam: WebSockets over TLS on a libuv loop, by libwebsockets.
 * connect, send and close go in; step, open, message and closed events come out. All calls belong
 * to the loop's thread. Nothing is decided here: callbacks only translate.
 */
#ifndef RUSHHOUR_NET_CLIENT_H
#define RUSHHOUR_NET_CLIENT_H

#include "base/error.h"
#include "net/http_target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct ws_client; /* one per worker thread: an lws context on that worker's loop, a resolver with a
                     cache */
struct ws_conn;   /* one WebSocket; valid until its on_closed returns */

/* The steps of a dial, in order, each reported once when complete. Through a proxy, CONNECTED means
 * that the tunnel is established. */
enum ws_step { WS_STEP_RESOLVED, WS_STEP_CONNECTED, WS_STEP_TLS, WS_STEP_UPGRADED };

/* The response to the upgrade, accepted or refused. Valid during the callback. Cookies are
 * omitted. */
struct ws_response {
    int status;
    const struct http_header *headers; /* names in lower case */
    size_t header_count;
    const char *body; /* of a refusal, at most 64 KiB; NUL-terminated; "" if none */
    size_t body_length;
};

/* How a connection ended, as observed and without judgement. */
struct ws_end {
    bool opened;       /* the upgrade had succeeded */
    bool by_us;        /* we asked for it (ws_close, ws_abort) */
    int steps_done;    /* how many of enum ws_step were reported */
    int local_error;   /* errno of a local limit: EMFILE, EADDRNOTAVAIL ... or 0; EMSGSIZE: a
                          message over the limit, or the budget for all (net/budget.h) */
    int resolve_error; /* EAI_ code (netdb.h), or 0 */
    int os_error;      /* errno of the socket: ECONNREFUSED, ECONNRESET ... or 0 (without a Close:
                          EOF) */
    bool tls_failed;
    long tls_verify_error;    /* X509_V_ERR_ number; 0 if the certificate was good or not seen */
    int tls_alert;            /* number of the alert with which the peer ended TLS, in any step; 0
                                 if none came */
    bool certificate_asked;   /* the peer asked for a client certificate */
    bool certificate_given;   /* and we sent one */
    int proxy_status;         /* HTTP status of a proxy that refused CONNECT, or 0 */
    int http_status;          /* of the response to the upgrade: 101, a refusal, or 0 if none
                                 came */
    int close_code;           /* of the peer's Close frame; 0 if none came */
    const char *close_reason; /* "" if none */
    bool protocol_violation;
    bool head_too_long; /* the response to the upgrade has a longer head than we accept: our limit,
                           not the peer's fault */
    const char *detail; /* the library's message, kept as evidence; "" if none */
};

/*
 * Callbacks of the owner; user is what was passed to ws_connect. on_closed comes exactly once for
 * each successful ws_connect, always after ws_connect has returned, and is the last call. at_ns:
 * clock_mono_ns when the bytes had been read; of a message, when its last byte had arrived in the
 * kernel, if that is known, but not before anything that was told or sent earlier. Messages that
 * came with one read share its time.
 */
struct ws_handlers {
    void (*on_step)(void *user, enum ws_step step, uint64_t at_ns);
    void (*on_open)(void *user, const struct ws_response *response, uint64_t at_ns);
    /* on_closed follows */
    void (*on_refused)(void *user, const struct ws_response *response, uint64_t at_ns);
    void (*on_message)(void *user, const char *data, size_t length, bool is_text,
                       uint64_t at_ns); /* whole messages */
    void (*on_closed)(void *user, const struct ws_end *end, uint64_t at_ns);
};

/* Process-wide set-up (log level, environment of lws); call once from the main thread before making
 * the first client. */
void ws_global_init(void);

/*
 * Creates a client on a loop. terms: those of its targets, so that an unusable file or certificate
 * is found at once (errors as for client_tls_new); other terms are loaded on first use. Create all
 * clients of the process before the first connect.
 */
MUST_USE enum err_code ws_client_new(uv_loop_t *loop, const struct tls_terms *terms, size_t count,
                                     const struct ws_handlers *handlers, struct ws_client **out,
                                     struct error *err);

/* Destroys the client; no connection may be left open (abort them first). Runs the loop until its
 * own handles are closed; the loop remains the caller's. */
void ws_client_free(struct ws_client *client);

/* How many reads of open connections got their time from where. */
struct ws_stamps {
    uint64_t kernel, loop; /* the kernel's receive stamp; the clock at the read */
    bool loop_last;        /* that of the read under way, or of the last one: the latter */
    uint64_t behind_ns;    /* since when (monotonic) more sockets are ready than a turn of the loop
                              reads; 0: all that was ready has been read */
};

struct ws_stamps ws_client_stamps(const struct ws_client *client);

/* Starts a dial. ERR_NOMEM or ERR_NET if nothing was started; no callback follows then. */
MUST_USE enum err_code ws_connect(struct ws_client *client, const struct http_target *target,
                                  void *user, struct ws_conn **out, struct error *err);

/* Queues one text message (copied). False if the connection is closing or memory ran out. */
bool ws_send(struct ws_conn *conn, const char *text, size_t length);

/* Bytes queued but not yet handed to the kernel. */
size_t ws_queued(const struct ws_conn *conn);

/* Whether anything that the peer sent has arrived and was not read yet. */
bool ws_unread(const struct ws_conn *conn);

/* The numeric address it connects to (the proxy's, if there is one); "" before the name is
 * resolved. */
const char *ws_address(const struct ws_conn *conn);

/* Sends a Close frame (1000) and ends once the peer answers; on_closed follows. Bound the wait with
 * a deadline and ws_abort. */
void ws_close(struct ws_conn *conn);

/* Ends immediately without a closing handshake, in any state; on_closed follows. */
void ws_abort(struct ws_conn *conn);

#endif
