#include "base/clock.h"
#include "service/session.h"
#include "service/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS(x) ((uint64_t)(x) * (uint64_t)NS_PER_MS)

static const struct timeouts timeouts = {.resolve_ns = 1 * NS_PER_S,
                                         .connect_ns = 2 * NS_PER_S,
                                         .tls_ns = 3 * NS_PER_S,
                                         .upgrade_ns = 4 * NS_PER_S,
                                         .session_ns = 5 * NS_PER_S,
                                         .configure_ns = 6 * NS_PER_S,
                                         .close_ns = 7 * NS_PER_S,
                                         .first_output_ns = 8 * NS_PER_S,
                                         .stall_ns = 1 * NS_PER_S,
                                         .response_ns = 20 * NS_PER_S};

static void init(struct session *session, enum modality modality)
{
    const struct session_terms terms = {
        .stages = websocket_transport.stages, .timeouts = &timeouts, .modality = modality};
    session_init(session, &terms);
}

static struct session_action say(struct session *session, struct session_input input,
                                 uint64_t at_ms)
{
    return session_step(session, &input, MS(at_ms));
}

static struct session_action event(struct session *session, enum event_kind kind, uint64_t at_ms)
{
    struct event_facts facts = {.kind = kind, .response_id = "resp_1", .session_id = "sess_1"};
    return say(session, (struct session_input){.kind = INPUT_EVENT, .event = &facts}, at_ms);
}

static struct session_action done(struct session *session, enum response_status status,
                                  const char *error_type, uint64_t at_ms)
{
    struct event_facts facts = {
        .kind = EVENT_RESPONSE_DONE, .status = status, .response_id = "resp_1"};
    facts.has_error = error_type[0] != '\0';
    (void)snprintf(facts.error_type, sizeof facts.error_type, "%s", error_type);
    facts.usage = (struct usage){.present = true, .input = 30, .output = 4};
    return say(session, (struct session_input){.kind = INPUT_EVENT, .event = &facts}, at_ms);
}

static struct session_action closed(struct session *session, struct failure_facts facts,
                                    uint64_t at_ms)
{
    return say(session, (struct session_input){.kind = INPUT_END, .failure = &facts}, at_ms);
}

static struct session_action step(struct session *session, unsigned which, uint64_t at_ms)
{
    return say(session, (struct session_input){.kind = INPUT_STAGE, .stage = which}, at_ms);
}

static int64_t measured_ms(const struct session_action *action, enum metric metric)
{
    const int64_t ns = measures_find(&action->measured, metric);
    return ns < 0 ? -1 : ns / NS_PER_MS;
}

/* Dial at 100 ms; ready at 200 ms. */
static void make_ready(struct session *session)
{
    init(session, MODALITY_TEXT);
    (void)say(session, (struct session_input){.kind = INPUT_DIAL, .resolves = true}, 100);
    (void)step(session, 0, 105);
    (void)step(session, 1, 115);
    (void)step(session, 2, 135);
    (void)step(session, 3, 170);
    (void)event(session, EVENT_SESSION_CREATED, 180);
    struct session_action action = event(session, EVENT_SESSION_UPDATED, 200);
    assert_int_equal(action.news, NEWS_READY);
}

static struct session_action send_turn(struct session *session, uint64_t due_ms, uint64_t sent_ms)
{
    return say(session, (struct session_input){.kind = INPUT_TURN, .due_ns = MS(due_ms)}, sent_ms);
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
    assert_false(session_usable(&session)); /* no turn is given to what is going to close */
    action = closed(&session, (struct failure_facts){.close_code = 1001}, 1001);
    assert_int_equal(action.news, NEWS_ENDED);
    make_ready(&session);
    const char *reason = "Your session hit the maximum duration of 60 minutes.";
    action =
        closed(&session, (struct failure_facts){.close_code = 1001, .close_reason = reason}, 1000);
    assert_int_equal(action.news, NEWS_LIFECYCLE | NEWS_ENDED);
}

/* Before the response began, and in mid-stream; told by an error event, or by the Close frame
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

/* Stray errors are counted, and the answer comes all the same. */
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
    /* Whatever else fails takes them along. */
    (void)send_turn(&session, 2000, 2000);
    (void)event(&session, EVENT_TRANSCRIPTION_FAILED, 2050);
    (void)event(&session, EVENT_RESPONSE_CREATED, 2100);
    (void)error_event(&session, "server_error", "", 2150);
    action = done(&session, STATUS_FAILED, "server_error", 2200);
    assert_int_equal(action.news, NEWS_ATTEMPT_FAILED);
    assert_true(action.observed.transcription_failed);
    assert_ptr_equal(action.observed.error_before, &session.error);
}

/* The error came between turns, and the turn was sent before the Close frame that followed it. */
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
    /* One of long ago explains nothing. */
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
    (void)event(&session, EVENT_TEXT_DELTA, 1200);
    struct session_action action =
        say(&session, (struct session_input){.kind = INPUT_EVENT, .event = &cut}, 1300);
    assert_int_equal(action.news, NEWS_ATTEMPT_OK | NEWS_LIFECYCLE);
    assert_string_equal(action.failure.code, "max_output_tokens");
}

/* Age from the 101 at 170 ms; silence from the last message either way. */
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

/* Deltas until the end, or events alone: slow is told from silent. */
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
