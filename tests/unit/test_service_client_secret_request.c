/* Requesting a client secret: what is sent, and the result of every response. */
#include "service/client_secret_request.h"

#include "scripted_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct {
    struct profile *profile;
    struct target target;
    struct client_secret_request *request;
} it;

/* The result, with its strings kept. */
static struct {
    int calls, status;
    enum client_secret_end end;
    char value[64], why[320], code[64];
    bool has_value, timed_out;
    int64_t expires_s, took_ns;
    struct failure_class class;
} told;

static void on_done(void *user, const struct client_secret_result *result)
{
    assert_ptr_equal(user, &told);
    told.calls++;
    told.status = result->status;
    told.end = result->end;
    told.has_value = result->value != NULL;
    (void)snprintf(told.value, sizeof told.value, "%s", result->value != NULL ? result->value : "");
    (void)snprintf(told.why, sizeof told.why, "%s", result->why);
    (void)snprintf(told.code, sizeof told.code, "%s", result->code);
    told.timed_out = result->timed_out;
    told.expires_s = result->expires_s;
    told.took_ns = result->took_ns;
    if (result->end == CLIENT_SECRET_REFUSED) told.class = failure_classify(&result->refusal);
}

static void set_up(const char *region)
{
    char json[1024];
    struct error err = {0};
    (void)setenv("K", "s3cret", 1);
    int length = snprintf(json, sizeof json,
                          "{\"name\":\"c\",\"regions\":[{\"name\":\"a\",\"endpoint\":"
                          "\"https://x.example.com\",%s}],"
                          "\"load\":{\"stages\":[{\"duration\":\"1s\",\"target\":1}]}}",
                          region);
    memset(&scripted_https, 0, sizeof scripted_https);
    memset(&told, 0, sizeof told);
    memset(&it, 0, sizeof it);
    if (profile_parse("c.json", json, (size_t)length, &it.profile, &err) != ERR_OK ||
        profile_secrets_load(it.profile, &err) != ERR_OK ||
        target_init(&it.target, &it.profile->regions[0], &(struct target_options){0}, &err) !=
            ERR_OK)
        fail_msg("%s", err.text);
}

static void ask(const char *token, const char *id)
{
    struct error err = {0};
    const struct client_secret_question question = {.target = &it.target,
                                                    .token = token,
                                                    .client_request_id = id,
                                                    .timeouts = &it.profile->timeouts};
    if (client_secret_request(NULL, &question, on_done, &told, &it.request, &err) != ERR_OK)
        fail_msg("%s", err.text);
}

static void tear_down(void)
{
    target_free(&it.target);
    profile_free(it.profile);
}

#define EPHEMERAL                                                                                  \
    "\"deployment\":\"d\",\"dialect\":\"ga\",\"auth\":{\"api_key\":\"${K}\",\"ephemeral\":true}"

static void the_question_is_that_of_the_dialect(void **state)
{
    (void)state;
    set_up(EPHEMERAL);
    ask(NULL, "id-7");
    assert_string_equal(scripted_https.method, "POST");
    assert_string_equal(scripted_https.target, "/openai/v1/realtime/client_secrets");
    assert_string_equal(scripted_https.authorization, "api-key: s3cret");
    assert_string_equal(scripted_https.request_id, "id-7");
    assert_non_null(strstr(scripted_https.body, "\"model\":\"d\""));
    client_secret_request_abort(it.request);
    assert_true(scripted_https.aborted);
    assert_int_equal(told.calls, 0);
    tear_down();
    set_up("\"model\":\"gpt-realtime\",\"dialect\":\"openai\","
           "\"auth\":{\"token\":\"${K}\",\"ephemeral\":true}");
    ask("newer", NULL);
    assert_string_equal(scripted_https.target, "/v1/realtime/client_secrets");
    assert_string_equal(scripted_https.authorization, "Authorization: Bearer newer");
    assert_string_equal(scripted_https.request_id, ""); /* none was given */
    client_secret_request_abort(it.request);
    tear_down();
}

