/* How an end is told: lws says little, so the socket and OpenSSL are asked while they are still
 * there. */
#include "net/client_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
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
 * SO_ERROR still stands when libuv saw the error first, which is the usual way. Otherwise a read or
 * write of lws has just failed with it. A write to a connection that was reset before says EPIPE.
 */
static int socket_error(const struct ws_conn *conn, int saved_errno)
{
    int number = 0;
    socklen_t size = sizeof(number);
    int fd = lws_get_socket_fd(conn->wsi);
    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 && number != 0)
        return number;
    if (conn->write_error) return conn->write_error == EPIPE ? ECONNRESET : conn->write_error;
    return is_network_error(saved_errno) ? saved_errno : 0;
}

/* Whether the peer had ended its side when lws gave up; if not, it was lws that did not like what
 * it read. */
static bool peer_has_ended(const struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    if (ssl) return BIO_eof(SSL_get_rbio(ssl)) || (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
    char byte;
    return recv(lws_get_socket_fd(conn->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void observe_handshake(struct ws_conn *conn)
{
    SSL *ssl = lws_get_ssl(conn->wsi);
    if (!ssl) return;
    const struct client_tls_failure *failure = client_tls_failure(ssl);
    conn->end.tls_verify_error = SSL_get_verify_result(ssl);
    if (failure) {
        conn->end.os_error = 0; /* what OpenSSL's last alert met came after that */
        conn->detail[0] = '\0';
        client_conn_detail(conn, failure->words, sizeof(failure->words));
    }
    conn->end.tls_failed =
        conn->end.tls_verify_error != X509_V_OK || (failure && !failure->peer_left);
    if (conn->end.tls_verify_error != X509_V_OK) {
        conn->detail[0] = '\0';
        client_conn_detail(conn, X509_verify_cert_error_string(conn->end.tls_verify_error),
                           sizeof(conn->detail));
    }
}

/* What became of a tunnel that does not stand; the answer may still lie in a socket that was
 * reset. */
static void observe_tunnel(struct ws_conn *conn)
{
    struct client_tunnel *tunnel = conn->request->tunnel;
    client_tunnel_listen_again(tunnel);
    const char *why = tunnel->why;
    char text[64];
    if (tunnel->state == TUNNEL_REFUSED) {
        conn->end.proxy_status = tunnel->status;
        conn->end.os_error = 0; /* having answered, a proxy may well reset */
        (void)snprintf(text, sizeof(text), "the proxy answered CONNECT with %d", tunnel->status);
        why = text;
    }
    if (!why) return;
    conn->detail[0] = '\0';
    client_conn_detail(conn, why, SIZE_MAX);
}

static bool starts(const char *said, size_t length, const char *prefix)
{
    size_t size = strlen(prefix);
    return said && length >= size && memcmp(said, prefix, size) == 0;
}

/* lws begins its objections to the answer with "HS:"; a refusal never comes here. */
static bool answer_is_broken(const char *said, size_t length)
{
    return starts(said, length, "HS:") || starts(said, length, "problems parsing");
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
        conn->end.protocol_violation = answer_is_broken(said, length);
        return;
    }
    if (conn->state != CONN_OPEN) return;
    if (conn->end.os_error != 0) client_rest_read(conn);
    if (conn->end.close_code != 0) {
        conn->end.os_error = 0; /* a peer that has said goodbye may well reset */
    } else if (conn->end.os_error == 0 && !conn->close_sent && !peer_has_ended(conn)) {
        conn->end.protocol_violation = true;
        client_conn_detail(conn, "invalid WebSocket frame", SIZE_MAX);
    }
}

static socklen_t make_address(const char *address, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        return sizeof(*four);
    }
    (void)inet_pton(AF_INET6, address, &six->sin6_addr);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    return sizeof(*six);
}

/*
 * lws says nothing about a socket() or connect() that failed at once. Doing the same again tells:
 * it fails in the same way, at once, or else its begun connection is dropped here.
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
