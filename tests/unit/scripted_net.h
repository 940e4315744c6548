/*
 * A double of net/client.h and net/http.h without a socket or a loop: it records what it is asked,
 * and the test itself plays the other side. Linked into a test, it replaces both. Include it in one
 * file of a test.
 */
#ifndef TESTS_SCRIPTED_NET_H
#define TESTS_SCRIPTED_NET_H

#include "base/clock.h"
#include "net/client.h"
#include "net/http.h"

#include <stdio.h>
#include <string.h>

#define SCRIPTED_UNUSED __attribute__((unused))
#define SCRIPTED_SENT 8
#define SCRIPTED_HEADERS 8

struct ws_client {
    int unused;
};

struct ws_conn {
    int unused;
};

struct http_exchange {
    int unused;
};

/* The WebSocket dialled last. */
static struct {
    const struct ws_handlers *handlers;
    void *user; /* NULL if none is open */
    int clients, dials;
    size_t terms_count;
    bool dial_fails, send_fails, closed, aborted;
    char target[256], host[128], ca_file[64];
    char names[SCRIPTED_HEADERS][64], values[SCRIPTED_HEADERS][256];
    size_t header_count;
    char sent[SCRIPTED_SENT][1024];
    size_t sent_count;
    struct ws_client client;
    struct ws_conn conn;
} scripted;

/* The latest HTTPS request. */
static struct {
    http_done *done;
    void *user;
    int asked;
    bool start_fails, aborted;
    char method[8], target[256], body[512], authorization[256], request_id[64];
    struct http_exchange exchange;
} scripted_https;

/* ---- net/client.h ---- */

void ws_global_init(void)
{
}

enum err_code ws_client_new(uv_loop_t *loop, const struct tls_terms *terms, size_t count,
                            const struct ws_handlers *handlers, struct ws_client **out,
                            struct error *err)
{
    (void)loop;
    for (size_t i = 0; i < count; i++) {
        if (terms[i].ca_file == NULL) continue;
        if (strstr(terms[i].ca_file, "missing") != NULL)
            return error_set(err, ERR_NET, "%s: cannot be read", terms[i].ca_file);
        (void)snprintf(scripted.ca_file, sizeof scripted.ca_file, "%s", terms[i].ca_file);
    }
    scripted.terms_count = count;
    scripted.handlers = handlers;
    scripted.clients++;
    *out = &scripted.client;
    return ERR_OK;
}

struct ws_stamps ws_client_stamps(const struct ws_client *client)
{
    (void)client;
    return (struct ws_stamps){0};
}

void ws_client_free(struct ws_client *client)
{
    (void)client;
    scripted.clients--;
}

enum err_code ws_connect(struct ws_client *client, const struct http_target *target, void *user,
                         struct ws_conn **out, struct error *err)
{
    (void)client;
    if (scripted.dial_fails) return error_set(err, ERR_NOMEM, "no memory for a socket");
    scripted.user = user;
    scripted.dials++;
    scripted.closed = scripted.aborted = false;
    scripted.sent_count = 0;
    (void)snprintf(scripted.target, sizeof scripted.target, "%s", target->target);
    (void)snprintf(scripted.host, sizeof scripted.host, "%s", target->host);
    scripted.header_count = 0;
    for (size_t i = 0; i < target->header_count && i < SCRIPTED_HEADERS; i++) {
        (void)snprintf(scripted.names[i], sizeof scripted.names[i], "%s", target->headers[i].name);
        (void)snprintf(scripted.values[i], sizeof scripted.values[i], "%s",
                       target->headers[i].value);
        scripted.header_count++;
    }
    *out = &scripted.conn;
    return ERR_OK;
}

bool ws_send(struct ws_conn *conn, const char *text, size_t length)
{
    (void)conn;
    if (scripted.send_fails) return false;
    if (scripted.sent_count < SCRIPTED_SENT)
        (void)snprintf(scripted.sent[scripted.sent_count++], sizeof scripted.sent[0], "%.*s",
                       (int)length, text);
    return true;
}

