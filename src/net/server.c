#include "net/server.h"

#include "net/server_peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

static void on_connection(uv_stream_t *listener, int status)
{
    struct ws_server *server = listener->data;
    if (status == 0 && !server->closing)
        peer_accept(server); /* an error is one connection's that never was */
}

void server_release(struct ws_server *server)
{
    if (server->handles_open > 0 || server->peers != NULL) return;
    text_free(&server->scratch);
    free(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct ws_server *server = handle->data;
    server->handles_open--;
    server_release(server);
}

static void close_handles(struct ws_server *server)
{
    server->closing = true;
    uv_close((uv_handle_t *)&server->listener, on_handle_closed);
    uv_close((uv_handle_t *)&server->before_wait, on_handle_closed);
    uv_close((uv_handle_t *)&server->after_wait, on_handle_closed);
}

static bool read_address(const char *address, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (uv_ip4_addr(address, port, (struct sockaddr_in *)out) == 0) return true;
    return uv_ip6_addr(address, port, (struct sockaddr_in6 *)out) == 0;
}

static int bind_and_listen(struct ws_server *server, const struct sockaddr_storage *address)
{
    int status = uv_tcp_bind(&server->listener, (const struct sockaddr *)address, 0); /* sets SO_REUSEADDR */
    if (status != 0) return status;
    status = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
    if (status != 0) return status;
    struct sockaddr_storage bound;
    int length = sizeof bound;
    status = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&bound, &length);
    if (status != 0) return status;
    server->port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                     : ((struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): eight plain facts, each of which a listener needs */
enum err_code ws_server_listen(uv_loop_t *loop, const char *address, uint16_t port, struct tls_identity *tls,
                               const struct ws_server_handlers *handlers, void *server_user,
                               struct ws_server **out, struct error *err)
{
    struct sockaddr_storage storage;
    if (!read_address(address, port, &storage))
        return error_set(err, ERR_NET, "\"%s\" is no numeric address to listen on: write 127.0.0.1 or ::1",
                         address);
    struct ws_server *server = calloc(1, sizeof *server);
    if (server == NULL) return error_set(err, ERR_NOMEM, "no memory for a listener on %s", address);
    server->tls = tls;
    server->handlers = *handlers;
    server->user = server_user;
    uv_tcp_init(loop, &server->listener); /* none of the three can fail */
    uv_prepare_init(loop, &server->before_wait);
    uv_check_init(loop, &server->after_wait);
    server->handles_open = 3;
    server->listener.data = server->before_wait.data = server->after_wait.data = server;
    uv_unref((uv_handle_t *)&server->before_wait);
    uv_unref((uv_handle_t *)&server->after_wait);
    int status = bind_and_listen(server, &storage);
    if (status != 0) {
        close_handles(server);
        return error_set(err, ERR_NET, "cannot listen on %s port %u: %s", address, (unsigned)port,
                         uv_strerror(status));
    }
    *out = server;
    return ERR_OK;
}

uint16_t ws_server_port(const struct ws_server *server)
{
    return server->port;
}

void ws_server_close(struct ws_server *server)
{
    if (server == NULL || server->closing) return;
    for (struct ws_peer *peer = server->peers; peer != NULL; peer = peer->next) peer_end(peer);
    close_handles(server);
}
