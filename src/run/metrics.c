#include "run/descriptors.h"
#include "run/run_private.h"

#include "net/server.h"
#include "watch/openmetrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Limit on how long the end of a run waits for the next scrape. It waits as long as the last one
 * took to come, and a little more. */
#define LAST_SCRAPE_MOST_NS (60 * NS_PER_S)
#define LAST_SCRAPE_SLACK_NS (1 * NS_PER_S)

/* A scraper that has come only once is assumed to use a common interval. */
#define SCRAPE_GAP_ASSUMED_NS (15 * NS_PER_S)

/* For the head of a request, which a scraper sends at once. */
#define HEAD_LIMIT_MS 5000

struct metrics {
    struct run *run;
    struct ws_server *server;
    uint64_t scraped_ns, gap_ns; /* when the last scrape came, and how long after the previous
                                    one */
    struct ws_peer *last;        /* the receiver of the final figures; lingering ends with this
                                    connection */
    bool last_gone;
};

/* ---- answering ---- */

static void answer_metrics(struct metrics *metrics, struct ws_peer *peer)
{
    enum exposition exposition = openmetrics_negotiate(ws_request_header(peer, "accept"));
    struct run_snapshot snapshot;
    struct text body = {0};
    uint64_t now_ns = clock_mono_ns();
    metrics->gap_ns =
        metrics->scraped_ns != 0 ? now_ns - metrics->scraped_ns : (uint64_t)SCRAPE_GAP_ASSUMED_NS;
    metrics->scraped_ns = now_ns;
    run_look(metrics->run, &snapshot);
    openmetrics_write(&snapshot, exposition, &body);
    if (body.failed) {
        ws_peer_refuse(peer, 503, "", "text/plain; charset=utf-8", "No memory for the metrics.\n");
    } else {
        if (snapshot.phase == RUN_FINISHED && metrics->last == NULL) metrics->last = peer;
        ws_peer_refuse(peer, 200, "cache-control: no-store\r\nvary: accept\r\n",
                       openmetrics_content_type(exposition), text_str(&body));
    }
    text_free(&body);
}

static void answer_front(const struct metrics *metrics, struct ws_peer *peer)
{
    struct text body = {0};
    text_puts(&body, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
                     "charset=\"utf-8\"><title>rushhour</title></head>"
                     "<body>\n<h1>rushhour ");
    text_html(&body, metrics->run->plan.id);
    text_puts(
        &body,
        "</h1>\n<p><a href=\"/metrics\">Metrics</a> of the run under way, for Prometheus.</p>\n"
        "</body></html>\n");
    ws_peer_refuse(peer, 200, "", "text/html; charset=utf-8", text_str(&body));
    text_free(&body);
}

/* ---- who may ask ---- */

static bool is_loopback(const char *address, size_t length)
{
    char name[64];
    struct in_addr four;
    struct in6_addr six;
    if (length >= sizeof name) return false;
    memcpy(name, address, length);
    name[length] = '\0';
    if (strcasecmp(name, "localhost") == 0 || strcasecmp(name, "localhost.") == 0) return true;
    if (inet_pton(AF_INET, name, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, name, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* The name in "localhost:9464" or "[::1]:9464"; *length is its own. */
static const char *name_in(const char *host, size_t *length)
{
    if (*host != '[') {
        *length = strcspn(host, ":");
        return host;
    }
    *length = strcspn(host + 1, "]");
    return host + 1;
}

/*
 * A page that a browser on this machine shows can have its own name resolve to loopback, and read
 * what is served there as its own (DNS rebinding); only the Host header betrays it. Who listens on
 * another address wants to be reached by names that are not known here.
 */
static bool may_ask(const struct metrics *metrics, const struct ws_peer *peer)
{
    const char *asked = metrics->run->options->metrics.address;
    const char *host = ws_request_header(peer, "host");
    size_t length;
    if (host == NULL || !is_loopback(asked, strlen(asked))) return true;
    const char *name = name_in(host, &length);
    return is_loopback(name, length);
}

/* Every response ends its connection: enough for a scrape every few seconds. */
static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    struct metrics *metrics = user;
    size_t path = strcspn(request->target, "?");
    ws_peer_set_user(peer, metrics);
    if (!may_ask(metrics, peer)) {
        ws_peer_refuse(peer, 421, "", "text/plain; charset=utf-8",
                       "This endpoint answers as localhost, 127.0.0.1 or [::1] only; "
                       "--metrics ADDR:PORT listens on another address.\n");
    } else if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        ws_peer_refuse(peer, 405, "allow: GET, HEAD\r\n", "text/plain; charset=utf-8",
                       "Only GET and HEAD.\n");
    } else if (path == 8 && strncmp(request->target, "/metrics", path) == 0) {
        answer_metrics(metrics, peer);
    } else if (path == 1 && *request->target == '/') {
        answer_front(metrics, peer);
    } else {
        ws_peer_refuse(peer, 404, "", "text/plain; charset=utf-8",
                       "The metrics are at /metrics.\n");
    }
}

static void on_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    (void)peer; /* connections are never upgraded */
    (void)text;
    (void)length;
    (void)at_ns;
}

