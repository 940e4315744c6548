/* Outgoing messages: written at once if nothing is queued, queued otherwise. */
#include "net/client_private.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* The opcode of a Close frame. lws keeps its own name for it private, and its public way to close
 * starts its own timer. */
#define WRITE_CLOSE ((enum lws_write_protocol)4)

/* Hands one message to lws, which masks it in place (hence the room before it). False if the
 * connection is lost. */
static bool write_message(struct ws_conn *conn, unsigned char *bytes, size_t length)
{
    errno = 0;
    if (lws_write(conn->wsi, bytes + LWS_PRE, length, LWS_WRITE_TEXT) < 0) {
        conn->write_error = errno;
        return false;
    }
    conn->in_lws = lws_partial_buffered(conn->wsi) ? length : 0;
    return true;
}

static unsigned char *scratch_for(struct ws_client *client, size_t length)
{
    size_t size = LWS_PRE + length;
    if (size > client->scratch_size) {
        size_t larger = size < CLIENT_SMALL_MESSAGE ? CLIENT_SMALL_MESSAGE : size;
        unsigned char *grown = realloc(client->scratch, larger);
        if (grown == NULL) return NULL;
        client->scratch = grown;
        client->scratch_size = larger;
    }
    return client->scratch;
}

static bool send_now(struct ws_conn *conn, const char *text, size_t length)
{
    unsigned char *bytes = scratch_for(conn->client, length);
    if (bytes == NULL) return false;
    memcpy(bytes + LWS_PRE, text, length);
    if (write_message(conn, bytes, length)) return true;
    client_conn_end(conn); /* the socket is gone */
    return false;
}

static struct client_out *make_out(const char *bytes, size_t length)
{
    struct client_out *out = malloc(sizeof *out + LWS_PRE + length);
    if (out == NULL) return NULL;
    out->next = NULL;
    out->length = length;
    if (length > 0) memcpy(out->bytes + LWS_PRE, bytes, length);
    return out;
}

static bool queue(struct ws_conn *conn, const char *text, size_t length)
{
    struct client_out *out = make_out(text, length);
    if (out == NULL) return false;
    *conn->out_end = out;
    conn->out_end = &out->next;
    conn->queued += length;
    return true;
}

bool ws_send(struct ws_conn *conn, const char *text, size_t length)
{
    if (conn->state != CONN_OPEN || conn->aborted || conn->closing || conn->peer_closing)
        return false;
    conn->told_ns = clock_mono_ns(); /* an answer cannot have come before */
    if (conn->out == NULL && !lws_partial_buffered(conn->wsi)) return send_now(conn, text, length);
    if (!queue(conn, text, length)) return false;
    lws_callback_on_writable(conn->wsi);
    return true;
}

size_t ws_queued(const struct ws_conn *conn)
{
    return conn->queued + conn->in_lws;
}

/* Writes a Close frame like any other message, so that lws does not start its own five-second limit
 * for the answer. */
static bool send_close(struct ws_conn *conn, int code)
{
    unsigned char bytes[LWS_PRE + 2];
    bytes[LWS_PRE] = (unsigned char)(code >> 8);
    bytes[LWS_PRE + 1] = (unsigned char)code;
    conn->close_sent = true;
    const size_t length = code == WS_CLOSE_NO_CODE ? 0 : 2;
    return lws_write(conn->wsi, bytes + LWS_PRE, length, WRITE_CLOSE) >= 0;
}

/* lws keeps what the socket does not take, and sends it before it closes. TLS ends in order. */
void client_send_goodbye(struct ws_conn *conn, int code)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    if (!conn->close_sent && !send_close(conn, code)) return;
    if (ssl != NULL && !lws_partial_buffered(conn->wsi)) {
        ERR_clear_error();
        (void)SSL_shutdown(ssl);
        ERR_clear_error();
    }
}

static bool send_pong(struct ws_conn *conn)
{
    struct client_out *pong = conn->pong;
    conn->pong = NULL;
    const bool sent =
        lws_write(conn->wsi, pong->bytes + LWS_PRE, pong->length, LWS_WRITE_PONG) >= 0;
    free(pong);
    return sent;
}

/* Who pings faster than he reads gets the answer to his last ping (RFC 6455, 5.5.3). */
void client_send_pong(struct ws_conn *conn, const char *payload, size_t length)
{
    if (conn->peer_closing || conn->close_sent) return;
    free(conn->pong);
    conn->pong = make_out(payload, length);
    if (conn->pong == NULL) return;
    if (lws_partial_buffered(conn->wsi)) {
        lws_callback_on_writable(conn->wsi);
    } else if (!send_pong(conn)) {
        client_conn_end(conn);
    }
}

void ws_close(struct ws_conn *conn)
{
    if (conn->closing || conn->aborted) return;
    conn->end.by_us = true;
    if (conn->state != CONN_OPEN) {
        ws_abort(conn);
        return;
    }
    conn->closing = true;
    if (conn->peer_closing) return;
    lws_callback_on_writable(conn->wsi);
}

int client_send_drain(struct ws_conn *conn)
{
    conn->in_lws = 0;
    if (conn->pong != NULL && !lws_partial_buffered(conn->wsi) && !send_pong(conn)) return -1;
    while (conn->out != NULL && !lws_partial_buffered(conn->wsi)) {
        struct client_out *out = conn->out;
        conn->out = out->next;
        if (conn->out == NULL) conn->out_end = &conn->out;
        conn->queued -= out->length;
        bool written = write_message(conn, out->bytes, out->length);
        free(out);
        if (!written) return -1;
    }
    if (conn->out != NULL || conn->pong != NULL) lws_callback_on_writable(conn->wsi);
    if (conn->out != NULL || !conn->closing || conn->close_sent) return 0;
    return send_close(conn, LWS_CLOSE_STATUS_NORMAL) ? 0 : -1;
}

void client_send_free(struct ws_conn *conn)
{
    free(conn->pong);
    while (conn->out != NULL) {
        struct client_out *next = conn->out->next;
        free(conn->out);
        conn->out = next;
    }
}
