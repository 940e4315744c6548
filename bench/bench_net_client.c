/*
 * The cost of the client side: handshakes per second, memory per open TLS session, CPU per received
 * message. The server is the simulator's, in its own process. Arguments: sessions (2000), seconds
 * (5), message bytes (200), messages per second over all sessions (20000; 0: as fast as possible).
 */
#include "base/clock.h"
#include "base/text.h"
#include "net/authority.h"
#include "net/client.h"
#include "net/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define IN_FLIGHT 64

static void check(enum err_code code, const struct error *err)
{
    if (code == ERR_OK) return;
    (void)fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    (void)user, (void)request;
    ws_peer_accept(peer, "");
}

static void on_peer_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)at_ns;
    ws_peer_send(peer, text, length);
}

static void on_gone(struct ws_peer *peer, int code)
{
    (void)peer, (void)code;
}

/* The server's process: writes its certificate and port, then echoes until it is killed. */
static void serve(int out)
{
    const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_peer_message, .on_gone = on_gone};
    struct error err;
    struct authority *authority = NULL;
    struct tls_identity *identity = NULL;
    struct ws_server *server = NULL;
    struct text pem = {0};
    uv_loop_t loop;
    (void)uv_loop_init(&loop);
    check(authority_new(&authority, &err), &err);
    check(authority_issue(authority, "bench.test", &identity, &err), &err);
    check(authority_pem(authority, &pem, &err), &err);
    check(ws_server_listen(&loop, "127.0.0.1", 0, identity, &handlers, NULL, &server, &err), &err);
    char port[16];
    (void)snprintf(port, sizeof port, "%-8u", (unsigned)ws_server_port(server));
    if (write(out, port, 8) != 8 || write(out, text_str(&pem), pem.length) != (ssize_t)pem.length)
        exit(1);
    (void)close(out);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    exit(0);
}

static struct {
    uv_loop_t loop;
    struct ws_client *client;
    struct http_target target;
    struct ws_conn **conns;
    int wanted, dialled, opened, closed, failed;
    uint64_t received;
    bool echoing; /* each answer is sent back, as fast as possible */
    char *message;
    size_t length;
    double rate;
    uint64_t sent, start_ns;
} bench;

static void dial(void)
{
    struct error err;
    check(ws_connect(bench.client, &bench.target, &bench.conns[bench.dialled],
                     &bench.conns[bench.dialled], &err),
          &err);
    bench.dialled++;
}

static void on_step(void *user, enum ws_step step, uint64_t at_ns)
{
    (void)user, (void)step, (void)at_ns;
}

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    (void)user, (void)response, (void)at_ns;
    bench.opened++;
    if (bench.dialled < bench.wanted) dial();
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    (void)is_text, (void)at_ns;
    bench.received++;
    if (bench.echoing) (void)ws_send(*(struct ws_conn **)user, data, length);
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    (void)user, (void)at_ns;
    bench.closed++;
    if (end->by_us) return;
    if (bench.failed++ == 0)
        (void)fprintf(stderr, "failed: %s (errno %d)\n", end->detail, end->os_error);
}

static double resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file != NULL) (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024.0;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
    double elapsed = (double)(clock_mono_ns() - bench.start_ns) / 1e9;
    while ((double)bench.sent < elapsed * bench.rate) {
        (void)ws_send(bench.conns[bench.sent++ % (uint64_t)bench.wanted], bench.message,
                      bench.length);
    }
}

static double resident_before;

static void open_all(void)
{
    resident_before = resident_kib();
    uint64_t start = clock_mono_ns(), cpu = clock_thread_cpu_ns();
    for (int i = 0; i < IN_FLIGHT && i < bench.wanted; i++) dial();
    while (bench.opened + bench.failed < bench.wanted) uv_run(&bench.loop, UV_RUN_ONCE);
    double seconds = (double)(clock_mono_ns() - start) / 1e9;
    printf("opened %d of %d: %.0f/s, %.0f us CPU each, %.1f KiB resident each\n", bench.opened,
           bench.wanted, bench.opened / seconds,
           (double)(clock_thread_cpu_ns() - cpu) / 1e3 / bench.opened,
           (resident_kib() - resident_before) / bench.opened);
}

