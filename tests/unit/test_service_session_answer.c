/* What a session takes for an answer: limits of our own, preambles, tool calls. */
#include "test_service_measures.h"
#include "test_service_session_fixture.h"

/* Reasoning used up our own limit: nobody has failed, and nothing is tried again. */
static void a_limit_used_up_by_reasoning_is_no_failure(void **state)
{
    struct session session;
    struct event_facts cut = {
        .kind = EVENT_RESPONSE_DONE, .status = STATUS_INCOMPLETE, .reason = "max_output_tokens"};
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_EVENT, .event = &cut}, 1300);
    assert_int_equal(action.news, NEWS_ATTEMPT_CANCELLED | NEWS_LIFECYCLE);
    assert_string_equal(action.failure.code, "max_output_tokens");
    assert_int_equal(action.failure.domain, DOMAIN_NONE);
    assert_false(action.failure.retryable);
    assert_true(action.observed.output_limited);
    assert_true(session_usable(&session));
}

static struct session_action item(struct session *session, enum item_type type, bool preamble,
                                  uint64_t now)
{
    const struct event_facts added = {.kind = EVENT_ITEM_ADDED, .item = type, .preamble = preamble};
    return say(session, (struct session_input){.kind = INPUT_EVENT, .event = &added}, now);
}

/* "One moment" is output, and not yet the answer. */
static void a_preamble_is_not_the_answer(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    (void)item(&session, ITEM_MESSAGE, true, 1150);
    (void)event(&session, EVENT_TEXT_DELTA, 1200);
    (void)item(&session, ITEM_MESSAGE, false, 1850);
    (void)event(&session, EVENT_TEXT_DELTA, 1900);
    (void)event(&session, EVENT_TEXT_DELTA, 1950);
    struct session_action action = done(&session, STATUS_COMPLETED, "", 2000);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK);
    assert_int_equal(measures_find(&action.measured, METRIC_TTFT), 200 * 1000000);
    assert_int_equal(measures_find(&action.measured, METRIC_FIRST_ANSWER), 900 * 1000000);
    /* without a preamble both are the same */
    (void)send_turn(&session, 3000, 3000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 3050);
    (void)item(&session, ITEM_MESSAGE, false, 3100);
    (void)event(&session, EVENT_TEXT_DELTA, 3300);
    action = done(&session, STATUS_COMPLETED, "", 3400);
    assert_int_equal(measures_find(&action.measured, METRIC_TTFT), 300 * 1000000);
    assert_int_equal(measures_find(&action.measured, METRIC_FIRST_ANSWER), 300 * 1000000);
    /* by itself it is not one */
    (void)send_turn(&session, 5000, 5000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 5050);
    (void)item(&session, ITEM_MESSAGE, true, 5100);
    (void)event(&session, EVENT_TEXT_DELTA, 5200);
    action = done(&session, STATUS_COMPLETED, "", 5400);
    assert_string_equal(action.failure.code, "empty_output");
}

/* A turn that only asks for a tool is answered, unless the profile wants something else. */
static void a_tool_call_is_an_answer(void **state)
{
    struct session session;
    (void)state;
    make_ready(&session);
    (void)send_turn(&session, 1000, 1000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 1100);
    (void)item(&session, ITEM_TOOL_CALL, false, 1200);
    (void)event(&session, EVENT_TOOL_DELTA, 1300);
    struct session_action action = done(&session, STATUS_COMPLETED, "", 1400);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK);
    assert_int_equal(measures_find(&action.measured, METRIC_FIRST_ANSWER), 200 * 1000000);
    assert_int_equal(measures_find(&action.measured, METRIC_TTFT), -1);
    session.asked.wanted = WANTED_OUTPUT;
    (void)send_turn(&session, 2000, 2000);
    (void)event(&session, EVENT_RESPONSE_CREATED, 2050);
    (void)item(&session, ITEM_TOOL_CALL, false, 2200);
    action = done(&session, STATUS_COMPLETED, "", 2400);
    assert_string_equal(action.failure.code, "empty_output");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_used_up_by_reasoning_is_no_failure),
        cmocka_unit_test(a_preamble_is_not_the_answer),
        cmocka_unit_test(a_tool_call_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
