#include "net/https.h"

#include "base/clock.h"
#include "net/https_answer.h"
#include "net/https_request.h"
#include "net/https_tls.h"
#include "net/resolver.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)16 * 1024)

/* One try to connect. libuv closes late, so each has memory of its own. */
struct https_socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct https_exchange *exchange;
};

struct https_write {
    uv_write_t write;
    size_t length;
    char bytes[];
};

struct https_exchange {
    uv_loop_t *loop;
    https_done *done;
    void *user;
    int64_t limit_ns[HTTPS_DONE];
    bool tls_only;
    bool over;        /* the callback was made or is not wanted any more */
    bool tunnelling;  /* the answer that is awaited is the proxy's */
    bool resolving;   /* the name is being asked for */
    int open_handles; /* and requests: memory goes with the last */
    enum https_step step;
    uint64_t step_began_ns;
    struct https_words words;
    struct client_tls *settings; /* NULL: plain */
    struct https_tls *tls;
    struct https_socket *socket; /* NULL: none is open */
    uv_timer_t timer;
    uv_getaddrinfo_t lookup;
    size_t next_address;
    struct https_result result;
    struct https_answer answer;
    char piece[PIECE]; /* as it came from the socket */
    char plain[PIECE];
};

static void shake(struct https_exchange *exchange);
static void connect_next(struct https_exchange *exchange);

/* ---- the end ---- */

static void release(struct https_exchange *exchange)
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
    release(handle->data);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct https_socket *socket = handle->data;
    struct https_exchange *exchange = socket->exchange;
    free(socket);
    release(exchange);
}

static void drop_socket(struct https_exchange *exchange)
{
    if (exchange->socket != NULL) uv_close((uv_handle_t *)&exchange->socket->tcp, on_socket_closed);
    exchange->socket = NULL;
}

static void close_all(struct https_exchange *exchange)
{
    exchange->over = true;
    if (exchange->resolving) (void)uv_cancel((uv_req_t *)&exchange->lookup);
    drop_socket(exchange);
    uv_close((uv_handle_t *)&exchange->timer, on_timer_closed);
}

static void end_step(struct https_exchange *exchange)
{
    int64_t took_ns = (int64_t)(clock_mono_ns() - exchange->step_began_ns);
    exchange->result.step_ns[exchange->step] = took_ns > 0 ? took_ns : 1;
}

static void finish(struct https_exchange *exchange, enum https_step reached)
{
    struct https_result *result = &exchange->result;
    if (exchange->over) return;
    exchange->over = true;
    end_step(exchange);
    result->reached = reached;
    if (!exchange->tunnelling && !exchange->tls_only) {
        result->status = exchange->answer.status;
        result->headers = exchange->answer.headers;
        result->header_count = exchange->answer.header_count;
        result->body_length = exchange->answer.body.length;
    }
    result->body = exchange->answer.kept;
    exchange->done(exchange->user, result);
    explicit_bzero(&exchange->answer, sizeof exchange->answer);
    close_all(exchange);
}

static void fail(struct https_exchange *exchange, const char *detail)
{
    if (detail != NULL && exchange->result.detail[0] == '\0')
        (void)snprintf(exchange->result.detail, sizeof exchange->result.detail, "%s", detail);
    finish(exchange, exchange->step);
}

static void fail_os(struct https_exchange *exchange, int uv_status)
{
    exchange->result.os_error = -uv_status;
    fail(exchange, uv_strerror(uv_status));
}

static void on_limit(uv_timer_t *timer)
{
    struct https_exchange *exchange = timer->data;
    exchange->result.timed_out = true;
    fail(exchange, NULL);
}

static void begin_step(struct https_exchange *exchange, enum https_step step)
{
    exchange->step = step;
    exchange->step_began_ns = clock_mono_ns();
    uv_timer_stop(&exchange->timer);
    uv_update_time(exchange->loop);
    int64_t limit_ns = exchange->limit_ns[step];
    if (limit_ns > 0) {
        uint64_t ms = (uint64_t)(limit_ns / NS_PER_MS) + 1; /* libuv cuts its clock off at
                                                               milliseconds */
        uv_timer_start(&exchange->timer, on_limit, ms, 0);  /* fails only for a handle that is being
                                                               closed */
    }
}

