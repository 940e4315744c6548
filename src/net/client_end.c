/* Determines how a connection ended. lws reports little, so this asks the socket and OpenSSL
 * while they still exist. */
#include "net/client_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_network_error(int number)
{
    switch (number) {
    case ECONNRESET:
    case ECONNREFUSED:
    case ECONNABORTED:
    case EPIPE:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return true;
    default:
        return false;
    }
}

/*
 * SO_ERROR is still set when libuv saw the error first, which is usual. Otherwise a read or write
 * in lws has just failed with it. EPIPE means a write to a connection that had been reset.
 */
static int socket_error(const struct ws_conn *conn, int saved_errno)
{
    int number = 0;
    socklen_t size = sizeof number;
    int fd = lws_get_socket_fd(conn->wsi);
    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 && number != 0)
        return number;
    if (conn->write_error) return conn->write_error == EPIPE ? ECONNRESET : conn->write_error;
    return is_network_error(saved_errno) ? saved_errno : 0;
}

/* Whether the peer had closed its side when lws gave up. If not, lws rejected what it read. */
static bool peer_has_ended(const struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    if (ssl) return BIO_eof(SSL_get_rbio(ssl)) || (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
    char byte;
    return recv(lws_get_socket_fd(conn->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void replace_detail(struct ws_conn *conn, const char *words)
{
    client_conn_forget_detail(conn);
    client_conn_detail(conn, words, SIZE_MAX);
}

/* An alert from the peer is the reason for the end, whatever error the socket reported after it. */
static bool observe_alert(struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    const struct client_tls_failure *failure = ssl != NULL ? client_tls_failure(ssl) : NULL;
    if (failure == NULL || failure->alert == 0) return false;
    conn->end.tls_alert = failure->alert;
    conn->end.certificate_asked = client_tls_asked(ssl);
    conn->end.certificate_given = conn->end.certificate_asked && SSL_get_certificate(ssl) != NULL;
    conn->end.os_error = 0;
    replace_detail(conn, failure->words);
    return true;
}

/* TLS that we ended ourselves after the handshake: a record was damaged on the way. OpenSSL calls a
 * bare end of the stream an error, too. */
static bool observe_damage(struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    const struct client_tls_failure *failure = ssl != NULL ? client_tls_failure(ssl) : NULL;
    if (failure == NULL || failure->alert != 0 || failure->peer_left) return false;
    if (peer_has_ended(conn)) return false;
    conn->end.tls_failed = true;
    conn->end.os_error = 0;
    replace_detail(conn, failure->words);
    return true;
}

static void observe_handshake(struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    if (!ssl) return;
    const struct client_tls_failure *failure = client_tls_failure(ssl);
    if (conn->end.os_error != 0 && failure == NULL) {
        ERR_clear_error();
        (void)SSL_do_handshake(ssl); /* an alert may still be readable from a reset socket */
        ERR_clear_error();
    }
    if (observe_alert(conn)) {
        conn->end.tls_failed = true;
        return;
    }
    conn->end.tls_verify_error = SSL_get_verify_result(ssl);
    if (failure) {
        conn->end.os_error = 0; /* that error met OpenSSL's own last alert, after the failure */
        replace_detail(conn, failure->words);
    }
    conn->end.tls_failed =
        conn->end.tls_verify_error != X509_V_OK || (failure && !failure->peer_left);
    if (conn->end.tls_verify_error != X509_V_OK)
        replace_detail(conn, X509_verify_cert_error_string(conn->end.tls_verify_error));
}

/* Explains a tunnel that was not established; the answer may still be readable from a reset
 * socket. */
static void observe_tunnel(struct ws_conn *conn)
{
    struct client_tunnel *tunnel = conn->request->tunnel;
    client_tunnel_listen_again(tunnel);
    const char *why = tunnel->why;
    char text[64];
    if (tunnel->state == TUNNEL_REFUSED) {
        conn->end.proxy_status = tunnel->status;
        conn->end.os_error = 0; /* a proxy may reset after its answer */
        (void)snprintf(text, sizeof text, "the proxy answered CONNECT with %d", tunnel->status);
        why = text;
    }
    if (why != NULL) replace_detail(conn, why);
}

static bool starts(const char *said, size_t length, const char *prefix)
{
    size_t size = strlen(prefix);
    return said && length >= size && memcmp(said, prefix, size) == 0;
}

/*
 * What lws objected to in the answer; refusals are handled elsewhere. Its parser accepts nearly
 * anything as a header: after a status line, only its own limits make it fail.
 */
static void judge_answer(struct ws_conn *conn, const char *said, size_t length)
{
    char status[64] = "";
    conn->end.protocol_violation = starts(said, length, "HS:");
    if (!starts(said, length, "problems parsing")) return;
    if (lws_hdr_copy(conn->wsi, status, sizeof status, WSI_TOKEN_HTTP) <= 0)
        (void)lws_hdr_copy(conn->wsi, status, sizeof status, WSI_TOKEN_HTTP1_0);
    conn->end.head_too_long = status[0] >= '1' && status[0] <= '9';
    conn->end.protocol_violation = !conn->end.head_too_long;
    if (!conn->end.head_too_long) return;
    char words[160];
    (void)snprintf(words, sizeof words,
                   "the head of the answer (%.40s) is longer, or has more headers, than can be "
                   "taken here: %d bytes",
                   status, CLIENT_HEAD_LIMIT);
    replace_detail(conn, words);
}

/* Looks at what the peer sent instead of its answer, or before it, none of which was read so
 * far. */
static void observe_answer(struct ws_conn *conn, const char *said, size_t length)
{
    judge_answer(conn, said, length);
    if (conn->end.protocol_violation || conn->end.head_too_long) return;
    if (conn->response == NULL) client_rest_answer(conn);
    if (conn->state == CONN_REFUSED || conn->end.close_code != 0) {
        conn->end.os_error = 0; /* a peer may reset after saying why */
    } else if (!observe_alert(conn)) {
        (void)observe_damage(conn);
    }
}

void client_end_observe(struct ws_conn *conn, const char *said, size_t length, int saved_errno)
{
    if (conn->observed || conn->aborted || conn->state == CONN_REFUSED) return;
    conn->observed = true;
    client_conn_detail(conn, said, length);
    conn->end.os_error = socket_error(conn, saved_errno);
    if (conn->state == CONN_DIALLING) {
        const struct client_tunnel *tunnel = conn->request->tunnel;
        if (conn->connected && tunnel && tunnel->state != TUNNEL_OPEN) {
            observe_tunnel(conn);
            return;
        }
        if (conn->connected && conn->tls && !conn->asking) observe_handshake(conn);
        if (conn->asking || !conn->tls) observe_answer(conn, said, length);
        return;
    }
    if (conn->state != CONN_OPEN) return;
    if (conn->end.os_error != 0) client_read_rest(conn);
    if (conn->end.close_code != 0) {
        conn->end.os_error = 0; /* a peer may reset after saying goodbye */
    } else if (observe_alert(conn) || observe_damage(conn)) {
        return;
    } else if (conn->end.os_error == 0 && !conn->close_sent && !peer_has_ended(conn)) {
        conn->end.protocol_violation = true;
        client_conn_detail(conn, "invalid WebSocket frame", SIZE_MAX);
    }
}

static socklen_t make_address(const char *address, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        return sizeof *four;
    }
    (void)inet_pton(AF_INET6, address, &six->sin6_addr);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    return sizeof *six;
}

/*
 * lws does not report why socket() or connect() failed at once. Trying again here shows it: the
 * call fails the same way at once, or its half-open connection is dropped.
 */
void client_end_no_start(struct ws_conn *conn, const char *address, uint16_t port)
{
    struct sockaddr_storage where;
    socklen_t size = make_address(address, port, &where);
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int number = fd < 0 ? errno : 0;
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&where, size) != 0 && errno != EINPROGRESS)
        number = errno;
    if (fd >= 0) (void)close(fd);
    if (fd < 0 || number == EADDRNOTAVAIL || number == ENOBUFS || number == ENOMEM ||
        number == EAGAIN)
        conn->end.local_error = number;
    else
        conn->end.os_error = number;
    client_conn_detail(
        conn, number ? strerror(number) : "libwebsockets could not begin a connection", SIZE_MAX);
}
