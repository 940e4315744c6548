#include "net/https_private.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- end ---- */

void exchange_release(struct https_exchange *exchange)
{
    if (--exchange->open_handles > 0) return;
    https_tls_free(exchange->tls);
    client_tls_free(exchange->settings);
    https_words_clear(&exchange->words);
    explicit_bzero(exchange, sizeof *exchange);
    free(exchange);
}

static void on_timer_closed(uv_handle_t *handle)
{
    exchange_release(handle->data);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct https_socket *socket = handle->data;
    struct https_exchange *exchange = socket->exchange;
    free(socket);
    exchange_release(exchange);
}

void exchange_drop_socket(struct https_exchange *exchange)
{
    if (exchange->socket != NULL) uv_close((uv_handle_t *)&exchange->socket->tcp, on_socket_closed);
    exchange->socket = NULL;
}

void exchange_close_all(struct https_exchange *exchange)
{
    exchange->over = true;
    if (exchange->resolving) (void)uv_cancel((uv_req_t *)&exchange->lookup);
    exchange_drop_socket(exchange);
    uv_close((uv_handle_t *)&exchange->timer, on_timer_closed);
}

void exchange_end_step(struct https_exchange *exchange)
{
    int64_t took_ns = (int64_t)(clock_mono_ns() - exchange->step_began_ns);
    exchange->result.step_ns[exchange->step] = took_ns > 0 ? took_ns : 1;
}

void exchange_finish(struct https_exchange *exchange, enum https_step reached)
{
    struct https_result *result = &exchange->result;
    if (exchange->over) return;
    exchange->over = true;
    exchange_end_step(exchange);
    result->reached = reached;
    if (exchange->tls != NULL) https_tls_tell(exchange->tls, result);
    if (!exchange->tunnelling && !exchange->tls_only) {
        result->status = exchange->answer.status;
        result->headers = exchange->answer.headers;
        result->header_count = exchange->answer.header_count;
        result->body_length = exchange->answer.body.length;
    }
    result->body = exchange->answer.kept;
    exchange->done(exchange->user, result);
    explicit_bzero(&exchange->answer, sizeof exchange->answer);
    exchange_close_all(exchange);
}

void exchange_fail(struct https_exchange *exchange, const char *detail)
{
    if (detail != NULL && exchange->result.detail[0] == '\0')
        (void)snprintf(exchange->result.detail, sizeof exchange->result.detail, "%s", detail);
    exchange_finish(exchange, exchange->step);
}

void exchange_fail_os(struct https_exchange *exchange, int uv_status)
{
    exchange->result.os_error = -uv_status;
    exchange_fail(exchange, uv_strerror(uv_status));
}

static void on_limit(uv_timer_t *timer)
{
    struct https_exchange *exchange = timer->data;
    exchange->result.timed_out = true;
    exchange_fail(exchange, NULL);
}

void exchange_begin_step(struct https_exchange *exchange, enum https_step step)
{
    exchange->step = step;
    exchange->step_began_ns = clock_mono_ns();
    uv_timer_stop(&exchange->timer);
    uv_update_time(exchange->loop);
    int64_t limit_ns = exchange->limit_ns[step];
    if (limit_ns > 0) {
        uint64_t ms = (uint64_t)(limit_ns / NS_PER_MS) + 1; /* libuv truncates to milliseconds */
        uv_timer_start(&exchange->timer, on_limit, ms, 0);  /* fails only for a handle that is
                                                               closing */
    }
}

/* ---- sending ---- */

static void on_written(uv_write_t *request, int status)
{
    struct https_write *write = request->data;
    struct https_exchange *exchange = ((struct https_socket *)request->handle->data)->exchange;
    explicit_bzero(write->bytes, write->length);
    free(write);
    /* If the peer is gone, the reading side knows more: the peer may have said why. */
    if (status < 0 && status != UV_ECANCELED && status != UV_EPIPE && status != UV_ECONNRESET)
        exchange_fail_os(exchange, status);
}

void exchange_send_bytes(struct https_exchange *exchange, const char *bytes, size_t length)
{
    if (length == 0 || exchange->over) return;
    struct https_write *write = malloc(sizeof *write + length);
    if (write == NULL) {
        exchange_fail_os(exchange, UV_ENOMEM);
        return;
    }
    write->write.data = write;
    write->length = length;
    memcpy(write->bytes, bytes, length);
    uv_buf_t buffer = uv_buf_init(write->bytes, (unsigned)length);
    int status =
        uv_write(&write->write, (uv_stream_t *)&exchange->socket->tcp, &buffer, 1, on_written);
    if (status == 0) return;
    explicit_bzero(write->bytes, write->length);
    free(write);
    exchange_fail_os(exchange, status);
}

