#include "service/transport.h"

#include "base/clock.h"
#include "net/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- stages ---- */

static const struct transport_stage rows[] = {
    [WS_STEP_RESOLVED] = {"resolve", PHASE_RESOLVE, METRIC_RESOLVE, DEADLINE_RESOLVE, EVENT_INVALID,
                          0},
    [WS_STEP_CONNECTED] = {"connect", PHASE_CONNECT, METRIC_TCP, DEADLINE_CONNECT, EVENT_INVALID,
                           0},
    [WS_STEP_TLS] = {"tls", PHASE_TLS, METRIC_TLS, DEADLINE_TLS, EVENT_INVALID, 0},
    [WS_STEP_UPGRADED] = {"upgrade", PHASE_UPGRADE, METRIC_UPGRADE, DEADLINE_UPGRADE, EVENT_INVALID,
                          STAGE_CONNECTS},
    {"session", PHASE_SESSION, METRIC_SESSION, DEADLINE_SESSION, EVENT_SESSION_CREATED,
     STAGE_OPENS},
    {"configure", PHASE_SESSION, STAGE_UNTIMED, DEADLINE_CONFIGURE, EVENT_SESSION_UPDATED,
     STAGE_CONFIGURES},
};

static const struct transport_stages stages = {rows, sizeof rows / sizeof *rows};

/* ---- carrier and conversation ---- */

struct websocket_carrier {
    struct carrier base;
    struct ws_client *client;
    const struct transport_handlers *handlers;
    struct text scratch; /* messages under construction */
    struct heard heard;  /* the current message: too large for the stack */
};

struct websocket {
    struct conversation base;
    struct websocket_carrier *carrier;
    struct ws_conn *conn;
    void *user;
    enum dialect dialect;
    bool private_endpoint;
    struct request_facts request;
};

/* ---- callbacks of the socket ---- */

static const struct transport_handlers *handlers_of(const struct websocket *socket)
{
    return socket->carrier->handlers;
}

static void on_step(void *user, enum ws_step step, uint64_t at_ns)
{
    struct websocket *socket = user;
    const char *address = ws_address(socket->conn);
    handlers_of(socket)->on_stage(socket->user, (unsigned)step, address == NULL ? "" : address,
                                  at_ns);
}

static void tell_answer(struct websocket *socket, const struct ws_response *response, bool accepted,
                        uint64_t at_ns)
{
    const struct raw_answer raw = {
        .accepted = accepted,
        .status = response->status,
        .headers = response->headers,
        .header_count = response->header_count,
        .body = response->body,
        .body_length = response->body_length,
    };
    struct answer answer;
    socket->request.now_s = clock_wall_ns() / NS_PER_S;
    answer_read(&answer, &raw, &socket->request);
    handlers_of(socket)->on_answer(socket->user, &answer, at_ns);
}

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    tell_answer(user, response, true, at_ns);
}

static void on_refused(void *user, const struct ws_response *response, uint64_t at_ns)
{
    tell_answer(user, response, false, at_ns);
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    struct websocket *socket = user;
    struct heard *heard = &socket->carrier->heard;
    if (is_text) {
        heard_text(heard, data, length);
    } else {
        heard_binary(heard);
    }
    handlers_of(socket)->on_event(socket->user, heard, at_ns);
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    struct websocket *socket = user;
    const struct ending ending = {
        .opened = end->opened,
        .facts =
            {
                .local_error = end->local_error,
                .http_status = end->opened ? 0 : end->http_status,
                .resolve_error = end->resolve_error,
                .os_error = end->os_error,
                .tls_failed = end->tls_failed,
                .tls_verify_error = end->tls_verify_error,
                .tls_alert = end->tls_alert,
                .private_endpoint = socket->private_endpoint,
                .certificate_asked = end->certificate_asked,
                .certificate_given = end->certificate_given,
                .head_too_long = end->head_too_long,
                .proxy_status = end->proxy_status,
                .protocol_violation = end->protocol_violation,
                .closed = true,
                .close_code = end->close_code,
                .close_reason = end->close_reason,
            },
        .detail = end->detail,
    };
    handlers_of(socket)->on_end(socket->user, &ending, at_ns);
    free(socket);
}

static const struct ws_handlers socket_handlers = {
    .on_step = on_step,
    .on_open = on_open,
    .on_refused = on_refused,
    .on_message = on_message,
    .on_closed = on_closed,
};

/* ---- operations ---- */

static enum err_code create(const struct carrier_plan *plan, struct carrier **out,
                            struct error *err)
{
    struct websocket_carrier *carrier = calloc(1, sizeof *carrier);
    if (carrier == NULL) return error_set(err, ERR_NOMEM, "no memory for WebSockets");
    carrier->base.transport = &websocket_transport;
    carrier->handlers = plan->handlers;
    enum err_code code = ws_client_new(plan->loop, plan->terms, plan->terms_count, &socket_handlers,
                                       &carrier->client, err);
    if (code != ERR_OK) {
        free(carrier);
        return code;
    }
    *out = &carrier->base;
    return ERR_OK;
}

static struct receive_stamps stamps(const struct carrier *base)
{
    const struct ws_stamps stamps =
        ws_client_stamps(((const struct websocket_carrier *)base)->client);
    return (struct receive_stamps){.kernel = stamps.kernel,
                                   .loop = stamps.loop,
                                   .loop_last = stamps.loop_last,
                                   .behind_ns = stamps.behind_ns};
}

