/*
 * CPU per received message over TLS: ours, and as the physical limit a raw epoll + OpenSSL client
 * that decrypts the same bytes and does nothing else, in turns against the same server in a process
 * of its own. Arguments: sessions (200), seconds of each turn (2), messages per second over all
 * sessions (4000), rounds (3).
 */
#include "base/clock.h"
#include "base/text.h"
#include "net/authority.h"
#include "net/client.h"
#include "net/server.h"
#include "net/ws_format.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_MOST 15

static struct {
    int sessions, rounds;
    double seconds, rate;
    size_t length; /* of a message */
} plan;

static void check(enum err_code code, const struct error *err)
{
    if (code == ERR_OK) return;
    (void)fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void need(bool holds, const char *what)
{
    if (holds) return;
    (void)fprintf(stderr, "bench_net_receive: %s failed: %s\n", what, strerror(errno));
    exit(1);
}

/* Server and client do not take each other's time where there is a core for each. */
static void keep_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

/* ---- the server: one message after another to one session after another, at the rate ---- */

static struct {
    struct ws_peer **peers;
    int count;
    uint64_t sent, start_ns;
    char *message;
} server;

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user, (void)request;
    ws_peer_accept(peer, "");
    if (server.count < plan.sessions) server.peers[server.count++] = peer;
    if (server.count == plan.sessions) server.start_ns = clock_mono_ns() + NS_PER_S;
}

static void on_peer_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)peer, (void)text, (void)length, (void)at_ns;
}

/* The client has what it wanted. */
static void on_gone(struct ws_peer *peer, int code)
{
    (void)peer, (void)code;
    exit(0);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
    const uint64_t now_ns = clock_mono_ns();
    if (server.count < plan.sessions || now_ns < server.start_ns) return;
    const double due = (double)(now_ns - server.start_ns) / 1e9 * plan.rate;
    for (int burst = 0; (double)server.sent < due && burst < 1000; burst++)
        ws_peer_send(server.peers[server.sent++ % (uint64_t)plan.sessions], server.message,
                     plan.length);
}

static void serve(int out)
{
    const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_peer_message, .on_gone = on_gone};
    struct error err;
    struct authority *authority = NULL;
    struct tls_identity *identity = NULL;
    struct ws_server *listening = NULL;
    struct text pem = {0};
    uv_loop_t loop;
    uv_timer_t timer;
    keep_to(1);
    server.peers = calloc((size_t)plan.sessions, sizeof(struct ws_peer *));
    server.message = malloc(plan.length);
    need(server.peers != NULL && server.message != NULL, "memory");
    memset(server.message, 'm', plan.length);
    (void)uv_loop_init(&loop);
    check(authority_new(&authority, &err), &err);
    check(authority_issue(authority, "bench.test", &identity, &err), &err);
    check(authority_pem(authority, &pem, &err), &err);
    check(ws_server_listen(&loop, "127.0.0.1", 0, identity, &handlers, NULL, &listening, &err),
          &err);
    char port[16];
    (void)snprintf(port, sizeof port, "%-8u", (unsigned)ws_server_port(listening));
    need(write(out, port, 8) == 8 && write(out, text_str(&pem), pem.length) == (ssize_t)pem.length,
         "the pipe");
    (void)close(out);
    (void)uv_timer_init(&loop, &timer);
    (void)uv_timer_start(&timer, on_tick, 1, 1);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    exit(0);
}

struct service {
    pid_t pid;
    uint16_t port;
    char ca_file[32];
};

static struct service start_server(void)
{
    struct service service = {.ca_file = "/tmp/rushhour-bench-XXXXXX"};
    int ends[2];
    char bytes[8192];
    size_t length = 0;
    ssize_t n;
    need(pipe(ends) == 0, "a pipe");
    service.pid = fork();
    if (service.pid == 0) serve(ends[1]);
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

static void end_server(const struct service *service)
{
    (void)kill(service->pid, SIGTERM);
    (void)waitpid(service->pid, NULL, 0);
    (void)unlink(service->ca_file);
}

/* ---- what one turn measures, from the first message on ---- */

struct turn {
    uint64_t begun_ns, cpu_ns, bytes;
};

static void begin(struct turn *turn)
{
    *turn = (struct turn){.begun_ns = clock_mono_ns(), .cpu_ns = clock_thread_cpu_ns()};
}

static bool is_over(const struct turn *turn)
{
    return turn->begun_ns != 0 && (double)(clock_mono_ns() - turn->begun_ns) > plan.seconds * 1e9;
}

/* us of CPU for each message; frame: bytes of a message as they were counted. */
static double cost(const struct turn *turn, size_t frame)
{
    const double messages = (double)turn->bytes / (double)frame;
    return (double)(clock_thread_cpu_ns() - turn->cpu_ns) / 1e3 / messages;
}

/* ---- raw ---- */

static SSL *raw_connect(SSL_CTX *context, uint16_t port)
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
    need(SSL_connect(ssl) == 1 && SSL_write(ssl, request, sizeof request - 1) > 0 &&
             SSL_read(ssl, answer, sizeof answer) > 0,
         "the upgrade");
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return ssl;
}

