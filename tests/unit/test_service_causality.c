/* Every event in every state: what can follow, written from the protocol's documents. */
#include "service/causality.h"

#include "test_service_session_fixture.h"

#define KINDS (EVENT_ERROR + 1)

/* o: can follow. x: never. s: as a failure only, since a success would be credited. l: only while
 * the answer to an earlier turn may still come. */
static const struct {
    enum event_kind kind;
    char at[STANDING_COUNT + 1]; /* opening, setting, idle, asked, answered */
} rows[] = {
    {EVENT_INVALID, "ooooo"}, /* garbage has an input of its own */
    {EVENT_UNKNOWN, "ooooo"},
    {EVENT_OTHER, "ooooo"},
    {EVENT_SESSION_CREATED, "oxxxx"},
    {EVENT_SESSION_UPDATED, "xoooo"},
    {EVENT_RESPONSE_CREATED, "xxlol"},
    {EVENT_TEXT_DELTA, "xxllo"},
    {EVENT_AUDIO_DELTA, "xxllo"},
    {EVENT_TRANSCRIPT_DELTA, "xxllo"},
    {EVENT_TOOL_DELTA, "xxllo"},
    {EVENT_ITEM_ADDED, "xxllo"},
    {EVENT_SPEECH_STARTED, "ooooo"},
    {EVENT_SPEECH_STOPPED, "ooooo"},
    {EVENT_RESPONSE_DONE, "xxlso"},
    {EVENT_RATE_LIMITS, "ooooo"},
    {EVENT_TRANSCRIPTION_FAILED, "ooooo"},
    {EVENT_ERROR, "ooooo"},
};

static const enum response_status statuses[] = {STATUS_UNKNOWN, STATUS_COMPLETED, STATUS_CANCELLED,
                                                STATUS_FAILED, STATUS_INCOMPLETE};

static bool can_follow(char mark, bool late, enum response_status status)
{
    const bool credited = status == STATUS_COMPLETED || status == STATUS_INCOMPLETE;
    return mark == 'o' || (mark != 'x' && late) || (mark == 's' && !credited);
}

static void each_event_in_each_state(void **state)
{
    (void)state;
    assert_int_equal(sizeof rows / sizeof *rows, KINDS);
    for (size_t r = 0; r < KINDS; r++) {
        assert_int_equal(rows[r].kind, r);
        for (unsigned s = 0; s < STANDING_COUNT; s++) {
            for (unsigned n = 0; n < 2 * sizeof statuses / sizeof *statuses; n++) {
                const bool late = n % 2 == 1;
                const struct event_facts facts = {.kind = rows[r].kind, .status = statuses[n / 2]};
                const char *objection = causality_objection((enum standing)s, late, &facts);
                if ((objection == NULL) != can_follow(rows[r].at[s], late, facts.status))
                    fail_msg("kind %zu in state %u, late %d, status %d: %s", r, s, late,
                             facts.status, objection == NULL ? "can follow" : objection);
                if (objection != NULL) assert_true(strlen(objection) > 15);
            }
        }
    }
}

static void go(struct session *session, enum standing standing)
{
    init(session, MODALITY_TEXT);
    (void)say(session, (struct session_input){.kind = INPUT_DIAL, .resolves = true}, 100);
    for (unsigned stage = 0; stage < 4; stage++) (void)step(session, stage, 100);
    if (standing > STANDING_OPENING) (void)event(session, EVENT_SESSION_CREATED, 100);
    if (standing > STANDING_SETTING) (void)event(session, EVENT_SESSION_UPDATED, 100);
    if (standing > STANDING_IDLE) (void)send_turn(session, 200, 200);
    if (standing > STANDING_ASKED) (void)event(session, EVENT_RESPONSE_CREATED, 300);
}

/* Whatever cannot follow ends the session at once, costs the attempt that there is, credits none,
 * and is told with what was seen. */
static void what_cannot_follow_is_a_violation(void **state)
{
    (void)state;
    for (size_t r = 1; r < KINDS; r++) {
        for (unsigned s = 0; s < STANDING_COUNT; s++) {
            struct session session;
            const struct event_facts facts = {.kind = rows[r].kind,
                                              .status = STATUS_COMPLETED,
                                              .response_id = "resp_1",
                                              .session_id = "sess_1"};
            const char *objection = causality_objection((enum standing)s, false, &facts);
            go(&session, (enum standing)s);
            const struct session_action action =
                say(&session, (struct session_input){.kind = INPUT_EVENT, .event = &facts}, 400);
            if (objection == NULL) {
                assert_string_not_equal(action.failure.code == NULL ? "" : action.failure.code,
                                        "protocol_violation");
                continue;
            }
            assert_string_equal(action.failure.code, "protocol_violation");
            assert_int_equal(action.failure.domain, DOMAIN_SERVICE);
            assert_string_equal(action.observed.objection, objection);
            assert_int_equal(action.news & NEWS_ATTEMPT_OK, 0);
            assert_int_equal((action.news & NEWS_ATTEMPT_FAILED) != 0, s != STANDING_IDLE);
            assert_true((action.news & NEWS_SESSION_FAILED) != 0);
            assert_int_equal(action.end, END_ABORT);
            assert_false(session_usable(&session));
        }
    }
}

/* An error that ended a turn may have been of something else: its answer can still come. */
static void an_answer_after_all_is_no_violation(void **state)
{
    struct session session;
    (void)state;
    go(&session, STANDING_ASKED);
    const struct event_facts error = {
        .kind = EVENT_ERROR, .has_error = true, .error_code = "rate_limit_exceeded"};
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_EVENT, .event = &error}, 300);
    assert_int_equal(action.news & NEWS_ATTEMPT_FAILED, NEWS_ATTEMPT_FAILED);
    action = event(&session, EVENT_RESPONSE_CREATED, 400);
    assert_int_equal(action.news, 0);
    action = event(&session, EVENT_TEXT_DELTA, 401);
    assert_int_equal(action.news, 0);
    action = done(&session, STATUS_COMPLETED, "", 402);
    assert_int_equal(action.news, 0); /* nobody gets the credit */
    assert_true(session_usable(&session));
    action = event(&session, EVENT_RESPONSE_CREATED, 500); /* that was all of it */
    assert_string_equal(action.failure.code, "protocol_violation");
}

static void a_status_that_is_none_is_a_violation(void **state)
{
    struct session session;
    (void)state;
    go(&session, STANDING_ANSWERED);
    const struct session_action action = done(&session, STATUS_UNKNOWN, "", 400);
    assert_string_equal(action.failure.code, "protocol_violation");
    assert_int_equal(action.failure.domain, DOMAIN_SERVICE);
    assert_non_null(strstr(action.observed.objection, "status"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_in_each_state),
        cmocka_unit_test(what_cannot_follow_is_a_violation),
        cmocka_unit_test(an_answer_after_all_is_no_violation),
        cmocka_unit_test(a_status_that_is_none_is_a_violation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
