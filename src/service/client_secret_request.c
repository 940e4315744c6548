#include "service/client_secret_request.h"

#include "base/clock.h"
#include "realtime/client_secret.h"
#include "realtime/response_headers.h"
#include "service/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKEW_NOTICED_S 3 /* less may be the travel time of the response */

struct client_secret_request {
    const struct target *target;
    client_secret_done *done;
    void *user;
    struct http_exchange *exchange;
};

/* ---- the response ---- */

/* Adds error.code of the body if it is a plain word: a message might quote what was sent. */
static void add_code(const char *code, char *why, size_t size)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    if (code[0] == '\0' || strlen(code) > 40 || strspn(code, plain) != strlen(code)) return;
    size_t used = strlen(why);
    (void)snprintf(why + used, size - used, " (%s)", code);
}

static void explain_silence(const struct http_result *result, char *why, size_t size)
{
    static const char *const steps[] = {"resolving the name", "connecting", "the TLS handshake",
                                        "waiting for the answer"};
    if (result->proxy_status != 0) {
        (void)snprintf(why, size, "the proxy refused with status %d", result->proxy_status);
    } else if (result->timed_out) {
        (void)snprintf(why, size, "%s took too long", steps[result->reached]);
    } else {
        (void)snprintf(why, size, "%s failed: %s", steps[result->reached], result->detail);
    }
}

static void take_refusal(const struct http_result *result, struct client_secret_result *told)
{
    const struct raw_answer raw = {
        .status = result->status,
        .headers = result->headers,
        .header_count = result->header_count,
        .body = result->body,
        .body_length = result->body_length,
    };
    struct answer answer;
    answer_read(&answer, &raw, &(struct request_facts){0});
    memcpy(told->code, answer.body_code, sizeof told->code);
    memcpy(told->message, answer.body_message, sizeof told->message);
    told->refusal = answer_refusal(&answer);
    answer_add_facts(&answer.facts, &told->refusal);
    told->refusal.body_code = told->code;
    told->refusal.body_message = told->message;
    (void)snprintf(told->why, sizeof told->why, "it was answered with status %d", result->status);
    add_code(told->code, told->why, sizeof told->why);
}

/* Its expiry by our clock. The service's clock may be off: its Date says by how much, to the
 * second. */
static int64_t end_of(const struct http_result *result, int64_t expires_s, enum dialect dialect)
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

static enum client_secret_end end_by(const struct http_result *result,
                                     char value[CLIENT_SECRET_SIZE], int64_t *expires_s)
{
    if (result->reached != HTTP_DONE) return CLIENT_SECRET_NO_ANSWER;
    if (result->status < 200 || result->status > 299) return CLIENT_SECRET_REFUSED;
    return client_secret_read(result->body, result->body_length, value, expires_s)
               ? CLIENT_SECRET_GIVEN
               : CLIENT_SECRET_MISSING;
}

static void on_done(void *user, const struct http_result *result)
{
    struct client_secret_request *request = user;
    struct client_secret_result told = {
        .status = result->status, .timed_out = result->timed_out, .detail = result->detail};
    char value[CLIENT_SECRET_SIZE] = "";
    int64_t expires_s = 0;
    for (size_t i = 0; i < HTTP_DONE; i++) told.took_ns += result->step_ns[i];
    told.end = end_by(result, value, &expires_s);
    if (told.end == CLIENT_SECRET_GIVEN) {
        told.value = value;
        told.expires_s = end_of(result, expires_s, request->target->region->dialect);
    } else if (told.end == CLIENT_SECRET_NO_ANSWER) {
        explain_silence(result, told.why, sizeof told.why);
    } else if (told.end == CLIENT_SECRET_REFUSED) {
        take_refusal(result, &told);
    } else {
        (void)snprintf(told.why, sizeof told.why, "the answer of status %d holds no client secret",
                       result->status);
    }
    request->done(request->user, &told);
    explicit_bzero(value, sizeof value);
    free(request);
}

/* ---- the request ---- */

/* The texts of one request; they live only while it is being created. */
struct draft {
    struct text path, body, credential;
    struct http_header headers[TARGET_HEADERS];
    size_t header_count;
};

static void draft_free(struct draft *draft)
{
    text_free(&draft->path);
    text_free(&draft->body);
    text_wipe(&draft->credential);
}

static void add_header(struct draft *draft, const char *name, const char *value)
{
    if (draft->header_count < TARGET_HEADERS)
        draft->headers[draft->header_count++] = (struct http_header){name, value};
}

/* The key or token goes into a header, whatever in_query says: this request has no query of its
 * own. */
static bool write_draft(struct draft *draft, const struct client_secret_question *question)
{
    const struct region *region = question->target->region;
    struct endpoint endpoint = target_endpoint(region, question->token, NULL);
    const char *name = NULL;
    endpoint.secret_in_query = false;
    client_secret_target(&endpoint, &draft->path);
    client_secret_body(&endpoint, &draft->body);
    if (endpoint_credential(&endpoint, &name, &draft->credential))
        add_header(draft, name, text_str(&draft->credential));
    for (size_t i = 0; i < region->header_count; i++)
        add_header(draft, region->headers[i].name, region->headers[i].value);
    if (question->client_request_id != NULL)
        add_header(draft, TARGET_REQUEST_ID_HEADER, question->client_request_id);
    return !draft->path.failed && !draft->body.failed && !draft->credential.failed;
}

static enum err_code start(uv_loop_t *loop, struct client_secret_request *request,
                           const struct client_secret_question *question, struct error *err)
{
    struct draft draft = {0};
    enum err_code code = ERR_NOMEM;
    if (write_draft(&draft, question)) {
        const struct timeouts *timeouts = question->timeouts;
        struct http_target where = question->target->where;
        where.target = text_str(&draft.path);
        where.headers = draft.headers;
        where.header_count = draft.header_count;
        const struct http_request asked = {
            .where = &where,
            .method = "POST",
            .content_type = "application/json",
            .body = text_str(&draft.body),
            .resolve_ns = timeouts->resolve_ns,
            .connect_ns = timeouts->connect_ns,
            .tls_ns = timeouts->tls_ns,
            .answer_ns = timeouts->upgrade_ns,
        };
        code = http_start_alone(loop, &asked, on_done, request, &request->exchange, err);
    } else {
        (void)error_set(err, ERR_NOMEM, "no memory");
    }
    draft_free(&draft);
    return code;
}

enum err_code client_secret_request(uv_loop_t *loop, const struct client_secret_question *question,
                                    client_secret_done *done, void *user,
                                    struct client_secret_request **out, struct error *err)
{
    struct client_secret_request *request = calloc(1, sizeof *request);
    if (request == NULL) return error_set(err, ERR_NOMEM, "no memory");
    *request =
        (struct client_secret_request){.target = question->target, .done = done, .user = user};
    enum err_code code = start(loop, request, question, err);
    if (code != ERR_OK) {
        free(request);
        return code;
    }
    *out = request;
    return ERR_OK;
}

void client_secret_request_abort(struct client_secret_request *request)
{
    http_abort(request->exchange);
    free(request);
}
