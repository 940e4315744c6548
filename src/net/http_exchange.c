#include "net/http_private.h"

#include "base/clock.h"

#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- steps ---- */

static uint64_t time_step(struct http_exchange *exchange)
{
    const uint64_t now_ns = clock_mono_ns();
    const int64_t took_ns = (int64_t)(now_ns - exchange->step_began_ns);
    exchange->result.step_ns[exchange->step] = took_ns > 0 ? took_ns : 1;
    return now_ns;
}

void exchange_end_step(struct http_exchange *exchange)
{
    const struct http_handlers *handlers = exchange->handlers;
    if (exchange->over) return;
    const uint64_t now_ns = time_step(exchange);
    if (handlers != NULL && handlers->on_step != NULL)
        handlers->on_step(exchange->user, exchange->step, exchange->result.address, now_ns);
}

static void on_limit(uv_timer_t *timer)
{
    struct http_exchange *exchange = timer->data;
    exchange->result.timed_out = true;
    exchange_fail(exchange, NULL);
}

void exchange_begin_step(struct http_exchange *exchange, enum http_step step)
{
    const int64_t limit_ns = exchange->limit_ns[step];
    if (exchange->over) return;
    exchange->step = step;
    exchange->step_began_ns = clock_mono_ns();
    (void)uv_timer_stop(&exchange->timer);
    if (limit_ns <= 0) return;
    uv_update_time(exchange->client->loop);
    /* libuv truncates to milliseconds; it fails only for a handle that is closing */
    (void)uv_timer_start(&exchange->timer, on_limit, (uint64_t)(limit_ns / NS_PER_MS) + 1, 0);
}

/* ---- the end ---- */

static void unlink_exchange(struct http_exchange *exchange)
{
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        exchange->client->exchanges = exchange->next;
    if (exchange->next != NULL) exchange->next->previous = exchange->previous;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct http_exchange *exchange = handle->data;
    struct http_client *client = exchange->client;
    free(exchange->host);
    free(exchange->connect_host);
    explicit_bzero(exchange, sizeof *exchange);
    free(exchange);
    client_release(client);
}

void exchange_let_go(struct http_exchange *exchange)
{
    http_tls_leave(exchange->notes);
    exchange->notes = NULL;
    if (exchange->easy != NULL) curl_easy_cleanup(exchange->easy);
    exchange->easy = NULL;
    for (size_t i = 0; i < sizeof exchange->lists / sizeof *exchange->lists; i++)
        curl_slist_free_all(exchange->lists[i]);
    answer_clear(exchange);
    uv_close((uv_handle_t *)&exchange->timer, on_timer_closed);
}

/* No callback follows. */
static void put_down(struct http_exchange *exchange)
{
    exchange->over = true;
    resolver_forget(&exchange->wait);
    (void)uv_timer_stop(&exchange->timer);
    if (exchange->notes != NULL) exchange->notes->exchange = NULL;
    unlink_exchange(exchange);
}

/* What libcurl was given lives until it has let go of it. */
static void release(struct http_exchange *exchange)
{
    struct http_client *client = exchange->client;
    client_remove(exchange);
    if (client->alone) http_client_close(client);
}

void http_abort(struct http_exchange *exchange)
{
    if (exchange->over) return;
    put_down(exchange);
    release(exchange);
}

static void set_strings(const struct http_exchange *exchange, struct http_result *result)
{
    result->headers = exchange->headers;
    result->header_count = result->status == 0 ? 0 : exchange->heading_count;
    result->body = exchange->body == NULL ? "" : exchange->body;
}

void exchange_finish(struct http_exchange *exchange, enum http_step reached)
{
    struct http_result *result = &exchange->result;
    if (exchange->over) return;
    (void)time_step(exchange);
    result->reached = reached;
    http_tls_tell(exchange, result);
    set_strings(exchange, result);
    put_down(exchange);
    exchange->done(exchange->user, result);
    release(exchange);
}

