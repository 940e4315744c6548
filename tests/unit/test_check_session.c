/* The preflight check's own conversation: the steps from upgrade to turn, whatever the other side
 * does. */
#include "check_scene.h"

#include <errno.h>

static void expect_status(enum check_step step, enum check_status status)
{
    if (scene.told->steps[step].status != status)
        fail_msg("%s is %s (%s)", check_step_name(step),
                 check_status_name(scene.told->steps[step].status), scene.told->steps[step].cause);
}

/* Exactly this step failed, with this class; all steps before it are ok, all after it skipped. */
static void expect_failure(const char *name, enum check_step step, const char *catalogue,
                           const char *words)
{
    const struct check_result *failed = &scene.told->steps[step];
    if (failed->status != CHECK_FAILED) fail_msg("%s: the step has not failed", name);
    if (strcmp(failed->catalogue, catalogue) != 0)
        fail_msg("%s: %s %s", name, failed->catalogue, failed->code);
    if (strstr(failed->cause, words) == NULL) fail_msg("%s: \"%s\"", name, failed->cause);
    if (failed->fix[0] == '\0') fail_msg("%s: no fix", name);
    for (enum check_step s = CHECK_UPGRADE; s < step; s++) expect_status(s, CHECK_OK);
    for (enum check_step s = step + 1; s < CHECK_STEPS; s++) expect_status(s, CHECK_SKIPPED);
}

static void all_goes_well(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    assert_string_equal(scripted_https.method, "GET");
    assert_string_equal(scripted_https.authorization, ""); /* the plain request has no key */
    assert_int_equal(scripted.dials, 0);
    play_ready();
    assert_string_equal(scripted.target, "/openai/v1/realtime?model=gpt-realtime");
    assert_string_equal(scripted.values[0], KEY);
    assert_int_equal(scripted.sent_count, 3);
    assert_non_null(strstr(scripted.sent[0], "session.update"));
    assert_non_null(strstr(scripted.sent[1], "Say OK."));
    play_message(RESPONSE);
    play_message(DELTA);
    play_message(DONE);
    for (enum check_step s = 0; s < CHECK_STEPS; s++) expect_status(s, CHECK_OK);
    assert_true(scripted.closed && !scripted.aborted);
    assert_false(check_done(scene.check)); /* the close is answered first */
    play_end(&(struct ws_end){.opened = true, .by_us = true, .close_code = 1000});
    assert_true(check_done(scene.check));
    assert_true(scene.told->ok);
    assert_string_equal(scene.told->steps[CHECK_UPGRADE].seen, "101");
    assert_string_equal(scene.told->steps[CHECK_SESSION].seen, "sess_1, model gpt-realtime");
    assert_string_equal(scene.told->steps[CHECK_TURN].seen, "10 tokens in, 2 out");
    assert_string_equal(scene.told->request_id, "abcd-1");
    assert_string_equal(scene.told->response_id, "resp_1");
    assert_int_equal(scene.told->usage.output, 2);
    assert_true(scene.changes > 5);
    scene_end();
}

#define ERROR(type, code, message)                                                                 \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"code\":\"" code                        \
    "\",\"message\":\"" message "\"}}"

#define FAILED_DONE                                                                                \
    "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"failed\","           \
    "\"status_details\":{\"type\":\"failed\",\"error\":{\"type\":\"server_error\","                \
    "\"code\":null}},\"output\":[]}}"

