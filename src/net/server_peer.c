#include "net/server_peer.h"

#include "base/clock.h"
#include "net/server_output.h"

#include <stdlib.h>
#include <string.h>

#define CLOSE_DEADLINE_MS 5000
#define MESSAGE_LIMIT ((size_t)24 * 1024 * 1024) /* 15 MiB of audio in base64, and its JSON */
#define OUTPUT_LIMIT ((size_t)32 * 1024 * 1024)  /* a client that stops reading is dropped here */

static void peer_free(struct ws_peer *peer)
{
    struct ws_server *server = peer->server;
    output_forget(peer);
    if (peer->previous != NULL) peer->previous->next = peer->next;
    if (peer->next != NULL) peer->next->previous = peer->previous;
    if (server->peers == peer) server->peers = peer->next;
    tls_channel_free(peer->tls);
    text_free(&peer->head);
    text_free(&peer->out);
    ws_reader_free(&peer->reader);
    free(peer);
    server_release(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct ws_peer *peer = handle->data;
    peer->handles_open--;
    if (peer->handles_open > 0) return;
    if (peer->told) peer->server->handlers.on_gone(peer, peer->close_code);
    peer_free(peer);
}

void peer_end(struct ws_peer *peer)
{
    if (peer->state == PEER_ENDED) return;
    peer->state = PEER_ENDED;
    uv_close((uv_handle_t *)&peer->timer, on_handle_closed);
    uv_close((uv_handle_t *)&peer->tcp, on_handle_closed);
}

void ws_peer_reset(struct ws_peer *peer)
{
    if (peer->state == PEER_ENDED) return;
    peer->state = PEER_ENDED;
    uv_close((uv_handle_t *)&peer->timer, on_handle_closed);
    /* Fails for a socket that is already shut down; then there is nothing left to reset anyway. */
    if (uv_tcp_close_reset(&peer->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&peer->tcp, on_handle_closed);
}

static void on_deadline(uv_timer_t *timer)
{
    peer_end(timer->data);
}

static void set_deadline(struct ws_peer *peer, uint64_t ms)
{
    uv_timer_start(&peer->timer, on_deadline, ms, 0); /* fails only for a handle that is closing */
}

void ws_peer_cut(struct ws_peer *peer, bool notify)
{
    if (peer->state >= PEER_LINGER) return;
    peer->state = PEER_LINGER;
    if (peer->tls != NULL && notify) tls_channel_shutdown(peer->tls);
    set_deadline(peer, CLOSE_DEADLINE_MS);
    output_touch(peer);
}

/* Nothing more will be sent: ends once the client has received everything, or at the deadline. */
static void linger(struct ws_peer *peer)
{
    ws_peer_cut(peer, true);
}

static void take_close(struct ws_peer *peer)
{
    peer->close_code = peer->reader.close_code;
    if (peer->mute) return;
    if (peer->state == PEER_OPEN) output_close(peer, peer->close_code, "");
    linger(peer);
}

static void take_message(struct ws_peer *peer, bool is_text)
{
    const struct ws_server_handlers *handlers = &peer->server->handlers;
    if (peer->state != PEER_OPEN)
        return; /* our Close is out: do not answer what still comes (RFC 6455, 5.5.1) */
    const struct text *message = &peer->reader.message;
    if (is_text) {
        handlers->on_message(peer, text_str(message), message->length, peer->at_ns);
    } else if (handlers->on_binary != NULL) {
        handlers->on_binary(peer, message->length, peer->at_ns);
    }
}

static void take_frames(struct ws_peer *peer, const char *bytes, size_t length)
{
    struct ws_reader *reader = &peer->reader;
    while (peer->state == PEER_OPEN || peer->state == PEER_CLOSING) {
        switch (ws_reader_next(reader, &bytes, &length)) {
        case WS_READ_MORE:
            return;
        case WS_READ_TEXT:
            take_message(peer, true);
            break;
        case WS_READ_BINARY:
            take_message(peer, false);
            break;
        case WS_READ_PING:
            if (peer->state == PEER_OPEN)
                output_frame(peer, WS_PONG, (const char *)reader->control, reader->control_length);
            break;
        case WS_READ_PONG:
            break;
        case WS_READ_CLOSE:
            take_close(peer);
            break;
        case WS_READ_VIOLATION:
            if (peer->state == PEER_OPEN) output_close(peer, reader->close_code, "");
            linger(peer);
            break;
        case WS_READ_NOMEM:
            peer_end(peer);
            break;
        }
    }
}

/* Refuses a request without telling the owner. */
static void refuse_malformed(struct ws_peer *peer, int status)
{
    peer->state = PEER_ASKED;
    ws_peer_refuse(peer, status, "", "text/plain", "The request is not valid HTTP/1.1.\n");
}

static void tell_request(struct ws_peer *peer, const struct http_request *request)
{
    struct ws_request told = {.method = request->method, .target = request->target};
    told.is_websocket = http_is_websocket(request) &&
                        http_accept_value(http_field(request, "sec-websocket-key"), peer->accept);
    peer->upgradable = told.is_websocket;
    peer->offers_realtime = http_list_has(request, "sec-websocket-protocol", "realtime", true);
    peer->head_only = strcmp(request->method, "HEAD") == 0;
    peer->state = PEER_ASKED;
    peer->told = true;
    peer->request = request;
    uv_timer_stop(&peer->timer);
    peer->server->handlers.on_request(peer->server->user, peer, &told);
    peer->request = NULL;
}

static void take_head(struct ws_peer *peer, const char *bytes, size_t length)
{
    text_append(&peer->head, bytes, length);
    if (peer->head.failed) {
        peer_end(peer);
        return;
    }
    size_t head_length = http_head_length(peer->head.data, peer->head.length);
    if (head_length > HTTP_HEAD_LIMIT ||
        (head_length == 0 && peer->head.length > HTTP_HEAD_LIMIT)) {
        refuse_malformed(peer, 431);
        return;
    }
    if (head_length == 0) return;
    struct http_request request;
    int status = http_parse(peer->head.data, head_length, &request);
    bool early =
        peer->head.length > head_length; /* a WebSocket client waits for our answer (RFC 6455,
                                            4.1) */
    if (status == 0 && early && http_is_websocket(&request)) status = 400;
    if (status != 0) {
        refuse_malformed(peer, status);
    } else {
        tell_request(peer, &request);
    }
    text_free(&peer->head);
}

static void take_plain(struct ws_peer *peer, const char *bytes, size_t length)
{
    switch (peer->state) {
    case PEER_HEAD:
        take_head(peer, bytes, length);
        break;
    case PEER_ASKED:
        if (peer->upgradable) peer_end(peer); /* otherwise it is a body, which is ignored */
        break;
    case PEER_OPEN:
    case PEER_CLOSING:
        take_frames(peer, bytes, length);
        break;
    case PEER_LINGER:
    case PEER_ENDED:
        break;
    }
}

/* The first bytes of a client that is not to be served have arrived. */
static void turn_away(struct ws_peer *peer)
{
    /* fatal, handshake_failure (RFC 5246, 7.2) */
    static const char alert[] = "\x15\x03\x03\x00\x02\x02\x28";
    if (peer->state >= PEER_LINGER) return;
    if (peer->welcome == WS_RESET) {
        ws_peer_reset(peer);
        return;
    }
    if (peer->welcome == WS_REFUSE_HANDSHAKE) output_put(peer, alert, sizeof alert - 1);
    ws_peer_cut(peer, false);
}

static void take_bytes(struct ws_peer *peer, const char *bytes, size_t length)
{
    if (peer->welcome != WS_SERVE) {
        turn_away(peer);
        return;
    }
    if (peer->tls == NULL) {
        take_plain(peer, bytes, length);
        return;
    }
    char *plain = peer->server->plain_buffer;
    tls_channel_feed(peer->tls, bytes, length);
    while (peer->state < PEER_LINGER) {
        size_t plain_length = 0;
        switch (tls_channel_read(peer->tls, plain, PLAIN_BUFFER_SIZE, &plain_length)) {
        case TLS_READ_SOME:
            take_plain(peer, plain, plain_length);
            break;
        case TLS_READ_MORE:
            return;
        case TLS_READ_CLOSED:
        case TLS_READ_FAILED:
            linger(peer);
            break;
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct ws_peer *peer = stream->data;
    if (count == 0) return;
    if (count < 0) {
        peer_end(peer);
        return;
    }
    peer->at_ns = clock_mono_ns();
    peer->in_callback = true;
    take_bytes(peer, buffer->base, (size_t)count);
    peer->in_callback = false;
    output_flush(peer);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct ws_peer *peer = handle->data;
    *buffer = uv_buf_init(peer->server->socket_buffer, (unsigned)SOCKET_BUFFER_SIZE);
}

/* Asks the owner what to do with a connection. False if out of memory. */
static bool welcome(struct ws_peer *peer)
{
    struct ws_server *server = peer->server;
    struct ws_welcome welcome = {.kind = WS_SERVE};
    if (server->handlers.on_accept != NULL) welcome = server->handlers.on_accept(server->user);
    peer->welcome = welcome.kind;
    if (server->tls == NULL || welcome.kind != WS_SERVE) return true;
    peer->tls =
        tls_channel_new(welcome.identity != NULL ? welcome.identity : server->tls, &peer->out);
    return peer->tls != NULL;
}

/* Ends the connection that is least worth keeping, if no more may be open. */
static void make_room(struct ws_server *server)
{
    struct ws_peer *oldest = NULL, *idle = NULL; /* the list begins with the newest */
    size_t open = 0;
    if (server->connections_most == SIZE_MAX) return; /* nothing to count */
    for (struct ws_peer *peer = server->peers; peer != NULL; peer = peer->next) {
        if (peer->state == PEER_ENDED) continue;
        open++;
        oldest = peer;
        if (peer->state == PEER_HEAD) idle = peer;
    }
    if (oldest != NULL && open >= server->connections_most) peer_end(idle != NULL ? idle : oldest);
}

void peer_accept(struct ws_server *server, uv_stream_t *listener)
{
    make_room(server);
    struct ws_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) return; /* out of memory: libuv holds the connection and stops listening */
    peer->server = server;
    peer->reader.limit = MESSAGE_LIMIT;
    peer->next = server->peers;
    if (peer->next != NULL) peer->next->previous = peer;
    server->peers = peer;
    uv_loop_t *loop = listener->loop;
    uv_tcp_init(loop, &peer->tcp); /* neither this nor the next can fail */
    uv_timer_init(loop, &peer->timer);
    peer->handles_open = 2;
    peer->tcp.data = peer->timer.data = peer;
    if (uv_accept(listener, (uv_stream_t *)&peer->tcp) != 0 || !welcome(peer) ||
        uv_tcp_nodelay(&peer->tcp, 1) != 0 ||
        uv_read_start((uv_stream_t *)&peer->tcp, on_allocate, on_read) != 0) {
        peer_end(peer);
        return;
    }
    set_deadline(peer, server->head_ms);
}

const char *ws_request_header(const struct ws_peer *peer, const char *name)
{
    return peer->request == NULL ? NULL : http_field(peer->request, name);
}

void ws_peer_set_user(struct ws_peer *peer, void *user)
{
    peer->user = user;
}

void *ws_peer_user(const struct ws_peer *peer)
{
    return peer->user;
}

void ws_peer_accept(struct ws_peer *peer, const char *header_lines)
{
    if (peer->state != PEER_ASKED) return;
    if (!peer->upgradable) {
        ws_peer_refuse(peer, 426, "upgrade: websocket\r\nsec-websocket-version: 13\r\n",
                       "text/plain", "This address speaks WebSocket only.\n");
        return;
    }
    struct text answer = {0};
    text_printf(&answer,
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                "sec-websocket-accept: %s\r\n",
                peer->accept);
    if (peer->offers_realtime) text_puts(&answer, "sec-websocket-protocol: realtime\r\n");
    text_puts(&answer, header_lines);
    text_puts(&answer, "\r\n");
    if (answer.failed) peer->out.failed = true;
    peer->state = PEER_OPEN;
    output_put(peer, text_str(&answer), answer.length);
    text_free(&answer);
}

void ws_peer_accept_wrongly(struct ws_peer *peer, const char *header_lines)
{
    peer->accept[0] = peer->accept[0] == 'A' ? 'B' : 'A';
    ws_peer_accept(peer, header_lines);
}

void ws_peer_refuse(struct ws_peer *peer, int status, const char *header_lines,
                    const char *content_type, const char *body)
{
    if (peer->state != PEER_ASKED) return;
    struct text answer = {0};
    http_refusal(&answer, status, header_lines, content_type, body, peer->head_only);
    if (answer.failed) peer->out.failed = true;
    output_put(peer, text_str(&answer), answer.length);
    text_free(&answer);
    linger(peer);
}

void ws_peer_send_raw(struct ws_peer *peer, enum ws_opcode opcode, const void *bytes, size_t length)
{
    if (peer->state != PEER_OPEN) return;
    if (length > peer->largest) peer->largest = length;
    if (ws_peer_queued(peer) + length > OUTPUT_LIMIT + peer->largest) {
        ws_peer_reset(peer);
        return;
    }
    output_frame(peer, opcode, bytes, length);
}

void ws_peer_send(struct ws_peer *peer, const char *text, size_t length)
{
    ws_peer_send_raw(peer, WS_TEXT, text, length);
}

void ws_peer_mute(struct ws_peer *peer)
{
    peer->mute = true;
}

void ws_peer_flush(struct ws_peer *peer)
{
    output_flush(peer);
}

void ws_peer_close(struct ws_peer *peer, int code, const char *reason)
{
    if (peer->state == PEER_HEAD || peer->state == PEER_ASKED) peer_end(peer);
    if (peer->state != PEER_OPEN) return;
    output_close(peer, code, reason);
    peer->state = PEER_CLOSING;
    set_deadline(peer, CLOSE_DEADLINE_MS);
}

size_t ws_peer_queued(const struct ws_peer *peer)
{
    return peer->out.length + uv_stream_get_write_queue_size((const uv_stream_t *)&peer->tcp);
}
