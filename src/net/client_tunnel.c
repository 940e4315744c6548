#include "net/client_tunnel.h"

#include "net/proxy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

struct client_tunnel *client_tunnel_new(const char *host, uint16_t port, const char *login)
{
    struct client_tunnel *tunnel = calloc(1, sizeof *tunnel);
    if (tunnel == NULL) return NULL;
    proxy_question(host, port, login, &tunnel->question);
    if (!tunnel->question.failed) return tunnel;
    client_tunnel_free(tunnel);
    return NULL;
}

void client_tunnel_free(struct client_tunnel *tunnel)
{
    if (tunnel == NULL) return;
    if (tunnel->bio != NULL) BIO_set_data(tunnel->bio, NULL);
    text_wipe(&tunnel->question);
    text_free(&tunnel->hello);
    free(tunnel);
}

static int fail(struct client_tunnel *tunnel, const char *why)
{
    tunnel->state = TUNNEL_BROKEN;
    tunnel->why = why;
    return -1;
}

/* Sends all of a text; the send buffer of a fresh socket always has room for so little. */
static bool send_whole(BIO *socket, struct text *text)
{
    bool sent =
        text->length == 0 || BIO_write(socket, text->data, (int)text->length) == (int)text->length;
    text_wipe(text);
    return sent;
}

/* Length of the head including its blank line, or 0 until it is complete. */
static size_t head_length(const struct client_tunnel *tunnel)
{
    const char *end = memmem(tunnel->answer, tunnel->answer_length, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end + 4 - tunnel->answer);
}

/* Status from a status line (RFC 9112, 4), or 0. */
static int status_of(const char *answer, size_t length)
{
    if (length < 13 || memcmp(answer, "HTTP/1.", 7) != 0 || answer[8] != ' ') return 0;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (answer[i] < '0' || answer[i] > '9') return 0;
        status = 10 * status + (answer[i] - '0');
    }
    return status;
}

/* Judges a complete head. Interim responses (1xx) are skipped. */
static int take_head(struct client_tunnel *tunnel, BIO *socket, size_t length)
{
    int status = status_of(tunnel->answer, length);
    if (status < 100) return fail(tunnel, "the proxy's answer to CONNECT is not HTTP/1.1");
    if (status < 200) {
        tunnel->answer_length -= length;
        memmove(tunnel->answer, tunnel->answer + length, tunnel->answer_length);
        return 0;
    }
    tunnel->status = status;
    if (status >= 300) {
        tunnel->state = TUNNEL_REFUSED;
        return -1;
    }
    if (tunnel->answer_length > length)
        return fail(tunnel, "the proxy said more than its answer before TLS had begun");
    tunnel->state = TUNNEL_OPEN;
    if (tunnel->opened != NULL) tunnel->opened(tunnel->user);
    return send_whole(socket, &tunnel->hello) ? 0 : fail(tunnel, "the proxy took no data");
}

/* Reads more of the proxy's answer. 1: the tunnel is established; 0: not yet; -1: it failed. */
static int go_on(struct client_tunnel *tunnel, BIO *socket)
{
    while (tunnel->state == TUNNEL_ASKING) {
        size_t room = sizeof tunnel->answer - tunnel->answer_length;
        if (room == 0) return fail(tunnel, "the proxy's answer to CONNECT is too long");
        int count = BIO_read(socket, tunnel->answer + tunnel->answer_length, (int)room);
        if (count <= 0 && BIO_should_retry(socket)) return 0;
        if (count < 0)
            return fail(tunnel, "the connection to the proxy failed before it answered CONNECT");
        if (count == 0)
            return fail(tunnel, "the proxy ended the connection without an answer to CONNECT");
        tunnel->answer_length += (size_t)count;
        size_t length;
        while (tunnel->state == TUNNEL_ASKING && (length = head_length(tunnel)) > 0) {
            if (take_head(tunnel, socket, length) < 0) return -1;
        }
    }
    return tunnel->state == TUNNEL_OPEN ? 1 : -1;
}

static int bio_write(BIO *bio, const char *data, int length)
{
    struct client_tunnel *tunnel = BIO_get_data(bio);
    BIO *socket = BIO_next(bio);
    BIO_clear_retry_flags(bio);
    if (tunnel == NULL || tunnel->state > TUNNEL_OPEN) return -1;
    if (tunnel->state == TUNNEL_OPEN) {
        int count = BIO_write(socket, data, length);
        BIO_copy_next_retry(bio);
        return count;
    }
    text_append(&tunnel->hello, data, (size_t)length);
    if (tunnel->hello.failed) return fail(tunnel, "no memory");
    return length;
}

static int bio_read(BIO *bio, char *data, int size)
{
    struct client_tunnel *tunnel = BIO_get_data(bio);
    BIO *socket = BIO_next(bio);
    BIO_clear_retry_flags(bio);
    if (tunnel == NULL) return -1;
    if (tunnel->question.length > 0 && !send_whole(socket, &tunnel->question))
        return fail(tunnel, "the proxy took no question");
    int stands = go_on(tunnel, socket);
    if (stands <= 0) {
        if (stands == 0) BIO_set_retry_read(bio);
        return -1;
    }
    int count = BIO_read(socket, data, size);
    BIO_copy_next_retry(bio);
    return count;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    return BIO_ctrl(BIO_next(bio), command, number, pointer);
}

static int bio_destroy(BIO *bio)
{
    struct client_tunnel *tunnel = BIO_get_data(bio);
    if (tunnel != NULL) tunnel->bio = NULL;
    return 1;
}

static uv_once_t method_once = UV_ONCE_INIT;
static BIO_METHOD *method; /* created once and kept for the life of the process, like OpenSSL's
                              own */

static void make_method(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "rushhour tunnel");
    if (made == NULL) return;
    if (BIO_meth_set_write(made, bio_write) == 1 && BIO_meth_set_read(made, bio_read) == 1 &&
        BIO_meth_set_ctrl(made, bio_control) == 1 && BIO_meth_set_destroy(made, bio_destroy) == 1) {
        method = made;
    } else {
        BIO_meth_free(made);
    }
}

void client_tunnel_attach(struct client_tunnel *tunnel, SSL *ssl)
{
    BIO *socket = SSL_get_rbio(ssl);
    uv_once(&method_once, make_method);
    BIO *bio = method == NULL ? NULL : BIO_new(method);
    if (bio == NULL) {
        (void)fail(tunnel, "no memory");
        (void)shutdown(SSL_get_fd(ssl), SHUT_RDWR); /* nothing may reach the proxy before the
                                                       CONNECT request */
        return;
    }
    BIO_set_data(bio, tunnel);
    BIO_set_init(bio, 1);
    tunnel->bio = bio;
    (void)BIO_up_ref(socket); /* for the chain; SSL drops its own two when it takes the chain */
    (void)BIO_push(bio, socket);
    (void)BIO_up_ref(bio);
    SSL_set0_rbio(ssl, bio);
    SSL_set0_wbio(ssl, bio);
}

void client_tunnel_listen_again(struct client_tunnel *tunnel)
{
    if (tunnel->state == TUNNEL_ASKING && tunnel->bio != NULL)
        (void)go_on(tunnel, BIO_next(tunnel->bio));
}

void client_tunnel_detach(struct client_tunnel *tunnel, SSL *ssl)
{
    if (tunnel->bio == NULL) return;
    BIO *socket = BIO_pop(tunnel->bio); /* the chain's reference is now ours */
    if (socket == NULL) return;
    (void)BIO_up_ref(socket);
    SSL_set0_rbio(ssl, socket);
    SSL_set0_wbio(ssl, socket);
}
