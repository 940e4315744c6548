/*
 * A refused upgrade and its body. lws closes as soon as the status is not 101, whether or not the
 * body has arrived. When bytes are missing, this keeps the connection: a second reference to the
 * TLS state and a duplicate of the socket. Once lws has let go, the rest is read from them, for at
 * most a second.
 */
#include "net/client_private.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_WAIT_MS 1000
#define PIECE_SIZE 4096

struct client_refusal {
    struct ws_client *client;
    struct ws_conn *conn; /* NULL once the end was reported */
    struct client_body body;
    uint64_t at_ns;
    SSL *ssl; /* NULL: plain */
    int fd;   /* -1: no socket was kept */
    uv_poll_t poll;
    uv_timer_t timer;
    int open_handles;
    /* While lws hands out what it has already read: */
    char *cursor;                     /* its position */
    int cursor_length;                /* bytes from there on */
    bool elsewhere;                   /* the position lies in memory of lws, not in `piece` */
    bool again;                       /* this is the second pass over the same bytes */
    char piece[PIECE_SIZE];           /* not zeroed initially, nor is what follows */
    char kept[CLIENT_BODY_LIMIT + 1]; /* the body so far */
};

/*
 * lws strips chunk framing and shows only data, but the rest of the body needs a parser that has
 * seen the framing. Rejecting the first data leaves the bytes where they are. The second pass then
 * begins with the first byte of the body, framing included, because lws believes it is inside a
 * chunk.
 */
static void look_at_leftover(struct client_refusal *refusal, struct lws *wsi)
{
    refusal->cursor = refusal->piece;
    refusal->cursor_length = (int)sizeof refusal->piece;
    (void)lws_http_client_read(wsi, &refusal->cursor, &refusal->cursor_length);
    if (!refusal->elsewhere) return;
    refusal->again = true;
    refusal->cursor = refusal->piece;
    refusal->cursor_length = (int)sizeof refusal->piece;
    (void)lws_http_client_read(wsi, &refusal->cursor, &refusal->cursor_length);
}

void client_refusal_piece(struct ws_conn *conn, char *bytes)
{
    struct client_refusal *refusal = conn->refusal;
    if (!refusal || refusal->body.done) return;
    const char *piece = refusal->piece;
    bool ours = bytes >= piece && bytes < piece + sizeof refusal->piece;
    if (ours) {
        size_t before = (size_t)(bytes - piece);
        client_body_feed(&refusal->body, piece, before + (size_t)refusal->cursor_length);
    } else if (refusal->again) {
        client_body_feed(&refusal->body, bytes, (size_t)refusal->cursor_length);
    } else {
        refusal->elsewhere = true;
    }
}

void client_refusal_complete(struct ws_conn *conn)
{
    if (conn->refusal) conn->refusal->body.done = true;
}

static void take_over(struct client_refusal *refusal, struct lws *wsi)
{
    refusal->fd = fcntl(lws_get_socket_fd(wsi), F_DUPFD_CLOEXEC, 3);
    if (refusal->fd < 0) return;
    refusal->ssl = lws_get_ssl(wsi);
    if (refusal->ssl) SSL_up_ref(refusal->ssl);
}

static void free_refusal(struct client_refusal *refusal)
{
    SSL_free(refusal->ssl);
    if (refusal->fd >= 0) (void)close(refusal->fd);
    free(refusal);
}

static void on_closed(uv_handle_t *handle)
{
    struct client_refusal *refusal = handle->data;
    if (--refusal->open_handles > 0) return;
    refusal->client->refusals--;
    free_refusal(refusal);
}

/* Gives up the connection, closing open handles first. */
static void leave(struct client_refusal *refusal)
{
    refusal->conn->refusal = NULL;
    refusal->conn = NULL;
    if (refusal->open_handles == 0) {
        free_refusal(refusal);
        return;
    }
    uv_close((uv_handle_t *)&refusal->poll, on_closed);
    uv_close((uv_handle_t *)&refusal->timer, on_closed);
}

static void tell(struct client_refusal *refusal)
{
    struct ws_conn *conn = refusal->conn;
    client_response_deliver(conn, conn->response, &refusal->body, refusal->at_ns);
    leave(refusal);
}

void client_refusal_begin(struct ws_conn *conn)
{
    struct lws *wsi = conn->wsi;
    struct client_refusal *refusal = malloc(sizeof *refusal);
    conn->state = CONN_REFUSED;
    if (!refusal) {
        client_response_deliver(conn, conn->response, NULL, clock_mono_ns());
        return;
    }
    memset(refusal, 0, offsetof(struct client_refusal, piece));
    char encoding[64] = "", length[32] = "";
    (void)lws_hdr_copy(wsi, encoding, sizeof encoding, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
    (void)lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    client_body_begin(&refusal->body, refusal->kept, CLIENT_BODY_LIMIT, encoding, length);
    if (conn->response->status < 200) refusal->body.done = true; /* an interim answer has none */
    refusal->client = conn->client;
    refusal->conn = conn;
    refusal->at_ns = clock_mono_ns();
    refusal->fd = -1;
    conn->refusal = refusal;
    if (!refusal->body.done) look_at_leftover(refusal, wsi);
    if (!refusal->body.done) take_over(refusal, wsi);
    if (refusal->fd < 0) tell(refusal);
}

/* Reads what has arrived. False at the end of the body. */
static bool read_on(struct client_refusal *refusal)
{
    for (;;) {
        int n = refusal->ssl ? SSL_read(refusal->ssl, refusal->piece, (int)sizeof refusal->piece)
                             : (int)recv(refusal->fd, refusal->piece, sizeof refusal->piece, 0);
        if (n <= 0) {
            if (refusal->ssl) return SSL_get_error(refusal->ssl, n) == SSL_ERROR_WANT_READ;
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        }
        client_body_feed(&refusal->body, refusal->piece, (size_t)n);
        if (refusal->body.done) return false;
    }
}

static void finish(struct client_refusal *refusal)
{
    struct ws_conn *conn = refusal->conn;
    tell(refusal);
    client_conn_due(conn);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct client_refusal *refusal = poll->data;
    if (!refusal->conn) return;
    if (!read_on(refusal) || status != 0) finish(refusal);
}

static void on_too_long(uv_timer_t *timer)
{
    struct client_refusal *refusal = timer->data;
    if (!refusal->conn) return;
    (void)read_on(refusal); /* a timer that fires late comes before what is in the socket */
    finish(refusal);
}

bool client_refusal_resume(struct ws_conn *conn)
{
    struct client_refusal *refusal = conn->refusal;
    if (refusal->ssl && SSL_set_fd(refusal->ssl, refusal->fd) != 1) refusal->body.done = true;
    if (refusal->body.done || !read_on(refusal) ||
        uv_poll_init(refusal->client->loop, &refusal->poll, refusal->fd) != 0) {
        tell(refusal);
        return false;
    }
    (void)uv_timer_init(refusal->client->loop, &refusal->timer);
    refusal->open_handles = 2;
    refusal->client->refusals++;
    refusal->poll.data = refusal->timer.data = refusal;
    (void)uv_poll_start(&refusal->poll, UV_READABLE, on_readable);
    (void)uv_timer_start(&refusal->timer, on_too_long, BODY_WAIT_MS, 0);
    return true;
}

void client_refusal_drop(struct ws_conn *conn)
{
    if (conn->refusal) leave(conn->refusal);
}