static void free_carrier(struct carrier *base)
{
    struct websocket_carrier *carrier = (struct websocket_carrier *)base;
    ws_client_free(carrier->client);
    text_free(&carrier->scratch);
    free(carrier);
}

/* The target's headers, with the current credential and our request id. */
static size_t opening_headers(const struct opening *opening,
                              struct http_header headers[TARGET_HEADERS])
{
    const struct target *target = opening->target;
    size_t count = target->header_count;
    memcpy(headers, target->headers, count * sizeof *headers);
    if (opening->credential != NULL && target->credential != NULL)
        headers[0].value = opening->credential;
    headers[count++] = (struct http_header){TARGET_REQUEST_ID_HEADER, opening->client_request_id};
    return count;
}

static enum err_code open_socket(struct carrier *base, const struct opening *opening, void *user,
                                 struct conversation **out, struct error *err)
{
    struct websocket_carrier *carrier = (struct websocket_carrier *)base;
    struct http_header headers[TARGET_HEADERS];
    struct http_target where = opening->target->where;
    struct websocket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) return error_set(err, ERR_NOMEM, "no memory for a WebSocket");
    *socket = (struct websocket){
        .base.transport = &websocket_transport,
        .carrier = carrier,
        .user = user,
        .dialect = opening->target->region->dialect,
        .private_endpoint = !profile_is_hosted(opening->target->region->host),
        .request = {.key_as_subprotocol = opening->target->key_as_subprotocol,
                    .credential_expires_s = opening->credential_expires_s},
    };
    where.headers = headers;
    where.header_count = opening_headers(opening, headers);
    enum err_code code = ws_connect(carrier->client, &where, socket, &socket->conn, err);
    if (code != ERR_OK) {
        free(socket);
        return code;
    }
    *out = &socket->base;
    return ERR_OK;
}

/* Sends the message in the carrier's scratch buffer. */
static enum err_code send_scratch(struct websocket *socket, const char *type,
                                  char shape[SHAPE_SIZE])
{
    const struct text *message = &socket->carrier->scratch;
    shape_add(shape, type, message->length);
    if (message->failed) return ERR_NOMEM;
    return ws_send(socket->conn, text_str(message), message->length) ? ERR_OK : ERR_NET;
}

static enum err_code configure(struct conversation *base, const struct session_settings *settings,
                               char shape[SHAPE_SIZE])
{
    struct websocket *socket = (struct websocket *)base;
    struct text *scratch = &socket->carrier->scratch;
    text_clear(scratch);
    message_session_update(scratch, socket->dialect, settings, "configure");
    return send_scratch(socket, "session.update", shape);
}

static enum err_code ask(struct conversation *base, const struct question *question,
                         char shape[SHAPE_SIZE])
{
    struct websocket *socket = (struct websocket *)base;
    struct text *scratch = &socket->carrier->scratch;
    char event_id[48];
    (void)snprintf(event_id, sizeof event_id, "item-%" PRIu64 "-%" PRIu64, question->interaction,
                   question->number);
    text_clear(scratch);
    const bool spoken = question->prompt == NULL;
    spoken ? message_commit(scratch, event_id)
           : message_user_text(scratch, question->prompt, event_id);
    enum err_code code = send_scratch(
        socket, spoken ? "input_audio_buffer.commit" : "conversation.item.create", shape);
    if (code != ERR_OK) return code;
    (void)snprintf(event_id, sizeof event_id, "turn-%" PRIu64 "-%" PRIu64, question->interaction,
                   question->number);
    text_clear(scratch);
    message_response_create(scratch, event_id);
    return send_scratch(socket, "response.create", shape);
}

static bool speak(struct conversation *base, const char *message, size_t length)
{
    return ws_send(((struct websocket *)base)->conn, message, length);
}

static enum err_code interrupt(struct conversation *base, bool cancel, const char *item_id,
                               uint64_t heard_ms)
{
    struct websocket *socket = (struct websocket *)base;
    struct text *scratch = &socket->carrier->scratch;
    char shape[SHAPE_SIZE] = "";
    enum err_code code = ERR_OK;
    text_clear(scratch);
    message_response_cancel(scratch, "cancel");
    if (cancel) code = send_scratch(socket, "response.cancel", shape);
    if (code != ERR_OK || *item_id == '\0') return code;
    text_clear(scratch);
    message_truncate(scratch, item_id, heard_ms, "truncate");
    return send_scratch(socket, "conversation.item.truncate", shape);
}

static bool has_unread(const struct conversation *base)
{
    return ws_unread(((const struct websocket *)base)->conn);
}

static void close_socket(struct conversation *base)
{
    ws_close(((struct websocket *)base)->conn);
}

static void abort_socket(struct conversation *base)
{
    ws_abort(((struct websocket *)base)->conn);
}

const struct transport websocket_transport = {
    .name = "websocket",
    .stages = &stages,
    .create = create,
    .open = open_socket,
    .configure = configure,
    .ask = ask,
    .speak = speak,
    .interrupt = interrupt,
    .unread = has_unread,
    .close = close_socket,
    .abort = abort_socket,
    .stamps = stamps,
    .free = free_carrier,
};
