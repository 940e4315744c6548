#include "test_service_measures.h"
#include "test_service_session_fixture.h"

static int64_t measured_ms(const struct session_action *action, enum metric metric)
{
    const int64_t ns = measures_find(&action->measured, metric);
    return ns < 0 ? -1 : ns / NS_PER_MS;
}

static void each_phase_is_timed_on_its_own(void **state)
{
    struct session session;
    struct session_action action;
    (void)state;
    init(&session, MODALITY_TEXT);
    action = say(&session, (struct session_input){.kind = INPUT_DIAL, .resolves = true}, 100);
    assert_int_equal(session_deadline_ns(&session), MS(1100));
    action = step(&session, 0, 105);
    assert_int_equal(measured_ms(&action, METRIC_RESOLVE), 5);
    assert_int_equal(session_deadline_ns(&session), MS(2105));
    action = step(&session, 1, 115);
    assert_int_equal(measured_ms(&action, METRIC_TCP), 10);
    action = step(&session, 2, 135);
    assert_int_equal(measured_ms(&action, METRIC_TLS), 20);
    action = step(&session, 3, 170);
    assert_int_equal(measured_ms(&action, METRIC_UPGRADE), 35);
    assert_int_equal(measured_ms(&action, METRIC_DIAL), 70);
    assert_int_equal(session_deadline_ns(&session), MS(5170));
    action = event(&session, EVENT_SESSION_CREATED, 180);
    assert_int_equal(measured_ms(&action, METRIC_SESSION), 10);
    assert_int_equal(action.news, NEWS_OPENED);
    assert_int_equal(action.send, SEND_CONFIGURE);
    assert_string_equal(session.life.session_id, "sess_1");
    action = event(&session, EVENT_SESSION_UPDATED, 200);
    assert_int_equal(session_deadline_ns(&session), 0);
    assert_true(session_usable(&session));
}

static void a_turn_is_measured_from_when_it_was_due(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    struct session_action action = send_turn(&session, 1000, 1003);
    assert_int_equal(action.send, SEND_TURN);
    assert_int_equal(measured_ms(&action, METRIC_LAG), 3);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    (void)event(&session, EVENT_TEXT_DELTA, 1250);
    action = event(&session, EVENT_TEXT_DELTA, 1270);
    assert_int_equal(measured_ms(&action, METRIC_GAP), 20);
    action = done(&session, STATUS_COMPLETED, "", 1400);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK);
    assert_int_equal(measured_ms(&action, METRIC_FIRST_EVENT), 100);
    assert_int_equal(measured_ms(&action, METRIC_TTFT), 250);
    assert_int_equal(measured_ms(&action, METRIC_RESPONSE), 400);
    assert_string_equal(session.turn.response_id, "resp_1");
    assert_int_equal(session.turn.usage.input, 30);
    assert_true(session_usable(&session));
    assert_int_equal(session.attempts, 1);
    assert_int_equal(session.failed, 0);
}

static void server_error_fails_the_attempt_and_leaves_the_socket(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    struct session_action action = done(&session, STATUS_FAILED, "server_error", 1200);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_string_equal(action.failure.code, "server_error");
    assert_string_equal(action.failure.catalogue, "F64");
    assert_int_equal(measured_ms(&action, METRIC_RESPONSE), -1);
    assert_true(session_usable(&session));
    assert_int_equal(session.first_failure, 1);
}

static void an_error_and_its_failed_response_are_one_failure(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1010);
    struct session_action action = event(&session, EVENT_ERROR, 1100);
    assert_int_equal(action.news, 0);
    action = done(&session, STATUS_FAILED, "server_error", 1200);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_int_equal(session.failed, 1);
}

static void silence_is_noticed_though_the_socket_lives(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    assert_int_equal(session_deadline_ns(&session), MS(9000)); /* first_output */
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    (void)event(&session, EVENT_TEXT_DELTA, 1500);
    assert_int_equal(session_deadline_ns(&session), MS(2500)); /* stall */
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_DEADLINE}, 2500);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_string_equal(action.failure.code, "stall");
    assert_int_equal(action.end, END_CLOSE);
    action = closed(&session, (struct failure_facts){.close_code = 1000}, 2600);
    assert_int_equal(action.news, NEWS_ENDED); /* we asked for this end: no second failure */
    assert_int_equal(session.attempts, 1);
    assert_int_equal(session.failed, 1);
}

/* Events without output keep coming: that is no stall, but a response that does not start. */
static void events_without_output_are_no_stall(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    for (uint64_t ms = 1500; ms < 9000; ms += 500) (void)event(&session, EVENT_UNKNOWN, ms);
    assert_int_equal(session_deadline_ns(&session), MS(9000));
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_DEADLINE}, 9000);
    assert_string_equal(action.failure.code, "response_not_started");
}

/* Attempts that were cancelled are not at risk, so they do not count before the first failure. */
static void cancelled_attempts_come_before_no_failure(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    struct session_action action = done(&session, STATUS_CANCELLED, "", 1100);
    assert_int_equal(action.news, NEWS_ATTEMPT_CANCELLED | NEWS_LIFECYCLE);
    assert_string_equal(action.failure.code, "cancelled");
    assert_true(session_usable(&session));
    (void)send_turn(&session, 2000, 2000);
    action = done(&session, STATUS_FAILED, "server_error", 2100);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_int_equal(session.attempts - session.cancelled, 1);
    assert_int_equal(session.first_failure, 1);
}

