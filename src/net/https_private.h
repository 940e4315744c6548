/* An HTTPS exchange in progress, shared by its two parts: the way to the peer (https.c), and what
 * is said there until the end (https_exchange.c). */
#ifndef RUSHHOUR_NET_HTTPS_PRIVATE_H
#define RUSHHOUR_NET_HTTPS_PRIVATE_H

#include "net/https.h"

#include "net/https_answer.h"
#include "net/https_request.h"
#include "net/https_tls.h"

#define PIECE ((size_t)16 * 1024)

/* One attempt to connect. libuv closes asynchronously, so each has its own memory. */
struct https_socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct https_exchange *exchange;
};

struct https_write {
    uv_write_t write;
    size_t length;
    char bytes[];
};

struct https_exchange {
    uv_loop_t *loop;
    https_done *done;
    void *user;
    int64_t limit_ns[HTTPS_DONE];
    bool tls_only;
    bool over;        /* the callback was made or is no longer wanted */
    bool tunnelling;  /* the awaited response is the proxy's */
    bool resolving;   /* a lookup is in progress */
    int open_handles; /* handles and requests; the last one to close frees the exchange */
    enum https_step step;
    uint64_t step_began_ns;
    struct https_words words;
    struct client_tls *settings; /* NULL: plain */
    struct https_tls *tls;
    struct https_socket *socket; /* NULL if none is open */
    uv_timer_t timer;
    uv_getaddrinfo_t lookup;
    size_t next_address;
    struct https_result result;
    struct https_answer answer;
    char piece[PIECE]; /* as read from the socket */
    char plain[PIECE];
};

/* ---- https.c ---- */

/* Continues the handshake, or begins it once connected; without TLS, sends the request at once. */
void exchange_shake(struct https_exchange *exchange);

/* ---- https_exchange.c ---- */

/* Begins a step, with its limit, and ends it, recording its duration. */
void exchange_begin_step(struct https_exchange *exchange, enum https_step step);
void exchange_end_step(struct https_exchange *exchange);

/* Ends the exchange: makes the callback once and closes everything. The sentence of a failure may
 * be NULL; the first one is kept. */
void exchange_finish(struct https_exchange *exchange, enum https_step reached);
void exchange_fail(struct https_exchange *exchange, const char *detail);
void exchange_fail_os(struct https_exchange *exchange, int uv_status);

/* Closes everything without the callback; the last handle or request to close frees the exchange
 * (release). */
void exchange_close_all(struct https_exchange *exchange);
void exchange_drop_socket(struct https_exchange *exchange);
void exchange_release(struct https_exchange *exchange);

/* Sends bytes as they are; pending TLS output; the request. */
void exchange_send_bytes(struct https_exchange *exchange, const char *bytes, size_t length);
void exchange_send_pending(struct https_exchange *exchange);
void exchange_ask(struct https_exchange *exchange);

/* For uv_read_start. */
void exchange_on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);
void exchange_on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);

#endif