/* The messages of the service in order; NULL-terminated. */
static void messages_that_are_failures(void **state)
{
    static const struct {
        const char *name;
        const char *said[8];
        enum check_step step;
        const char *catalogue, *words;
    } rows[] = {
        {"an error first",
         {ERROR("server_error", "gateway", "no backend")},
         CHECK_SESSION,
         "F43",
         "event error, server_error/gateway: no backend"},
        {"settings refused",
         {CREATED, ERROR("invalid_request_error", "unknown_parameter", "Unknown parameter")},
         CHECK_CONFIGURE,
         "F45",
         "unknown_parameter"},
        {"an error instead of a response",
         {CREATED, UPDATED, ERROR("server_error", "", "sorry")},
         CHECK_TURN,
         "F59",
         "sorry"},
        {"a response that fails",
         {CREATED, UPDATED, RESPONSE, DELTA, FAILED_DONE},
         CHECK_TURN,
         "F64",
         "response.done failed, server_error"},
        {"nothing in the answer",
         {CREATED, UPDATED, RESPONSE, DONE},
         CHECK_TURN,
         "F72",
         "without any output"},
        {"another modality",
         {CREATED, UPDATED, RESPONSE, "{\"type\":\"response.output_audio.delta\",\"delta\":\"x\"}",
          DONE},
         CHECK_TURN,
         "F72",
         "without any output"},
        {"no event",
         {CREATED, UPDATED, RESPONSE, "{}"},
         CHECK_TURN,
         "F75",
         "a message that is not an event"},
        {"broken facts",
         {"{\"type\":\"session.created\",", NULL},
         CHECK_SESSION,
         "F75",
         "a message that is not an event"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_start(WITH_KEY);
        play_upgrade();
        for (size_t k = 0; rows[i].said[k] != NULL; k++) play_message(rows[i].said[k]);
        expect_failure(rows[i].name, rows[i].step, rows[i].catalogue, rows[i].words);
        assert_true(scripted.closed || scripted.aborted);
        scene_end();
    }
}

/* Whatever costs a run nothing costs the preflight check nothing. */
static void messages_that_are_none(void **state)
{
    static const char *const said[] = {
        CREATED,
        "{\"type\":\"never.heard\"}",
        ERROR("invalid_request_error", "response_cancel_not_active", "Cancellation failed"),
        UPDATED,
        ERROR("invalid_request_error", "response_cancel_not_active", "Cancellation failed"),
        RESPONSE,
        "{\"type\":\"conversation.item.input_audio_transcription.failed\"}",
        DELTA,
        DONE,
    };
    (void)state;
    scene_start(WITH_KEY);
    play_upgrade();
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) play_message(said[i]);
    expect_status(CHECK_TURN, CHECK_OK);
    scene_end();
}

/* The preflight check asks for a short answer, so reaching the limit is not a failure. */
static void an_answer_may_end_at_its_limit(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    play_ready();
    play_message(RESPONSE);
    play_message(DELTA);
    play_message("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":"
                 "\"incomplete\",\"status_details\":{\"type\":\"incomplete\",\"reason\":"
                 "\"max_output_tokens\"},\"output\":[{}]}}");
    expect_status(CHECK_TURN, CHECK_OK);
    scene_end();
}

static void a_binary_message_is_told_as_one(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    play_ready();
    play_binary();
    expect_failure("binary", CHECK_TURN, "F75", "a binary message");
    scene_end();
}

#define KEY_REFUSED                                                                                \
    "{\"error\":{\"code\":\"401\",\"message\":\"Access denied due to invalid subscription key or " \
    "wrong API endpoint.\"}}"

