/* The engine from end to end without a socket: workers, virtual users, drivers, recorder,
 * collector, run folder. */
#include "engine_fixture.h"

static void an_open_load_is_recorded_to_the_unit(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){
        .fail_every = 7, .reset_every = 11, .refuse_every = 13, .delay_ms = 3};
    drive(&(struct scenario){.load = "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_"
                                     "rate\":\"2000/s\",\"stages\":["
                                     "{\"duration\":\"0s\",\"target\":\"100/"
                                     "s\"},{\"duration\":\"1500ms\",\"target\":\"100/"
                                     "s\"}]}"},
          &result);
    const struct counters *c = &result.counters;
    assert_int_equal(result.end, RUN_COMPLETE);
    check_sums(&result);
    assert_int_equal(c->requested_sessions, 300); /* 100/s in each of two regions for 1.5 s */
    assert_int_equal(c->attempts_cancelled, 0);
    assert_true(c->attempts_failed > 100);
    assert_true(c->retries > 50);
    /* Every interaction that began has one outcome. */
    assert_int_equal(c->interactions_ok + c->interactions_failed, c->attempts_started - c->retries);
    assert_int_equal(c->first_attempts_ok + c->recovered, c->interactions_ok);
}

static void a_closed_load_keeps_its_sessions_busy(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 2};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                    "{\"duration\":\"0s\",\"target\":7},{\"duration\":\"1s\",\"target\":7}]}"},
        &result);
    assert_int_equal(result.end, RUN_COMPLETE);
    check_sums(&result);
    /* 14 slots; three turns of some 2 + 5 ms and a dial each: hundreds of turns in a second, on any
     * machine. */
    assert_true(result.counters.attempts_ok > 200);
    assert_int_equal(result.counters.attempts_failed, 0);
    assert_int_equal(result.clusters.with_failure, 0);
}

static void a_drain_finishes_what_is_in_flight(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 300};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                    "{\"duration\":\"0s\",\"target\":10},{\"duration\":\"60s\",\"target\":10}]}",
            .stop_ms = 450,
            .stops = 1},
        &result);
    assert_int_equal(result.end, RUN_INTERRUPTED);
    check_sums(&result);
    assert_int_equal(result.counters.attempts_cancelled, 0);
    assert_true(result.counters.attempts_ok >= 20);
}

static void a_second_stop_cancels_and_still_counts(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 50000};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                    "{\"duration\":\"0s\",\"target\":10},{\"duration\":\"60s\",\"target\":10}]}",
            .stop_ms = 300,
            .stops = 2},
        &result);
    assert_true(result.took_ns < 40 * NS_PER_S); /* the answers would have taken fifty */
    assert_int_equal(result.end, RUN_INTERRUPTED);
    check_sums(&result);
    assert_int_equal(result.counters.attempts_cancelled, 20);
}

/* The rows of intervals.csv: whole intervals of the wall clock, a short first one, and a last one
 * that ends with the run. */
static void intervals_lie_on_the_wall_clock(void **state)
{
    static const int begins_ms[] = {0, 1, 70, 199};
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 2};
    for (size_t i = 0; i < sizeof begins_ms / sizeof *begins_ms; i++) {
        drive(&(struct scenario){.load = "{\"model\":\"sessions\",\"connect_rate\":\"2000/s\","
                                         "\"stages\":[{\"duration\":\"0s\",\"target\":3},"
                                         "{\"duration\":\"500ms\",\"target\":3}]}",
                                 .begins_ms = begins_ms[i]},
              &result);
        check_sums(&result);
        assert_int_equal(result.start_utc_ns % INTERVAL_NS, begins_ms[i] * NS_PER_MS);
        /* Not before the end of the load, and no later than that of the run. */
        assert_true(result.end_utc_ns - result.start_utc_ns >= 500 * NS_PER_MS);
        assert_true(result.end_utc_ns - result.start_utc_ns <= result.took_ns + NS_PER_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_load_is_recorded_to_the_unit),
        cmocka_unit_test(a_closed_load_keeps_its_sessions_busy),
        cmocka_unit_test(a_drain_finishes_what_is_in_flight),
        cmocka_unit_test(intervals_lie_on_the_wall_clock),
        cmocka_unit_test(a_second_stop_cancels_and_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