static void on_gone(struct ws_peer *peer, int close_code)
{
    struct metrics *metrics = ws_peer_user(peer);
    (void)close_code;
    if (metrics == NULL || peer != metrics->last) return;
    metrics->last_gone = true;
    uv_stop(metrics->run->loop);
}

/* ---- the endpoint's life ---- */

static void announce(const struct metrics *metrics)
{
    const struct run_options *options = metrics->run->options;
    const struct metrics_address *asked = &options->metrics;
    if (options->screen.quiet && asked->port != 0) return; /* nobody could guess a free port */
    bool v6 = strchr(asked->address, ':') != NULL;
    run_note(metrics->run, "rushhour: metrics at http://%s%s%s:%u/metrics", v6 ? "[" : "",
             asked->address, v6 ? "]" : "", (unsigned)ws_server_port(metrics->server));
}

enum err_code metrics_open(struct run *run, struct error *err)
{
    static const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_message, .on_gone = on_gone};
    const struct metrics_address *asked = &run->options->metrics;
    if (!asked->asked) return ERR_OK;
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL) return error_set(err, ERR_NOMEM, "no memory for the metrics");
    run->metrics = metrics;
    metrics->run = run;
    struct error why = {0};
    enum err_code code = ws_server_listen(run->loop, asked->address, asked->port, NULL, &handlers,
                                          metrics, &metrics->server, &why);
    if (code != ERR_OK)
        return error_set(err, code, "--metrics: %s; take another port, or 0 for any free one",
                         why.text);
    ws_server_bound(metrics->server, METRICS_CONNECTIONS, HEAD_LIMIT_MS);
    announce(metrics);
    return ERR_OK;
}

static void on_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* How long a known scraper may take to come again; 0: none is expected. */
static uint64_t expected_within_ns(const struct metrics *metrics)
{
    if (metrics->scraped_ns == 0) return 0;
    uint64_t gap = metrics->gap_ns;
    if (gap > (uint64_t)LAST_SCRAPE_MOST_NS) gap = (uint64_t)LAST_SCRAPE_MOST_NS;
    uint64_t deadline = metrics->scraped_ns + gap + (uint64_t)LAST_SCRAPE_SLACK_NS;
    uint64_t now_ns = clock_mono_ns();
    return deadline > now_ns ? deadline - now_ns : 0;
}

void run_linger(struct run *run)
{
    struct metrics *metrics = run->metrics;
    if (metrics == NULL || metrics->server == NULL || run->engine == NULL) return;
    uint64_t within_ns = expected_within_ns(metrics);
    if (within_ns == 0 || run->stops > 0) return; /* whoever interrupts wants to stop */
    if (!run->options->screen.quiet)
        run_note(run,
                 "rushhour: waiting up to %.0f s for the last scrape of the metrics (Ctrl-C ends "
                 "it)",
                 (double)within_ns / (double)NS_PER_S + 0.5);
    uv_timer_t deadline;
    (void)uv_timer_init(run->loop, &deadline);
    (void)uv_timer_start(&deadline, on_deadline, within_ns / (uint64_t)NS_PER_MS + 1, 0);
    while (!metrics->last_gone && run->stops == 0 && uv_is_active((uv_handle_t *)&deadline))
        (void)uv_run(run->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&deadline, NULL);
    (void)uv_run(run->loop, UV_RUN_NOWAIT);
}

void metrics_close(struct run *run)
{
    struct metrics *metrics = run->metrics;
    if (metrics == NULL || metrics->server == NULL) return;
    ws_server_close(metrics->server);
    metrics->server = NULL;
    metrics->last = NULL;
}

void metrics_free(struct run *run)
{
    if (run->metrics == NULL) return;
    free(run->metrics);
    run->metrics = NULL;
}