/* ---- sending ---- */

static void on_written(uv_write_t *request, int status)
{
    struct https_write *write = request->data;
    struct https_exchange *exchange = ((struct https_socket *)request->handle->data)->exchange;
    explicit_bzero(write->bytes, write->length);
    free(write);
    /* Of a peer that has gone the reading side tells more: it may have said why. */
    if (status < 0 && status != UV_ECANCELED && status != UV_EPIPE && status != UV_ECONNRESET)
        fail_os(exchange, status);
}

static void send_bytes(struct https_exchange *exchange, const char *bytes, size_t length)
{
    if (length == 0 || exchange->over) return;
    struct https_write *write = malloc(sizeof *write + length);
    if (write == NULL) {
        fail_os(exchange, UV_ENOMEM);
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
    fail_os(exchange, status);
}

/* What TLS has to say to the peer: handshake, records, alerts. */
static void send_pending(struct https_exchange *exchange)
{
    size_t length;
    while (!exchange->over && (length = https_tls_take(exchange->tls, exchange->plain, PIECE)) > 0)
        send_bytes(exchange, exchange->plain, length);
}

static void ask(struct https_exchange *exchange)
{
    struct text *request = &exchange->words.request;
    begin_step(exchange, HTTPS_ANSWER);
    https_answer_begin(&exchange->answer, false);
    exchange->answer.head_only = strncmp(text_str(request), "HEAD ", 5) == 0;
    if (exchange->tls == NULL) {
        send_bytes(exchange, text_str(request), request->length);
    } else if (https_tls_write(exchange->tls, text_str(request), request->length)) {
        send_pending(exchange);
    } else {
        fail(exchange, "TLS took no request");
    }
    https_wipe(request);
}

/* ---- receiving ---- */

static void take_tunnel(struct https_exchange *exchange, const char *bytes, size_t length)
{
    struct https_answer *answer = &exchange->answer;
    https_answer_feed(answer, bytes, length);
    if (answer->state == ANSWER_BROKEN)
        fail(exchange, "the proxy's answer to CONNECT is not HTTP/1.1");
    if (answer->state != ANSWER_COMPLETE) return;
    if (answer->status < 200 || answer->status > 299) {
        exchange->result.proxy_status = answer->status;
        fail(exchange, NULL);
        return;
    }
    exchange->tunnelling = false;
    https_answer_begin(answer, false);
    shake(exchange);
}

static void judge_answer(struct https_exchange *exchange)
{
    if (exchange->answer.state == ANSWER_COMPLETE) finish(exchange, HTTPS_DONE);
    if (exchange->answer.state == ANSWER_BROKEN) fail(exchange, exchange->answer.why);
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
        if (step == HTTPS_TLS_FAILED) fail(exchange, https_tls_failure(exchange->tls));
    }
}

static void take_tls(struct https_exchange *exchange, const char *bytes, size_t length)
{
    if (!https_tls_feed(exchange->tls, bytes, length)) {
        fail_os(exchange, UV_ENOMEM);
        return;
    }
    if (exchange->step == HTTPS_TLS) shake(exchange);
    if (!exchange->over && exchange->step == HTTPS_ANSWER) {
        read_tls(exchange);
        send_pending(exchange);
    }
}

