#include "net/tunnel_server.h"

#include "base/text.h"
#include "net/server_http.h"
#include "net/server_listen.h"

#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)64 * 1024)
#define DEADLINE_MS 30000 /* for the request, and for whatever a client does after a refusal */

struct tunnel_server {
    uv_loop_t *loop;
    struct server_port port;
    tunnel_decide *decide;
    void *user;
    bool closing;
    struct tunnel *tunnels;
    char piece[PIECE]; /* libuv reads into it; consumed before its callback returns */
};

/* One end of a tunnel. What is read here is written to the other. */
struct tunnel_end {
    struct tunnel *tunnel;
    struct tunnel_end *other;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    char *writing; /* what the kernel did not take at once */
    bool ended;    /* it has sent EOF */
    bool shutting; /* we have shut it down, or will once `writing` is out */
};

struct tunnel {
    struct tunnel_server *server;
    struct tunnel *next, *previous;
    struct tunnel_end client, region;
    uv_connect_t connect;
    uv_timer_t timer;
    int handles_open;
    bool asked, standing, refused, over;
    struct text head;
};

static void release(struct tunnel_server *server)
{
    if (server->closing && server->tunnels == NULL) free(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct tunnel *tunnel = handle->data;
    if (--tunnel->handles_open > 0) return;
    struct tunnel_server *server = tunnel->server;
    if (tunnel->previous != NULL) tunnel->previous->next = tunnel->next;
    if (tunnel->next != NULL) tunnel->next->previous = tunnel->previous;
    if (server->tunnels == tunnel) server->tunnels = tunnel->next;
    free(tunnel->client.writing);
    free(tunnel->region.writing);
    text_free(&tunnel->head);
    free(tunnel);
    release(server);
}

static void close_end(struct tunnel_end *end, bool reset)
{
    end->tcp.data = end->tunnel;
    if (!reset || uv_tcp_close_reset(&end->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&end->tcp, on_handle_closed);
}

/* Closes both ends; a reset is passed on as a reset. */
static void end_tunnel(struct tunnel *tunnel, bool reset)
{
    if (tunnel->over) return;
    tunnel->over = true;
    close_end(&tunnel->client, reset);
    close_end(&tunnel->region, reset);
    uv_close((uv_handle_t *)&tunnel->timer, on_handle_closed);
}

/* ---- forwarding ---- */

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct tunnel_end *end = handle->data;
    *buffer = uv_buf_init(end->tunnel->server->piece, (unsigned)PIECE);
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    (void)request, (void)status; /* the end of this connection follows */
}

static void finish(struct tunnel_end *end)
{
    if (end->writing == NULL)
        (void)uv_shutdown(&end->shutdown, (uv_stream_t *)&end->tcp, on_shut_down);
}

static void shut(struct tunnel_end *end)
{
    end->shutting = true;
    finish(end);
}

static void on_written(uv_write_t *write, int status)
{
    struct tunnel_end *end = write->data;
    free(end->writing);
    end->writing = NULL;
    if (end->tunnel->over) return;
    if (status != 0) {
        end_tunnel(end->tunnel, true);
    } else if (end->shutting) {
        finish(end);
    } else if (end->tunnel->standing) {
        (void)uv_read_start((uv_stream_t *)&end->other->tcp, allocate, on_read);
    }
}

/* Writes to one end; the other is not read until the kernel has taken everything. False if the
 * connection is lost. */
static bool put(struct tunnel_end *end, const char *bytes, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&end->tcp;
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)length);
    int sent = uv_try_write(stream, &buffer, 1);
    if (sent < 0 && sent != UV_EAGAIN) return false;
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done == length) return true;
    end->writing = malloc(length - done);
    if (end->writing == NULL) return false;
    memcpy(end->writing, bytes + done, length - done);
    buffer = uv_buf_init(end->writing, (unsigned)(length - done));
    end->write.data = end;
    (void)uv_read_stop((uv_stream_t *)&end->other->tcp);
    return uv_write(&end->write, stream, &buffer, 1, on_written) == 0;
}

static void take_end(struct tunnel_end *end)
{
    struct tunnel *tunnel = end->tunnel;
    end->ended = true;
    (void)uv_read_stop((uv_stream_t *)&end->tcp);
    if (!tunnel->standing || end->other->ended)
        end_tunnel(tunnel, false);
    else
        shut(end->other);
}

/* ---- CONNECT and its answer ---- */

static void on_deadline(uv_timer_t *timer)
{
    struct tunnel *tunnel = timer->data;
    end_tunnel(tunnel, false);
}

static void refuse(struct tunnel *tunnel, int status)
{
    static const char body[] =
        "<html><head><title>Proxy</title></head><body>The proxy makes no tunnel.</body></html>\n";
    struct text answer = {0};
    tunnel->refused = true;
    http_refusal(&answer, status,
                 status == 407 ? "proxy-authenticate: Basic realm=\"proxy\"\r\n" : "", "text/html",
                 body, false);
    if (answer.failed || !put(&tunnel->client, answer.data, answer.length))
        end_tunnel(tunnel, false);
    else
        shut(&tunnel->client);
    text_free(&answer);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct tunnel *tunnel = request->data;
    static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    if (tunnel->over) return;
    if (status != 0) {
        refuse(tunnel, status == UV_ETIMEDOUT ? 504 : 502);
        return;
    }
    (void)uv_timer_stop(&tunnel->timer);
    (void)uv_tcp_nodelay(&tunnel->region.tcp, 1);
    tunnel->standing = true;
    if (!put(&tunnel->client, yes, sizeof yes - 1) ||
        uv_read_start((uv_stream_t *)&tunnel->region.tcp, allocate, on_read) != 0)
        end_tunnel(tunnel, true);
}

