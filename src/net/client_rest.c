/*
 * When a reset arrives behind data, libuv reports the reset and lws closes without reading. What
 * the peer sent before it, often a Close frame with its reason, a refusal or a TLS alert, is still
 * in the socket and is read here.
 */
#include "net/client_private.h"

#include "base/clock.h"
#include "base/text.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REST_LIMIT ((size_t)1024 * 1024)

static void read_all(struct ws_conn *conn, struct text *rest)
{
    char piece[16384];
    SSL *ssl = lws_get_ssl(conn->wsi);
    int fd = lws_get_socket_fd(conn->wsi);
    while (rest->length < REST_LIMIT && !rest->failed) {
        int n = ssl != NULL ? SSL_read(ssl, piece, (int)sizeof piece)
                            : (int)recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        if (n <= 0) break;
        text_append(rest, piece, (size_t)n);
    }
    ERR_clear_error(); /* lws looks at the queue, which others share */
}

/* Size of the head of a complete, unmasked, unfragmented frame, and of its payload; 0 if the bytes
 * hold no such frame. */
static size_t measure(const unsigned char *bytes, size_t available, size_t *payload)
{
    if (available < 2 || (bytes[0] & 0xf0) != 0x80 || (bytes[1] & 0x80)) return 0;
    size_t head = bytes[1] == 127 ? 10 : bytes[1] == 126 ? 4 : 2;
    if (available < head) return 0;
    *payload = head == 2 ? bytes[1] : 0;
    for (size_t i = 2; i < head; i++) *payload = *payload << 8 | bytes[i];
    return *payload <= available - head ? head : 0;
}

/* Takes one whole frame; false if nothing after it counts. */
static bool take(struct ws_conn *conn, unsigned opcode, const char *payload, size_t length)
{
    if (opcode == 8 && length <= 125) {
        client_receive_close(conn, (const unsigned char *)payload, length);
    } else if (opcode == 1 || opcode == 2) {
        client_receive_deliver(conn, payload, length, opcode == 1, clock_mono_ns());
        return true;
    }
    return opcode == 9 || opcode == 10;
}

static void take_frames(struct ws_conn *conn, const char *bytes, size_t left)
{
    size_t payload = 0, head;
    while (!conn->aborted && (head = measure((const unsigned char *)bytes, left, &payload)) > 0) {
        if (!take(conn, (unsigned char)bytes[0] & 0x0f, bytes + head, payload)) break;
        bytes += head + payload;
        left -= head + payload;
    }
}

void client_rest_read(struct ws_conn *conn)
{
    /* Only from a frame boundary: the part of a frame that lws has already read is out of reach. */
    if (conn->message_length > 0 || lws_remaining_packet_payload(conn->wsi) > 0) return;
    struct text rest = {0};
    read_all(conn, &rest);
    conn->peer_closing = true; /* the handlers must not send any more */
    if (!rest.failed) take_frames(conn, text_str(&rest), rest.length);
    text_free(&rest);
}

/* The response's head is complete; what follows is a refusal's body, or frames. */
static void take_answer(struct ws_conn *conn, const struct https_answer *answer,
                        const struct text *rest)
{
    free(conn->response);
    conn->response = client_response_of(answer);
    if (conn->response == NULL) return;
    conn->end.http_status = answer->status;
    if (answer->status != 101) {
        conn->state = CONN_REFUSED;
        client_response_deliver(conn, conn->response, &answer->body, clock_mono_ns());
        return;
    }
    const char *bytes = text_str(rest), *end = memmem(bytes, rest->length, "\r\n\r\n", 4);
    conn->peer_closing = true;
    client_callback_open(conn);
    if (end != NULL && !conn->aborted)
        take_frames(conn, end + 4, rest->length - (size_t)(end + 4 - bytes));
}

void client_rest_answer(struct ws_conn *conn)
{
    struct text rest = {0};
    struct https_answer *answer = calloc(1, sizeof *answer);
    read_all(conn, &rest);
    if (answer != NULL && !rest.failed) {
        https_answer_begin(answer, false);
        https_answer_feed(answer, text_str(&rest), rest.length);
        if (answer->state == ANSWER_BODY || answer->state == ANSWER_COMPLETE)
            take_answer(conn, answer, &rest);
    }
    free(answer);
    text_free(&rest);
}
