/* Incoming messages: joins fragments, answers control frames, reads the peer's Close. */
#include "net/client_private.h"

#include "net/budget.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static void deliver(struct ws_conn *conn, const char *bytes, size_t length, uint64_t at_ns)
{
    const struct ws_handlers *handlers = &conn->client->handlers;
    if (handlers->on_message != NULL)
        handlers->on_message(conn->user, bytes, length, conn->receiver.is_text, at_ns);
}

void client_receive_drop(struct ws_conn *conn)
{
    budget_return_message(budget_charge(conn->message_size));
    free(conn->message);
    conn->message = NULL;
    conn->message_length = conn->message_size = 0;
}

/* Ends the connection for a limit of ours; the buffer is for others at once. */
static void fail_for_limit(struct ws_conn *conn, int number, const char *detail)
{
    conn->end.local_error = number;
    client_receive_drop(conn);
    client_conn_fail(conn, detail);
}

/* The size to grow to: at once what a usual message needs, and for a large one no more than twice
 * what has come of it, because whoever announces a size may never send it. */
static size_t size_for(const struct ws_conn *conn, size_t needed)
{
    const size_t announced = needed + (size_t)conn->receiver.rest;
    size_t size =
        conn->message_size * 2 > BUDGET_FREE_MESSAGE ? conn->message_size * 2 : BUDGET_FREE_MESSAGE;
    if (size > announced) size = announced;
    return size > needed ? size : needed;
}

/* 0, or the errno of the limit that was met. */
static int append(struct ws_conn *conn, const char *bytes, size_t length)
{
    const size_t needed = conn->message_length + length + 1;
    if (needed > conn->message_size) {
        const size_t size = size_for(conn, needed);
        const size_t more = budget_charge(size) - budget_charge(conn->message_size);
        if (!budget_take_message(more)) return EMSGSIZE;
        char *grown = realloc(conn->message, size);
        if (grown == NULL) {
            budget_return_message(more);
            return ENOMEM;
        }
        conn->message = grown;
        conn->message_size = size;
    }
    memcpy(conn->message + conn->message_length, bytes, length);
    conn->message_length += length;
    conn->message[conn->message_length] = '\0';
    return 0;
}

static void deliver_joined(struct ws_conn *conn, uint64_t at_ns)
{
    const size_t whole = conn->message_length;
    conn->message_length = 0;
    deliver(conn, conn->message, whole, at_ns);
    if (conn->message_size > CLIENT_SMALL_MESSAGE) client_receive_drop(conn);
}

/* A message that is whole where it lies is delivered from there; any other is joined first. */
static void take_piece(struct ws_conn *conn, uint64_t at_ns)
{
    const struct ws_receiver *piece = &conn->receiver;
    if (piece->last && conn->message_length == 0) {
        deliver(conn, piece->bytes, piece->length, at_ns);
        return;
    }
    if (piece->rest > CLIENT_MESSAGE_LIMIT ||
        conn->message_length + piece->length + piece->rest > CLIENT_MESSAGE_LIMIT) {
        fail_for_limit(conn, EMSGSIZE, "a message of more than 16 MiB, which is our own limit");
        return;
    }
    switch (append(conn, piece->bytes, piece->length)) {
    case 0:
        if (piece->last) deliver_joined(conn, at_ns);
        break;
    case EMSGSIZE:
        fail_for_limit(conn, EMSGSIZE,
                       "the unfinished messages of all sessions would take more than 256 MiB, "
                       "which is our own limit");
        break;
    default:
        fail_for_limit(conn, ENOMEM, "no memory for a message");
    }
}

/* Codes that no endpoint may send (RFC 6455, 7.4). */
static bool is_invalid(int code)
{
    return code < 1000 || (code >= 1004 && code <= 1006) || code == 1015 || code > 4999;
}

static void object_to_close(struct ws_conn *conn, size_t length)
{
    char words[64] = "a Close frame of one byte";
    if (length != 1)
        (void)snprintf(words, sizeof words, "a Close frame with the code %d", conn->end.close_code);
    conn->end.protocol_violation = true;
    client_conn_detail(conn, words, SIZE_MAX);
}

/* Notes the peer's Close; returns the code to answer with, or WS_CLOSE_NO_CODE for none. */
static int note_close(struct ws_conn *conn, const char *payload, size_t length)
{
    conn->peer_closing = true;
    conn->end.close_code = WS_CLOSE_NO_CODE;
    if (length == 1) {
        object_to_close(conn, length);
        return WS_CLOSE_PROTOCOL;
    }
    if (length == 0) return WS_CLOSE_NO_CODE;
    conn->end.close_code = (unsigned char)payload[0] << 8 | (unsigned char)payload[1];
    const size_t reason = length - 2;
    free(conn->close_reason);
    conn->close_reason = strndup(payload + 2, reason);
    if (!is_invalid(conn->end.close_code))
        return ws_utf8_valid(payload + 2, reason) ? conn->end.close_code : WS_CLOSE_ENCODING;
    object_to_close(conn, length);
    return WS_CLOSE_PROTOCOL;
}

/* The peer's Close is answered, if it is no answer itself, and the connection ends. */
static void take_close(struct ws_conn *conn)
{
    const int answer = note_close(conn, conn->receiver.bytes, conn->receiver.length);
    if (!conn->reading) return; /* the socket is gone, or lws has not handed it over */
    conn->observed = true;
    client_send_goodbye(conn, answer);
    client_conn_end(conn);
}

static void take_violation(struct ws_conn *conn)
{
    const bool encoding = conn->receiver.answer_code == WS_CLOSE_ENCODING;
    conn->end.protocol_violation = true;
    client_conn_detail(
        conn, encoding ? "a text message that is not UTF-8" : "invalid WebSocket frame", SIZE_MAX);
    conn->peer_closing = true;
    if (!conn->reading) return;
    conn->observed = true;
    client_send_goodbye(conn, conn->receiver.answer_code);
    client_conn_end(conn);
}

bool client_receive_wanted(const struct ws_conn *conn)
{
    return !conn->aborted && conn->end.close_code == 0 && !conn->end.protocol_violation;
}

bool client_receive_bytes(struct ws_conn *conn, const char *bytes, size_t length, uint64_t at_ns)
{
    struct ws_receiver *receiver = &conn->receiver;
    while (client_receive_wanted(conn)) {
        const enum ws_received event = ws_receive_next(receiver, &bytes, &length);
        conn->untold = length;
        if (event == WS_RECEIVED_ALL) return true;
        if (event == WS_RECEIVED_PIECE) take_piece(conn, at_ns);
        if (event == WS_RECEIVED_PING) client_send_pong(conn, receiver->bytes, receiver->length);
        if (event == WS_RECEIVED_CLOSE) take_close(conn);
        if (event == WS_RECEIVED_VIOLATION) take_violation(conn);
    }
    conn->untold = 0;
    return false;
}

bool ws_unread(const struct ws_conn *conn)
{
    if (conn->aborted || conn->state == CONN_OVER) return false;
    if (conn->refusal != NULL) return true; /* the rest of its body, for which there is a limit */
    if (conn->wsi == NULL) return false;
    if (client_read_unread(conn)) return true;
    SSL *ssl = lws_get_ssl(conn->wsi);
    int fd = lws_get_socket_fd(conn->wsi);
    int bytes = 0;
    if (ssl != NULL && SSL_pending(ssl) > 0) return true;
    return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}
