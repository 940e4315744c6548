/* How steps are reported: texts, classes, and what no output may show. */
#include "base/clock.h"
#include "base/secret.h"
#include "check/credentials.h"
#include "check/issuer.h"
#include "check/observed.h"
#include "check/step.h"
#include "check_fixture.h"

#include <errno.h>
#include <stdlib.h>

static struct {
    struct profile *profile;
    struct check_region told;
} it;

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    (void)setenv("K", "s3cret-of-the-region", 1);
    it.profile = fixture_profile(FIXTURE_REGION("r", ", \"auth\": {\"api_key\": \"${K}\"}"));
    if (profile_secrets_load(it.profile, &err) != ERR_OK) fail_msg("%s", err.text);
    it.told =
        (struct check_region){.region = &it.profile->regions[0], .said = &it.profile->session};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    secret_free(it.told.client_secret);
    profile_free(it.profile);
    return 0;
}

/* ---- steps ---- */

static void a_step_is_told_once_in_all_its_parts(void **state)
{
    const struct check_result *result = &it.told.steps[CHECK_TCP];
    (void)state;
    step_ok(&it.told, CHECK_TCP, 5, "%s, %d", "10.0.0.1", 443);
    assert_int_equal(result->status, CHECK_OK);
    assert_int_equal(result->ns, 5);
    assert_string_equal(result->seen, "10.0.0.1, 443");
    result = &it.told.steps[CHECK_HTTPS];
    step_failed(&it.told, CHECK_HTTPS, 7, "no_answer", "F38", "try again", "none in %ds", 3);
    assert_int_equal(result->status, CHECK_FAILED);
    assert_string_equal(result->code, "no_answer");
    assert_string_equal(result->catalogue, "F38");
    assert_string_equal(result->fix, "try again");
    assert_string_equal(result->cause, "none in 3s");
}

static void a_class_brings_its_advice(void **state)
{
    const struct failure_facts facts = {.phase = PHASE_RESOLVE, .deadline = DEADLINE_RESOLVE};
    const struct failure_class class = failure_classify(&facts);
    const struct check_result *result = &it.told.steps[CHECK_RESOLVE];
    (void)state;
    step_classified(&it.told, CHECK_RESOLVE, 9, &facts, "%s", "nobody answers");
    assert_string_equal(result->code, class.code);
    assert_string_equal(result->catalogue, class.catalogue);
    assert_string_equal(result->fix, class.advice);
    assert_string_equal(result->cause, "nobody answers");
}

/* A format specifier in the service's text is only text. */
static void percent_signs_of_the_service_are_text(void **state)
{
    const struct failure_facts facts = {.phase = PHASE_UPGRADE, .http_status = 429};
    (void)state;
    step_classified(&it.told, CHECK_UPGRADE, 1, &facts, "%s", "used 100%s of %n");
    assert_string_equal(it.told.steps[CHECK_UPGRADE].cause, "used 100%s of %n");
}

static void only_what_is_pending_is_skipped(void **state)
{
    (void)state;
    step_ok(&it.told, CHECK_UPGRADE, 1, "101");
    step_failed(&it.told, CHECK_SESSION, 1, "x", "", "y", "z");
    steps_skipped(&it.told, CHECK_UPGRADE, CHECK_TURN, "the step session failed");
    assert_int_equal(it.told.steps[CHECK_UPGRADE].status, CHECK_OK);
    assert_int_equal(it.told.steps[CHECK_SESSION].status, CHECK_FAILED);
    assert_int_equal(it.told.steps[CHECK_CONFIGURE].status, CHECK_SKIPPED);
    assert_int_equal(it.told.steps[CHECK_TURN].status, CHECK_SKIPPED);
    assert_int_equal(it.told.steps[CHECK_TURN].ns, NOT_TIMED);
    assert_int_equal(it.told.steps[CHECK_HTTPS].status, CHECK_PENDING); /* not between the two */
}

static void notes_end_where_their_room_does(void **state)
{
    (void)state;
    for (int i = 0; i < CHECK_NOTES + 3; i++) step_note(&it.told, CHECK_TCP, "note %d", i);
    assert_int_equal(it.told.note_count, CHECK_NOTES);
    assert_true(has_note(&it.told, "note 0"));
    assert_true(has_note(&it.told, "note 15"));
}

