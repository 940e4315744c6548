/* The callback of lws: translates each reason into one fact. */
#include "net/client_private.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void on_tunnel_opened(void *user)
{
    client_conn_step(user, WS_STEP_CONNECTED, clock_mono_ns());
}

/* lws begins the TLS handshake before it returns to the loop, so the tunnel goes to the next
 * handshake that starts. */
static int on_connected(struct ws_conn *conn)
{
    struct client_tunnel *tunnel = conn->request->tunnel;
    conn->connected = true;
    conn->fd = lws_get_socket_fd(conn->wsi);
    client_read_stamp(conn->fd);
    if (tunnel == NULL) {
        client_conn_step(conn, WS_STEP_CONNECTED, clock_mono_ns());
        return 0;
    }
    tunnel->opened = on_tunnel_opened;
    tunnel->user = conn;
    tunnel->fd = conn->fd;
    conn->request->vhost->tls->tunnel = tunnel;
    return 0;
}

/* Called just before the request is sent, with TLS established. lws has written its own lines up to
 * *position. */
static int on_request(struct ws_conn *conn, char **position, size_t room)
{
    const struct client_request *request = conn->request;
    if (request->tunnel != NULL) client_tunnel_detach(request->tunnel, lws_get_ssl(conn->wsi));
    conn->asking = true;
    if (!client_read_attach(conn)) return -1;
    client_conn_step(conn, WS_STEP_TLS, clock_mono_ns());
    if (conn->aborted || request->header_length > room) return -1;
    if (request->header_length > 0)
        memcpy(*position, request->header_lines, request->header_length);
    *position += request->header_length;
    return 0;
}

/* The response head has arrived, whatever its status. */
static int on_answer(struct ws_conn *conn)
{
    if (conn->aborted) return -1;
    free(conn->response);
    conn->response = client_response_read(conn->wsi);
    if (conn->response == NULL) return -1;
    conn->end.http_status = conn->response->status;
    if (conn->response->status == 101) {
        conn->answered = true;
        return client_early_keep(conn) ? 0 : -1;
    }
    if (conn->response->status == 0) {
        conn->end.protocol_violation = conn->observed = true;
        client_conn_detail(conn, "the answer has no HTTP status of three digits", SIZE_MAX);
        return -1;
    }
    client_refusal_begin(conn);
    return -1;
}

/* Session tickets that arrive before the response leave 16 KiB of OpenSSL's buffer allocated for
 * good; this frees them. */
static void free_tls_buffers(struct lws *wsi)
{
    SSL *ssl = lws_get_ssl(wsi);
    if (ssl != NULL) (void)SSL_free_buffers(ssl);
}

void client_callback_open(struct ws_conn *conn)
{
    const uint64_t at_ns = conn->answer_ns != 0 ? conn->answer_ns : clock_mono_ns();
    conn->state = CONN_OPEN;
    conn->end.opened = true;
    client_conn_step(conn, WS_STEP_UPGRADED, at_ns);
    client_request_free(conn->request);
    conn->request = NULL;
    if (!conn->aborted && conn->response != NULL)
        client_response_deliver(conn, conn->response, NULL, at_ns);
    free(conn->response);
    conn->response = NULL;
}

static int on_established(struct ws_conn *conn)
{
    if (conn->aborted) return -1;
    client_callback_open(conn);
    free_tls_buffers(conn->wsi);
    if (conn->aborted) return 0;
    if (!client_read_begin(conn)) {
        conn->end.local_error = ENOMEM;
        client_conn_fail(conn, "no memory to watch another socket");
        return 0;
    }
    client_early_deliver(conn);
    return 0;
}

/* A reset behind the 101 is told but once. */
static int on_body_complete(struct ws_conn *conn, int saved_errno)
{
    if (conn->refusal == NULL) conn->read_error = saved_errno;
    client_refusal_complete(conn);
    return -1;
}

static int on_body(struct ws_conn *conn, char *bytes)
{
    conn->early_shown = conn->refusal == NULL;
    client_refusal_piece(conn, bytes);
    return -1; /* lws is not to take it for read */
}

static int on_closed(struct ws_conn *conn, int saved_errno)
{
    client_read_stop(conn);
    client_end_observe(conn, NULL, 0, saved_errno);
    return 0;
}

static void on_gone(struct ws_conn *conn, struct lws *wsi)
{
    lws_set_opaque_user_data(wsi, NULL);
    if (!conn->inside_connect) {
        client_conn_gone(conn);
        return;
    }
    conn->dead_wsi = wsi;
    conn->wsi = NULL;
    conn->ssl = NULL;
}

static int translate(struct ws_conn *conn, enum lws_callback_reasons reason, void *in,
                     size_t length, int saved_errno)
{
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE:
        return on_connected(conn);
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return on_request(conn, in, length);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return on_answer(conn);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return on_body(conn, in);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        return on_body_complete(conn, saved_errno);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return on_established(conn);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return client_send_drain(conn);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        client_end_observe(conn, in, length, saved_errno);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        return on_closed(conn, saved_errno);
    default:
        return 0;
    }
}

int client_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    (void)user;
    int saved_errno = errno;
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE:
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        break;
    default:
        return 0; /* other reasons carry no valid wsi */
    }
    struct ws_conn *conn = lws_get_opaque_user_data(wsi);
    if (conn == NULL) return 0;
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        on_gone(conn, wsi);
        return 0;
    }
    conn->wsi = wsi;
    int result = translate(conn, reason, in, length, saved_errno);
    errno = 0; /* keep the next end from seeing this errno */
    return result;
}
