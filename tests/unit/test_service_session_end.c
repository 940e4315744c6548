/* How sessions and turns end, and which ends are failures. */
#include "test_service_session_fixture.h"

static struct event_facts error_of(const char *type, const char *code)
{
    struct event_facts facts = {.kind = EVENT_ERROR, .has_error = true};
    (void)snprintf(facts.error_type, sizeof facts.error_type, "%s", type);
    (void)snprintf(facts.error_code, sizeof facts.error_code, "%s", code);
    return facts;
}

static struct session_action error_event(struct session *session, const char *type,
                                         const char *code, uint64_t at_ms)
{
    struct event_facts facts = error_of(type, code);
    return say(session, (struct session_input){.kind = INPUT_EVENT, .event = &facts}, at_ms);
}

static void the_end_of_a_session_s_life_is_no_failure(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    struct session_action action =
        error_event(&session, "invalid_request_error", "session_expired", 1000);
    assert_int_equal(action.news, NEWS_LIFECYCLE);
    assert_string_equal(action.failure.code, "session_expired");
    assert_int_equal(action.end, END_CLOSE);
    assert_false(session_usable(&session)); /* a session that is about to close gets no turn */
    action = closed(&session, (struct failure_facts){.close_code = 1001}, 1001);
    assert_int_equal(action.news, NEWS_ENDED);
    make_ready(&session);
    const char *reason = "Your session hit the maximum duration of 60 minutes.";
    action =
        closed(&session, (struct failure_facts){.close_code = 1001, .close_reason = reason}, 1000);
    assert_int_equal(action.news, NEWS_LIFECYCLE | NEWS_ENDED);
}

/* Before the response began, and mid-stream; reported by an error event, or by the Close frame
 * alone. */
static void an_attempt_that_the_session_s_end_cuts_is_cancelled(void **state)
{
    const char *reason = "Your session hit the maximum duration of 60 minutes.";
    (void)state;
    for (int began = 0; began < 2; began++) {
        for (int told = 0; told < 2; told++) {
            struct session session;
            struct session_action action = {0};
            make_ready(&session);
            (void)send_turn(&session, 1000, 1000);
            if (began) (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
            if (told)
                action = error_event(&session, "invalid_request_error", "session_expired", 1200);
            unsigned news = action.news;
            const struct failure_facts end = {.close_code = 1001, .close_reason = reason};
            action = closed(&session, end, 1201);
            assert_int_equal(news | action.news,
                             NEWS_ATTEMPT_CANCELLED | NEWS_LIFECYCLE | NEWS_ENDED);
            assert_int_equal(session.cancelled, 1);
            assert_int_equal(session.failed, 0);
            assert_int_equal(session.first_failure, 0);
        }
    }
}

/* Stray errors are counted, and the answer still comes. */
static void harmless_events_cost_no_attempt(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    struct session_action action =
        error_event(&session, "invalid_request_error", "response_cancel_not_active", 1050);
    assert_int_equal(action.news, NEWS_HARMLESS);
    action = event(&session, EVENT_TRANSCRIPTION_FAILED, 1060);
    assert_int_equal(action.news, NEWS_HARMLESS);
    (void)event(&session, EVENT_UNKNOWN, 1070);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    action = error_event(&session, "invalid_request_error", "response_cancel_not_active", 1110);
    assert_int_equal(action.news, NEWS_HARMLESS);
    (void)event(&session, EVENT_TEXT_DELTA, 1200);
    action = done(&session, STATUS_COMPLETED, "", 1300);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK);
    /* Any later failure takes them along. */
    (void)send_turn(&session, 2000, 2000);
    (void)event(&session, EVENT_TRANSCRIPTION_FAILED, 2050);
    (void)event(&session, EVENT_RESPONSE_CREATED, 2100);
    (void)error_event(&session, "server_error", "", 2150);
    action = done(&session, STATUS_FAILED, "server_error", 2200);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_true(action.observed.transcription_failed);
    assert_ptr_equal(action.observed.error_before, session.error);
}

/* The error came between turns, and the turn was sent before the Close frame that followed. */
static void an_error_just_before_a_turn_explains_its_end(void **state)
{
    (void)state;
    for (int answers = 0; answers < 2; answers++) {
        struct session session;
        make_ready(&session);
        struct session_action action = error_event(&session, "server_error", "", 990);
        assert_int_equal(action.news, 0);
        (void)send_turn(&session, 1000, 1000);
        if (answers) (void)event(&session, EVENT_RESPONSE_CREATED, 1050);
        action = closed(&session, (struct failure_facts){.close_code = 1001}, 1100);
        assert_string_equal(action.failure.code, answers ? "close_1001" : "server_error");
    }
    /* An old one explains nothing. */
    struct session session;
    make_ready(&session);
    (void)error_event(&session, "server_error", "", 990);
    (void)send_turn(&session, 30000, 30000);
    struct session_action action =
        closed(&session, (struct failure_facts){.close_code = 1001}, 30100);
    assert_string_equal(action.failure.code, "close_1001");
}