static double run_raw(const struct service *service)
{
    static char plain[65536];
    struct epoll_event ready[256];
    struct turn turn = {0};
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL **all = calloc((size_t)plan.sessions, sizeof(SSL *));
    need(epoll >= 0 && context != NULL && all != NULL, "memory");
    for (int i = 0; i < plan.sessions; i++) {
        all[i] = raw_connect(context, service->port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = all[i]};
        need(epoll_ctl(epoll, EPOLL_CTL_ADD, SSL_get_fd(all[i]), &event) == 0, "epoll");
    }
    while (!is_over(&turn)) {
        const int count = epoll_wait(epoll, ready, 256, 1000);
        if (count > 0 && turn.begun_ns == 0) begin(&turn);
        for (int i = 0; i < count; i++) {
            int n;
            while ((n = SSL_read(ready[i].data.ptr, plain, sizeof plain)) > 0)
                turn.bytes += (uint64_t)n;
        }
    }
    unsigned char head[WS_HEAD_MAX];
    const double us = cost(&turn, plan.length + ws_frame_head(head, WS_TEXT, plan.length));
    for (int i = 0; i < plan.sessions; i++) {
        (void)close(SSL_get_fd(all[i]));
        SSL_free(all[i]);
    }
    free((void *)all);
    SSL_CTX_free(context);
    (void)close(epoll);
    return us;
}

/* ---- ours ---- */

static struct {
    struct turn turn;
    int opened, closed;
} ours;

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    (void)user, (void)response, (void)at_ns;
    ours.opened++;
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    (void)user, (void)data, (void)is_text, (void)at_ns;
    if (ours.turn.begun_ns == 0) begin(&ours.turn);
    ours.turn.bytes += length;
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    (void)user, (void)at_ns;
    ours.closed++;
    if (!end->by_us) (void)fprintf(stderr, "a session ended: %s\n", end->detail);
}

static double run_ours(const struct service *service)
{
    const struct tls_terms terms = {.ca_file = service->ca_file};
    const struct ws_handlers handlers = {NULL, on_open, NULL, on_message, on_closed};
    const struct http_target target = {.host = "bench.test",
                                       .port = service->port,
                                       .address_port = service->port,
                                       .tls = true,
                                       .address = "127.0.0.1",
                                       .terms = terms,
                                       .target = "/"};
    struct error err;
    struct ws_client *client = NULL;
    uv_loop_t loop;
    memset(&ours, 0, sizeof ours);
    (void)uv_loop_init(&loop);
    check(ws_client_new(&loop, &terms, 1, &handlers, &client, &err), &err);
    for (int i = 0; i < plan.sessions; i++) {
        struct ws_conn *conn;
        check(ws_connect(client, &target, NULL, &conn, &err), &err);
        while (ours.opened <= i && ours.closed == 0) (void)uv_run(&loop, UV_RUN_ONCE);
    }
    while (!is_over(&ours.turn) && ours.closed == 0) (void)uv_run(&loop, UV_RUN_ONCE);
    const double us = cost(&ours.turn, plan.length);
    need(ours.closed == 0, "a session");
    ws_client_free(client);
    (void)uv_loop_close(&loop);
    return us;
}

/* ---- side by side ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, (size_t)plan.rounds, sizeof *values, by_size);
    return values[plan.rounds / 2];
}

static double run_against(double (*client)(const struct service *))
{
    const struct service service = start_server();
    const double us = client(&service);
    end_server(&service);
    return us;
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = {200, 4096, 16384};
    plan.sessions = argc > 1 ? atoi(argv[1]) : 200;
    plan.seconds = argc > 2 ? atof(argv[2]) : 2;
    plan.rate = argc > 3 ? atof(argv[3]) : 4000;
    plan.rounds = argc > 4 ? atoi(argv[4]) : 3;
    if (plan.sessions < 1 || plan.rounds < 1 || plan.rounds > ROUNDS_MOST) return 2;
    keep_to(0);
    ws_global_init();
    printf("%d TLS sessions, %.0f messages/s; us of CPU for each received, median of %d\n",
           plan.sessions, plan.rate, plan.rounds);
    (void)fflush(stdout); /* or each server would print it again */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        double raw[ROUNDS_MOST], own[ROUNDS_MOST];
        plan.length = lengths[i];
        for (int round = 0; round < plan.rounds; round++) {
            raw[round] = run_against(run_raw);
            own[round] = run_against(run_ours);
        }
        const double limit = median(raw), us = median(own);
        printf("%6zu bytes: raw %6.2f, ours %6.2f: %.2fx\n", plan.length, limit, us, us / limit);
        (void)fflush(stdout);
    }
    return 0;
}