static void take_end(struct https_exchange *exchange, int status)
{
    if (status != UV_EOF) {
        fail_os(exchange, status);
    } else if (exchange->tunnelling) {
        fail(exchange, "the proxy ended the connection without an answer to CONNECT");
    } else if (exchange->step == HTTPS_TLS) {
        fail(exchange, "the peer ended the connection during the TLS handshake");
    } else {
        https_answer_end(&exchange->answer);
        judge_answer(exchange);
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
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

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct https_exchange *exchange = ((struct https_socket *)handle->data)->exchange;
    *buffer = uv_buf_init(exchange->piece, (unsigned)PIECE);
}

/* ---- TLS ---- */

static void fail_tls(struct https_exchange *exchange)
{
    const struct https_certificate *certificate = &exchange->result.certificate;
    send_pending(exchange); /* the alert that says why */
    fail(exchange, certificate->verify_error != 0 ? certificate->verify_text
                                                  : https_tls_failure(exchange->tls));
}

static void end_shake(struct https_exchange *exchange)
{
    struct https_result *result = &exchange->result;
    (void)snprintf(result->tls_version, sizeof result->tls_version, "%s",
                   https_tls_version(exchange->tls));
    (void)snprintf(result->tls_cipher, sizeof result->tls_cipher, "%s",
                   https_tls_cipher(exchange->tls));
    if (exchange->tls_only) {
        finish(exchange, HTTPS_DONE);
        return;
    }
    end_step(exchange);
    ask(exchange);
}

/* Goes on with the handshake, or begins it once the connection stands; without TLS the request
 * follows at once. */
static void shake(struct https_exchange *exchange)
{
    if (exchange->step == HTTPS_CONNECT) {
        end_step(exchange);
        if (exchange->settings == NULL) {
            ask(exchange);
            return;
        }
        begin_step(exchange, HTTPS_TLS);
        exchange->tls =
            https_tls_new(exchange->settings, exchange->words.host, &exchange->result.certificate);
        if (exchange->tls == NULL) {
            fail_os(exchange, UV_ENOMEM);
            return;
        }
    }
    switch (https_tls_shake(exchange->tls)) {
    case HTTPS_TLS_MORE:
        send_pending(exchange);
        break;
    case HTTPS_TLS_SOME:
        send_pending(exchange);
        if (!exchange->over) end_shake(exchange);
        break;
    case HTTPS_TLS_CLOSED:
    case HTTPS_TLS_FAILED:
        fail_tls(exchange);
        break;
    }
}

/* ---- the connection ---- */

static void on_connected(uv_connect_t *connect, int status)
{
    struct https_exchange *exchange = ((struct https_socket *)connect->handle->data)->exchange;
    if (exchange->over || status == UV_ECANCELED) return;
    if (status != 0) {
        exchange->result.os_error = -status;
        drop_socket(exchange);
        connect_next(exchange);
        return;
    }
    exchange->result.os_error = 0;
    struct text *tunnel = &exchange->words.tunnel;
    int started = uv_read_start((uv_stream_t *)&exchange->socket->tcp, on_allocate, on_read);
    if (started != 0) {
        fail_os(exchange, started);
    } else if (tunnel->length > 0) {
        exchange->tunnelling = true;
        https_answer_begin(&exchange->answer, true);
        send_bytes(exchange, text_str(tunnel), tunnel->length);
        https_wipe(tunnel);
    } else {
        shake(exchange);
    }
}

static int open_socket(struct https_exchange *exchange, const char *address)
{
    struct sockaddr_storage where;
    struct https_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) return UV_ENOMEM;
    socket->exchange = exchange;
    uv_tcp_init(exchange->loop, &socket->tcp); /* cannot fail: the socket is made by the connect */
    socket->tcp.data = socket;
    exchange->socket = socket;
    exchange->open_handles++;
    int port = exchange->words.connect_port;
    int status = strchr(address, ':') != NULL
                     ? uv_ip6_addr(address, port, (struct sockaddr_in6 *)&where)
                     : uv_ip4_addr(address, port, (struct sockaddr_in *)&where);
    if (status != 0) return status;
    return uv_tcp_connect(&socket->connect, &socket->tcp, (const struct sockaddr *)&where,
                          on_connected);
}

/* One address after the other, within one limit; the last one's error is told. */
static void connect_next(struct https_exchange *exchange)
{
    struct https_result *result = &exchange->result;
    while (exchange->next_address < result->address_count) {
        const char *address = result->addresses[exchange->next_address++];
        memcpy(result->address, address, sizeof result->address);
        int status = open_socket(exchange, address);
        if (status == 0) return;
        result->os_error = -status;
        drop_socket(exchange);
    }
    fail(exchange, strerror(result->os_error));
}

