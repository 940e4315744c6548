#include "net/client_private.h"

#include "base/limits.h"
#include "net/trust.h"

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
        .max_http_header_data2 = CLIENT_HEAD_LIMIT,
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
                     "libwebsockets-evlib-uv installed, and is there memory?",
                     last_log[0] ? last_log : "no reason given");
}

/* The system's roots take a while to load: they wait for who wants them. */
static enum err_code load_terms(struct ws_client *client, const struct tls_terms *terms,
                                size_t count, struct error *err)
{
    struct client_tls *tls = NULL;
    enum err_code code = client_vhost_tls(client, NULL, &tls, err);
    for (size_t i = 0; i < count && code == ERR_OK; i++) {
        if (terms[i].ca_file == NULL) code = trust_system_check(err);
        if (code == ERR_OK && (terms[i].ca_file != NULL || terms[i].certificate != NULL))
            code = client_vhost_tls(client, &terms[i], &tls, err);
    }
    return code;
}

enum err_code ws_client_new(uv_loop_t *loop, const struct tls_terms *terms, size_t count,
                            const struct ws_handlers *handlers, struct ws_client **out,
                            struct error *err)
{
    struct ws_client *client = calloc(1, sizeof *client);
    if (client == NULL) return error_set(err, ERR_NOMEM, "no memory for a WebSocket client");
    client->loop = loop;
    client->handlers = *handlers;
    client->due_end = &client->due;
    client->reader.epoll = -1;
    enum err_code code = load_terms(client, terms, count, err);
    if (code == ERR_OK) code = resolver_new(loop, &client->resolver, err);
    if (code == ERR_OK) code = client_reader_open(client, err);
    if (code == ERR_OK) code = make_context(client, err);
    if (code == ERR_OK) {
        client->tick.data = client;
        (void)uv_timer_init(loop, &client->tick);
        client->open_handles++;
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
    while (client->tls) {
        struct client_tls *next = client->tls->next;
        client_tls_free(client->tls);
        client->tls = next;
    }
    free(client->scratch);
}

void ws_client_free(struct ws_client *client)
{
    if (client == NULL) return;
    for (struct ws_conn *conn = client->conns; conn != NULL; conn = conn->next) ws_abort(conn);
    while (client->conns != NULL || client->refusals > 0) uv_run(client->loop, UV_RUN_ONCE);
    resolver_free(client->resolver);
    if (client->tick.data != NULL) uv_close((uv_handle_t *)&client->tick, on_handle_closed);
    if (client->reader.poll.data != NULL)
        uv_close((uv_handle_t *)&client->reader.poll, on_handle_closed);
    while (client->open_handles > 0) uv_run(client->loop, UV_RUN_NOWAIT);
    if (client->context != NULL) destroy_context(client);
    client_reader_free(client);
    free_settings(client);
    free(client);
}
