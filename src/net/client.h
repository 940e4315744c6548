/*
 * The client side of the seam: WebSockets over TLS on a libuv loop, by libwebsockets. connect,
 * send, close go in; steps, open, message, closed come out. All calls belong to the loop's thread.
 * Nothing here decides: callbacks only translate.
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

/* The steps of a dial, in order, each reported once when it is done. Through a proxy, CONNECTED
 * means that its tunnel stands. */
enum ws_step { WS_STEP_RESOLVED, WS_STEP_CONNECTED, WS_STEP_TLS, WS_STEP_UPGRADED };

/* The response to the upgrade, accepted or refused. Valid during the callback. Cookies are left
 * out. */
struct ws_response {
    int status;
    const struct http_header *headers; /* names in lower case */
    size_t header_count;
    const char *body; /* of a refusal, at most 4 KiB; NUL-terminated; "" when none */
    size_t body_length;
};

/* How a connection ended: what was observed, without a judgement. */
struct ws_end {
    bool opened;       /* the upgrade had succeeded */
    bool by_us;        /* we asked for it (ws_close, ws_abort) */
    int steps_done;    /* how many of enum ws_step were reported */
    int local_error;   /* errno of our own limits: EMFILE, EADDRNOTAVAIL ... or 0 */
    int resolve_error; /* EAI_ code (netdb.h), or 0 */
    int os_error;      /* errno of the socket: ECONNREFUSED, ECONNRESET ... or 0 (without a Close:
                          EOF) */
    bool tls_failed;
    long tls_verify_error;    /* X509_V_ERR_ number, 0 when the certificate was good or not seen */
    int proxy_status;         /* HTTP status of a proxy that refused CONNECT, or 0 */
    int http_status;          /* of the answer to the upgrade: 101, a refusal, or 0 when none
                                 came */
    int close_code;           /* of the peer's Close frame; 0: none came */
    const char *close_reason; /* "" when none */
    bool protocol_violation;
    const char *detail; /* what the library said, for the evidence; "" when nothing */
};

/*
 * What the owner hears; user is what was given to ws_connect. on_closed comes exactly once for each
 * successful ws_connect, always later than ws_connect's return, and is the last call. at_ns:
 * clock_mono_ns when the bytes were in hand.
 */
struct ws_handlers {
    void (*on_step)(void *user, enum ws_step step, uint64_t at_ns);
    void (*on_open)(void *user, const struct ws_response *response, uint64_t at_ns);
    /* then on_closed */
    void (*on_refused)(void *user, const struct ws_response *response, uint64_t at_ns);
    void (*on_message)(void *user, const char *data, size_t length, bool is_text,
                       uint64_t at_ns); /* whole messages */
    void (*on_closed)(void *user, const struct ws_end *end, uint64_t at_ns);
};

/* Process-wide set-up before the first client (log level, environment of lws); call once from the
 * main thread. */
void ws_global_init(void);

/*
 * Makes a client on a loop. ca_files: each distinct http_target.ca_file that will be used (a file
 * that cannot be read or holds no certificate is ERR_NET with its name). Create every client of the
 * process before the first connect.
 */
MUST_USE enum err_code ws_client_new(uv_loop_t *loop, const char *const *ca_files, size_t ca_count,
                                     const struct ws_handlers *handlers, struct ws_client **out,
                                     struct error *err);

/*
 * Destroys the client when no connection is left open (abort them first), running its loop until
 * its own handles are closed; the loop itself stays the caller's.
 */
void ws_client_free(struct ws_client *client);

/* Starts a dial. ERR_NOMEM or ERR_NET when nothing was started (no callback follows then). */
MUST_USE enum err_code ws_connect(struct ws_client *client, const struct http_target *target,
                                  void *user, struct ws_conn **out, struct error *err);

/* Queues one text message (copied). False when the connection is closing or memory ran out. */
bool ws_send(struct ws_conn *conn, const char *text, size_t length);

/* Bytes that are queued but not yet handed to the kernel. */
size_t ws_queued(const struct ws_conn *conn);

/* The numeric address that it connects to (of the proxy, when there is one); "" before the name is
 * resolved. */
const char *ws_address(const struct ws_conn *conn);

/* Sends a Close frame (1000) and ends when the peer answers; on_closed follows. Bound the wait with
 * a deadline and ws_abort. */
void ws_close(struct ws_conn *conn);

/* Ends at once without a handshake, in any state; on_closed follows. */
void ws_abort(struct ws_conn *conn);

#endif
