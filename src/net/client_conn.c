/* The life of a connection: begun, advanced by the tick, ended exactly once. */
#include "net/client_private.h"

#include "base/clock.h"
#include "net/budget.h"

#include <stdlib.h>
#include <string.h>

enum err_code ws_connect(struct ws_client *client, const struct http_target *target, void *user,
                         struct ws_conn **out, struct error *err)
{
    struct ws_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) return error_set(err, ERR_NOMEM, "no memory for a connection");
    enum err_code code = client_request_new(client, target, &conn->request, err);
    if (code != ERR_OK) {
        free(conn);
        return code;
    }
    conn->client = client;
    conn->user = user;
    conn->tls = target->tls;
    conn->out_end = &conn->out;
    conn->next = client->conns;
    if (conn->next != NULL) conn->next->previous = conn;
    client->conns = conn;
    client_conn_due(conn);
    *out = conn;
    return ERR_OK;
}

void client_conn_step(struct ws_conn *conn, enum ws_step step, uint64_t at_ns)
{
    if (conn->aborted) return;
    conn->end.steps_done++;
    conn->told_ns = at_ns;
    if (conn->client->handlers.on_step != NULL)
        conn->client->handlers.on_step(conn->user, step, at_ns);
}

void client_conn_due(struct ws_conn *conn)
{
    struct ws_client *client = conn->client;
    if (conn->is_due) return;
    conn->is_due = true;
    conn->next_due = NULL;
    *client->due_end = conn;
    client->due_end = &conn->next_due;
    if (!uv_is_active((uv_handle_t *)&client->tick))
        (void)uv_timer_start(&client->tick, client_conn_tick, 0, 0);
}

static void move_on(struct ws_conn *conn)
{
    if (conn->aborted || conn->state == CONN_OVER || conn->state == CONN_REFUSED) {
        client_conn_finish(conn);
    } else if (conn->request->next_address > 0) {
        if (!client_dial_next(conn)) client_conn_finish(conn);
    } else {
        client_dial_start(conn);
    }
}

/* Takes only what was due when it started: anything a handler adds waits for the next tick. */
void client_conn_tick(uv_timer_t *tick)
{
    struct ws_client *client = tick->data;
    struct ws_conn *conn = client->due;
    client->due = NULL;
    client->due_end = &client->due;
    while (conn != NULL) {
        struct ws_conn *next = conn->next_due;
        conn->is_due = false;
        move_on(conn);
        conn = next;
    }
}

#define DETAIL_MOST 255 /* bytes */

void client_conn_detail(struct ws_conn *conn, const char *text, size_t length)
{
    if (conn->detail != NULL || text == NULL) return;
    length = strnlen(text, length);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' ')) length--;
    if (length == 0) return;
    conn->detail = strndup(text, length < DETAIL_MOST ? length : DETAIL_MOST);
}

void client_conn_forget_detail(struct ws_conn *conn)
{
    free(conn->detail);
    conn->detail = NULL;
}

static bool may_try_again(const struct ws_conn *conn)
{
    const struct client_request *request = conn->request;
    return conn->state == CONN_DIALLING && !conn->connected && !conn->aborted &&
           conn->end.local_error == 0 && request->next_address < request->addresses.count;
}

void client_conn_gone(struct ws_conn *conn)
{
    conn->wsi = NULL;
    conn->ssl = NULL;
    if (conn->refusal != NULL && !conn->aborted && client_refusal_resume(conn)) return;
    if (may_try_again(conn)) {
        client_conn_due(conn);
        return;
    }
    client_conn_finish(conn);
}

static void unlink_conn(struct ws_conn *conn)
{
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        conn->client->conns = conn->next;
    if (conn->next != NULL) conn->next->previous = conn->previous;
}

void client_conn_finish(struct ws_conn *conn)
{
    client_refusal_drop(conn);
    conn->state = CONN_OVER;
    conn->end.detail = conn->detail != NULL ? conn->detail : "";
    conn->end.close_reason = conn->close_reason != NULL ? conn->close_reason : "";
    if (conn->client->handlers.on_closed != NULL) {
        conn->client->handlers.on_closed(conn->user, &conn->end, clock_mono_ns());
    }
    unlink_conn(conn);
    client_send_free(conn);
    client_request_free(conn->request);
    free(conn->response);
    free(conn->early);
    free(conn->detail);
    free(conn->close_reason);
    client_receive_drop(conn);
    if (conn->has_socket) budget_return_socket();
    free(conn);
}

/* lws drops a connection when its timeout fires; waking it up makes it check timeouts in the next
 * iteration. */
void client_conn_end(struct ws_conn *conn)
{
    conn->peer_closing = true;
    client_read_stop(conn);
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    lws_cancel_service(conn->client->context);
}

static void end_soon(struct ws_conn *conn)
{
    conn->aborted = true;
    if (conn->wsi != NULL) {
        client_conn_end(conn);
        return;
    }
    resolver_forget(&conn->wait);
    client_conn_due(conn);
}

void client_conn_fail(struct ws_conn *conn, const char *detail)
{
    if (conn->aborted) return;
    client_conn_detail(conn, detail, strlen(detail));
    end_soon(conn);
}

void ws_abort(struct ws_conn *conn)
{
    if (conn->aborted || conn->state == CONN_OVER) return;
    conn->end.by_us = true;
    end_soon(conn);
}

const char *ws_address(const struct ws_conn *conn)
{
    return conn->address;
}