void exchange_send_pending(struct https_exchange *exchange)
{
    size_t length;
    while (!exchange->over && (length = https_tls_take(exchange->tls, exchange->plain, PIECE)) > 0)
        exchange_send_bytes(exchange, exchange->plain, length);
}

void exchange_ask(struct https_exchange *exchange)
{
    struct text *request = &exchange->words.request;
    exchange_begin_step(exchange, HTTPS_ANSWER);
    https_answer_begin(&exchange->answer, false);
    exchange->answer.head_only = strncmp(text_str(request), "HEAD ", 5) == 0;
    if (exchange->tls == NULL) {
        exchange_send_bytes(exchange, text_str(request), request->length);
    } else if (https_tls_write(exchange->tls, text_str(request), request->length)) {
        exchange_send_pending(exchange);
    } else {
        exchange_fail(exchange, "TLS took no request");
    }
    text_wipe(request);
}

/* ---- receiving ---- */

static void take_tunnel(struct https_exchange *exchange, const char *bytes, size_t length)
{
    struct https_answer *answer = &exchange->answer;
    https_answer_feed(answer, bytes, length);
    if (answer->state == ANSWER_BROKEN)
        exchange_fail(exchange, "the proxy's answer to CONNECT is not HTTP/1.1");
    if (answer->state != ANSWER_COMPLETE) return;
    if (answer->status < 200 || answer->status > 299) {
        exchange->result.proxy_status = answer->status;
        exchange_fail(exchange, NULL);
        return;
    }
    exchange->tunnelling = false;
    https_answer_begin(answer, false);
    exchange_shake(exchange);
}

static void judge_answer(struct https_exchange *exchange)
{
    if (exchange->answer.state == ANSWER_COMPLETE) exchange_finish(exchange, HTTPS_DONE);
    if (exchange->answer.state == ANSWER_BROKEN) exchange_fail(exchange, exchange->answer.why);
}

static void read_tls(struct https_exchange *exchange)
{
    while (!exchange->over) {
        size_t length = 0;
        enum https_tls_step step = https_tls_read(exchange->tls, exchange->plain, PIECE, &length);
        if (step == HTTPS_TLS_SOME) {
            https_answer_feed(&exchange->answer, exchange->plain, length);
            explicit_bzero(exchange->plain, length);
        } else if (step == HTTPS_TLS_CLOSED) {
            https_answer_end(&exchange->answer);
        }
        judge_answer(exchange);
        if (exchange->over || step == HTTPS_TLS_MORE) return;
        if (step == HTTPS_TLS_FAILED) exchange_fail(exchange, https_tls_failure(exchange->tls));
    }
}

static void take_tls(struct https_exchange *exchange, const char *bytes, size_t length)
{
    if (!https_tls_feed(exchange->tls, bytes, length)) {
        exchange_fail_os(exchange, UV_ENOMEM);
        return;
    }
    if (exchange->step == HTTPS_TLS) exchange_shake(exchange);
    if (!exchange->over && exchange->step == HTTPS_ANSWER) {
        read_tls(exchange);
        exchange_send_pending(exchange);
    }
}

static void take_end(struct https_exchange *exchange, int status)
{
    if (status != UV_EOF) {
        exchange_fail_os(exchange, status);
    } else if (exchange->tunnelling) {
        exchange_fail(exchange, "the proxy ended the connection without an answer to CONNECT");
    } else if (exchange->step == HTTPS_TLS) {
        exchange_fail(exchange, "the peer ended the connection during the TLS handshake");
    } else {
        https_answer_end(&exchange->answer);
        judge_answer(exchange);
    }
}

void exchange_on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct https_exchange *exchange = ((struct https_socket *)stream->data)->exchange;
    if (count == 0 || exchange->over) return;
    if (count < 0) {
        take_end(exchange, (int)count);
        return;
    }
    if (exchange->tunnelling) {
        take_tunnel(exchange, buffer->base, (size_t)count);
    } else if (exchange->tls != NULL) {
        take_tls(exchange, buffer->base, (size_t)count);
    } else {
        https_answer_feed(&exchange->answer, buffer->base, (size_t)count);
        explicit_bzero(buffer->base, (size_t)count);
        judge_answer(exchange);
    }
}

void exchange_on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct https_exchange *exchange = ((struct https_socket *)handle->data)->exchange;
    *buffer = uv_buf_init(exchange->piece, (unsigned)PIECE);
}
