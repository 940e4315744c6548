/* The tests' own client, for servers on the loop of the same thread: every wait runs that loop. It
 * shares nothing with src/net but the port, so that both ends cannot have the same mistake. */
#ifndef RUSHHOUR_TESTS_WIRE_CLIENT_H
#define RUSHHOUR_TESTS_WIRE_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define WIRE_PATIENCE_S 10
#define WIRE_EOF 0
#define WIRE_RESET (-1)
#define WIRE_LATE (-2)
#define WIRE_UNUSED __attribute__((unused))

struct wire {
    uv_loop_t *loop;
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    unsigned char frame[1 << 20]; /* payload of the last frame, NUL-terminated */
    size_t frame_length;
};

static bool wire_late(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - start->tv_sec > WIRE_PATIENCE_S;
}

static void wire_turn(struct wire *wire)
{
    uv_run(wire->loop, UV_RUN_NOWAIT);
    struct pollfd poll_fd = {.fd = wire->fd, .events = POLLIN};
    (void)poll(&poll_fd, 1, 1);
}

static WIRE_UNUSED bool wire_connect(struct wire *wire, uv_loop_t *loop, unsigned port)
{
    memset(wire, 0, sizeof *wire);
    wire->loop = loop;
    wire->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(wire->fd, (struct sockaddr *)&address, sizeof address) != 0) return false;
    return fcntl(wire->fd, F_SETFL, O_NONBLOCK) == 0;
}

/* Handshakes; the certificate must be valid for the host under the root in ca_file. */
static WIRE_UNUSED bool wire_tls(struct wire *wire, const char *ca_file, const char *host)
{
    wire->context = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_load_verify_locations(wire->context, ca_file, NULL) != 1) return false;
    SSL_CTX_set_verify(wire->context, SSL_VERIFY_PEER, NULL);
    wire->ssl = SSL_new(wire->context);
    SSL_set1_host(wire->ssl, host);
    SSL_set_tlsext_host_name(wire->ssl, host);
    SSL_set_fd(wire->ssl, wire->fd);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        int result = SSL_connect(wire->ssl);
        if (result == 1) return true;
        int reason = SSL_get_error(wire->ssl, result);
        if ((reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) || wire_late(&start))
            return false;
        wire_turn(wire);
    }
}

static WIRE_UNUSED void wire_send(struct wire *wire, const void *bytes, size_t length)
{
    const char *at = bytes;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (length > 0 && !wire_late(&start)) {
        ssize_t done = wire->ssl != NULL ? SSL_write(wire->ssl, at, (int)length)
                                         : send(wire->fd, at, length, MSG_NOSIGNAL);
        if (done > 0) {
            at += done;
            length -= (size_t)done;
        } else {
            wire_turn(wire);
        }
    }
}

/* Reads what is available, at most size bytes, waiting for the first; returns the count, or a WIRE_
 * result. */
static WIRE_UNUSED long wire_read(struct wire *wire, void *bytes, size_t size)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        errno = 0;
        long done = wire->ssl != NULL ? SSL_read(wire->ssl, bytes, (int)size)
                                      : recv(wire->fd, bytes, size, 0);
        if (done > 0) return done;
        int reason = wire->ssl != NULL ? SSL_get_error(wire->ssl, (int)done) : SSL_ERROR_NONE;
        if (errno == ECONNRESET) return WIRE_RESET;
        if (reason == SSL_ERROR_ZERO_RETURN || (wire->ssl == NULL && done == 0)) return WIRE_EOF;
        if (wire->ssl != NULL && reason != SSL_ERROR_WANT_READ) return WIRE_EOF;
        if (wire_late(&start)) return WIRE_LATE;
        wire_turn(wire);
    }
}

static WIRE_UNUSED bool wire_read_all(struct wire *wire, void *bytes, size_t size)
{
    char *at = bytes;
    while (size > 0) {
        long done = wire_read(wire, at, size);
        if (done <= 0) return false;
        at += done;
        size -= (size_t)done;
    }
    return true;
}

/* Reads an HTTP head including its blank line into out; false if none came. */
static WIRE_UNUSED bool wire_read_head(struct wire *wire, char *out, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        if (!wire_read_all(wire, out + length, 1)) return false;
        out[++length] = '\0';
        if (length >= 4 && memcmp(out + length - 4, "\r\n\r\n", 4) == 0) return true;
    }
    return false;
}

/* Reads to the end of the connection. */
static WIRE_UNUSED size_t wire_read_rest(struct wire *wire, char *out, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        long done = wire_read(wire, out + length, size - 1 - length);
        if (done <= 0) break;
        length += (size_t)done;
    }
    out[length] = '\0';
    return length;
}

/* Sends one masked frame with the given first byte (FIN, RSV, opcode). */
static WIRE_UNUSED void wire_send_frame(struct wire *wire, unsigned first, const void *payload,
                                        size_t length)
{
    static const unsigned char mask[4] = {0x37, 0xFA, 0x21, 0x3D};
    unsigned char *frame = malloc(length + 14);
    if (frame == NULL) abort();
    size_t at = 0;
    frame[at++] = (unsigned char)first;
    if (length < 126) {
        frame[at++] = (unsigned char)(0x80U | length);
    } else {
        size_t extended = length < 65536 ? 2 : 8;
        frame[at++] = extended == 2 ? 0x80 | 126 : 0x80 | 127;
        for (size_t i = extended; i-- > 0;)
            frame[at++] = (unsigned char)((unsigned long long)length >> (8 * i));
    }
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < length; i++)
        frame[at + i] = ((const unsigned char *)payload)[i] ^ mask[i % 4];
    wire_send(wire, frame, at + length);
    free(frame);
}

static WIRE_UNUSED void wire_send_text(struct wire *wire, const char *text)
{
    wire_send_frame(wire, 0x81, text, strlen(text));
}

/* Reads one frame of the server into wire->frame; returns its first byte, or a WIRE_ result. */
static WIRE_UNUSED int wire_read_frame(struct wire *wire)
{
    unsigned char head[10];
    long first = wire_read(wire, head, 1);
    if (first <= 0) return (int)first;
    if (!wire_read_all(wire, head + 1, 1) || (head[1] & 0x80) != 0) return WIRE_LATE;
    size_t extended = head[1] == 127 ? 8 : head[1] == 126 ? 2 : 0;
    if (!wire_read_all(wire, head + 2, extended)) return WIRE_LATE;
    unsigned long long length = extended == 0 ? head[1] : 0;
    for (size_t i = 0; i < extended; i++) length = length << 8 | head[2 + i];
    if (length >= sizeof wire->frame || !wire_read_all(wire, wire->frame, (size_t)length))
        return WIRE_LATE;
    wire->frame[length] = '\0';
    wire->frame_length = (size_t)length;
    return head[0];
}

#define WIRE_KEY "dGhlIHNhbXBsZSBub25jZQ==" /* the example of RFC 6455, 1.3 */
#define WIRE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* Sends an upgrade request with extra header lines. */
static WIRE_UNUSED void wire_send_upgrade(struct wire *wire, const char *target,
                                          const char *header_lines)
{
    char request[2048];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\nConnection: "
                          "keep-alive, Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " WIRE_KEY "\r\n%s\r\n",
                          target, header_lines);
    wire_send(wire, request, (size_t)length);
}

static WIRE_UNUSED void wire_close(struct wire *wire)
{
    SSL_free(wire->ssl);
    SSL_CTX_free(wire->context);
    wire->ssl = NULL;
    wire->context = NULL;
    if (wire->fd >= 0) close(wire->fd);
    wire->fd = -1;
}

#endif
