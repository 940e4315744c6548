/*
 * When a reset arrives behind data, libuv reports the reset and lws closes without reading. What
 * the peer sent before it, often a Close frame with its reason, is still in the socket and is read
 * here.
 */
#include "net/client_private.h"

#include "base/clock.h"
#include "base/text.h"

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
        if (n <= 0) return;
        text_append(rest, piece, (size_t)n);
    }
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

void client_rest_read(struct ws_conn *conn)
{
    /* Only from a frame boundary: the part of a frame that lws has already read is out of reach. */
    if (conn->message_length > 0 || lws_remaining_packet_payload(conn->wsi) > 0) return;
    struct text rest = {0};
    read_all(conn, &rest);
    conn->peer_closing = true; /* the handlers must not send any more */
    const char *bytes = text_str(&rest);
    size_t left = rest.failed ? 0 : rest.length, payload = 0, head;
    while (!conn->aborted && (head = measure((const unsigned char *)bytes, left, &payload)) > 0) {
        if (!take(conn, (unsigned char)bytes[0] & 0x0f, bytes + head, payload)) break;
        bytes += head + payload;
        left -= head + payload;
    }
    text_free(&rest);
}