static void connect_first(struct https_exchange *exchange)
{
    end_step(exchange);
    begin_step(exchange, HTTPS_CONNECT);
    connect_next(exchange);
}

static bool is_known(const struct https_result *result, const char *address)
{
    for (size_t i = 0; i < result->address_count; i++) {
        if (strcmp(result->addresses[i], address) == 0) return true;
    }
    return false;
}

static void keep_addresses(struct https_result *result, const struct addrinfo *list)
{
    for (; list != NULL && result->address_count < HTTPS_ADDRESSES; list = list->ai_next) {
        char *out = result->addresses[result->address_count];
        if (getnameinfo(list->ai_addr, list->ai_addrlen, out, sizeof result->addresses[0], NULL, 0,
                        NI_NUMERICHOST) == 0 &&
            !is_known(result, out))
            result->address_count++;
    }
}

static void on_resolved(uv_getaddrinfo_t *lookup, int status, struct addrinfo *list)
{
    struct https_exchange *exchange = lookup->data;
    struct https_result *result = &exchange->result;
    exchange->resolving = false;
    if (!exchange->over && status == 0) keep_addresses(result, list);
    uv_freeaddrinfo(list);
    if (!exchange->over && result->address_count > 0) {
        connect_first(exchange);
    } else if (!exchange->over) {
        result->resolve_error = status == 0 ? EAI_NODATA : resolver_system_eai(status);
        fail(exchange, gai_strerror(result->resolve_error));
    }
    release(exchange);
}

static void on_begin(uv_timer_t *timer)
{
    struct https_exchange *exchange = timer->data;
    const char *host = exchange->words.connect_host;
    begin_step(exchange, HTTPS_RESOLVE);
    if (resolver_is_numeric(host)) {
        exchange->result.address_count = 1;
        (void)snprintf(exchange->result.addresses[0], sizeof exchange->result.addresses[0], "%s",
                       host);
        connect_first(exchange);
        return;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    exchange->lookup.data = exchange;
    int status = uv_getaddrinfo(exchange->loop, &exchange->lookup, on_resolved, host, NULL, &hints);
    if (status != 0) {
        fail_os(exchange, status);
        return;
    }
    exchange->resolving = true;
    exchange->open_handles++;
}

/* ---- the beginning ---- */

static enum err_code prepare(struct https_exchange *exchange, const struct https_request *request,
                             struct error *err)
{
    const struct http_target *where = request->where;
    enum err_code code = ERR_OK;
    if (where->tls)
        code = client_tls_new(where->ca_file != NULL ? TRUST_FILE : TRUST_SYSTEM, where->ca_file,
                              &exchange->settings, err);
    if (code == ERR_OK) code = https_words_make(request, &exchange->words, err);
    if (code != ERR_OK) client_tls_free(exchange->settings);
    return code;
}

enum err_code https_start(uv_loop_t *loop, const struct https_request *request, https_done *done,
                          void *user, struct https_exchange **out, struct error *err)
{
    struct https_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) return error_set(err, ERR_NOMEM, "no memory for an HTTPS request");
    enum err_code code = prepare(exchange, request, err);
    if (code != ERR_OK) {
        free(exchange);
        return code;
    }
    exchange->loop = loop;
    exchange->done = done;
    exchange->user = user;
    exchange->tls_only = request->tls_only;
    exchange->limit_ns[HTTPS_RESOLVE] = request->resolve_ns;
    exchange->limit_ns[HTTPS_CONNECT] = request->connect_ns;
    exchange->limit_ns[HTTPS_TLS] = request->tls_ns;
    exchange->limit_ns[HTTPS_ANSWER] = request->answer_ns;
    uv_timer_init(loop, &exchange->timer); /* neither this nor the next can fail */
    exchange->timer.data = exchange;
    exchange->open_handles = 1;
    exchange->step_began_ns = clock_mono_ns();
    uv_timer_start(&exchange->timer, on_begin, 0, 0);
    *out = exchange;
    return ERR_OK;
}

void https_abort(struct https_exchange *exchange)
{
    if (!exchange->over) close_all(exchange);
}
