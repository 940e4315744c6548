/*
 * CPU per received message over TLS: ours, and as the physical limit a raw epoll + OpenSSL client
 * that decrypts the same bytes and does nothing else, in turns against the same server in a process
 * of its own. Arguments: sessions (200), seconds of each turn (2), messages per second over all
 * sessions (4000), rounds (3).
 */
#include "base/clock.h"
#include "net/client.h"
#include "net/ws_format.h"
#include "pinned_service.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

#define ROUNDS_MOST 15

static struct {
    int sessions, rounds;
    double seconds, rate;
    size_t length; /* of a message */
} plan;

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

static void serve(uv_loop_t *loop)
{
    static uv_timer_t timer;
    server.peers = calloc((size_t)plan.sessions, sizeof(struct ws_peer *));
    server.message = malloc(plan.length);
    need(server.peers != NULL && server.message != NULL, "memory");
    memset(server.message, 'm', plan.length);
    (void)uv_timer_init(loop, &timer);
    (void)uv_timer_start(&timer, on_tick, 1, 1);
}

static const struct ws_server_handlers handlers = {
    .on_request = on_request, .on_message = on_peer_message, .on_gone = on_gone};

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
        all[i] = raw_connect(context, service->port, NULL);
        (void)fcntl(SSL_get_fd(all[i]), F_SETFL, O_NONBLOCK);
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
    const struct ws_handlers client_handlers = {NULL, on_open, NULL, on_message, on_closed};
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
    check(ws_client_new(&loop, &terms, 1, &client_handlers, &client, &err), &err);
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

static double run_against(double (*client)(const struct service *))
{
    const struct service service = service_start(&handlers, serve);
    const double us = client(&service);
    service_end(&service);
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
        const double limit = median(raw, plan.rounds), us = median(own, plan.rounds);
        printf("%6zu bytes: raw %6.2f, ours %6.2f: %.2fx\n", plan.length, limit, us, us / limit);
        (void)fflush(stdout);
    }
    return 0;
}
