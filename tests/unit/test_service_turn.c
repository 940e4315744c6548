/* One turn: its times, its deadlines, and what an answer is. */
#include "service/turn.h"
#include "test_service_measures.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS(x) ((uint64_t)(x) * (uint64_t)NS_PER_MS)

static const struct timeouts timeouts = {
    .first_output_ns = 8 * NS_PER_S, .stall_ns = 1 * NS_PER_S, .response_ns = 20 * NS_PER_S};

static const struct response_seen anything = {.wanted = WANTED_ANY};

static enum turn_outcome say(struct turn *turn, enum event_kind kind, struct measures *measures,
                             uint64_t at_ms)
{
    const struct event_facts event = {.kind = kind, .response_id = "resp_1"};
    return turn_event(turn, &event, measures, MS(at_ms));
}

static void times_count_from_when_it_was_due(void **state)
{
    struct turn turn;
    struct measures measures = {0};
    (void)state;
    turn_begin(&turn, MODALITY_TEXT, &anything, MS(1000), MS(1003));
    (void)say(&turn, EVENT_RESPONSE_CREATED, &measures, 1100);
    assert_int_equal(turn.ttft_ns, -1);
    (void)say(&turn, EVENT_TEXT_DELTA, &measures, 1250);
    assert_int_equal(turn.ttft_ns, MS(250)); /* the one that the row takes */
    (void)say(&turn, EVENT_TEXT_DELTA, &measures, 1270);
    assert_int_equal(measures_find(&measures, METRIC_GAP), MS(20));
    assert_int_equal(measures_find(&measures, METRIC_TTFT), -1); /* not yet known to succeed */
    turn_win(&turn, &measures, MS(1400));
    assert_int_equal(measures_find(&measures, METRIC_FIRST_EVENT), MS(100));
    assert_int_equal(measures_find(&measures, METRIC_TTFT), turn.ttft_ns);
    assert_int_equal(measures_find(&measures, METRIC_RESPONSE), MS(400));
    assert_false(turn_is_on(&turn));
}

static void a_lost_turn_brings_no_latency_of_a_success(void **state)
{
    struct turn turn;
    struct measures measures = {0};
    (void)state;
    turn_begin(&turn, MODALITY_TEXT, &anything, MS(1000), MS(1000));
    (void)say(&turn, EVENT_RESPONSE_CREATED, &measures, 1100);
    (void)say(&turn, EVENT_TEXT_DELTA, &measures, 1250);
    turn_lose(&turn, MS(1300));
    assert_int_equal(measures.count, 0);
    assert_int_equal(turn.ttft_ns, MS(250)); /* its row still has it */
    turn_begin(&turn, MODALITY_TEXT, &anything, MS(2000), MS(2000));
    assert_int_equal(turn.ttft_ns, -1); /* and the next has its own */
}

/* An answer is complete output of the modality that was asked for, be it as far as a limit let it
 * come. */
