/* A turn in which the user speaks: what its times count from, and who took it when. */
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

/* What happens, in ms. */
struct happening {
    uint64_t at_ms;
    enum event_kind kind; /* EVENT_INVALID: the user's last sound is sent; UNKNOWN: we commit */
    enum response_status status;
    const char *response;
};

#define SPOKEN EVENT_INVALID
#define COMMITTED EVENT_UNKNOWN
#define END                                                                                        \
    {                                                                                              \
        0, EVENT_OTHER, STATUS_UNKNOWN, NULL                                                       \
    }

struct course {
    enum turn_outcome outcome;
    unsigned split, false_, broken;
    struct measures measures;
    struct turn turn;
};

/* Speaks from 1000 to 2000 ms. */
static struct course course_of(const struct happening *happenings)
{
    struct course course = {0};
    struct turn *turn = &course.turn;
    turn_speak(turn, MODALITY_AUDIO, &anything, MS(2000), MS(1000));
    for (const struct happening *h = happenings; h->response != NULL; h++) {
        struct event_facts event = {.kind = h->kind, .status = h->status, .usage = {.output = 7}};
        (void)snprintf(event.response_id, sizeof event.response_id, "%s", h->response);
        if (h->kind == SPOKEN) {
            turn_spoken(turn, MS(h->at_ms));
        } else if (h->kind == COMMITTED) {
            turn_committed(turn, MS(h->at_ms));
        } else {
            const enum turn_taking taking = turn_taking_of(turn, &event);
            course.split += taking == TAKING_SPLIT;
            course.false_ += taking == TAKING_FALSE;
            course.outcome = turn_event(turn, &event, &course.measures, MS(h->at_ms));
            course.broken += course.outcome == TURN_BROKEN;
            if (course.outcome == TURN_COMPLETE) turn_win(turn, &course.measures, MS(h->at_ms));
        }
    }
    return course;
}

#define CREATED(at, id)                                                                            \
    {                                                                                              \
        at, EVENT_RESPONSE_CREATED, STATUS_UNKNOWN, id                                             \
    }
#define AUDIO(at, id)                                                                              \
    {                                                                                              \
        at, EVENT_AUDIO_DELTA, STATUS_UNKNOWN, id                                                  \
    }
#define DONE(at, how, id)                                                                          \
    {                                                                                              \
        at, EVENT_RESPONSE_DONE, STATUS_##how, id                                                  \
    }
#define HEARD(at, what)                                                                            \
    {                                                                                              \
        at, EVENT_SPEECH_##what, STATUS_UNKNOWN, ""                                                \
    }
#define WE(at, what)                                                                               \
    {                                                                                              \
        at, what, STATUS_UNKNOWN, ""                                                               \
    }

