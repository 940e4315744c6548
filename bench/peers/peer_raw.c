/*
 * The physical limit beside rushhour: an epoll + OpenSSL client that decrypts the same bytes, asks
 * again when a response is done, writes down each ttft, and does nothing else.
 *
 * usage: peer_raw PORT CA_FILE SESSIONS CSV
 */
#include "peers/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOLD_MOST 256 /* what an event is stands in its first bytes */

struct session {
    SSL *ssl;
    uint64_t asked_ns; /* 0: the first delta has come */
};

static volatile sig_atomic_t over;

static void on_signal(int number)
{
    (void)number;
    over = 1;
}

/* Masked with zeros: the text stays as it is. */
static void say(struct session *session, const char *json)
{
    unsigned char frame[1024];
    const size_t length = strlen(json);
    size_t head = frame_head(frame, 0x81, length);
    frame[1] |= 128;
    memset(frame + head, 0, 4);
    head += 4;
    memcpy(frame + head, json, length);
    need(SSL_write(session->ssl, frame, (int)(head + length)) > 0, "room to write");
}

static void ask(struct session *session)
{
    say(session, "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":"
                 "\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Say OK.\"}]}}");
    session->asked_ns = now_ns();
    say(session, "{\"type\":\"response.create\"}");
}

static void open_session(struct session *session, SSL_CTX *context, unsigned short port)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    const struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    char answer[2048];
    need(connect(fd, (const struct sockaddr *)&where, sizeof where) == 0, "connection");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    session->ssl = SSL_new(context);
    need(session->ssl != NULL && SSL_set_fd(session->ssl, fd) == 1 &&
             SSL_set1_host(session->ssl, "localhost") == 1 &&
             SSL_set_tlsext_host_name(session->ssl, "localhost") == 1 &&
             SSL_connect(session->ssl) == 1 &&
             SSL_write(session->ssl, request, sizeof request - 1) > 0 &&
             SSL_read(session->ssl, answer, sizeof answer) > 0,
         "upgrade");
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    say(session, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\"}}");
}

static bool says(const char *bytes, int length, const char *what)
{
    const size_t looked = length < TOLD_MOST ? (size_t)length : TOLD_MOST;
    return memmem(bytes, looked, what, strlen(what)) != NULL;
}

static void take(struct session *session, const char *bytes, int length, FILE *csv)
{
    if (session->asked_ns != 0 && says(bytes, length, ".delta\"")) {
        const uint64_t ttft_ns = now_ns() - session->asked_ns;
        const char *id = memmem(bytes, (size_t)length, "resp_", 5);
        session->asked_ns = 0;
        if (id != NULL) (void)fprintf(csv, "%.15s,%llu\n", id, (unsigned long long)ttft_ns / 1000);
    }
    if (says(bytes, length, "\"response.done\"") || says(bytes, length, "\"session.updated\""))
        ask(session);
}

static void drain(struct session *session, FILE *csv)
{
    static char plain[65536];
    int n;
    while ((n = SSL_read(session->ssl, plain, sizeof plain)) > 0) take(session, plain, n, csv);
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    const unsigned short port = (unsigned short)strtoul(argv[1], NULL, 10);
    const size_t count = strtoul(argv[3], NULL, 10);
    struct session *sessions = calloc(count, sizeof *sessions);
    struct epoll_event events[256];
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    FILE *csv = fopen(argv[4], "w");
    need(sessions != NULL && epoll >= 0 && context != NULL && csv != NULL &&
             SSL_CTX_load_verify_locations(context, argv[2], NULL) == 1,
         "memory, file or certificate");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)signal(SIGTERM, on_signal);
    raise_files();
    (void)fprintf(csv, "response_id,ttft_us\n");
    for (size_t i = 0; i < count && !over; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &sessions[i]};
        open_session(&sessions[i], context, port);
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, SSL_get_fd(sessions[i].ssl), &event) == 0, "epoll");
    }
    /* what came with the upgrade wakes nobody */
    for (size_t i = 0; i < count && !over; i++) drain(&sessions[i], csv);
    while (!over) {
        const int ready = epoll_wait(epoll, events, 256, 1000);
        for (int i = 0; i < ready; i++) drain(events[i].data.ptr, csv);
    }
    return fclose(csv) == 0 ? 0 : 1;
}
