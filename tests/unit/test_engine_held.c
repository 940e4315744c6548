/* A load whose region is held back, through the whole engine over the loopback double. */
#include "engine_fixture.h"

#define OPEN                                                                                       \
    "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"2000/s\",\"stages\":["        \
    "{\"duration\":\"0s\",\"target\":\"100/s\"},{\"duration\":\"1500ms\",\"target\":\"100/s\"}]}"
#define CLOSED                                                                                     \
    "{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["                             \
    "{\"duration\":\"0s\",\"target\":5},{\"duration\":\"1500ms\",\"target\":5}]}"
#define GO_ON                                                                                      \
    "{\"attempts\":3,\"backoff\":{\"initial\":\"2ms\",\"max\":\"10ms\"},\"budget\":\"100%\","      \
    "\"hold\":\"interaction\"}"

/* Every arrival is either started or counted as held; held ones are no shortfall. */
static void check_arrivals(const struct result *result)
{
    const struct counters *c = &result->counters;
    assert_int_equal(c->requested_sessions, 300);
    assert_int_equal(result->requested, 300);
    assert_int_equal(result->held, c->held_arrivals);
    assert_int_equal(c->sessions_started + c->held_arrivals, 300);
    assert_true(result->achieved + result->held <= 300);
}

static void a_long_wait_drops_the_arrivals_and_counts_them(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 1, .limit_ms = 86400, .delay_ms = 2};
    drive(&(struct scenario){.load = OPEN, .workers = 1}, &result);
    check_sums(&result);
    check_arrivals(&result);
    /* Each region learns it from its first answer. On a busy machine several arrivals come due at
     * once before that. */
    assert_true(result.counters.attempts_started >= 2);
    assert_true(result.counters.held_arrivals > 0);
    assert_int_equal(result.counters.retries, 0); /* past every deadline */
    assert_true(result.counters.held_ms > 0);
    assert_true(result.counters.held_ms <= result.counters.driven_ms);
    assert_int_equal(result.counters.interactions_failed, result.counters.attempts_failed);
    assert_true(result.took_ns < 10 * NS_PER_S); /* nobody waits for the hold when the load ends */
}

static void without_holds_the_load_goes_on_asking(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 1, .limit_ms = 86400, .delay_ms = 2};
    drive(&(struct scenario){.load = OPEN, .retry = GO_ON, .workers = 1}, &result);
    check_sums(&result);
    check_arrivals(&result);
    assert_int_equal(result.counters.held_arrivals, 0);
    assert_int_equal(result.counters.held_ms, 0);
    /* All 300 dial; what a slow machine has not asked by the end of the load it may leave out. */
    assert_true(result.counters.attempts_started >= 50);
}

/* After each hold one attempt goes first, then the others follow; nothing is lost. */
static void short_waits_pass_in_an_open_load(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 40, .limit_ms = 50, .delay_ms = 2};
    drive(&(struct scenario){.load = OPEN, .workers = 2}, &result);
    const struct counters *c = &result.counters;
    check_sums(&result);
    check_arrivals(&result);
    assert_true(c->attempts_ok > 50);
    assert_true(c->held_arrivals > 0);
    assert_true(c->hold_probes > 0);
    assert_int_equal(c->interactions_ok + c->interactions_failed, c->attempts_started - c->retries);
}

static void short_waits_pass_in_a_closed_load(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){
        .limit_every = 40, .limit_ms = 50, .fail_every = 9, .reset_every = 31, .delay_ms = 2};
    drive(&(struct scenario){.load = CLOSED, .workers = 2}, &result);
    const struct counters *c = &result.counters;
    check_sums(&result);
    assert_int_equal(c->held_arrivals, 0);
    assert_true(c->held_tries > 0 && c->hold_probes > 0);
    assert_true(c->attempts_ok > 100);
}

/* If a region says "try again in 400 ms" each time, a closed load asks it once per slot, then one
 * at a time. */
static void a_closed_load_asks_once_per_wait(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 1, .limit_ms = 400, .delay_ms = 2};
    drive(&(struct scenario){.load = CLOSED, .workers = 1}, &result);
    check_sums(&result);
    /* two regions; 1.5 s hold three more waits whole, and the first retry may not see the hold */
    assert_true(result.counters.attempts_started <= 2 * (5 + 4));
    assert_true(result.counters.attempts_started >= 2 * 2);
    assert_true(result.counters.held_tries > 0);
    assert_int_equal(result.counters.attempts_ok, 0);
}

/* Time spent waiting behind a hold is in no attempt's latency: each counts from when it was due. */
static void no_latency_has_the_hold_in_it(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.limit_every = 30, .limit_ms = 1200, .delay_ms = 2};
    drive(
        &(struct scenario){
            .load = CLOSED,
            .workers = 1,
            .retry = "{\"attempts\":1}",
            .session = "{\"interactions\":50,\"think_time\":\"5ms\",\"prompts\":[\"Say OK.\"]}"},
        &result);
    check_sums(&result);
    assert_true(result.counters.held_tries > 0);
    uint64_t slow = 0;
    for (size_t i = 0; i < result.kept_count; i++)
        slow += result.kept[i].end_utc_ns - result.kept[i].due_utc_ns > 1000 * NS_PER_MS;
    assert_int_equal(slow, 0);
}

/* A try waits behind the hold of its region, is dialled, and finds the budget taken by others: that
 * is one try that waited. */
static void a_try_that_waits_twice_counts_once(void **state)
{
    static struct result result;
    (void)state;
    loopback_script =
        (struct loopback_script){.limit_every = 4, .limit_ms = 20, .delay_ms = 20, .dial_ms = 2};
    drive(&(struct scenario){.load = CLOSED,
                             .workers = 1,
                             .session = "{\"interactions\":2,\"think_time\":\"1ms\","
                                        "\"max_output_tokens\":100,\"prompts\":[\"Say OK.\"]}",
                             .more = ",\"budget\":{\"tokens\":1200}"},
          &result);
    const struct counters *c = &result.counters;
    const uint64_t at_the_end = 2 * 5; /* who wait when the load ends */
    assert_true(c->held_tries > c->attempts_started / 3);
    assert_true(c->held_tries <= c->attempts_started + at_the_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_wait_drops_the_arrivals_and_counts_them),
        cmocka_unit_test(without_holds_the_load_goes_on_asking),
        cmocka_unit_test(short_waits_pass_in_an_open_load),
        cmocka_unit_test(short_waits_pass_in_a_closed_load),
        cmocka_unit_test(a_closed_load_asks_once_per_wait),
        cmocka_unit_test(no_latency_has_the_hold_in_it),
        cmocka_unit_test(a_try_that_waits_twice_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