static void every_course_of_taking_turns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct happening course[12];
        int endpoint_ms, think_ms, voice_ms, ttft_ms; /* -1: not measured */
        unsigned split, false_;
        uint64_t output; /* tokens */
        bool early;
    } rows[] = {
        {"as it should be",
         {HEARD(1080, STARTED), WE(2003, SPOKEN), HEARD(2400, STOPPED), CREATED(2420, "a"),
          AUDIO(2900, "a"), DONE(3500, COMPLETED, "a"), END},
         400,
         500,
         900,
         900,
         0,
         0,
         7,
         false},
        {"noticed after it was said",
         {WE(2000, SPOKEN), HEARD(2050, STARTED), HEARD(2300, STOPPED), CREATED(2320, "a"),
          AUDIO(2600, "a"), DONE(3500, COMPLETED, "a"), END},
         300,
         300,
         600,
         600,
         0,
         0,
         7,
         false},
        {"committed by us, later than the last sound",
         {WE(2000, SPOKEN), WE(2200, COMMITTED), CREATED(2220, "a"), AUDIO(2600, "a"),
          DONE(3500, COMPLETED, "a"), END},
         200,
         400,
         600,
         600,
         0,
         0,
         7,
         false},
        {"split: an answer begins in a pause, and is interrupted",
         {HEARD(1080, STARTED), HEARD(1400, STOPPED), CREATED(1420, "a"), AUDIO(1500, "a"),
          HEARD(1600, STARTED), DONE(1610, CANCELLED, "a"), WE(2000, SPOKEN), HEARD(2300, STOPPED),
          CREATED(2310, "b"), AUDIO(2800, "b"), DONE(3500, COMPLETED, "b"), END},
         300,
         500,
         800,
         800,
         1,
         0,
         14,
         false},
        {"split, and the interruption is told late",
         {HEARD(1080, STARTED), HEARD(1400, STOPPED), WE(2000, SPOKEN), CREATED(2310, "b"),
          AUDIO(2800, "b"), DONE(3500, COMPLETED, "b"), END},
         -1,
         -1,
         800,
         800,
         1,
         0,
         7,
         false},
        {"an answer that began before the end, and stands",
         {HEARD(1080, STARTED), HEARD(1400, STOPPED), CREATED(1420, "a"), AUDIO(1500, "a"),
          WE(2000, SPOKEN), AUDIO(2100, "a"), DONE(3500, COMPLETED, "a"), END},
         -1,
         -1,
         -1,
         -1,
         1,
         0,
         7,
         true},
        {"speech heard in the silence after it",
         {HEARD(1080, STARTED), WE(2000, SPOKEN), HEARD(2300, STOPPED), HEARD(2350, STARTED),
          CREATED(2360, "a"), AUDIO(2600, "a"), DONE(3500, COMPLETED, "a"), END},
         300,
         300,
         600,
         600,
         0,
         1,
         7,
         false},
        {"the answer to what was no turn ends meanwhile",
         {HEARD(1080, STARTED), DONE(1100, CANCELLED, "z"), WE(2000, SPOKEN), HEARD(2300, STOPPED),
          DONE(2310, CANCELLED, "y"), CREATED(2360, "a"), AUDIO(2600, "a"),
          DONE(3500, COMPLETED, "a"), END},
         300,
         300,
         600,
         600,
         0,
         0,
         21,
         false},
        {"nothing is ever noticed, and yet answered",
         {WE(2000, SPOKEN), CREATED(2360, "a"), AUDIO(2600, "a"), DONE(3500, COMPLETED, "a"), END},
         -1,
         -1,
         600,
         600,
         0,
         0,
         7,
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct course course = course_of(rows[i].course);
        const struct {
            enum metric metric;
            int ms;
        } wanted[] = {{METRIC_ENDPOINT, rows[i].endpoint_ms},
                      {METRIC_THINK, rows[i].think_ms},
                      {METRIC_VOICE, rows[i].voice_ms},
                      {METRIC_TTFT, rows[i].ttft_ms}};
        if (course.outcome != TURN_COMPLETE || course.broken > 0) fail_msg("%s", rows[i].name);
        for (size_t m = 0; m < sizeof wanted / sizeof *wanted; m++) {
            const int64_t ns = wanted[m].ms < 0 ? -1 : (int64_t)MS(wanted[m].ms);
            if (measures_find(&course.measures, wanted[m].metric) != ns)
                fail_msg("%s: %s", rows[i].name, metric_name(wanted[m].metric));
        }
        if (course.split != rows[i].split || course.false_ != rows[i].false_)
            fail_msg("%s: %u split, %u false", rows[i].name, course.split, course.false_);
        if (course.turn.early != rows[i].early || course.turn.usage.output != rows[i].output)
            fail_msg("%s: early or usage", rows[i].name);
    }
}

static void no_deadline_runs_while_the_user_speaks(void **state)
{
    struct turn turn;
    (void)state;
    turn_speak(&turn, MODALITY_AUDIO, &anything, MS(2000), MS(1000));
    assert_true(turn_is_on(&turn));
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), 0);
    turn_pause(&turn, MS(500), MS(1700)); /* is in no deadline that begins later */
    turn_spoken(&turn, MS(2010));
    assert_int_equal(turn_deadline_ns(&turn, &timeouts), MS(10010));
    assert_int_equal(turn_deadline(&turn, &timeouts, MS(10010)), DEADLINE_FIRST_OUTPUT);
}

