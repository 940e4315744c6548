#include "net/server_output.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_CAPACITY 4096 /* a larger output buffer is freed after its flush */

void output_forget(struct ws_peer *peer)
{
    if (!peer->dirty) return;
    struct ws_peer **at = &peer->server->dirty;
    while (*at != NULL && *at != peer) at = &(*at)->next_dirty;
    if (*at == peer) *at = peer->next_dirty;
    peer->dirty = false;
}

static void on_written(uv_write_t *write, int status)
{
    struct ws_peer *peer = write->data;
    free(peer->writing);
    peer->writing = NULL;
    if (peer->state == PEER_ENDED) return;
    if (status != 0) {
        peer_end(peer);
        return;
    }
    output_flush(peer);
}

/* Writes the output: what the kernel takes at once, and the rest with a request. */
static bool write_out(struct ws_peer *peer)
{
    uv_stream_t *stream = (uv_stream_t *)&peer->tcp;
    size_t length = peer->out.length;
    uv_buf_t buffer = uv_buf_init(peer->out.data, (unsigned)length);
    int sent = uv_try_write(stream, &buffer, 1);
    if (sent < 0 && sent != UV_EAGAIN) return false;
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done == length) {
        if (peer->out.capacity > KEEP_CAPACITY) text_free(&peer->out);
        text_clear(&peer->out);
        return true;
    }
    peer->writing = text_take(&peer->out);
    peer->write.data = peer;
    buffer = uv_buf_init(peer->writing + done, (unsigned)(length - done));
    if (uv_write(&peer->write, stream, &buffer, 1, on_written) == 0) return true;
    free(peer->writing);
    peer->writing = NULL;
    return false;
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status; /* the client's end or the deadline follows either way */
}

void output_flush(struct ws_peer *peer)
{
    if (peer->state == PEER_ENDED || peer->writing != NULL) return;
    if (peer->out.failed || (peer->out.length > 0 && !write_out(peer))) {
        peer_end(peer);
        return;
    }
    if (peer->state != PEER_LINGER || peer->writing != NULL || peer->shutting) return;
    peer->shutting = true;
    if (uv_shutdown(&peer->shutdown, (uv_stream_t *)&peer->tcp, on_shut_down) != 0) peer_end(peer);
}

void output_flush_dirty(struct ws_server *server)
{
    while (server->dirty != NULL) {
        struct ws_peer *peer = server->dirty;
        output_forget(peer);
        output_flush(peer);
    }
}

static void on_before_wait(uv_prepare_t *handle)
{
    struct ws_server *server = handle->data;
    output_flush_dirty(server);
    uv_prepare_stop(&server->before_wait);
    uv_check_stop(&server->after_wait);
}

static void on_after_wait(uv_check_t *handle)
{
    struct ws_server *server = handle->data;
    on_before_wait(&server->before_wait);
}

void output_touch(struct ws_peer *peer)
{
    if (peer->in_callback || peer->dirty) return;
    struct ws_server *server = peer->server;
    if (server->closing) return;
    peer->dirty = true;
    peer->next_dirty = server->dirty;
    server->dirty = peer;
    uv_prepare_start(&server->before_wait, on_before_wait);
    uv_check_start(&server->after_wait, on_after_wait);
}

void output_put(struct ws_peer *peer, const char *bytes, size_t length)
{
    if (peer->tls == NULL) {
        text_append(&peer->out, bytes, length);
    } else if (!tls_channel_write(peer->tls, bytes, length)) {
        peer->out.failed = true;
    }
    output_touch(peer);
}

void output_frame(struct ws_peer *peer, enum ws_opcode opcode, const char *payload, size_t length)
{
    unsigned char head[WS_HEAD_MAX];
    size_t head_length = ws_frame_head(head, opcode, length);
    struct text *frame = &peer->server->scratch;
    text_clear(frame);
    text_append(frame, (const char *)head, head_length);
    text_append(frame, payload, length);
    if (frame->failed) { /* drop this one connection; the shared buffer recovers for the others */
        text_free(frame);
        peer->out.failed = true;
        output_touch(peer);
        return;
    }
    output_put(peer, frame->data, frame->length);
    if (frame->capacity > SOCKET_BUFFER_SIZE) text_free(frame);
}

void output_close(struct ws_peer *peer, int code, const char *reason)
{
    char payload[WS_CONTROL_MAX];
    size_t length = 0;
    if (code != WS_CLOSE_NO_CODE) {
        payload[0] = (char)((unsigned)code >> 8);
        payload[1] = (char)((unsigned)code & 0xFFU);
        length = strlen(reason);
        if (length > sizeof payload - 2) length = sizeof payload - 2;
        memcpy(payload + 2, reason, length);
        length += 2;
    }
    output_frame(peer, WS_CLOSE, payload, length);
}
