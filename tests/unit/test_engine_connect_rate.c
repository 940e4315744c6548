/* What load.connect_rate and load.max_sessions do to a load, through the whole engine over the
 * loopback double. */
#include "engine_fixture.h"

#define TALK "{\"interactions\":1,\"think_time\":\"1ms\",\"prompts\":[\"Say OK.\"]}"
static void dials_keep_to_the_connect_rate(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"sessions\",\"connect_rate\":\"50/s\",\"stages\":["
                    "{\"duration\":\"0s\",\"target\":100},{\"duration\":\"1s\",\"target\":100}]}",
            .session = TALK},
        &result);
    check_sums(&result);
    /* 50 a second, and a few that a late timer may catch up with in each worker. */
    uint64_t most = 50 * (uint64_t)result.took_ns / (uint64_t)NS_PER_S + 12;
    assert_in_range(result.counters.sessions_started, 10, most);
}

/* An arrival that finds no room is asked for, and not driven. */
static void sessions_never_exceed_their_maximum(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 5000};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"2000/s\","
                    "\"max_sessions\":4,\"stages\":[{\"duration\":\"0s\",\"target\":\"100/s\"},"
                    "{\"duration\":\"300ms\",\"target\":\"100/s\"}]}"},
        &result);
    check_sums(&result);
    assert_int_equal(result.counters.requested_sessions, 60);
    assert_int_equal(result.counters.sessions_started, 8);
    assert_int_equal(result.requested, 60);
    assert_int_equal(result.achieved, 8);
}

/* Users who arrived during the load get their turn, although the connect rate dials the last of
 * them after its end. */
static void arrivals_that_wait_for_their_dial_are_not_dropped(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"180/s\","
                    "\"stages\":[{\"duration\":\"0s\",\"target\":\"100/s\"},"
                    "{\"duration\":\"500ms\",\"target\":\"100/s\"}]}",
            .session = TALK},
        &result);
    check_sums(&result);
    assert_int_equal(result.counters.requested_sessions, 100); /* 50 in each of two regions */
    assert_int_equal(result.counters.attempts_ok, 100);
    assert_true(result.took_ns > 530 * NS_PER_MS); /* 100 dials at 180/s outlast the load of half a
                                                      second */
}

/* A connect rate of a fifth of the load: dials are counted, and most of them came late. */
static void late_dials_are_told_apart(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1};
    drive(
        &(struct scenario){
            .load = "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"40/s\","
                    "\"stages\":[{\"duration\":\"0s\",\"target\":\"100/s\"},"
                    "{\"duration\":\"800ms\",\"target\":\"100/s\"}]}",
            .session = TALK},
        &result);
    check_sums(&result);
    assert_int_equal(result.requested, 160);
    assert_int_equal(result.achieved, result.counters.sessions_started);
    assert_in_range(result.achieved, 20, 100);
    assert_in_range(result.achieved_late, 1, result.achieved - 1);
    assert_int_equal(result.health.displaced, 0); /* nothing failed */
    assert_non_null(strstr(result.health.why, "of the requested load"));
}

#define OUTAGE(rate, arrivals)                                                                     \
    "{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"" rate                        \
    "/s\",\"stages\":[{\"duration\":\"0s\",\"target\":\"" arrivals                                 \
    "/s\"},{\"duration\":\"2s\",\"target\":\"" arrivals "/s\"}]}"

/* Every attempt is reset and retried in a session of its own, which the connect rate has no places
 * for: the load falls short, and that is no fault of ours. */
static void retries_that_take_the_places_of_arrivals_are_told_apart(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1, .reset_every = 1};
    drive(&(struct scenario){.load = OUTAGE("50", "20"),
                             .session = TALK,
                             .retry = "{\"attempts\":3,\"backoff\":{\"initial\":\"2ms\","
                                      "\"max\":\"10ms\"},\"budget\":\"100%\"}"},
          &result);
    check_sums(&result);
    const struct health *health = &result.health;
    assert_int_equal(health->requested, 80);
    assert_true(health->achieved - health->achieved_late < 60);
    assert_true(health->displaced > 15);
    assert_true(health->achieved - health->achieved_late + health->displaced <= health->requested);
    assert_null(strstr(health->why, "of the requested load"));
}

/* Without any failure half of the arrivals would have been late all the same. */
static void retries_do_not_excuse_a_connect_rate_below_the_load(void **state)
{
    static struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 1, .reset_every = 1};
    drive(&(struct scenario){.load = OUTAGE("20", "20"),
                             .session = TALK,
                             .retry = "{\"attempts\":3,\"backoff\":{\"initial\":\"2ms\","
                                      "\"max\":\"10ms\"},\"budget\":\"100%\"}"},
          &result);
    check_sums(&result);
    assert_non_null(strstr(result.health.why, "of the requested load"));
    assert_true(result.health.displaced < 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dials_keep_to_the_connect_rate),
        cmocka_unit_test(sessions_never_exceed_their_maximum),
        cmocka_unit_test(arrivals_that_wait_for_their_dial_are_not_dropped),
        cmocka_unit_test(late_dials_are_told_apart),
        cmocka_unit_test(retries_that_take_the_places_of_arrivals_are_told_apart),
        cmocka_unit_test(retries_do_not_excuse_a_connect_rate_below_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
