/* The life of a session, over whatever table of stages. */
#include "service/life.h"
#include "service/transport.h"
#include "test_service_measures.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS(x) ((uint64_t)(x) * (uint64_t)NS_PER_MS)

static const struct timeouts timeouts = {.resolve_ns = 1 * NS_PER_S,
                                         .connect_ns = 2 * NS_PER_S,
                                         .tls_ns = 3 * NS_PER_S,
                                         .upgrade_ns = 4 * NS_PER_S,
                                         .session_ns = 5 * NS_PER_S,
                                         .configure_ns = 6 * NS_PER_S,
                                         .close_ns = 7 * NS_PER_S};

/* A transport without a WebSocket, as one that posts its turns and reads events: the request of the
 * first turn opens it, and there is nothing to configure. */
static const struct transport_stage plain_rows[] = {
    {"resolve", PHASE_RESOLVE, METRIC_RESOLVE, DEADLINE_RESOLVE, EVENT_INVALID, 0},
    {"connect", PHASE_CONNECT, METRIC_TCP, DEADLINE_CONNECT, EVENT_INVALID, 0},
    {"tls", PHASE_TLS, METRIC_TLS, DEADLINE_TLS, EVENT_INVALID, STAGE_CONNECTS | STAGE_OPENS},
};
static const struct transport_stages plain = {plain_rows, 3};

static const struct transport_stages *const tables[] = {&plain, NULL /* the WebSocket's */};

static const struct transport_stages *table(size_t i)
{
    return tables[i] != NULL ? tables[i] : websocket_transport.stages;
}

static unsigned end_stage(struct life *life, struct measures *measures, uint64_t at_ms)
{
    const struct transport_stage *stage = life_stage(life);
    const struct event_facts event = {.kind = stage->until, .session_id = "sess_1"};
    return stage->until == EVENT_INVALID ? life_stage_done(life, life->stage, measures, MS(at_ms))
                                         : life_event(life, &event, measures, MS(at_ms));
}

/* What must hold of any table: each stage has its deadline and phase, times its own length, and
 * after the last one turns may begin. */
static void every_table_leads_to_the_first_turn(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        struct life life;
        struct measures measures = {0};
        unsigned news = 0;
        life_init(&life, table(t), &timeouts);
        life_dial(&life, true, MS(100));
        for (unsigned i = 0; i < table(t)->count; i++) {
            const struct transport_stage *stage = life_stage(&life);
            struct failure_facts facts = {0};
            const uint64_t begun = MS(100 + 10 * i);
            assert_ptr_equal(stage, &table(t)->rows[i]);
            assert_int_equal(life.deadline_ns,
                             begun + (uint64_t)deadline_limit_ns(stage->deadline, &timeouts));
            life_add_facts(&life, &facts, begun);
            assert_int_equal(facts.phase, stage->phase);
            news |= end_stage(&life, &measures, 110 + 10 * i);
            if (stage->metric != STAGE_UNTIMED)
                assert_int_equal(measures_find(&measures, stage->metric), MS(10));
        }
        assert_int_equal(news & (LIFE_OPENED | LIFE_BECAME_READY), LIFE_OPENED | LIFE_BECAME_READY);
        assert_int_equal(life.state, LIFE_READY);
        assert_int_equal(life.deadline_ns, 0);
        assert_null(life_stage(&life));
        assert_false(measures.lost);
    }
}

/* The dial metric means the same for every transport: the time until the connection is
 * established. */
static void the_dial_ends_where_the_connection_stands(void **state)
{
    static const int64_t dial_ms[] = {30, 40};
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        struct life life;
        struct measures measures = {0};
        life_init(&life, table(t), &timeouts);
        life_dial(&life, true, MS(100));
        assert_int_equal(life_age_ns(&life, MS(100)), -1);
        for (uint64_t at = 110; life_in_dial(&life); at += 10)
            (void)end_stage(&life, &measures, at);
        assert_int_equal(measures_find(&measures, METRIC_DIAL), dial_ms[t] * NS_PER_MS);
        assert_int_equal(life_age_ns(&life, MS(1000)), MS(900) - MS(dial_ms[t]));
        assert_int_equal(life_asked_ns(&life), MS(100) + MS(dial_ms[t] - 10));
    }
}

static void a_given_address_is_not_resolved(void **state)
{
    struct life life;
    (void)state;
    life_init(&life, websocket_transport.stages, &timeouts);
    life_dial(&life, false, MS(100));
    assert_string_equal(life_stage(&life)->name, "connect");
    assert_int_equal(life.deadline_ns, MS(2100));
}