static void an_answer_in_the_wrong_modality_is_none(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    (void)event(&session, EVENT_AUDIO_DELTA, 1200);
    struct session_action action = done(&session, STATUS_COMPLETED, "", 1300);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_string_equal(action.failure.code, "empty_output");
    session.modality = MODALITY_AUDIO;
    (void)send_turn(&session, 2000, 2000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 2050);
    (void)event(&session, EVENT_AUDIO_DELTA, 2200);
    action = done(&session, STATUS_COMPLETED, "", 2300);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK);
}

static void an_answer_at_its_token_limit_is_ok_and_said_so(void **state)
{
    struct session session;
    struct event_facts cut = {
        .kind = EVENT_RESPONSE_DONE, .status = STATUS_INCOMPLETE, .reason = "max_output_tokens"};
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1050);
    (void)event(&session, EVENT_TEXT_DELTA, 1200);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_EVENT, .event = &cut}, 1300);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK | NEWS_LIFECYCLE);
    assert_string_equal(action.failure.code, "max_output_tokens");
}

/* Age since the 101 at 170 ms; silence since the last message in either direction. */
static void a_failure_knows_the_life_of_its_session(void **state)
{
    struct session session;
    struct event_facts created = {.kind = EVENT_SESSION_CREATED};
    (void)state;
    init(&session, MODALITY_TEXT);
    (void)say(&session, (struct session_input){.kind = INPUT_DIAL}, 100);
    const struct failure_facts answer = {
        .from_service = true, .limit_tokens = 50000, .usual_limit_tokens = 100000};
    (void)step(&session, 3, 170);
    (void)say(&session, (struct session_input){.kind = INPUT_ANSWER, .failure = &answer}, 170);
    (void)say(&session,
              (struct session_input){.kind = INPUT_EVENT,
                                     .event = &created,
                                     .has_expiry = true,
                                     .expires_in_ns = 10 * NS_PER_S},
              180);
    (void)event(&session, EVENT_SESSION_UPDATED, 200);
    struct session copy = session;
    struct session_action action = closed(&copy, (struct failure_facts){.close_code = 1001}, 5200);
    assert_int_equal(action.observed.socket_age_ns, 5030 * NS_PER_MS);
    assert_int_equal(action.observed.idle_ns, 5000 * NS_PER_MS);
    assert_true(action.observed.has_expiry);
    assert_int_equal(action.observed.expires_in_ns, 4980 * NS_PER_MS);
    assert_false(action.observed.in_turn);
    assert_true(action.observed.from_service);
    assert_true(action.observed.limit_tokens == 50000);
    assert_true(action.observed.usual_limit_tokens == 100000);
    (void)send_turn(&session, 11000, 11000);
    action = closed(&session, (struct failure_facts){.close_code = 1001}, 11500);
    assert_true(action.observed.in_turn);
    assert_int_equal(action.observed.idle_ns, 500 * NS_PER_MS);
    assert_int_equal(action.observed.expires_in_ns, -1320 * NS_PER_MS);
}

/* Deltas until the end, or only events: distinguishes slow from silent. */
static void a_response_that_is_too_long_tells_whether_output_flowed(void **state)
{
    (void)state;
    for (int flows = 0; flows < 2; flows++) {
        struct session session;
        make_ready(&session);
        (void)send_turn(&session, 1000, 1000);
        (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
        (void)event(&session, EVENT_TEXT_DELTA, 1150);
        for (uint64_t at = 1200; at < 21000; at += 900) {
            (void)event(&session, flows ? EVENT_TEXT_DELTA : EVENT_OTHER, at);
        }
        struct session_action action =
            say(&session, (struct session_input){.kind = INPUT_DEADLINE}, 21000);
        assert_int_equal(action.observed.deadline, DEADLINE_RESPONSE);
        assert_int_equal(action.observed.output_flows, flows);
    }
}

static void garbage_ends_the_session(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_GARBAGE}, 1100);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED | NEWS_SESSION_FAILED);
    assert_string_equal(action.failure.code, "protocol_violation");
    assert_int_equal(action.end, END_ABORT);
    assert_false(session_usable(&session));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_session_s_life_is_no_failure),
        cmocka_unit_test(an_attempt_that_the_session_s_end_cuts_is_cancelled),
        cmocka_unit_test(harmless_events_cost_no_attempt),
        cmocka_unit_test(an_error_just_before_a_turn_explains_its_end),
        cmocka_unit_test(an_answer_in_the_wrong_modality_is_none),
        cmocka_unit_test(an_answer_at_its_token_limit_is_ok_and_said_so),
        cmocka_unit_test(a_failure_knows_the_life_of_its_session),
        cmocka_unit_test(a_response_that_is_too_long_tells_whether_output_flowed),
        cmocka_unit_test(garbage_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