static void refusals_are_classified_with_what_was_asked(void **state)
{
    static const struct {
        const char *name, *more;
        int status;
        const char *body, *catalogue, *words;
    } rows[] = {
        {"a bad key", WITH_KEY, 401, KEY_REFUSED, "F20", "HTTP 401, 401: Access denied"},
        {"a key as subprotocol",
         WITH_KEY ", \"headers\": {\"Sec-WebSocket-Protocol\": "
                  "\"realtime, openai-insecure-api-key.${K}\"}",
         401, KEY_REFUSED, "F22", "HTTP 401"},
        {"no deployment", WITH_KEY, 404,
         "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"does not exist\"}}", "F27",
         "HTTP 404, DeploymentNotFound: does not exist"},
        {"a page", WITH_KEY, 502, "<html></html>", "F36", "HTTP 502 with an HTML page"},
        {"a status of no catalogue", WITH_KEY, 418, "", "unknown", "HTTP 418"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_start(rows[i].more);
        play_good_https();
        play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
        play_refusal(rows[i].status, NULL, 0, rows[i].body);
        expect_failure(rows[i].name, CHECK_UPGRADE, rows[i].catalogue, rows[i].words);
        assert_int_equal(scene.told->upgrade_status, rows[i].status);
        play_end(&(struct ws_end){.http_status = rows[i].status});
        assert_true(check_done(scene.check));
        assert_false(scene.told->ok);
        scene_end();
    }
}

static void a_private_resource_is_hinted_at(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    play_good_https();
    play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
    play_refusal(403, NULL, 0,
                 "{\"error\":{\"code\":\"AccessDenied\",\"message\":\"Access denied due to Virtual "
                 "Network/Firewall rules.\"}}");
    assert_true(has_note(scene.told, "the name came to 20.42.1.5"));
    scene_end();
}

/* An end of the connection is a failure of the current step, described by what was observed. */
static void ends_are_failures_of_their_step(void **state)
{
    static const struct {
        const char *name;
        int messages; /* after the upgrade; -1: before it */
        struct ws_end end;
        enum check_step step;
        const char *catalogue, *words;
    } rows[] = {
        {"closed instead of an answer",
         -1,
         {.detail = "read failed"},
         CHECK_UPGRADE,
         "F11",
         "ended before the upgrade was answered (read failed)"},
        {"a wrong handshake",
         -1,
         {.http_status = 101},
         CHECK_UPGRADE,
         "F39",
         "HTTP 101, but no WebSocket handshake"},
        {"a proxy says no",
         -1,
         {.proxy_status = 407},
         CHECK_UPGRADE,
         "F12",
         "the proxy answered CONNECT with 407"},
        {"no files left", -1, {.local_error = EMFILE}, CHECK_UPGRADE, "F07", "Too many open files"},
        {"closed before created",
         0,
         {.opened = true, .close_code = 1000},
         CHECK_SESSION,
         "F42",
         "the service closed with 1000"},
        {"closed with a reason",
         2,
         {.opened = true, .close_code = 1011, .close_reason = "internal"},
         CHECK_TURN,
         "F84",
         "the service closed with 1011 (internal)"},
        {"reset",
         2,
         {.opened = true, .os_error = ECONNRESET},
         CHECK_TURN,
         "F61",
         "Connection reset"},
        {"lost",
         2,
         {.opened = true},
         CHECK_TURN,
         "F61",
         "the connection ended without a Close frame"},
    };
    static const char *const messages[] = {CREATED, UPDATED};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_start(WITH_KEY);
        if (rows[i].messages < 0) {
            play_good_https();
            play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
        } else {
            play_upgrade();
        }
        for (int k = 0; k < rows[i].messages; k++) play_message(messages[k]);
        play_end(&rows[i].end);
        expect_failure(rows[i].name, rows[i].step, rows[i].catalogue, rows[i].words);
        assert_true(check_done(scene.check));
        scene_end();
    }
}

/* The end of the session's life is reported as in a run. */
static void the_end_of_its_life_is_told_as_that(void **state)
{
    char created[256];
    (void)state;
    (void)snprintf(created, sizeof created,
                   "{\"type\":\"session.created\",\"session\":{\"id\":\"sess_1\",\"expires_at\":"
                   "%lld}}",
                   (long long)(clock_wall_ns() / NS_PER_S));
    scene_start(WITH_KEY);
    play_upgrade();
    play_message(created);
    play_message(UPDATED);
    play_end(&(struct ws_end){.opened = true, .close_code = 1001});
    expect_failure("the cap", CHECK_TURN, "F77", "the service closed with 1001");
    scene_end();
}

/* Each stage, and each silence of the turn, has the deadline in the profile: the service goes
 * silent, and the loop runs until the check has given up. */
