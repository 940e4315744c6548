/* Outgoing messages: written at once if nothing is queued, queued otherwise. */
#include "net/client_private.h"

#include <errno.h>
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
    /* The socket is gone; have lws notice at its next check. */
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    lws_cancel_service(conn->client->context);
    conn->peer_closing = true;
    return false;
}

static bool queue(struct ws_conn *conn, const char *text, size_t length)
{
    struct client_out *out = malloc(sizeof *out + LWS_PRE + length);
    if (out == NULL) return false;
    out->next = NULL;
    out->length = length;
    memcpy(out->bytes + LWS_PRE, text, length);
    *conn->out_end = out;
    conn->out_end = &out->next;
    conn->queued += length;
    return true;
}

bool ws_send(struct ws_conn *conn, const char *text, size_t length)
{
    if (conn->state != CONN_OPEN || conn->aborted || conn->closing || conn->peer_closing)
        return false;
    if (conn->out == NULL && !lws_partial_buffered(conn->wsi)) return send_now(conn, text, length);
    if (!queue(conn, text, length)) return false;
    lws_callback_on_writable(conn->wsi);
    return true;
}

size_t ws_queued(const struct ws_conn *conn)
{
    return conn->queued + conn->in_lws;
}

/* Writes our Close frame like any other message, so that lws does not start its own five-second
 * limit for the answer. */
static bool send_close(struct ws_conn *conn)
{
    unsigned char bytes[LWS_PRE + 2];
    bytes[LWS_PRE] = LWS_CLOSE_STATUS_NORMAL >> 8;
    bytes[LWS_PRE + 1] = LWS_CLOSE_STATUS_NORMAL & 0xff;
    conn->close_sent = true;
    return lws_write(conn->wsi, bytes + LWS_PRE, 2, WRITE_CLOSE) >= 0;
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
    while (conn->out != NULL && !lws_partial_buffered(conn->wsi)) {
        struct client_out *out = conn->out;
        conn->out = out->next;
        if (conn->out == NULL) conn->out_end = &conn->out;
        conn->queued -= out->length;
        bool written = write_message(conn, out->bytes, out->length);
        free(out);
        if (!written) return -1;
    }
    if (conn->out != NULL) lws_callback_on_writable(conn->wsi);
    if (conn->out == NULL && conn->closing && !conn->close_sent && !send_close(conn)) return -1;
    return 0;
}

void client_send_free(struct ws_conn *conn)
{
    while (conn->out != NULL) {
        struct client_out *next = conn->out->next;
        free(conn->out);
        conn->out = next;
    }
}