static void what_counts_as_an_answer(void **state)
{
    static const struct {
        const char *name;
        enum modality asked;
        enum event_kind delta;
        enum response_status status;
        const char *reason;
        enum turn_outcome outcome;
    } rows[] = {
        {"text", MODALITY_TEXT, EVENT_TEXT_DELTA, STATUS_COMPLETED, "", TURN_COMPLETE},
        {"audio", MODALITY_AUDIO, EVENT_AUDIO_DELTA, STATUS_COMPLETED, "", TURN_COMPLETE},
        {"text for audio", MODALITY_AUDIO, EVENT_TEXT_DELTA, STATUS_COMPLETED, "", TURN_EMPTY},
        {"audio for text", MODALITY_TEXT, EVENT_AUDIO_DELTA, STATUS_COMPLETED, "", TURN_EMPTY},
        {"a transcript alone", MODALITY_AUDIO, EVENT_TRANSCRIPT_DELTA, STATUS_COMPLETED, "",
         TURN_EMPTY},
        {"nothing", MODALITY_TEXT, EVENT_OTHER, STATUS_COMPLETED, "", TURN_EMPTY},
        {"cut at its limit", MODALITY_TEXT, EVENT_TEXT_DELTA, STATUS_INCOMPLETE,
         "max_output_tokens", TURN_COMPLETE},
        {"cut at once", MODALITY_TEXT, EVENT_OTHER, STATUS_INCOMPLETE, "max_output_tokens",
         TURN_LIMITED},
        {"a tool call alone", MODALITY_TEXT, EVENT_TOOL_DELTA, STATUS_COMPLETED, "", TURN_COMPLETE},
        {"filtered", MODALITY_TEXT, EVENT_TEXT_DELTA, STATUS_INCOMPLETE, "content_filter",
         TURN_BROKEN},
        {"failed", MODALITY_TEXT, EVENT_TEXT_DELTA, STATUS_FAILED, "", TURN_BROKEN},
        {"cancelled", MODALITY_TEXT, EVENT_TEXT_DELTA, STATUS_CANCELLED, "turn_detected",
         TURN_BROKEN},
        {"no status", MODALITY_TEXT, EVENT_TEXT_DELTA, STATUS_UNKNOWN, "", TURN_BROKEN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct turn turn;
        struct measures measures = {0};
        struct event_facts done = {
            .kind = EVENT_RESPONSE_DONE, .status = rows[i].status, .response_id = "resp_1"};
        (void)snprintf(done.reason, sizeof done.reason, "%s", rows[i].reason);
        turn_begin(&turn, rows[i].asked, &anything, MS(1000), MS(1000));
        (void)say(&turn, EVENT_RESPONSE_CREATED, &measures, 1100);
        (void)say(&turn, rows[i].delta, &measures, 1200);
        if (turn_event(&turn, &done, &measures, MS(1300)) != rows[i].outcome)
            fail_msg("%s", rows[i].name);
    }
}

static void another_response_is_not_ours(void **state)
{
    struct turn turn;
    struct measures measures = {0};
    const struct event_facts other = {.kind = EVENT_RESPONSE_DONE,
                                      .status = STATUS_CANCELLED,
                                      .response_id = "resp_0",
                                      .usage = {.present = true, .input = 9}};
    (void)state;
    turn_begin(&turn, MODALITY_TEXT, &anything, MS(1000), MS(1000));
    (void)say(&turn, EVENT_RESPONSE_CREATED, &measures, 1100);
    assert_int_equal(turn_event(&turn, &other, &measures, MS(1150)), TURN_GOES_ON);
    assert_false(turn.usage.present);
    assert_string_equal(turn.response_id, "resp_1");
}

static void each_silence_has_its_deadline(void **state)
{
    struct turn turn;
    struct measures measures = {0};
    (void)state;
    turn_init(&turn);
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), 0);
    turn_begin(&turn, MODALITY_TEXT, &anything, MS(900), MS(1000)); /* from sent, not from due */
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), MS(9000));
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(9000)), DEADLINE_FIRST_OUTPUT);
    (void)say(&turn, EVENT_RESPONSE_CREATED, &measures, 1500);
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), MS(2500));
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(2500)), DEADLINE_STALL);
    /* seen late, the silence after the beginning explains more than the missing output */
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(9500)), DEADLINE_STALL);
    /* events keep it awake, but without output its time runs out all the same */
    for (uint64_t at = 2000; at < 9000; at += 500) (void)say(&turn, EVENT_OTHER, &measures, at);
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), MS(9000));
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(9000)), DEADLINE_FIRST_OUTPUT);
    for (uint64_t at = 8900; at <= 20900; at += 500)
        (void)say(&turn, EVENT_TEXT_DELTA, &measures, at);
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), MS(21000));
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(21000)), DEADLINE_RESPONSE);
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(23000)), DEADLINE_RESPONSE);
}

static void what_flowed_is_a_fact_of_a_failure(void **state)
{
    struct turn turn;
    struct measures measures = {0};
    struct failure_facts facts = {0};
    (void)state;
    turn_init(&turn);
    turn_add_facts(&turn, &timeouts, &facts, MS(1));
    assert_false(facts.in_turn);
    assert_int_equal(facts.phase, PHASE_NONE);
    turn_begin(&turn, MODALITY_TEXT, &anything, MS(1000), MS(1000));
    turn_add_facts(&turn, &timeouts, &facts, MS(1100));
    assert_true(facts.in_turn);
    assert_int_equal(facts.phase, PHASE_RESPONSE);
    assert_false(facts.output_flows);
    assert_int_equal(say(&turn, EVENT_TRANSCRIPTION_FAILED, &measures, 1150), TURN_SIDE_FAILED);
    (void)say(&turn, EVENT_TEXT_DELTA, &measures, 1200);
    facts = (struct failure_facts){0};
    turn_add_facts(&turn, &timeouts, &facts, MS(2199));
    assert_true(facts.output_flows && facts.transcription_failed);
    assert_int_equal(facts.phase, PHASE_STREAM);
    facts = (struct failure_facts){0};
    turn_add_facts(&turn, &timeouts, &facts, MS(2200)); /* silent as long as a stall */
    assert_false(facts.output_flows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_count_from_when_it_was_due),
        cmocka_unit_test(a_lost_turn_brings_no_latency_of_a_success),
        cmocka_unit_test(what_counts_as_an_answer),
        cmocka_unit_test(another_response_is_not_ours),
        cmocka_unit_test(each_silence_has_its_deadline),
        cmocka_unit_test(what_flowed_is_a_fact_of_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