static void dig(struct tunnel *tunnel, const struct tunnel_answer *answer)
{
    struct sockaddr_storage to;
    bool known = uv_ip4_addr(answer->address, answer->port, (struct sockaddr_in *)&to) == 0 ||
                 uv_ip6_addr(answer->address, answer->port, (struct sockaddr_in6 *)&to) == 0;
    tunnel->connect.data = tunnel;
    if (!known || uv_tcp_connect(&tunnel->connect, &tunnel->region.tcp,
                                 (const struct sockaddr *)&to, on_connected) != 0)
        refuse(tunnel, 502);
}

/* Splits "host:port" or "[v6]:port" in place; 0 if malformed. */
static uint16_t split_target(char *target, char **host)
{
    char *colon = strrchr(target, ':');
    if (colon == NULL || colon == target) return 0;
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end != '\0' || port > 65535) return 0;
    *host = target;
    if (*target == '[' && colon[-1] == ']') {
        (*host)++;
        colon--;
    }
    *colon = '\0';
    return (uint16_t)port;
}

static void take_question(struct tunnel *tunnel, size_t length)
{
    struct tunnel_server *server = tunnel->server;
    struct http_request request;
    char *host = NULL;
    tunnel->asked = true;
    int status = http_parse(tunnel->head.data, length, &request);
    if (status == 0 && strcmp(request.method, "CONNECT") != 0) status = 405;
    uint16_t port = status == 0 ? split_target((char *)(uintptr_t)request.target, &host) : 0;
    if (status == 0 && port == 0) status = 400;
    struct tunnel_answer answer = {.status = status};
    if (status == 0) answer = server->decide(server->user, host, port);
    if (answer.status == 200)
        dig(tunnel, &answer);
    else
        refuse(tunnel, answer.status);
    text_free(&tunnel->head);
}

static void take_head(struct tunnel *tunnel, const char *bytes, size_t length)
{
    text_append(&tunnel->head, bytes, length);
    size_t head =
        tunnel->head.failed ? 0 : http_head_length(tunnel->head.data, tunnel->head.length);
    if (tunnel->head.failed || head < tunnel->head.length) {
        /* Nothing but the request may come before the answer. */
        if (tunnel->head.failed || head > 0) end_tunnel(tunnel, false);
        if (tunnel->head.length > HTTP_HEAD_LIMIT) end_tunnel(tunnel, false);
        return;
    }
    take_question(tunnel, head);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct tunnel_end *end = stream->data;
    struct tunnel *tunnel = end->tunnel;
    if (count == UV_EOF) {
        take_end(end);
    } else if (count < 0) {
        end_tunnel(tunnel, true);
    } else if (count > 0 && tunnel->standing) {
        if (!put(end->other, buffer->base, (size_t)count)) end_tunnel(tunnel, true);
    } else if (count > 0 && !tunnel->asked) {
        take_head(tunnel, buffer->base, (size_t)count);
    } else if (count > 0 && !tunnel->refused) {
        end_tunnel(tunnel, false); /* a client waits for the answer; anything it sends after a
                                      refusal is dropped */
    }
}

static void begin_end(struct tunnel *tunnel, struct tunnel_end *end, struct tunnel_end *other)
{
    end->tunnel = tunnel;
    end->other = other;
    (void)uv_tcp_init(tunnel->server->loop, &end->tcp); /* cannot fail without an address family */
    end->tcp.data = end;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct tunnel_server *server = listener->data;
    struct tunnel *tunnel = status == 0 ? calloc(1, sizeof *tunnel) : NULL;
    if (tunnel == NULL) return; /* libuv holds the connection */
    tunnel->server = server;
    tunnel->next = server->tunnels;
    if (tunnel->next != NULL) tunnel->next->previous = tunnel;
    server->tunnels = tunnel;
    begin_end(tunnel, &tunnel->client, &tunnel->region);
    begin_end(tunnel, &tunnel->region, &tunnel->client);
    (void)uv_timer_init(server->loop, &tunnel->timer);
    tunnel->timer.data = tunnel;
    tunnel->handles_open = 3;
    if (uv_accept(listener, (uv_stream_t *)&tunnel->client.tcp) != 0 ||
        uv_tcp_nodelay(&tunnel->client.tcp, 1) != 0 ||
        uv_read_start((uv_stream_t *)&tunnel->client.tcp, allocate, on_read) != 0) {
        end_tunnel(tunnel, false);
        return;
    }
    (void)uv_timer_start(&tunnel->timer, on_deadline, DEADLINE_MS, 0);
}

enum err_code tunnel_server_listen(uv_loop_t *loop, const char *address, uint16_t port,
                                   tunnel_decide *decide, void *user, struct tunnel_server **out,
                                   struct error *err)
{
    struct tunnel_server *server = calloc(1, sizeof *server);
    if (server == NULL) return error_set(err, ERR_NOMEM, "no memory for a proxy");
    server->loop = loop;
    server->decide = decide;
    server->user = user;
    enum err_code code =
        server_port_open(&server->port, loop, address, port, on_connection, server, err);
    if (code != ERR_OK) {
        free(server);
        return code;
    }
    *out = server;
    return ERR_OK;
}

uint16_t tunnel_server_port(const struct tunnel_server *server)
{
    return server->port.number;
}

void tunnel_server_close(struct tunnel_server *server)
{
    if (server == NULL || server->closing) return;
    server->closing = true;
    server_port_close(&server->port);
    for (struct tunnel *tunnel = server->tunnels; tunnel != NULL; tunnel = tunnel->next)
        end_tunnel(tunnel, false);
    release(server);
}
