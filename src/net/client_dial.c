/* From a name to a connection in progress: resolves, then has lws connect to one numeric address
 * after another. */
#include "net/client_private.h"

#include "base/clock.h"
#include "net/budget.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_answer(struct ws_conn *conn, const struct resolver_answer *answer)
{
    conn->request->addresses = *answer;
    if (answer->count == 0) {
        conn->end.resolve_error = answer->eai_error;
        conn->end.local_error = answer->local_error;
        conn->state = CONN_OVER;
        client_conn_due(conn);
        return;
    }
    client_conn_step(conn, WS_STEP_RESOLVED, clock_mono_ns());
    if (conn->aborted || !client_dial_next(conn)) client_conn_due(conn);
}

static void on_resolved(struct resolver_wait *wait, const struct resolver_answer *answer)
{
    struct ws_conn *conn = lws_container_of(wait, struct ws_conn, wait);
    take_answer(conn, answer);
}

/* Descriptors that the folder and the endpoints need are not for sessions. */
static bool take_socket(struct ws_conn *conn)
{
    conn->has_socket = budget_take_socket();
    if (conn->has_socket) return true;
    conn->end.local_error = EMFILE;
    client_conn_detail(conn, "all file descriptors meant for sessions are in use", SIZE_MAX);
    conn->state = CONN_OVER;
    client_conn_due(conn);
    return false;
}

void client_dial_start(struct ws_conn *conn)
{
    struct client_request *request = conn->request;
    const char *host = request->connect_host;
    if (!take_socket(conn)) return;
    if (resolver_is_numeric(host)) {
        request->addresses.count = 1;
        (void)snprintf(request->addresses.addresses[0], INET6_ADDRSTRLEN, "%s", host);
        if (!client_dial_next(conn)) client_conn_due(conn);
        return;
    }
    const struct resolver_answer *cached = NULL;
    struct error err;
    conn->state = CONN_RESOLVING;
    conn->wait.done = on_resolved;
    if (resolver_find(conn->client->resolver, host, &conn->wait, &cached, &err) != ERR_OK) {
        client_conn_detail(conn, err.text, sizeof err.text);
        conn->end.local_error = ENOMEM;
        conn->state = CONN_OVER;
        client_conn_due(conn);
    } else if (cached != NULL) {
        take_answer(conn, cached);
    }
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void close_orphan(uv_handle_t *handle, void *wsi)
{
    if (handle->type == UV_POLL && handle->data == wsi && !uv_is_closing(handle))
        uv_close(handle, free_handle);
}

/*
 * When connect() fails at once, lws 4.1.6 closes the socket but neither closes nor frees the libuv
 * handle on it. That handle still points to the wsi that is gone, which distinguishes it from all
 * others.
 */
static void close_orphans(struct ws_conn *conn)
{
    if (conn->dead_wsi != NULL) uv_walk(conn->client->loop, close_orphan, conn->dead_wsi);
    conn->dead_wsi = NULL;
}

static const lws_retry_bo_t no_pings_of_its_own = {0};

static void connect_by_lws(struct ws_conn *conn, const char *address)
{
    const struct client_request *request = conn->request;
    struct lws_client_connect_info info = {
        .context = conn->client->context,
        .vhost = request->vhost->vhost,
        .address = address,
        .port = request->connect_port,
        .ssl_connection = (conn->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = request->target,
        .host = request->host_header,
        .protocol = request->subprotocol,
        .local_protocol_name = CLIENT_PROTOCOL,
        .ietf_version_or_minus_one = -1,
        .alpn = "http/1.1",
        .opaque_user_data = conn,
        .retry_and_idle_policy = &no_pings_of_its_own,
    };
    conn->inside_connect = true;
    struct lws *wsi = lws_client_connect_via_info(&info);
    conn->inside_connect = false;
    if (wsi != NULL && conn->state == CONN_DIALLING && conn->wsi == NULL) conn->wsi = wsi;
}

bool client_dial_next(struct ws_conn *conn)
{
    struct client_request *request = conn->request;
    conn->state = CONN_DIALLING;
    while (request->next_address < request->addresses.count && conn->end.local_error == 0) {
        const char *address = request->addresses.addresses[request->next_address++];
        memcpy(conn->address, address, INET6_ADDRSTRLEN);
        conn->end.os_error = 0;
        client_conn_forget_detail(conn);
        conn->observed = false;
        connect_by_lws(conn, address);
        close_orphans(conn);
        if (conn->wsi != NULL) return true;
        client_end_no_start(conn, address, request->connect_port);
    }
    conn->state = CONN_OVER;
    return false;
}