static void secrets_and_control_characters_never_show(void **state)
{
    char id[64] = "req-s3cret-of-the-region-1";
    (void)state;
    it.told.client_secret = secret_copy("ek_of_the_hour");
    step_ok(&it.told, CHECK_SESSION, 1, "%s", "a\x1b[31mb\nc s3cret-of-the-region ek_of_the_hour");
    const char *seen = it.told.steps[CHECK_SESSION].seen;
    assert_null(strstr(seen, "s3cret-of-the-region"));
    assert_null(strstr(seen, "ek_of_the_hour"));
    assert_null(strchr(seen, '\x1b'));
    assert_null(strchr(seen, '\n'));
    step_failed(&it.told, CHECK_TURN, 1, "x", "", "y", "%s", "you sent s3cret-of-the-region");
    assert_null(strstr(it.told.steps[CHECK_TURN].cause, "s3cret"));
    step_note(&it.told, CHECK_TURN, "%s", "s3cret-of-the-region");
    assert_false(has_note(&it.told, "s3cret"));
    step_clean_id(&it.told, id, sizeof id);
    assert_null(strstr(id, "s3cret"));
    assert_non_null(strstr(id, "req-"));
}

static void more_than_there_is_room_for_is_cut(void **state)
{
    char big[4096];
    (void)state;
    for (size_t i = 0; i < sizeof big - 1; i++) big[i] = "a word "[i % 7];
    big[sizeof big - 1] = '\0';
    step_ok(&it.told, CHECK_TCP, 1, "%s", big);
    step_failed(&it.told, CHECK_TLS, 1, "x", "", "y", "%s", big);
    assert_int_equal(strlen(it.told.steps[CHECK_TCP].seen), sizeof it.told.steps[0].seen - 1);
    assert_int_equal(strlen(it.told.steps[CHECK_TLS].cause), sizeof it.told.steps[0].cause - 1);
}

/* ---- observations in words ---- */

static void assert_words(struct text *out, const char *expected)
{
    assert_string_equal(text_str(out), expected);
    text_clear(out);
}

static void every_deadline_has_its_words(void **state)
{
    const struct timeouts timeouts = {.resolve_ns = NS_PER_S,
                                      .connect_ns = 2 * NS_PER_S,
                                      .tls_ns = 3 * NS_PER_S,
                                      .upgrade_ns = 4 * NS_PER_S,
                                      .session_ns = 5 * NS_PER_S,
                                      .configure_ns = 6 * NS_PER_S,
                                      .first_output_ns = 7 * NS_PER_S,
                                      .stall_ns = 8 * NS_PER_S,
                                      .response_ns = 90 * NS_PER_S};
    struct text out = {0};
    (void)state;
    observed_deadline(DEADLINE_RESOLVE, &timeouts, &out);
    assert_words(&out, "the name was not resolved within 1s");
    observed_deadline(DEADLINE_CONNECT, &timeouts, &out);
    assert_words(&out, "no connection within 2s");
    observed_deadline(DEADLINE_TLS, &timeouts, &out);
    assert_words(&out, "the TLS handshake was not done within 3s");
    observed_deadline(DEADLINE_UPGRADE, &timeouts, &out);
    assert_words(&out, "the upgrade was not answered within 4s");
    observed_deadline(DEADLINE_SESSION, &timeouts, &out);
    assert_words(&out, "no session.created within 5s of the 101");
    observed_deadline(DEADLINE_CONFIGURE, &timeouts, &out);
    assert_words(&out, "no session.updated within 6s of session.update");
    observed_deadline(DEADLINE_FIRST_OUTPUT, &timeouts, &out);
    assert_words(&out, "no output within 7s of response.create");
    observed_deadline(DEADLINE_STALL, &timeouts, &out);
    assert_words(&out, "no event within 8s of the last one");
    observed_deadline(DEADLINE_RESPONSE, &timeouts, &out);
    assert_words(&out, "no response.done within 1m 30s of response.create");
    text_free(&out);
}

static void events_are_told_as_the_service_called_them(void **state)
{
    struct event_facts event = {.kind = EVENT_ERROR,
                                .error_type = "invalid_request_error",
                                .error_code = "invalid_value",
                                .error_param = "session.voice",
                                .error_message = "no such voice"};
    struct text out = {0};
    (void)state;
    observed_event(&event, false, &out);
    assert_words(&out, "event error, invalid_request_error/invalid_value (session.voice): no such "
                       "voice");
    event = (struct event_facts){.kind = EVENT_ERROR};
    observed_event(&event, false, &out);
    assert_words(&out, "event error, no type");
    event = (struct event_facts){
        .kind = EVENT_RESPONSE_DONE, .status = STATUS_INCOMPLETE, .reason = "content_filter"};
    observed_event(&event, false, &out);
    assert_words(&out, "response.done incomplete, content_filter");
    event = (struct event_facts){.kind = EVENT_RESPONSE_DONE, .status = STATUS_COMPLETED};
    observed_event(&event, true, &out);
    assert_words(&out, "response.done completed without any output");
    event = (struct event_facts){.kind = EVENT_RESPONSE_DONE};
    observed_event(&event, false, &out);
    assert_words(&out, "response.done without a status");
    text_free(&out);
}

