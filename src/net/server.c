#include "net/server.h"

#include "net/server_peer.h"

#include <stdlib.h>

static void on_connection(uv_stream_t *listener, int status)
{
    struct ws_server *server = listener->data;
    if (status == 0 && !server->closing)
        peer_accept(server, listener); /* an error here concerns a connection that never came to
                                          be */
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
    server_port_close(&server->port);
    uv_close((uv_handle_t *)&server->before_wait, on_handle_closed);
    uv_close((uv_handle_t *)&server->after_wait, on_handle_closed);
}

/* NOLINTNEXTLINE(readability-function-size): eight plain facts, each of which a listener needs */
enum err_code ws_server_listen(uv_loop_t *loop, const char *address, uint16_t port,
                               struct tls_identity *tls, const struct ws_server_handlers *handlers,
                               void *server_user, struct ws_server **out, struct error *err)
{
    struct ws_server *server = calloc(1, sizeof *server);
    if (server == NULL) return error_set(err, ERR_NOMEM, "no memory for a listener on %s", address);
    server->tls = tls;
    server->handlers = *handlers;
    server->user = server_user;
    ws_server_bound(server, SIZE_MAX, REQUEST_DEADLINE_MS);
    uv_prepare_init(loop, &server->before_wait); /* neither of the two can fail */
    uv_check_init(loop, &server->after_wait);
    server->handles_open = 2;
    server->before_wait.data = server->after_wait.data = server;
    uv_unref((uv_handle_t *)&server->before_wait);
    uv_unref((uv_handle_t *)&server->after_wait);
    enum err_code code =
        server_port_open(&server->port, loop, address, port, on_connection, server, err);
    if (code != ERR_OK) {
        close_handles(server);
        return code;
    }
    *out = server;
    return ERR_OK;
}

void ws_server_bound(struct ws_server *server, size_t connections, uint64_t head_ms)
{
    server->connections_most = connections;
    server->head_ms = head_ms;
}

uint16_t ws_server_port(const struct ws_server *server)
{
    return server->port.number;
}

enum ws_listening ws_server_listening(const struct ws_server *server)
{
    return server->port.listening;
}

enum err_code ws_server_set_listening(struct ws_server *server, enum ws_listening listening,
                                      struct error *err)
{
    return server_port_set(&server->port, listening, err);
}

void ws_server_close(struct ws_server *server)
{
    if (server == NULL || server->closing) return;
    for (struct ws_peer *peer = server->peers; peer != NULL; peer = peer->next) peer_end(peer);
    close_handles(server);
}
