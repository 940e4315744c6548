/* For benchmarks of the client: a server of this project in a process and on a core of its own, and
 * as the limit a raw OpenSSL connection to it. */
#ifndef RUSHHOUR_BENCH_PINNED_SERVICE_H
#define RUSHHOUR_BENCH_PINNED_SERVICE_H

#include "base/text.h"
#include "net/authority.h"
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void check(enum err_code code, const struct error *err)
{
    if (code == ERR_OK) return;
    (void)fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static inline void need(bool holds, const char *what)
{
    if (holds) return;
    (void)fprintf(stderr, "%s failed: %s\n", what, strerror(errno));
    exit(1);
}

/* Server and client do not take each other's time where there is a core for each. */
static inline void keep_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

/* ---- the server ---- */

struct service {
    pid_t pid;
    uint16_t port;
    char ca_file[32];
};

/* In the server's process: tells the port and the authority's certificate, then serves. */
static inline void service_run(int out, const struct ws_server_handlers *handlers,
                               void (*begin)(uv_loop_t *loop))
{
    struct error err;
    struct authority *authority = NULL;
    struct tls_identity *identity = NULL;
    struct ws_server *listening = NULL;
    struct text pem = {0};
    uv_loop_t loop;
    keep_to(1);
    (void)uv_loop_init(&loop);
    check(authority_new(&authority, &err), &err);
    check(authority_issue(authority, "bench.test", &identity, &err), &err);
    check(authority_pem(authority, &pem, &err), &err);
    check(ws_server_listen(&loop, "127.0.0.1", 0, identity, handlers, NULL, &listening, &err),
          &err);
    char port[16];
    (void)snprintf(port, sizeof port, "%-8u", (unsigned)ws_server_port(listening));
    need(write(out, port, 8) == 8 && write(out, text_str(&pem), pem.length) == (ssize_t)pem.length,
         "the pipe");
    (void)close(out);
    if (begin != NULL) begin(&loop);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    exit(0);
}

/* begin: what is to be set up on the server's loop; NULL: nothing. */
static inline struct service service_start(const struct ws_server_handlers *handlers,
                                           void (*begin)(uv_loop_t *loop))
{
    struct service service = {.ca_file = "/tmp/rushhour-bench-XXXXXX"};
    int ends[2];
    char bytes[8192];
    size_t length = 0;
    ssize_t n;
    need(pipe(ends) == 0, "a pipe");
    service.pid = fork();
    if (service.pid == 0) service_run(ends[1], handlers, begin);
    (void)close(ends[1]);
    while ((n = read(ends[0], bytes + length, sizeof bytes - 1 - length)) > 0) length += (size_t)n;
    (void)close(ends[0]);
    bytes[length] = '\0';
    service.port = (uint16_t)strtoul(bytes, NULL, 10);
    const int fd = mkstemp(service.ca_file);
    need(fd >= 0 && length > 8 && write(fd, bytes + 8, length - 8) == (ssize_t)(length - 8),
         "the server's certificate");
    (void)close(fd);
    return service;
}

static inline void service_end(const struct service *service)
{
    (void)kill(service->pid, SIGTERM);
    (void)waitpid(service->pid, NULL, 0);
    (void)unlink(service->ca_file);
}

/* ---- the limit ---- */

/* Connected, encrypted and upgraded; resumed: a TLS session to resume, or NULL. */
static inline SSL *raw_connect(SSL_CTX *context, uint16_t port, SSL_SESSION *resumed)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: bench.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    const struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer[2048];
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(connect(fd, (const struct sockaddr *)&where, sizeof where) == 0, "connect");
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (resumed != NULL) (void)SSL_set_session(ssl, resumed);
    need(SSL_connect(ssl) == 1 && SSL_write(ssl, request, sizeof request - 1) > 0 &&
             SSL_read(ssl, answer, sizeof answer) > 0,
         "the upgrade");
    return ssl;
}

/* ---- figures ---- */

static inline int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[count / 2];
}

#endif