/* Reports the first observation that explains the end, with the library's message unless a Close
 * frame said it better. */
static void an_end_is_told_by_what_explains_it(void **state)
{
    static const struct {
        struct failure_facts end;
        bool opened;
        const char *detail, *words;
    } rows[] = {
        {{.local_error = EMFILE, .os_error = ECONNRESET}, false, "", "Too many open files"},
        {{.resolve_error = -2}, false, "", "Name or service not known"},
        {{.proxy_status = 403}, false, "", "the proxy answered CONNECT with 403"},
        {{.http_status = 101}, false, "HS", "HTTP 101, but no WebSocket handshake (HS)"},
        {{.close_code = 1001, .close_reason = "bye"},
         true,
         "closed",
         "the service closed with 1001 (bye)"},
        {{.close_code = 1000, .close_reason = ""}, true, "", "the service closed with 1000"},
        {{.os_error = ECONNRESET}, true, "read failed", "Connection reset by peer (read failed)"},
        {{0}, true, "", "the connection ended without a Close frame"},
        {{0}, false, "", "the connection ended before the upgrade was answered"},
    };
    struct text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        observed_end(&rows[i].end, rows[i].opened, rows[i].detail, &out);
        assert_words(&out, rows[i].words);
    }
    text_free(&out);
}

/* ---- who signed ---- */

static void a_renamed_inspector_is_at_least_private(void **state)
{
    static const struct {
        const char *issuer, *organization;
        enum issuer_kind kind;
        const char *product;
    } rows[] = {
        {"CN=DigiCert Global Root G2,O=DigiCert Inc", "DigiCert Inc", ISSUER_PUBLIC, NULL},
        {"CN=Corporate Root", "Contoso", ISSUER_PRIVATE, NULL},
        {"CN=Corporate Root", "", ISSUER_PRIVATE, NULL},
        /* its name anywhere in the issuer, in any case */
        {"CN=zscaler intermediate,O=Contoso", "Contoso", ISSUER_INSPECTOR, "Zscaler"},
        /* a public organization does not hide it */
        {"CN=FortiGate CA,O=DigiCert Inc", "DigiCert Inc", ISSUER_INSPECTOR, "Fortinet FortiGate"},
        /* nor does a name that merely contains a public one count as public */
        {"CN=x,O=Not DigiCert", "Not DigiCert", ISSUER_PRIVATE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *product = "";
        if (issuer_judge(rows[i].issuer, rows[i].organization, &product) != rows[i].kind)
            fail_msg("%s", rows[i].issuer);
        if (rows[i].product == NULL) {
            assert_null(product);
        } else {
            assert_string_equal(product, rows[i].product);
        }
    }
}

/* ---- where the credential comes from ---- */

static void a_key_that_is_a_token_is_noted(void **state)
{
    /* {"alg":"none"}.{"exp":4102444800}.x */
    (void)state;
    (void)setenv("K", "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.x", 1);
    it.profile->regions[0].auth.loaded = false;
    secret_free(it.profile->regions[0].auth.secret);
    it.profile->regions[0].auth.secret = NULL;
    credentials_read(it.profile, 0, false, &it.told);
    assert_int_equal(it.told.steps[CHECK_CREDENTIALS].status, CHECK_OK);
    assert_true(has_note(&it.told, "write \"token\" instead of \"api_key\""));
}

static void a_simulator_s_key_is_not_looked_for(void **state)
{
    (void)state;
    (void)unsetenv("K");
    credentials_read(it.profile, 0, true, &it.told);
    assert_int_equal(it.told.steps[CHECK_CREDENTIALS].status, CHECK_OK);
    assert_string_equal(it.told.steps[CHECK_CREDENTIALS].seen, "the simulator's key");
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_step_is_told_once_in_all_its_parts),
        IN_SCENE(a_class_brings_its_advice),
        IN_SCENE(percent_signs_of_the_service_are_text),
        IN_SCENE(only_what_is_pending_is_skipped),
        IN_SCENE(notes_end_where_their_room_does),
        IN_SCENE(secrets_and_control_characters_never_show),
        IN_SCENE(more_than_there_is_room_for_is_cut),
        cmocka_unit_test(every_deadline_has_its_words),
        cmocka_unit_test(events_are_told_as_the_service_called_them),
        cmocka_unit_test(an_end_is_told_by_what_explains_it),
        cmocka_unit_test(a_renamed_inspector_is_at_least_private),
        IN_SCENE(a_key_that_is_a_token_is_noted),
        IN_SCENE(a_simulator_s_key_is_not_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