static void a_secret_is_handed_over_with_its_end(void **state)
{
    char body[128];
    const int64_t end_s = clock_wall_ns() / NS_PER_S + 500;
    const struct http_header none = {"x-other", "1"};
    (void)state;
    (void)snprintf(body, sizeof body, "{\"value\":\"ek_1\",\"expires_at\":%lld}", (long long)end_s);
    set_up(EPHEMERAL);
    ask(NULL, NULL);
    play_https(&(struct http_result){.reached = HTTP_DONE,
                                     .status = 200,
                                     .step_ns = {1, 2, 3, 4},
                                     .headers = &none,
                                     .header_count = 1,
                                     .body = body,
                                     .body_length = strlen(body)});
    assert_int_equal(told.calls, 1);
    assert_int_equal(told.end, CLIENT_SECRET_GIVEN);
    assert_string_equal(told.value, "ek_1");
    assert_int_equal(told.expires_s, end_s);
    assert_int_equal(told.took_ns, 10);
    assert_string_equal(told.why, "");
    tear_down();
}

static void every_failure_says_why_and_never_quotes(void **state)
{
    static const char quoting[] =
        "{\"error\":{\"code\":\"bad key s3cret\",\"message\":\"s3cret is no key\"}}";
    static const char denied[] = "{\"error\":{\"code\":\"401\",\"message\":\"Access denied\"}}";
    static const struct {
        struct http_result result;
        const char *body;
        enum client_secret_end end;
        const char *why;
    } rows[] = {
        {{.reached = HTTP_RESOLVE, .detail = "no such name"},
         "",
         CLIENT_SECRET_NO_ANSWER,
         "resolving the name failed: no such name"},
        {{.reached = HTTP_CONNECT, .timed_out = true},
         "",
         CLIENT_SECRET_NO_ANSWER,
         "connecting took too long"},
        {{.reached = HTTP_CONNECT, .proxy_status = 407},
         "",
         CLIENT_SECRET_NO_ANSWER,
         "the proxy refused with status 407"},
        {{.reached = HTTP_ANSWER, .timed_out = true},
         "",
         CLIENT_SECRET_NO_ANSWER,
         "waiting for the answer took too long"},
        {{.reached = HTTP_DONE, .status = 401},
         denied,
         CLIENT_SECRET_REFUSED,
         "it was answered with status 401 (401)"},
        {{.reached = HTTP_DONE, .status = 400},
         quoting,
         CLIENT_SECRET_REFUSED,
         "it was answered with status 400"},
        {{.reached = HTTP_DONE, .status = 200},
         "{}",
         CLIENT_SECRET_MISSING,
         "the answer of status 200 holds no client secret"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_result result = rows[i].result;
        result.body = rows[i].body;
        result.body_length = strlen(rows[i].body);
        set_up(EPHEMERAL);
        ask(NULL, NULL);
        play_https(&result);
        assert_int_equal(told.end, rows[i].end);
        assert_string_equal(told.why, rows[i].why);
        assert_false(told.has_value);
        tear_down();
    }
}

static void a_refusal_has_its_class(void **state)
{
    static const char body[] = "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to "
                               "invalid subscription key or wrong API endpoint.\"}}";
    (void)state;
    set_up(EPHEMERAL);
    ask(NULL, NULL);
    play_https(&(struct http_result){
        .reached = HTTP_DONE, .status = 401, .body = body, .body_length = sizeof body - 1});
    assert_string_equal(told.class.catalogue, "F20");
    assert_string_equal(told.code, "401");
    tear_down();
}

static void what_cannot_be_started_has_no_callback(void **state)
{
    struct error err = {0};
    (void)state;
    set_up(EPHEMERAL);
    scripted_https.start_fails = true;
    const struct client_secret_question question = {.target = &it.target,
                                                    .timeouts = &it.profile->timeouts};
    assert_int_equal(client_secret_request(NULL, &question, on_done, &told, &it.request, &err),
                     ERR_NET);
    assert_int_equal(told.calls, 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_is_that_of_the_dialect),
        cmocka_unit_test(a_secret_is_handed_over_with_its_end),
        cmocka_unit_test(every_failure_says_why_and_never_quotes),
        cmocka_unit_test(a_refusal_has_its_class),
        cmocka_unit_test(what_cannot_be_started_has_no_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
