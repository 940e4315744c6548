#include "engine/client_secret_request.h"

#include "base/clock.h"
#include "realtime/client_secret.h"
#include "realtime/failure.h"
#include "realtime/response_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_NOTICED_S 3 /* less may be the way of the answer */

struct client_secret_request {
    const struct route *route;
    client_secret_done *done;
    void *user;
    struct https_exchange *exchange;
};

/* error.code of the body when it is a plain word: a message might quote what was sent. */
static void add_code(const struct https_result *result, char *why, size_t size)
{
    char code[64], message[512];
    if (!failure_body_parse(result->body, result->body_length, code, message) || code[0] == '\0')
        return;
    if (strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") !=
        strlen(code))
        return;
    if (strlen(code) > 40) return;
    size_t used = strlen(why);
    (void)snprintf(why + used, size - used, " (%s)", code);
}

static void explain(const struct https_result *result, char *why, size_t size)
{
    static const char *const steps[] = {"resolving the name", "connecting", "the TLS handshake",
                                        "waiting for the answer", "the request"};
    if (result->status != 0 && result->reached == HTTPS_DONE) {
        (void)snprintf(why, size, "it was answered with status %d", result->status);
        add_code(result, why, size);
    } else if (result->proxy_status != 0) {
        (void)snprintf(why, size, "the proxy refused with status %d", result->proxy_status);
    } else if (result->timed_out) {
        (void)snprintf(why, size, "%s took too long", steps[result->reached]);
    } else {
        (void)snprintf(why, size, "%s failed: %s", steps[result->reached], result->detail);
    }
}

/* Its end by our clock. The service's own may be off: its Date says by how much, to the second. */
static int64_t end_of(const struct https_result *result, int64_t expires_s, enum dialect dialect)
{
    const int64_t now_s = clock_wall_ns() / NS_PER_S;
    struct response_headers headers;
    response_headers_init(&headers);
    for (size_t i = 0; i < result->header_count; i++)
        response_headers_add(&headers, result->headers[i].name, result->headers[i].value);
    const int64_t off_s = headers.date_s >= 0 ? headers.date_s - now_s : 0;
    if (off_s < -SKEW_NOTICED_S || off_s > SKEW_NOTICED_S) expires_s -= off_s;
    if (expires_s > now_s) return expires_s;
    return now_s +
           (dialect == DIALECT_PREVIEW ? CLIENT_SECRET_PREVIEW_LIFE_S : CLIENT_SECRET_LIFE_S);
}

static void on_done(void *user, const struct https_result *result)
{
    struct client_secret_request *request = user;
    struct client_secret_result told = {.status = result->status};
    char value[CLIENT_SECRET_SIZE] = "";
    int64_t expires_s = 0;
    if (result->reached != HTTPS_DONE || result->status < 200 || result->status > 299) {
        explain(result, told.why, sizeof told.why);
    } else if (!client_secret_read(result->body, result->body_length, value, &expires_s)) {
        (void)snprintf(told.why, sizeof told.why, "the answer of status %d holds no client secret",
                       result->status);
    } else {
        told.value = value;
        told.expires_s = end_of(result, expires_s, request->route->region->dialect);
    }
    request->done(request->user, &told);
    explicit_bzero(value, sizeof value);
    free(request);
}

static enum err_code start(uv_loop_t *loop, struct client_secret_request *request,
                           const struct endpoint *endpoint, const struct timeouts *timeouts,
                           struct error *err)
{
    const struct region *region = request->route->region;
    struct ws_header headers[ROUTE_HEADERS];
    struct ws_target where = request->route->dial;
    struct text target = {0}, body = {0}, value = {0};
    size_t count = 0;
    const char *name = NULL;
    client_secret_target(endpoint, &target);
    client_secret_body(endpoint, &body);
    if (endpoint_credential(endpoint, &name, &value))
        headers[count++] = (struct ws_header){name, text_str(&value)};
    for (size_t i = 0; i < region->header_count && count < ROUTE_HEADERS; i++)
        headers[count++] = (struct ws_header){region->headers[i].name, region->headers[i].value};
    where.target = text_str(&target);
    where.headers = headers;
    where.header_count = count;
    const struct https_request question = {
        .where = &where,
        .method = "POST",
        .content_type = "application/json",
        .body = text_str(&body),
        .resolve_ns = timeouts->resolve_ns,
        .connect_ns = timeouts->connect_ns,
        .tls_ns = timeouts->tls_ns,
        .answer_ns = timeouts->upgrade_ns,
    };
    enum err_code code =
        target.failed || body.failed || value.failed
            ? error_set(err, ERR_NOMEM, "no memory")
            : https_start(loop, &question, on_done, request, &request->exchange, err);
    if (value.data != NULL) explicit_bzero(value.data, value.capacity);
    text_free(&target);
    text_free(&body);
    text_free(&value);
    return code;
}

enum err_code client_secret_request(uv_loop_t *loop, const struct client_secret_question *question,
                                    client_secret_done *done, void *user,
                                    struct client_secret_request **out, struct error *err)
{
    const struct route *route = question->route;
    struct client_secret_request *request = calloc(1, sizeof *request);
    if (request == NULL) return error_set(err, ERR_NOMEM, "no memory");
    const struct region *region = route->region;
    const struct endpoint endpoint = {
        .dialect = region->dialect,
        .deployment = region->deployment != NULL ? region->deployment : region->model,
        .api_version = region->api_version,
        .path = region->path,
        .secret = question->token != NULL ? question->token : region->auth.secret,
        .secret_is_token =
            region->auth.kind == AUTH_TOKEN || region->auth.kind == AUTH_TOKEN_COMMAND,
    };
    request->route = route;
    request->done = done;
    request->user = user;
    enum err_code code = start(loop, request, &endpoint, question->timeouts, err);
    if (code != ERR_OK) {
        free(request);
        return code;
    }
    *out = request;
    return ERR_OK;
}

void client_secret_request_abort(struct client_secret_request *request)
{
    https_abort(request->exchange);
    free(request);
}