static void deadlines_are_those_of_the_profile(void **state)
{
    static const struct {
        size_t limit; /* of struct timeouts */
        int messages; /* -1: not even the upgrade */
        enum check_step step;
        const char *catalogue, *words;
    } rows[] = {
        {offsetof(struct timeouts, upgrade_ns), -1, CHECK_UPGRADE, "F38",
         "the upgrade was not answered within 1ms"},
        {offsetof(struct timeouts, session_ns), 0, CHECK_SESSION, "F41",
         "no session.created within 1ms of the 101"},
        {offsetof(struct timeouts, configure_ns), 1, CHECK_CONFIGURE, "F50",
         "no session.updated within 1ms of session.update"},
        {offsetof(struct timeouts, first_output_ns), 2, CHECK_TURN, "F57",
         "no output within 1ms of response.create"},
        {offsetof(struct timeouts, stall_ns), 3, CHECK_TURN, "F62",
         "no event within 1ms of the last one"},
        {offsetof(struct timeouts, response_ns), 4, CHECK_TURN, "F63",
         "no response.done within 1ms of response.create"},
    };
    static const char *const messages[] = {CREATED, UPDATED, RESPONSE, DELTA};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_start(WITH_KEY);
        int64_t *limit = (int64_t *)((char *)&scene.profile->timeouts + rows[i].limit);
        *limit = NS_PER_MS;
        play_good_https();
        play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
        if (rows[i].messages >= 0) play_open(NULL, 0);
        for (int k = 0; k < rows[i].messages; k++) play_message(messages[k]);
        while (scene.told->steps[rows[i].step].status == CHECK_PENDING)
            (void)uv_run(&scene.loop, UV_RUN_ONCE);
        expect_failure(rows[i].words, rows[i].step, rows[i].catalogue, rows[i].words);
        scene_end();
    }
}

static void a_close_that_is_not_answered_is_cut(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    scene.profile->timeouts.close_ns = NS_PER_MS;
    play_ready();
    play_message(RESPONSE);
    play_message(DELTA);
    play_message(DONE);
    while (!scripted.aborted) (void)uv_run(&scene.loop, UV_RUN_ONCE);
    play_end(&(struct ws_end){.opened = true, .by_us = true});
    assert_true(check_done(scene.check));
    assert_true(scene.told->ok);
    scene_end();
}

static void a_dial_that_cannot_start_is_our_own_limit(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    scripted.dial_fails = true;
    play_good_https();
    expect_failure("no memory", CHECK_UPGRADE, "F07", "no memory for a socket");
    assert_true(check_done(scene.check));
    scene_end();
}

/* Nothing of ours that the service quotes may reach any output. */
static void what_the_service_quotes_is_scrubbed(void **state)
{
    (void)state;
    scene_start(WITH_KEY);
    play_upgrade();
    play_message("{\"type\":\"session.created\",\"session\":{\"id\":\"" KEY "\"}}");
    play_message(ERROR("invalid_request_error", "unknown_parameter", "you sent " KEY));
    play_end(&(struct ws_end){.opened = true});
    assert_null(strstr(scene.told->steps[CHECK_CONFIGURE].cause, KEY));
    assert_null(strstr(scene.told->steps[CHECK_SESSION].seen, KEY));
    assert_null(strstr(scene.told->session_id, KEY));
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_goes_well),
        cmocka_unit_test(messages_that_are_failures),
        cmocka_unit_test(messages_that_are_none),
        cmocka_unit_test(an_answer_may_end_at_its_limit),
        cmocka_unit_test(a_binary_message_is_told_as_one),
        cmocka_unit_test(refusals_are_classified_with_what_was_asked),
        cmocka_unit_test(a_private_resource_is_hinted_at),
        cmocka_unit_test(ends_are_failures_of_their_step),
        cmocka_unit_test(the_end_of_its_life_is_told_as_that),
        cmocka_unit_test(deadlines_are_those_of_the_profile),
        cmocka_unit_test(a_close_that_is_not_answered_is_cut),
        cmocka_unit_test(a_dial_that_cannot_start_is_our_own_limit),
        cmocka_unit_test(what_the_service_quotes_is_scrubbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
