#include "net/client_private.h"

#include "base/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* lws's last complaint while creating a context; it goes into an error's text, never to the
 * terminal. */
static char last_log[160];

static void keep_log(int level, const char *line)
{
    (void)level;
    size_t length = strcspn(line, "\r\n");
    if (length >= sizeof last_log) length = sizeof last_log - 1;
    memcpy(last_log, line, length);
    last_log[length] = '\0';
}

void ws_global_init(void)
{
    /* Not while workers run: lws assembles log lines in one buffer shared by all threads. */
    lws_set_log_level(0, keep_log);
    /* lws allocates 16 bytes per possible file descriptor in each context: 1,024 are too few, a
     * million too many. */
    (void)limits_raise_descriptors();
}

static enum err_code make_context(struct ws_client *client, struct error *err)
{
    void *loops[] = {client->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .foreign_loops = loops,
        .gid = -1,
        .uid = -1,
        .pt_serv_buf_size = CLIENT_SERVICE_BUFFER,
        .max_http_header_data2 = CLIENT_SERVICE_BUFFER / 2,
        .timeout_secs = 86400, /* deadlines are the engine's */
        .user = client,
    };
    last_log[0] = '\0';
    lws_set_log_level(LLL_ERR | LLL_WARN, keep_log);
    client->context = lws_create_context(&info);
    lws_set_log_level(0, keep_log);
    if (client->context != NULL) return ERR_OK;
    return error_set(err, ERR_NET,
                     "libwebsockets could not start on libuv (%s): is the package "
                     "libwebsockets-evlib-uv installed?",
                     last_log[0] ? last_log : "no reason given");
}

static enum err_code load_authorities(struct ws_client *client, const char *const *ca_files,
                                      size_t count, struct error *err)
{
    client->tls = calloc(count + 2, sizeof *client->tls);
    if (client->tls == NULL) return error_set(err, ERR_NOMEM, "no memory for a WebSocket client");
    enum err_code code = client_tls_new(TRUST_NOBODY, NULL, &client->tls[0], err);
    client->tls_count = 2;
    for (size_t i = 0; i < count && code == ERR_OK; i++) {
        if (ca_files[i] == NULL) continue;
        code = client_tls_new(TRUST_FILE, ca_files[i], &client->tls[client->tls_count], err);
        if (code == ERR_OK) client->tls_count++;
    }
    return code;
}

enum err_code ws_client_new(uv_loop_t *loop, const char *const *ca_files, size_t ca_count,
                            const struct ws_handlers *handlers, struct ws_client **out,
                            struct error *err)
{
    struct ws_client *client = calloc(1, sizeof *client);
    if (client == NULL) return error_set(err, ERR_NOMEM, "no memory for a WebSocket client");
    client->loop = loop;
    client->handlers = *handlers;
    client->due_end = &client->due;
    enum err_code code = load_authorities(client, ca_files, ca_count, err);
    if (code == ERR_OK) code = resolver_new(loop, &client->resolver, err);
    if (code == ERR_OK) code = make_context(client, err);
    if (code == ERR_OK) {
        client->tick.data = client;
        (void)uv_timer_init(loop, &client->tick);
        client->open_handles = 1;
        *out = client;
        return ERR_OK;
    }
    ws_client_free(client);
    return code;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct ws_client *client = handle->data;
    client->open_handles--;
}

static void count_closing(uv_handle_t *handle, void *count)
{
    if (uv_is_closing(handle)) ++*(size_t *)count;
}

/* On a foreign loop, lws closes its handles after the first call, each of which may trigger further
 * closes, and frees itself in a second call. */
static void destroy_context(struct ws_client *client)
{
    lws_context_destroy(client->context);
    size_t closing;
    do {
        uv_run(client->loop, UV_RUN_NOWAIT);
        closing = 0;
        uv_walk(client->loop, count_closing, &closing);
    } while (closing > 0);
    lws_context_destroy(client->context);
}

static void free_settings(struct ws_client *client)
{
    while (client->vhosts != NULL) {
        struct client_vhost *next = client->vhosts->next;
        free(client->vhosts);
        client->vhosts = next;
    }
    for (size_t i = 0; i < client->tls_count; i++) client_tls_free(client->tls[i]);
    free(client->tls);
    free(client->scratch);
}

void ws_client_free(struct ws_client *client)
{
    if (client == NULL) return;
    for (struct ws_conn *conn = client->conns; conn != NULL; conn = conn->next) ws_abort(conn);
    while (client->conns != NULL || client->refusals > 0) uv_run(client->loop, UV_RUN_ONCE);
    resolver_free(client->resolver);
    if (client->open_handles > 0) uv_close((uv_handle_t *)&client->tick, on_handle_closed);
    while (client->open_handles > 0) uv_run(client->loop, UV_RUN_NOWAIT);
    if (client->context != NULL) destroy_context(client);
    free_settings(client);
    free(client);
}