static void a_missed_turn_is_a_fact_of_its_end(void **state)
{
    struct turn turn;
    struct measures measures = {0};
    struct failure_facts facts = {.deadline = DEADLINE_FIRST_OUTPUT};
    const struct event_facts stopped = {.kind = EVENT_SPEECH_STOPPED};
    (void)state;
    turn_speak(&turn, MODALITY_AUDIO, &anything, MS(2000), MS(1000));
    assert_false(turn_is_missed(&turn));
    turn_spoken(&turn, MS(2000));
    turn_add_facts(&turn, &timeouts, &facts, MS(10000));
    assert_true(facts.turn_missed);
    const struct failure_class cancelled = failure_classify(&facts);
    assert_string_equal(cancelled.code, "turn_missed");
    assert_int_equal(cancelled.domain, DOMAIN_NONE);
    facts.missed_fails = true;
    assert_int_equal(failure_classify(&facts).domain, DOMAIN_SERVICE);
    (void)turn_event(&turn, &stopped, &measures, MS(2300));
    assert_false(turn_is_missed(&turn));
    turn_begin(&turn, MODALITY_AUDIO, &anything, MS(3000), MS(3000)); /* written, not spoken */
    assert_false(turn_is_missed(&turn));
}

/* The user goes on: what ends as we asked is no failure, what came whole before is an answer, and
 * what fails meanwhile has failed. */
static void an_interruption_ends_as_the_service_says(void **state)
{
    (void)state;
    static const struct {
        enum response_status status;
        bool interrupted;
        enum turn_outcome outcome;
        int yield_ms;
    } rows[] = {
        {STATUS_CANCELLED, true, TURN_INTERRUPTED, 150},
        {STATUS_CANCELLED, false, TURN_BROKEN, -1},
        {STATUS_COMPLETED, true, TURN_COMPLETE, -1},
        {STATUS_FAILED, true, TURN_BROKEN, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct turn turn;
        struct measures measures = {0};
        struct event_facts event = {.kind = EVENT_RESPONSE_CREATED, .response_id = "a"};
        turn_speak(&turn, MODALITY_AUDIO, &anything, MS(2000), MS(1000));
        turn_spoken(&turn, MS(2000));
        (void)turn_event(&turn, &event, &measures, MS(2100));
        event = (struct event_facts){
            .kind = EVENT_ITEM_ADDED, .item = ITEM_MESSAGE, .item_id = "item_7"};
        (void)turn_event(&turn, &event, &measures, MS(2200));
        assert_string_equal(turn.item_id, "item_7");
        event.kind = EVENT_AUDIO_DELTA;
        (void)turn_event(&turn, &event, &measures, MS(2300));
        if (rows[i].interrupted) turn_interrupt(&turn, MS(2500));
        (void)turn_event(&turn, &event, &measures, MS(2600));
        event = (struct event_facts){
            .kind = EVENT_RESPONSE_DONE, .response_id = "a", .status = rows[i].status};
        assert_int_equal(turn_event(&turn, &event, &measures, MS(2650)), rows[i].outcome);
        assert_int_equal(measures_find(&measures, METRIC_YIELD),
                         rows[i].yield_ms < 0 ? -1 : (int64_t)MS(rows[i].yield_ms));
    }
    struct turn none;
    turn_init(&none);
    turn_interrupt(&none, MS(1));
    assert_int_equal(none.interrupted_ns, 0);
}

/* An attempt that ends while the user still speaks was not due later than it ended. */
static void a_turn_lost_in_speech_ends_after_it_was_due(void **state)
{
    struct turn turn;
    (void)state;
    turn_speak(&turn, MODALITY_AUDIO, &anything, MS(2000), MS(1000));
    turn_lose(&turn, MS(1500));
    assert_int_equal(turn.due_ns, MS(1500));
    assert_int_equal(turn.end_ns, MS(1500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_course_of_taking_turns),
        cmocka_unit_test(no_deadline_runs_while_the_user_speaks),
        cmocka_unit_test(a_missed_turn_is_a_fact_of_its_end),
        cmocka_unit_test(an_interruption_ends_as_the_service_says),
        cmocka_unit_test(a_turn_lost_in_speech_ends_after_it_was_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