static void exchange(double seconds)
{
    uv_timer_t timer;
    (void)uv_timer_init(&bench.loop, &timer);
    uint64_t cpu = clock_thread_cpu_ns();
    bench.start_ns = clock_mono_ns();
    bench.echoing = bench.rate == 0;
    if (bench.echoing) {
        for (int i = 0; i < bench.wanted; i++)
            (void)ws_send(bench.conns[i], bench.message, bench.length);
    }
    (void)uv_timer_start(&timer, on_tick, 1, 1);
    while ((double)(clock_mono_ns() - bench.start_ns) < seconds * 1e9)
        uv_run(&bench.loop, UV_RUN_ONCE);
    double elapsed = (double)(clock_mono_ns() - bench.start_ns) / 1e9;
    double used = (double)(clock_thread_cpu_ns() - cpu);
    uv_close((uv_handle_t *)&timer, NULL);
    printf("%zu bytes: %.0f messages/s received, %.2f us CPU for each one sent and received, "
           "%.0f%% of a core, "
           "%.1f KiB resident each\n",
           bench.length, (double)bench.received / elapsed, used / 1e3 / (double)bench.received,
           used / elapsed / 1e7, (resident_kib() - resident_before) / bench.opened);
}

static void close_all(void)
{
    uint64_t start = clock_mono_ns();
    bench.echoing = false;
    for (int i = 0; i < bench.wanted; i++) ws_close(bench.conns[i]);
    while (bench.closed < bench.wanted) uv_run(&bench.loop, UV_RUN_ONCE);
    printf("closed %d in %.0f ms, %d failed\n", bench.closed,
           (double)(clock_mono_ns() - start) / 1e6, bench.failed);
}

static void read_server(int in, char *path, uint16_t *port)
{
    char bytes[8192];
    size_t length = 0;
    ssize_t n;
    while ((n = read(in, bytes + length, sizeof bytes - 1 - length)) > 0) length += (size_t)n;
    bytes[length] = '\0';
    *port = (uint16_t)strtoul(bytes, NULL, 10);
    int fd = mkstemp(path);
    if (fd < 0 || length < 9 || write(fd, bytes + 8, length - 8) != (ssize_t)(length - 8)) exit(1);
    (void)close(fd);
}

int main(int argc, char **argv)
{
    int ends[2];
    char path[] = "/tmp/rushhour-bench-XXXXXX";
    const struct tls_terms terms = {.ca_file = path};
    const struct ws_handlers handlers = {on_step, on_open, NULL, on_message, on_closed};
    struct error err;
    ws_global_init();
    if (pipe(ends) != 0) return 1;
    pid_t child = fork();
    if (child == 0) serve(ends[1]);
    (void)close(ends[1]);
    uint16_t port = 0;
    read_server(ends[0], path, &port);
    bench.wanted = argc > 1 ? atoi(argv[1]) : 2000;
    double seconds = argc > 2 ? atof(argv[2]) : 5;
    bench.length = argc > 3 ? strtoul(argv[3], NULL, 10) : 200;
    bench.rate = argc > 4 ? atof(argv[4]) : 20000;
    bench.conns = calloc((size_t)bench.wanted, sizeof(struct ws_conn *));
    bench.message = malloc(bench.length + 1);
    if (bench.wanted < 1 || bench.conns == NULL || bench.message == NULL) return 1;
    memset(bench.message, 'm', bench.length);
    (void)uv_loop_init(&bench.loop);
    check(ws_client_new(&bench.loop, &terms, 1, &handlers, &bench.client, &err), &err);
    bench.target = (struct http_target){.host = "bench.test",
                                        .port = port,
                                        .address_port = port,
                                        .tls = true,
                                        .address = "127.0.0.1",
                                        .terms = terms,
                                        .target = "/"};
    open_all();
    if (bench.failed == 0) {
        exchange(seconds);
        close_all();
    }
    ws_client_free(bench.client);
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
    free((void *)bench.conns);
    free(bench.message);
    return unlink(path) != 0 || bench.failed != 0;
}