void exchange_fail(struct http_exchange *exchange, const char *detail)
{
    if (detail != NULL && exchange->result.detail[0] == '\0')
        text_copy(exchange->result.detail, sizeof exchange->result.detail, detail);
    exchange_finish(exchange, exchange->step);
}

/* ---- what libcurl reports ---- */

/* The sentence for a failure before the answer. */
static const char *setup_words(const struct http_exchange *exchange, CURLcode code)
{
    const struct http_tls_notes *notes = exchange->notes;
    const struct http_result *result = &exchange->result;
    if (result->proxy_status != 0) return NULL;
    if (exchange->step == HTTP_TLS && notes != NULL && notes->certificate.verify_error != 0)
        return notes->certificate.verify_text;
    if (exchange->step == HTTP_TLS && notes != NULL && notes->failed && !notes->failure.peer_left)
        return notes->failure.words;
    if (result->os_error != 0) return strerror(result->os_error);
    if (exchange->step == HTTP_TLS) return "the peer ended the connection during the TLS handshake";
    return exchange->curl_words[0] != '\0' ? exchange->curl_words : curl_easy_strerror(code);
}

static const char *answer_words(const struct http_exchange *exchange, CURLcode code)
{
    const struct http_tls_notes *notes = exchange->notes;
    if (notes != NULL && notes->failed && !notes->failure.peer_left) return notes->failure.words;
    switch (code) {
    case CURLE_GOT_NOTHING:
        return exchange->answering ? "the connection ended before the answer was complete"
                                   : "the connection ended without an answer";
    case CURLE_PARTIAL_FILE:
        return "the connection ended before the answer was complete";
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "the answer is not HTTP/1.1";
    default:
        break;
    }
    if (exchange->result.os_error != 0) return strerror(exchange->result.os_error);
    return exchange->curl_words[0] != '\0' ? exchange->curl_words : curl_easy_strerror(code);
}

static void ask_what_happened(struct http_exchange *exchange, CURLcode code)
{
    struct http_result *result = &exchange->result;
    long number = 0;
    if (curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
        (code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR ||
         code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR))
        result->os_error = (int)number;
    if (exchange->step == HTTP_CONNECT &&
        curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &number) == CURLE_OK &&
        number >= 300)
        result->proxy_status = (int)number;
    if (result->proxy_status != 0) result->os_error = 0;
    result->local_error = result->local_error || code == CURLE_OUT_OF_MEMORY ||
                          result->os_error == EMFILE || result->os_error == ENFILE ||
                          result->os_error == EADDRNOTAVAIL;
    if (result->address[0] == '\0' && result->address_count > 0)
        memcpy(result->address, result->addresses[result->address_count - 1],
               sizeof result->address);
}

void exchange_ended(struct http_exchange *exchange, CURLcode code)
{
    if (exchange->over) return;
    if (code == CURLE_OK || exchange->full) {
        exchange_finish(exchange, HTTP_DONE);
        return;
    }
    ask_what_happened(exchange, code);
    exchange_fail(exchange, exchange->step == HTTP_ANSWER ? answer_words(exchange, code)
                                                          : setup_words(exchange, code));
}

/* ---- the name ---- */

static bool is_known(const struct http_result *result, const char *address)
{
    for (size_t i = 0; i < result->address_count; i++) {
        if (strcmp(result->addresses[i], address) == 0) return true;
    }
    return false;
}

static void keep_address(struct http_result *result, const char *address)
{
    if (result->address_count == HTTP_ADDRESSES || is_known(result, address)) return;
    (void)snprintf(result->addresses[result->address_count++], sizeof result->addresses[0], "%s",
                   address);
}

/* Goes on with the addresses. */
static void connect_with(struct http_exchange *exchange, const struct resolver_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        keep_address(&exchange->result, answer->addresses[i]);
    exchange_end_step(exchange);
    exchange_begin_step(exchange, HTTP_CONNECT);
    if (exchange->over) return;
    if (easy_resolve(exchange)) {
        client_add(exchange);
        return;
    }
    exchange->result.local_error = true;
    exchange_fail(exchange, "no memory for an HTTP request");
}

