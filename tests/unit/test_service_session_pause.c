/* A pause of this machine: it counts against no deadline, and what ends right after it is not the
 * service's doing unless the service says so. */
#include "test_service_session_fixture.h"

#define PAUSE_MS 30000

static struct session_action pause_for(struct session *session, uint64_t ms, uint64_t until_ms)
{
    return say(session, (struct session_input){.kind = INPUT_PAUSE, .paused_ns = MS(ms)}, until_ms);
}

/* How far a session gets: each state has a deadline but READY. */
enum state { RESOLVING, CONNECTING, HANDSHAKING, UPGRADING, CREATING, CONFIGURING, READY };
enum { WAITING = READY + 1, BEGUN, STREAMING, CLOSING, STATES };

static void go(struct session *session, unsigned state)
{
    init(session, MODALITY_TEXT);
    (void)say(session, (struct session_input){.kind = INPUT_DIAL, .resolves = true}, 100);
    for (unsigned stage = 0; stage < 4 && stage < state; stage++) (void)step(session, stage, 100);
    if (state > CREATING) (void)event(session, EVENT_SESSION_CREATED, 100);
    if (state > CONFIGURING) (void)event(session, EVENT_SESSION_UPDATED, 100);
    if (state > READY) (void)send_turn(session, 100, 100);
    if (state > WAITING) (void)event(session, EVENT_RESPONSE_CREATED, 100);
    if (state > BEGUN) (void)event(session, EVENT_TEXT_DELTA, 100);
    if (state == CLOSING) {
        (void)done(session, STATUS_COMPLETED, "", 100);
        (void)say(session, (struct session_input){.kind = INPUT_FINISH}, 100);
    }
}

static void a_pause_counts_against_no_deadline(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATES; s++) {
        struct session session;
        go(&session, s);
        const uint64_t due_ns = session_deadline_ns(&session);
        assert_int_equal(due_ns == 0, s == READY);
        const struct session_action action = pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
        assert_int_equal(action.news | action.send | action.end, 0);
        assert_int_equal(session_deadline_ns(&session), due_ns == 0 ? 0 : due_ns + MS(PAUSE_MS));
        (void)pause_for(&session, 200, 500 + PAUSE_MS);
        if (due_ns != 0)
            assert_int_equal(session_deadline_ns(&session), due_ns + MS(PAUSE_MS + 200));
    }
}

/* Silence begins anew with each event; the whole of a response does not. */
static void a_pause_before_an_event_is_no_part_of_the_silence_after_it(void **state)
{
    struct session session;
    (void)state;
    go(&session, STREAMING);
    (void)pause_for(&session, PAUSE_MS, 200 + PAUSE_MS);
    (void)event(&session, EVENT_TEXT_DELTA, 201 + PAUSE_MS);
    assert_int_equal(session_deadline_ns(&session),
                     MS(201 + PAUSE_MS) + (uint64_t)timeouts.stall_ns);
    for (unsigned i = 1; i <= 25; i++)
        (void)event(&session, EVENT_TEXT_DELTA, 201 + PAUSE_MS + i * 790);
    assert_int_equal(session_deadline_ns(&session),
                     MS(100 + PAUSE_MS) + (uint64_t)timeouts.response_ns);
}

/* Whatever the state, an end without a word of the service right after a pause is ours. */
static void an_end_right_after_a_pause_is_ours(void **state)
{
    static const struct failure_facts ends[] = {
        {.closed = true}, {.os_error = 104}, {.close_code = 1000}, {.close_code = 1001}};
    (void)state;
    for (unsigned s = HANDSHAKING; s < CLOSING; s++) {
        for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
            struct session session;
            if (s < CREATING && ends[e].close_code != 0) continue;
            go(&session, s);
            (void)pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
            const struct session_action action = closed(&session, ends[e], 150 + PAUSE_MS);
            assert_string_equal(action.failure.code, "paused");
            assert_true(failure_is_ours(&action.failure));
            assert_int_equal(action.observed.paused_ns, MS(PAUSE_MS));
            go(&session, s);
            (void)pause_for(&session, PAUSE_MS, 100);
            const struct session_action later = closed(&session, ends[e], 1101);
            assert_string_not_equal(later.failure.code, "paused");
            assert_false(failure_is_ours(&later.failure));
            go(&session, s);
            (void)pause_for(&session, 1999, 100); /* too short for anyone to give us up */
            const struct session_action brief = closed(&session, ends[e], 150);
            assert_string_equal(brief.failure.code, later.failure.code);
        }
    }
}

static void the_word_of_the_service_counts_after_a_pause_too(void **state)
{
    struct session session;
    (void)state;
    go(&session, STREAMING);
    (void)pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
    struct session_action action = done(&session, STATUS_FAILED, "server_error", 101 + PAUSE_MS);
    assert_string_equal(action.failure.code, "server_error");
    go(&session, STREAMING);
    (void)pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
    action = closed(&session, (struct failure_facts){.close_code = 1011}, 101 + PAUSE_MS);
    assert_string_equal(action.failure.code, "close_1011");
    go(&session, UPGRADING);
    (void)pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
    const struct failure_facts refusal = {.http_status = 503};
    action = say(&session, (struct session_input){.kind = INPUT_REFUSED, .failure = &refusal},
                 101 + PAUSE_MS);
    assert_string_equal(action.failure.code, "upgrade_503");
    go(&session, STREAMING);
    (void)pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
    action = done(&session, STATUS_COMPLETED, "", 101 + PAUSE_MS);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK);
}

/* What stays silent for its whole limit while this machine looks is the service's. */
static void a_silence_outside_of_the_pause_is_the_service_s(void **state)
{
    struct session session;
    (void)state;
    go(&session, WAITING);
    (void)pause_for(&session, PAUSE_MS, 100 + PAUSE_MS);
    const uint64_t due_ms = session_deadline_ns(&session) / MS(1);
    const struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_DEADLINE}, due_ms);
    assert_string_equal(action.failure.code, "response_not_started");
    assert_false(failure_is_ours(&action.failure));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_counts_against_no_deadline),
        cmocka_unit_test(a_pause_before_an_event_is_no_part_of_the_silence_after_it),
        cmocka_unit_test(an_end_right_after_a_pause_is_ours),
        cmocka_unit_test(the_word_of_the_service_counts_after_a_pause_too),
        cmocka_unit_test(a_silence_outside_of_the_pause_is_the_service_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
