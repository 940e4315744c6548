#include "net/https_private.h"

#include "base/clock.h"
#include "net/resolver.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- TLS ---- */

static void fail_tls(struct https_exchange *exchange)
{
    const struct https_certificate *certificate = &exchange->result.certificate;
    exchange_send_pending(exchange); /* sends the alert that says why */
    exchange_fail(exchange, certificate->verify_error != 0 ? certificate->verify_text
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
        exchange_finish(exchange, HTTPS_DONE);
        return;
    }
    exchange_end_step(exchange);
    exchange_ask(exchange);
}

void exchange_shake(struct https_exchange *exchange)
{
    if (exchange->step == HTTPS_CONNECT) {
        exchange_end_step(exchange);
        if (exchange->settings == NULL) {
            exchange_ask(exchange);
            return;
        }
        exchange_begin_step(exchange, HTTPS_TLS);
        exchange->tls =
            https_tls_new(exchange->settings, exchange->words.host, &exchange->result.certificate);
        if (exchange->tls == NULL) {
            exchange_fail_os(exchange, UV_ENOMEM);
            return;
        }
    }
    switch (https_tls_shake(exchange->tls)) {
    case HTTPS_TLS_MORE:
        exchange_send_pending(exchange);
        break;
    case HTTPS_TLS_SOME:
        exchange_send_pending(exchange);
        if (!exchange->over) end_shake(exchange);
        break;
    case HTTPS_TLS_CLOSED:
    case HTTPS_TLS_FAILED:
        fail_tls(exchange);
        break;
    }
}

/* ---- the connection ---- */

static void connect_next(struct https_exchange *exchange);

static void on_connected(uv_connect_t *connect, int status)
{
    struct https_exchange *exchange = ((struct https_socket *)connect->handle->data)->exchange;
    if (exchange->over || status == UV_ECANCELED) return;
    if (status != 0) {
        exchange->result.os_error = -status;
        exchange_drop_socket(exchange);
        connect_next(exchange);
        return;
    }
    exchange->result.os_error = 0;
    struct text *tunnel = &exchange->words.tunnel;
    int started = uv_read_start((uv_stream_t *)&exchange->socket->tcp, exchange_on_allocate,
                                exchange_on_read);
    if (started != 0) {
        exchange_fail_os(exchange, started);
    } else if (tunnel->length > 0) {
        exchange->tunnelling = true;
        https_answer_begin(&exchange->answer, true);
        exchange_send_bytes(exchange, text_str(tunnel), tunnel->length);
        text_wipe(tunnel);
    } else {
        exchange_shake(exchange);
    }
}

static int open_socket(struct https_exchange *exchange, const char *address)
{
    struct sockaddr_storage where;
    struct https_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) return UV_ENOMEM;
    socket->exchange = exchange;
    uv_tcp_init(exchange->loop, &socket->tcp); /* cannot fail: the socket is only created on
                                                  connect */
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

/* Tries one address after another within one limit; reports the last one's error. */
static void connect_next(struct https_exchange *exchange)
{
    struct https_result *result = &exchange->result;
    while (exchange->next_address < result->address_count) {
        const char *address = result->addresses[exchange->next_address++];
        memcpy(result->address, address, sizeof result->address);
        int status = open_socket(exchange, address);
        if (status == 0) return;
        result->os_error = -status;
        exchange_drop_socket(exchange);
    }
    exchange_fail(exchange, strerror(result->os_error));
}

static void connect_first(struct https_exchange *exchange)
{
    exchange_end_step(exchange);
    exchange_begin_step(exchange, HTTPS_CONNECT);
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
        exchange_fail(exchange, gai_strerror(result->resolve_error));
    }
    exchange_release(exchange);
}

static void on_begin(uv_timer_t *timer)
{
    struct https_exchange *exchange = timer->data;
    const char *host = exchange->words.connect_host;
    exchange_begin_step(exchange, HTTPS_RESOLVE);
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
        exchange_fail_os(exchange, status);
        return;
    }
    exchange->resolving = true;
    exchange->open_handles++;
}

/* ---- start ---- */

static enum err_code prepare(struct https_exchange *exchange, const struct https_request *request,
                             struct error *err)
{
    const struct http_target *where = request->where;
    enum err_code code = ERR_OK;
    if (where->tls) code = client_tls_new(&where->terms, &exchange->settings, err);
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
    if (!exchange->over) exchange_close_all(exchange);
}
