/*
 * When a reset arrives behind the response to the upgrade, libuv reports the reset and lws closes
 * without reading. What the peer sent before it, often a refusal, a Close frame with its reason or
 * a TLS alert, is still in the socket and is read here.
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

/* The response's head is complete; what follows is a refusal's body, or frames. */
static void take_answer(struct ws_conn *conn, const struct client_answer *answer,
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
        (void)client_receive_bytes(conn, end + 4, rest->length - (size_t)(end + 4 - bytes),
                                   clock_mono_ns());
}

void client_rest_answer(struct ws_conn *conn)
{
    struct text rest = {0};
    struct client_answer *answer = calloc(1, sizeof *answer);
    read_all(conn, &rest);
    if (answer != NULL && !rest.failed) {
        client_answer_begin(answer);
        client_answer_feed(answer, text_str(&rest), rest.length);
        if (answer->state == ANSWER_BODY || answer->state == ANSWER_COMPLETE)
            take_answer(conn, answer, &rest);
    }
    free(answer);
    text_free(&rest);
}