bool ws_unread(const struct ws_conn *conn)
{
    (void)conn;
    return false;
}

size_t ws_queued(const struct ws_conn *conn)
{
    (void)conn;
    return 0;
}

const char *ws_address(const struct ws_conn *conn)
{
    (void)conn;
    return "192.0.2.7";
}

void ws_close(struct ws_conn *conn)
{
    (void)conn;
    scripted.closed = true;
}

void ws_abort(struct ws_conn *conn)
{
    (void)conn;
    scripted.aborted = true;
}

/* ---- net/http.h ---- */

static void keep_header(const struct http_header *header)
{
    if (strcmp(header->name, "x-ms-client-request-id") == 0)
        (void)snprintf(scripted_https.request_id, sizeof scripted_https.request_id, "%s",
                       header->value);
    if (strcmp(header->name, "Authorization") == 0 || strcmp(header->name, "api-key") == 0)
        (void)snprintf(scripted_https.authorization, sizeof scripted_https.authorization, "%s: %s",
                       header->name, header->value);
}

enum err_code http_start_alone(uv_loop_t *loop, const struct http_request *request, http_done *done,
                               void *user, struct http_exchange **out, struct error *err)
{
    (void)loop;
    if (scripted_https.start_fails) return error_set(err, ERR_NET, "ca_file: cannot be used");
    scripted_https.done = done;
    scripted_https.user = user;
    scripted_https.asked++;
    scripted_https.authorization[0] = scripted_https.request_id[0] = '\0';
    (void)snprintf(scripted_https.method, sizeof scripted_https.method, "%s", request->method);
    (void)snprintf(scripted_https.target, sizeof scripted_https.target, "%s",
                   request->where->target);
    (void)snprintf(scripted_https.body, sizeof scripted_https.body, "%s",
                   request->body == NULL ? "" : request->body);
    for (size_t i = 0; i < request->where->header_count; i++)
        keep_header(&request->where->headers[i]);
    *out = &scripted_https.exchange;
    return ERR_OK;
}

void http_abort(struct http_exchange *exchange)
{
    (void)exchange;
    scripted_https.aborted = true;
}

/* ---- the other side ---- */

static SCRIPTED_UNUSED void play_steps(enum ws_step first, enum ws_step last)
{
    for (int step = (int)first; step <= (int)last; step++)
        scripted.handlers->on_step(scripted.user, (enum ws_step)step, clock_mono_ns());
}

/* A 101 with the service's headers. */
static SCRIPTED_UNUSED void play_open(const struct http_header *headers, size_t count)
{
    const struct ws_response response = {101, headers, count, "", 0};
    scripted.handlers->on_step(scripted.user, WS_STEP_UPGRADED, clock_mono_ns());
    scripted.handlers->on_open(scripted.user, &response, clock_mono_ns());
}

static SCRIPTED_UNUSED void play_refusal(int status, const struct http_header *headers,
                                         size_t count, const char *body)
{
    const struct ws_response response = {status, headers, count, body, strlen(body)};
    scripted.handlers->on_refused(scripted.user, &response, clock_mono_ns());
}

static SCRIPTED_UNUSED void play_message(const char *json)
{
    scripted.handlers->on_message(scripted.user, json, strlen(json), true, clock_mono_ns());
}

static SCRIPTED_UNUSED void play_binary(void)
{
    scripted.handlers->on_message(scripted.user, "\1", 1, false, clock_mono_ns());
}

static SCRIPTED_UNUSED void play_end(const struct ws_end *end)
{
    struct ws_end whole = *end;
    void *user = scripted.user;
    if (whole.close_reason == NULL) whole.close_reason = "";
    if (whole.detail == NULL) whole.detail = "";
    scripted.user = NULL;
    scripted.handlers->on_closed(user, &whole, clock_mono_ns());
}

static SCRIPTED_UNUSED void play_https(const struct http_result *result)
{
    http_done *done = scripted_https.done;
    scripted_https.done = NULL;
    done(scripted_https.user, result);
}

#endif
