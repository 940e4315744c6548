/* Incoming messages: joins fragments, reads the peer's Close. */
#include "net/client_private.h"

#include "base/clock.h"
#include "net/budget.h"
#include "net/ws_frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

void client_receive_deliver(struct ws_conn *conn, const char *bytes, size_t length, bool is_text,
                            uint64_t at_ns)
{
    const struct ws_handlers *handlers = &conn->client->handlers;
    if (is_text && !ws_utf8_valid(bytes, length)) { /* RFC 6455, 8.1: fail the connection */
        conn->end.protocol_violation = true;
        client_conn_fail(conn, "a text message that is not UTF-8");
        return;
    }
    if (handlers->on_message != NULL)
        handlers->on_message(conn->user, bytes, length, is_text, at_ns);
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
    const size_t announced = needed + lws_remaining_packet_payload(conn->wsi);
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

static void deliver_whole(struct ws_conn *conn, bool is_text, uint64_t at_ns)
{
    const size_t whole = conn->message_length;
    conn->message_length = 0;
    client_receive_deliver(conn, conn->message, whole, is_text, at_ns);
    if (conn->message_size > CLIENT_SMALL_MESSAGE) client_receive_drop(conn);
}

int client_receive_piece(struct ws_conn *conn, char *bytes, size_t length)
{
    uint64_t at_ns = clock_mono_ns();
    if (conn->aborted || conn->end.close_code != 0) return 0;
    bool is_text = !lws_frame_is_binary(conn->wsi);
    bool last = lws_is_final_fragment(conn->wsi) && lws_remaining_packet_payload(conn->wsi) == 0;
    if (last && conn->message_length == 0) {
        client_receive_deliver(conn, bytes, length, is_text, at_ns);
        return 0;
    }
    if (conn->message_length + length + lws_remaining_packet_payload(conn->wsi) >
        CLIENT_MESSAGE_LIMIT) {
        fail_for_limit(conn, EMSGSIZE, "a message of more than 16 MiB, which is our own limit");
        return 0;
    }
    switch (append(conn, bytes, length)) {
    case 0:
        if (last) deliver_whole(conn, is_text, at_ns);
        break;
    case EMSGSIZE:
        fail_for_limit(conn, EMSGSIZE,
                       "the unfinished messages of all sessions would take more than 256 MiB, "
                       "which is our own limit");
        break;
    default:
        fail_for_limit(conn, ENOMEM, "no memory for a message");
    }
    return 0;
}

/*
 * lws 4.1.6 turns the codes under 1000, 1004 to 1006, and 1012 to 2999 into 1002 before anyone
 * sees them, but in a copy: the frame itself is still in the buffer that lws reads into. We learn
 * the address of that buffer when lws builds a request in it.
 */
void client_receive_learn(struct ws_client *client, const char *position, size_t room)
{
#if LWS_LIBRARY_VERSION_MAJOR == 4 && LWS_LIBRARY_VERSION_MINOR == 1
    /* lws offers (start + size) - position - 12 bytes. */
    const char *start = position + room + 12 - CLIENT_SERVICE_BUFFER;
    if (start < position && position - start < CLIENT_SERVICE_BUFFER &&
        memcmp(start, "GET ", 4) == 0) {
        client->service_buffer = (const unsigned char *)start;
    }
#else
    (void)client, (void)position, (void)room;
#endif
}

static bool is_rewritten(int code)
{
    return code < 1000 || (code >= 1004 && code <= 1006) || (code >= 1012 && code < 3000);
}

/* The code of the unmasked Close frame in the buffer that has this payload after its code, or
 * 1002. */
static int code_as_sent(const struct ws_client *client, const unsigned char *payload, size_t length)
{
    const unsigned char *buffer = client->service_buffer;
    if (buffer == NULL) return LWS_CLOSE_STATUS_PROTOCOL_ERR;
    const unsigned char *end = buffer + CLIENT_FRAME_BUFFER + LWS_PRE - (length + 2);
    for (const unsigned char *at = buffer; at <= end; at++) {
        int code = at[2] << 8 | at[3];
        if (at[0] != 0x88 || at[1] != length || !is_rewritten(code)) continue;
        if (memcmp(at + 4, payload + 2, length - 2) != 0) continue;
        memset((unsigned char *)(uintptr_t)at, 0, 2); /* so that a later 1002 does not find it */
        return code;
    }
    return LWS_CLOSE_STATUS_PROTOCOL_ERR;
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

void client_receive_close(struct ws_conn *conn, const unsigned char *payload, size_t length)
{
    if (conn->end.close_code != 0) return; /* nothing follows a Close (RFC 6455, 5.5.1) */
    conn->peer_closing = true;
    if (length == 1) object_to_close(conn, length);
    if (length < 2) {
        conn->end.close_code = LWS_CLOSE_STATUS_NO_STATUS;
        return;
    }
    int code = payload[0] << 8 | payload[1];
    if (code == LWS_CLOSE_STATUS_PROTOCOL_ERR) code = code_as_sent(conn->client, payload, length);
    conn->end.close_code = code;
    if (is_invalid(code)) object_to_close(conn, length);
    size_t reason =
        length - 2 < sizeof conn->close_reason ? length - 2 : sizeof conn->close_reason - 1;
    memcpy(conn->close_reason, payload + 2, reason);
    conn->close_reason[reason] = '\0';
}

bool ws_unread(const struct ws_conn *conn)
{
    if (conn->aborted || conn->state == CONN_OVER) return false;
    if (conn->refusal != NULL) return true; /* the rest of its body, for which there is a limit */
    if (conn->wsi == NULL) return false;
    SSL *ssl = lws_get_ssl(conn->wsi);
    int fd = lws_get_socket_fd(conn->wsi);
    int bytes = 0;
    if (ssl != NULL && SSL_pending(ssl) > 0) return true;
    return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}
