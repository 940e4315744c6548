/* The whole preflight check: what is requested in which order, and what is not requested when a
 * prerequisite has failed. */
#include "check_scene.h"

#include <netdb.h>

static void expect(enum check_step step, enum check_status status, const char *code)
{
    const struct check_result *result = &scene.told->steps[step];
    if (result->status != status || strcmp(result->code, code) != 0)
        fail_msg("%s is %s, %s (%s)", check_step_name(step), check_status_name(result->status),
                 result->code, result->cause);
}

static void expect_all(enum check_step from, enum check_step to, enum check_status status)
{
    for (enum check_step step = from; step <= to; step++) expect(step, status, "");
}

/* A lower layer failed: the WebSocket is never dialled, and each step says why. */
static void a_layer_that_failed_ends_it(void **state)
{
    static const struct {
        struct http_result result;
        enum check_step failed;
        const char *code, *why;
    } rows[] = {
        {{.reached = HTTP_RESOLVE, .resolve_error = EAI_NONAME},
         CHECK_RESOLVE,
         "resolve_failed",
         "the step resolve failed"},
        {{.reached = HTTP_CONNECT, .os_error = 111, .address = "192.0.2.1"},
         CHECK_TCP,
         "connect_refused",
         "the step tcp failed"},
        {{.reached = HTTP_TLS, .timed_out = true}, CHECK_TLS, "tls_timeout", "the step tls failed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_result result = rows[i].result;
        result.body = "";
        scene_start(WITH_KEY);
        play_https(&result);
        expect(rows[i].failed, CHECK_FAILED, rows[i].code);
        expect_all(CHECK_UPGRADE, CHECK_TURN, CHECK_SKIPPED);
        assert_string_equal(scene.told->steps[CHECK_UPGRADE].cause, rows[i].why);
        assert_int_equal(scripted.dials, 0);
        assert_true(check_done(scene.check));
        assert_false(scene.told->ok);
        scene_end();
    }
}

/* A plain request without an answer is reported, and the WebSocket is tried anyway: proxies differ
 * in what they swallow. */
static void a_plain_request_may_fail_alone(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    play_https(&(struct http_result){.reached = HTTP_ANSWER, .timed_out = true, .body = ""});
    expect(CHECK_HTTPS, CHECK_FAILED, "no_answer");
    assert_int_equal(scripted.dials, 1);
    scene_end();
}

static void a_credential_that_is_missing_is_not_sent(void **state)
{
    (void)state;
    scene_start(", \"auth\": {\"api_key\": \"${RUSHHOUR_UNSET_KEY}\"}");
    expect(CHECK_CREDENTIALS, CHECK_FAILED, "no_credential");
    assert_non_null(strstr(scene.told->steps[CHECK_CREDENTIALS].cause, "RUSHHOUR_UNSET_KEY"));
    play_good_https();
    expect_all(CHECK_UPGRADE, CHECK_TURN, CHECK_SKIPPED);
    assert_int_equal(scripted.dials, 0);
    scene_end();
}

static void roots_that_cannot_be_read_are_the_profile_s_fault(void **state)
{
    (void)state;
    scene_start(WITH_KEY ", \"ca_file\": \"missing.pem\"");
    expect(CHECK_PROFILE, CHECK_FAILED, "bad_ca_file");
    assert_non_null(strstr(scene.told->steps[CHECK_PROFILE].cause, "missing.pem"));
    expect_all(CHECK_RESOLVE, CHECK_HTTPS, CHECK_SKIPPED);
    expect_all(CHECK_UPGRADE, CHECK_TURN, CHECK_SKIPPED);
    assert_int_equal(scripted_https.asked, 0);
    assert_true(check_done(scene.check));
    scene_end();
}

static void roots_that_can_be_read_are_used(void **state)
{
    (void)state;
    scene_start(WITH_KEY ", \"ca_file\": \"roots.pem\"");
    assert_non_null(strstr(scripted.ca_file, "roots.pem"));
    expect(CHECK_PROFILE, CHECK_OK, "");
    play_good_https();
    assert_int_equal(scripted.dials, 1);
    scene_end();
}

/* ---- client secrets ---- */

#define EPHEMERAL ", \"auth\": {\"api_key\": \"${K}\", \"ephemeral\": true}"

static void play_secret(int status, const char *body)
{
    play_https(&(struct http_result){.reached = HTTP_DONE,
                                     .status = status,
                                     .step_ns = {1, 1, 1, 1},
                                     .body = body,
                                     .body_length = strlen(body)});
}

static void a_client_secret_is_asked_for_and_opens_the_session(void **state)
{
    (void)state;
    scene_start(EPHEMERAL);
    play_good_https();
    assert_int_equal(scripted.dials, 0);
    assert_string_equal(scripted_https.method, "POST");
    assert_string_equal(scripted_https.authorization, "api-key: " KEY);
    assert_string_equal(scripted_https.request_id, scene.told->client_request_id);
    play_secret(200, "{\"value\":\"ek_of_the_hour\",\"expires_at\":4102444800}");
    expect(CHECK_CREDENTIALS, CHECK_OK, "");
    assert_int_equal(scripted.dials, 1);
    assert_string_equal(scripted.names[0], "Authorization");
    assert_string_equal(scripted.values[0], "Bearer ek_of_the_hour");
    /* it is secret just as the key is */
    play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
    play_refusal(400, NULL, 0, "{\"error\":{\"code\":\"x\",\"message\":\"got ek_of_the_hour\"}}");
    assert_null(strstr(scene.told->steps[CHECK_UPGRADE].cause, "ek_of_the_hour"));
    assert_non_null(strstr(scene.told->steps[CHECK_UPGRADE].cause, "got "));
    scene_end();
}

static void no_client_secret_no_session(void **state)
{
    static const struct {
        const char *name;
        int status; /* 0: no answer */
        const char *body, *code, *words;
    } rows[] = {
        {"refused", 401,
         "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key "
         "or wrong API endpoint.\"}}",
         "upgrade_401", "no client secret: HTTP 401, 401: Access denied"},
        {"something else answers", 200, "{}", "no_client_secret",
         "HTTP 200 without a client secret in it"},
        {"nobody answers", 0, "", "no_answer", "no client secret: no answer in time"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_start(EPHEMERAL);
        play_good_https();
        if (rows[i].status != 0) {
            play_secret(rows[i].status, rows[i].body);
        } else {
            play_https(&(struct http_result){
                .reached = HTTP_ANSWER, .timed_out = true, .body = "", .step_ns = {1, 1, 1, 1}});
        }
        expect(CHECK_CREDENTIALS, CHECK_FAILED, rows[i].code);
        assert_non_null(strstr(scene.told->steps[CHECK_CREDENTIALS].cause, rows[i].words));
        expect_all(CHECK_UPGRADE, CHECK_TURN, CHECK_SKIPPED);
        assert_int_equal(scripted.dials, 0);
        scene_end();
    }
}

/* ---- interrupted ---- */

static void a_stop_ends_whatever_is_under_way(void **state)
{
    (void)state;
    scene_start(WITH_KEY); /* in the plain request */
    check_stop(scene.check);
    assert_true(scripted_https.aborted);
    assert_true(check_done(scene.check));
    expect_all(CHECK_RESOLVE, CHECK_HTTPS, CHECK_SKIPPED);
    assert_string_equal(scene.told->steps[CHECK_TURN].cause, "interrupted");
    scene_end();
    scene_start(EPHEMERAL); /* in the client secret's */
    play_good_https();
    check_stop(scene.check);
    assert_true(scripted_https.aborted);
    expect(CHECK_UPGRADE, CHECK_SKIPPED, "");
    scene_end();
    scene_start(WITH_KEY); /* in the session */
    play_ready();
    check_stop(scene.check);
    assert_true(scripted.aborted);
    expect(CHECK_CONFIGURE, CHECK_OK, "");
    expect(CHECK_TURN, CHECK_SKIPPED, "");
    play_message(DONE); /* nothing that comes afterwards is judged */
    expect(CHECK_TURN, CHECK_SKIPPED, "");
    scene_end();
}

/* ---- the JSON of it ---- */

static void the_json_is_whole_for_a_region_that_failed(void **state)
{
    struct text json = {0};
    (void)state;
    scene_start(WITH_KEY);
    play_good_https();
    play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
    play_refusal(429, NULL, 0, "{\"error\":{\"code\":\"429\",\"message\":\"a \\\"quota\\\"\"}}");
    play_end(&(struct ws_end){.http_status = 429});
    check_json(scene.told, 1, &json);
    assert_non_null(strstr(text_str(&json), "{\"ok\":false,\"regions\":[{\"name\":\"r\""));
    assert_non_null(strstr(text_str(&json), "{\"step\":\"upgrade\",\"status\":\"failed\""));
    assert_non_null(strstr(text_str(&json), "\\\"quota\\\""));
    assert_non_null(strstr(text_str(&json), "\"upgrade_status\":429"));
    assert_non_null(strstr(text_str(&json), "{\"step\":\"turn\",\"status\":\"skipped\",\"ms\":null,"
                                            "\"cause\":\"the step upgrade failed\""));
    assert_null(strstr(text_str(&json), KEY));
    text_free(&json);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_that_failed_ends_it),
        cmocka_unit_test(a_plain_request_may_fail_alone),
        cmocka_unit_test(a_credential_that_is_missing_is_not_sent),
        cmocka_unit_test(roots_that_cannot_be_read_are_the_profile_s_fault),
        cmocka_unit_test(roots_that_can_be_read_are_used),
        cmocka_unit_test(a_client_secret_is_asked_for_and_opens_the_session),
        cmocka_unit_test(no_client_secret_no_session),
        cmocka_unit_test(a_stop_ends_whatever_is_under_way),
        cmocka_unit_test(the_json_is_whole_for_a_region_that_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
