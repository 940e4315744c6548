/*
 * CPU per connection (TCP, TLS 1.3, upgrade, Close): ours, and a raw OpenSSL client's as the limit,
 * in turns against the same server in a process of its own; full handshakes, and resumed ones
 * (session.tls_resume). One after another, so that both wait alike. Arguments: connections of each
 * turn (400), rounds (3).
 */
#include "base/clock.h"
#include "net/client.h"
#include "pinned_service.h"

#define ROUNDS_MOST 15

static int connections = 400, rounds = 3;

/* ---- the server ---- */

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user, (void)request;
    ws_peer_accept(peer, "");
}

static void on_peer_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)peer, (void)text, (void)length, (void)at_ns;
}

static void on_gone(struct ws_peer *peer, int code)
{
    (void)peer, (void)code;
}

static const struct ws_server_handlers handlers = {
    .on_request = on_request, .on_message = on_peer_message, .on_gone = on_gone};

/* us of CPU for each connection since then. */
static double cost(uint64_t cpu_ns)
{
    return (double)(clock_thread_cpu_ns() - cpu_ns) / 1e3 / connections;
}

/* ---- raw ---- */

/* A Close frame, its echo, and the end of TLS, as ours. */
static void raw_close(SSL *ssl)
{
    static const unsigned char close_frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
    unsigned char echo[16];
    const int fd = SSL_get_fd(ssl);
    need(SSL_write(ssl, close_frame, sizeof close_frame) > 0 &&
             SSL_read(ssl, echo, sizeof echo) > 0,
         "the close");
    (void)SSL_shutdown(ssl);
    SSL_free(ssl);
    (void)close(fd);
}

static double run_raw(const struct service *service, bool resume)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_SESSION *session = NULL;
    need(context != NULL && SSL_CTX_load_verify_locations(context, service->ca_file, NULL) == 1,
         "a TLS context");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    uint64_t cpu_ns = 0;
    for (int i = -1; i < connections; i++) { /* the first one brings the ticket */
        if (i == 0) cpu_ns = clock_thread_cpu_ns();
        SSL *ssl = raw_connect(context, service->port, session);
        need(i < 0 || SSL_session_reused(ssl) == (int)resume, "resuming");
        if (i < 0 && resume) session = SSL_get1_session(ssl);
        raw_close(ssl);
    }
    const double us = cost(cpu_ns);
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    return us;
}

/* ---- ours ---- */

static int closed;

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    (void)response, (void)at_ns;
    ws_close(*(struct ws_conn **)user);
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    (void)user, (void)data, (void)length, (void)is_text, (void)at_ns;
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    (void)user, (void)at_ns;
    closed++;
    need(end->opened, end->detail);
}

static double run_ours(const struct service *service, bool resume)
{
    const struct tls_terms terms = {.ca_file = service->ca_file, .resume = resume};
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
    struct ws_conn *conn;
    uv_loop_t loop;
    uint64_t cpu_ns = 0;
    (void)uv_loop_init(&loop);
    check(ws_client_new(&loop, &terms, 1, &client_handlers, &client, &err), &err);
    closed = 0;
    for (int i = -1; i < connections; i++) {
        if (i == 0) cpu_ns = clock_thread_cpu_ns();
        check(ws_connect(client, &target, &conn, &conn, &err), &err);
        while (closed <= i + 1) (void)uv_run(&loop, UV_RUN_ONCE);
    }
    const double us = cost(cpu_ns);
    ws_client_free(client);
    (void)uv_loop_close(&loop);
    return us;
}

static double run_against(double (*client)(const struct service *, bool), bool resume)
{
    const struct service service = service_start(&handlers, NULL);
    const double us = client(&service, resume);
    service_end(&service);
    return us;
}

int main(int argc, char **argv)
{
    if (argc > 1) connections = atoi(argv[1]);
    if (argc > 2) rounds = atoi(argv[2]);
    if (connections < 1 || rounds < 1 || rounds > ROUNDS_MOST) return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    keep_to(0);
    ws_global_init();
    printf("%d connections one after another; us of CPU for each, median of %d\n", connections,
           rounds);
    for (int resume = 0; resume < 2; resume++) {
        double raw[ROUNDS_MOST], own[ROUNDS_MOST];
        for (int round = 0; round < rounds; round++) {
            (void)fflush(stdout); /* or each server would print it again */
            raw[round] = run_against(run_raw, resume);
            own[round] = run_against(run_ours, resume);
        }
        const double limit = median(raw, rounds), us = median(own, rounds);
        printf("%s: raw %6.0f, ours %6.0f: %.2f of raw's connections per core\n",
               resume ? "resumed" : "full   ", limit, us, limit / us);
    }
    return 0;
}