static void on_resolved(struct resolver_wait *wait, const struct resolver_answer *answer)
{
    struct http_exchange *exchange =
        (struct http_exchange *)(void *)((char *)wait - offsetof(struct http_exchange, wait));
    struct http_result *result = &exchange->result;
    if (answer->count > 0) {
        connect_with(exchange, answer);
        return;
    }
    result->resolve_error = answer->eai_error;
    result->os_error = answer->local_error;
    result->local_error = answer->local_error != 0;
    exchange_fail(exchange, answer->eai_error != 0 ? gai_strerror(answer->eai_error)
                                                   : strerror(answer->local_error));
}

/* In a turn of the loop of its own: no callback may come from within http_start. */
static void on_begin(uv_timer_t *timer)
{
    struct http_exchange *exchange = timer->data;
    const struct resolver_answer *cached = NULL;
    struct resolver_answer numeric = {.count = 1};
    struct error err = {0};
    exchange_begin_step(exchange, HTTP_RESOLVE);
    if (resolver_is_numeric(exchange->connect_host)) {
        (void)snprintf(numeric.addresses[0], sizeof numeric.addresses[0], "%s",
                       exchange->connect_host);
        connect_with(exchange, &numeric);
        return;
    }
    exchange->wait.done = on_resolved;
    if (resolver_find(exchange->client->resolver, exchange->connect_host, &exchange->wait, &cached,
                      &err) != ERR_OK) {
        exchange->result.local_error = true;
        exchange_fail(exchange, err.text);
    } else if (cached != NULL) {
        connect_with(exchange, cached);
    }
}

/* ---- start ---- */

static void give_up(struct http_exchange *exchange)
{
    if (exchange->easy != NULL) curl_easy_cleanup(exchange->easy);
    for (size_t i = 0; i < sizeof exchange->lists / sizeof *exchange->lists; i++)
        curl_slist_free_all(exchange->lists[i]);
    free(exchange->host);
    free(exchange->connect_host);
    free(exchange);
}

enum err_code http_start(struct http_client *client, const struct http_request *request,
                         http_done *done, void *user, struct http_exchange **out, struct error *err)
{
    struct http_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) return error_set(err, ERR_NOMEM, "no memory for an HTTP request");
    *exchange = (struct http_exchange){
        .client = client,
        .done = done,
        .user = user,
        .handlers = request->handlers,
        .limit_ns = {[HTTP_RESOLVE] = request->resolve_ns,
                     [HTTP_CONNECT] = request->connect_ns,
                     [HTTP_TLS] = request->tls_ns,
                     [HTTP_ANSWER] = request->answer_ns},
    };
    enum err_code code = easy_make(exchange, request, err);
    if (code != ERR_OK) {
        give_up(exchange);
        return code;
    }
    client->holders++;
    exchange->next = client->exchanges;
    if (exchange->next != NULL) exchange->next->previous = exchange;
    client->exchanges = exchange;
    (void)uv_timer_init(client->loop, &exchange->timer); /* neither this nor the next can fail */
    exchange->timer.data = exchange;
    exchange->step_began_ns = clock_mono_ns();
    (void)uv_timer_start(&exchange->timer, on_begin, 0, 0);
    *out = exchange;
    return ERR_OK;
}

enum err_code http_start_alone(uv_loop_t *loop, const struct http_request *request, http_done *done,
                               void *user, struct http_exchange **out, struct error *err)
{
    struct http_client *client = NULL;
    const struct http_target *where = request->where;
    enum err_code code = http_client_new(loop, where->tls ? &where->terms : NULL, &client, err);
    if (code != ERR_OK) return code;
    client->alone = true;
    code = http_start(client, request, done, user, out, err);
    if (code != ERR_OK) http_client_close(client);
    return code;
}