static void a_slow_trickle_ends_at_the_response_deadline(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    for (uint64_t at = 1200; at < 21000; at += 900) (void)event(&session, EVENT_TEXT_DELTA, at);
    assert_int_equal(session_deadline_ns(&session), MS(21000));
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_DEADLINE}, 21000);
    assert_string_equal(action.failure.code, "slow_output");
}

static void a_reset_mid_stream_fails_attempt_and_session_once(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    (void)event(&session, EVENT_TEXT_DELTA, 1200);
    struct session_action action = closed(&session, (struct failure_facts){.os_error = 104}, 1300);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED | NEWS_SESSION_FAILED | NEWS_ENDED);
    assert_string_equal(action.failure.code, "connection_reset");
    assert_int_equal(action.failure.phase, PHASE_STREAM);
}

static void a_refused_upgrade_is_one_failed_attempt(void **state)
{
    struct session session;
    struct failure_facts refusal = {.phase = PHASE_UPGRADE,
                                    .http_status = 429,
                                    .body_code = "429",
                                    .body_message = "Requests have exceeded call rate limit"};
    (void)state;
    init(&session, MODALITY_TEXT);
    (void)say(&session, (struct session_input){.kind = INPUT_DIAL}, 100);
    (void)step(&session, 1, 110);
    (void)step(&session, 2, 120);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_REFUSED, .failure = &refusal}, 130);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED | NEWS_SESSION_FAILED);
    assert_string_equal(action.failure.code, "upgrade_429");
    action = closed(&session, (struct failure_facts){0}, 131);
    assert_int_equal(action.news, NEWS_ENDED);
    assert_int_equal(session.attempts, 1);
    assert_int_equal(session.failed, 1);
}

static void each_phase_of_the_dial_has_its_deadline(void **state)
{
    static const struct {
        unsigned steps;
        bool created;
        const char *code;
    } rows[] = {{0, false, "resolve_timeout"},    {1, false, "connect_timeout"},
                {2, false, "tls_timeout"},        {3, false, "upgrade_timeout"},
                {4, false, "no_session_created"}, {4, true, "no_session_updated"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session session;
        init(&session, MODALITY_TEXT);
        (void)say(&session, (struct session_input){.kind = INPUT_DIAL, .resolves = true}, 100);
        for (unsigned s = 0; s < rows[i].steps; s++) (void)step(&session, s, 110 + s);
        if (rows[i].created) (void)event(&session, EVENT_SESSION_CREATED, 150);
        struct session_action action =
            session_step(&session, &(struct session_input){.kind = INPUT_DEADLINE},
                         session_deadline_ns(&session));
        assert_string_equal(action.failure.code, rows[i].code);
        assert_int_equal(action.end, END_ABORT);
        assert_int_equal(action.news, NEWS_ATTEMPT_FAILED | NEWS_SESSION_FAILED);
    }
}

static void a_completed_but_empty_answer_is_a_failure(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    struct session_action action = done(&session, STATUS_COMPLETED, "", 1200);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_string_equal(action.failure.code, "empty_output");
}

static void the_answer_of_another_response_does_not_count(void **state)
{
    struct session session;
    struct event_facts other = {
        .kind = EVENT_RESPONSE_DONE, .status = STATUS_FAILED, .response_id = "resp_0"};
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_EVENT, .event = &other}, 1150);
    assert_int_equal(action.news, 0);
    assert_int_equal(session.turn.state, TURN_WAITING);
}

static void abandoning_cancels_and_finishing_does_not_fail(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_ABANDON}, 1100);
    assert_int_equal(action.news, NEWS_ATTEMPT_CANCELLED);
    assert_int_equal(action.end, END_ABORT);
    make_ready(&session);
    action = say(&session, (struct session_input){.kind = INPUT_FINISH}, 1100);
    assert_int_equal(action.end, END_CLOSE);
    action = say(&session, (struct session_input){.kind = INPUT_DEADLINE}, 8100);
    assert_int_equal(action.end, END_ABORT); /* the peer never answered our Close */
    assert_int_equal(action.news, 0);
    assert_int_equal(session_deadline_ns(&session), 0);
    action = closed(&session, (struct failure_facts){0}, 8101);
    assert_int_equal(action.news, NEWS_ENDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_phase_is_timed_on_its_own),
        cmocka_unit_test(a_turn_is_measured_from_when_it_was_due),
        cmocka_unit_test(server_error_fails_the_attempt_and_leaves_the_socket),
        cmocka_unit_test(an_error_and_its_failed_response_are_one_failure),
        cmocka_unit_test(silence_is_noticed_though_the_socket_lives),
        cmocka_unit_test(events_without_output_are_no_stall),
        cmocka_unit_test(cancelled_attempts_come_before_no_failure),
        cmocka_unit_test(a_slow_trickle_ends_at_the_response_deadline),
        cmocka_unit_test(a_reset_mid_stream_fails_attempt_and_session_once),
        cmocka_unit_test(a_refused_upgrade_is_one_failed_attempt),
        cmocka_unit_test(each_phase_of_the_dial_has_its_deadline),
        cmocka_unit_test(a_completed_but_empty_answer_is_a_failure),
        cmocka_unit_test(the_answer_of_another_response_does_not_count),
        cmocka_unit_test(abandoning_cancels_and_finishing_does_not_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