/* On a plain connection the TLS stage ends when the stage before it does, so it has no duration. */
static void a_stage_that_was_not_there_has_no_length(void **state)
{
    struct life life;
    struct measures measures = {0};
    (void)state;
    life_init(&life, websocket_transport.stages, &timeouts);
    life_dial(&life, true, MS(100));
    (void)life_stage_done(&life, 0, &measures, MS(110));
    (void)life_stage_done(&life, 1, &measures, MS(120));
    (void)life_stage_done(&life, 2, &measures, MS(120));
    (void)life_stage_done(&life, 3, &measures, MS(150));
    assert_int_equal(measures_find(&measures, METRIC_TLS), -1);
    assert_int_equal(measures_find(&measures, METRIC_UPGRADE), MS(30));
    assert_int_equal(measures_find(&measures, METRIC_DIAL), MS(50));
}

static void what_is_not_awaited_changes_nothing(void **state)
{
    struct life life;
    struct measures measures = {0};
    const struct event_facts updated = {.kind = EVENT_SESSION_UPDATED};
    const struct event_facts created = {.kind = EVENT_SESSION_CREATED, .session_id = "sess_2"};
    (void)state;
    life_init(&life, websocket_transport.stages, &timeouts);
    assert_int_equal(life_stage_done(&life, 0, &measures, MS(1)), 0); /* before the dial */
    life_dial(&life, true, MS(100));
    assert_int_equal(life_event(&life, &created, &measures, MS(105)), 0); /* before the upgrade */
    for (unsigned i = 0; i < 4; i++) (void)end_stage(&life, &measures, 110 + i);
    assert_int_equal(life_event(&life, &updated, &measures, MS(120)), 0); /* out of turn */
    assert_int_equal(life_stage_done(&life, 3, &measures, MS(121)), 0);   /* twice */
    assert_int_equal(life_stage_done(&life, 4, &measures, MS(121)), 0);   /* an event's */
    assert_int_equal(life_stage_done(&life, 99, &measures, MS(121)), 0);  /* of no table */
    assert_string_equal(life_stage(&life)->name, "session");
    assert_int_equal(life.connected_ns, MS(113));
    assert_int_equal(life.deadline_ns, MS(5113));
    assert_int_equal(measures.count, 5); /* four stages and the dial */
    assert_int_equal(life_event(&life, &created, &measures, MS(130)), LIFE_OPENED | LIFE_CONFIGURE);
    assert_string_equal(life.session_id, "sess_2");
    assert_int_equal(life_event(&life, &created, &measures, MS(131)), 0); /* twice */
}

static void silence_age_and_expiry_are_facts_of_a_failure(void **state)
{
    struct life life;
    struct measures measures = {0};
    struct failure_facts facts = {0};
    (void)state;
    life_init(&life, websocket_transport.stages, &timeouts);
    life.answer = (struct failure_facts){.from_service = true};
    life_dial(&life, true, MS(100));
    life_add_facts(&life, &facts, MS(105));
    assert_true(facts.from_service);
    assert_int_equal(facts.socket_age_ns, 0); /* it was never open */
    for (uint64_t at = 110; life_in_dial(&life); at += 10) (void)end_stage(&life, &measures, at);
    life_expires_in(&life, 3600 * NS_PER_S, MS(150));
    life_touch(&life, MS(500));
    facts = (struct failure_facts){0};
    life_add_facts(&life, &facts, MS(900));
    assert_int_equal(facts.phase, PHASE_CLOSE);
    assert_int_equal(facts.idle_ns, MS(400));
    assert_int_equal(facts.socket_age_ns, MS(900 - 140));
    assert_true(facts.session_created && facts.has_expiry);
    assert_int_equal(facts.expires_in_ns, 3600 * NS_PER_S - (int64_t)MS(750));
    facts = (struct failure_facts){.phase = PHASE_STREAM}; /* the turn knows better */
    life_add_facts(&life, &facts, MS(900));
    assert_int_equal(facts.phase, PHASE_STREAM);
}

static void the_end_has_a_deadline_and_then_none(void **state)
{
    struct life life;
    (void)state;
    life_init(&life, websocket_transport.stages, &timeouts);
    life_dial(&life, true, MS(100));
    assert_false(life_is_over(&life));
    life_close(&life, MS(200));
    assert_true(life_is_over(&life));
    assert_int_equal(life.deadline_ns, MS(7200));
    life_end(&life);
    assert_true(life_is_over(&life));
    assert_int_equal(life.deadline_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_leads_to_the_first_turn),
        cmocka_unit_test(the_dial_ends_where_the_connection_stands),
        cmocka_unit_test(a_given_address_is_not_resolved),
        cmocka_unit_test(a_stage_that_was_not_there_has_no_length),
        cmocka_unit_test(what_is_not_awaited_changes_nothing),
        cmocka_unit_test(silence_age_and_expiry_are_facts_of_a_failure),
        cmocka_unit_test(the_end_has_a_deadline_and_then_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
