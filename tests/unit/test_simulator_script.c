#include "simulator/script.h"

#include "base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void start(struct script *script, const struct simulator_plan *plan, const char *region,
                  uint64_t seed)
{
    struct error err = {0};
    struct region site = {.name = (char[]){region[0], '\0'}};
    if (script_init(script, plan, &site, seed, 0, &err) != ERR_OK) fail_msg("%s", err.text);
}

/* The lot of the i-th response. */
static struct lot of(const struct script *script, int i)
{
    return lot_part(script->lot, (uint64_t)i);
}

/* Median and P99 of many draws against the requested ones, and the shape between them: P90 of a
 * log-normal. */
static void test_log_normal(void **state)
{
    (void)state;
    enum { COUNT = 200001 };
    struct latency_rule rule = {.first_output = {true, 250 * NS_PER_MS, 900 * NS_PER_MS}};
    struct simulator_plan plan = {.latency = &rule, .latency_count = 1};
    struct script script;
    start(&script, &plan, "a", 1);
    uint64_t *draws = malloc(COUNT * sizeof *draws);
    assert_non_null(draws);
    for (int i = 0; i < COUNT; i++)
        draws[i] = script_delay(&script, STEP_FIRST_OUTPUT, of(&script, i), LOT_FIRST_OUTPUT, 0);
    qsort(draws, COUNT, sizeof *draws, compare);
    double ms = 1e-6;
    double sigma = log(900.0 / 250.0) / 2.326348;
    double p90 = 250.0 * exp(1.281552 * sigma);
    assert_true(fabs((double)draws[COUNT / 2] * ms - 250.0) < 250.0 * 0.01);
    assert_true(fabs((double)draws[COUNT / 100 * 99] * ms - 900.0) < 900.0 * 0.03);
    assert_true(fabs((double)draws[COUNT / 10 * 9] * ms - p90) < p90 * 0.02);
    free(draws);
    script_free(&script);
}

static void test_fixed_unset_and_overridden(void **state)
{
    (void)state;
    char *only_b[] = {"b"};
    struct latency_rule rules[] = {
        {.upgrade = {true, 5, 5}, .session = {true, 7, 7}},
        {.session = {true, 9, 9}},
        {.regions = only_b, .region_count = 1, .upgrade = {true, 11, 11}},
        {.session = {true, 0, 0}, .regions = only_b, .region_count = 1},
    };
    struct simulator_plan plan = {.latency = rules, .latency_count = 4};
    struct script a;
    struct script b;
    start(&a, &plan, "a", 1);
    start(&b, &plan, "b", 1);
    assert_int_equal(script_delay(&a, STEP_UPGRADE, a.lot, LOT_DELTA, 0), 5);
    assert_int_equal(script_delay(&a, STEP_SESSION, a.lot, LOT_DELTA, 0), 9);
    assert_int_equal(script_delay(&a, STEP_DELTA, a.lot, LOT_DELTA, 0), 0);
    assert_int_equal(script_delay(&b, STEP_UPGRADE, b.lot, LOT_DELTA, 0), 11);
    assert_int_equal(script_delay(&b, STEP_SESSION, b.lot, LOT_DELTA, 0), 0);
    script_free(&a);
    script_free(&b);
}

/* 2026-04-14T08:00:00-07:00 is 15:00 UTC. */
static void test_time_of_day(void **state)
{
    (void)state;
    int64_t midnight = INT64_C(1776124800) * NS_PER_S; /* 2026-04-14T00:00:00Z */
    struct window peak;
    assert_int_equal(window_parse_during("08:00-09:00@America/Los_Angeles", &peak, NULL), ERR_OK);
    struct latency_rule rules[] = {{.delta = {true, 1, 1}},
                                   {.delta = {true, 2, 2}, .during = &peak}};
    struct fault_rule fault = {.fault = "stall", .rate = 1, .during = &peak, .after_ns = 77};
    struct simulator_plan plan = {
        .latency = rules, .latency_count = 2, .faults = &fault, .fault_count = 1};
    struct script script;
    start(&script, &plan, "a", 1);
    static const struct {
        int minute;
        bool in;
    } cases[] = {{15 * 60 - 1, false},
                 {15 * 60, true},
                 {16 * 60 - 1, true},
                 {16 * 60, false},
                 {15 * 60 + 30, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t wall = midnight + cases[i].minute * 60 * NS_PER_S + 59 * NS_PER_S;
        assert_int_equal(script_delay(&script, STEP_DELTA, script.lot, LOT_DELTA, wall),
                         cases[i].in ? 2 : 1);
        struct strike strike = script_strike(&script, CHANCE_PER_RESPONSE, script.lot,
                                             &(struct moment){.wall_ns = wall});
        assert_int_equal(strike.struck, cases[i].in);
        if (cases[i].in) assert_int_equal(strike.after_ns, 77);
        assert_false(script_strike(&script, CHANCE_PER_UPGRADE, script.lot,
                                   &(struct moment){.wall_ns = wall})
                         .struck);
    }
    script_free(&script);
    window_free(&peak);
}

/* Two rules in order: the first strikes at its rate, the second at its rate of the rest. */
static void test_fault_rates(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct fault_rule rules[] = {{.fault = "server_error", .rate = 0.151},
                                 {.fault = "upgrade_429", .rate = 1},
                                 {.fault = "connection_reset", .rate = 0.05}};
    struct simulator_plan plan = {.faults = rules, .fault_count = 3};
    struct script script;
    start(&script, &plan, "a", 42);
    int counts[FAULT_COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        struct strike strike =
            script_strike(&script, CHANCE_PER_RESPONSE, of(&script, i), &(struct moment){0});
        if (strike.struck) counts[strike.kind]++;
    }
    double first = 0.151;
    double second = (1 - 0.151) * 0.05;
    assert_true(fabs(counts[FAULT_SERVER_ERROR] - COUNT * first) <
                4 * sqrt(COUNT * first * (1 - first)));
    assert_true(fabs(counts[FAULT_CONNECTION_RESET] - COUNT * second) <
                4 * sqrt(COUNT * second * (1 - second)));
    assert_int_equal(counts[FAULT_UPGRADE_429], 0);
    script_free(&script);
}

/* The same seed strikes the same attempts, whatever the latencies draw; another seed strikes
 * others. */
static void test_seed(void **state)
{
    (void)state;
    struct fault_rule fault = {.fault = "server_error", .rate = 0.5};
    struct latency_rule rule = {.delta = {true, 10, 100}};
    struct simulator_plan plain = {.faults = &fault, .fault_count = 1};
    struct simulator_plan delayed = {
        .faults = &fault, .fault_count = 1, .latency = &rule, .latency_count = 1};
    struct script a;
    struct script b;
    struct script c;
    start(&a, &plain, "a", 5);
    start(&b, &delayed, "a", 5);
    start(&c, &plain, "a", 6);
    int different = 0;
    for (int i = 0; i < 200; i++) {
        (void)script_delay(&b, STEP_DELTA, of(&b, i), LOT_DELTA, 0);
        bool struck = script_strike(&a, CHANCE_PER_RESPONSE, of(&a, i), &(struct moment){0}).struck;
        assert_int_equal(
            script_strike(&b, CHANCE_PER_RESPONSE, of(&b, i), &(struct moment){0}).struck, struck);
        different +=
            script_strike(&c, CHANCE_PER_RESPONSE, of(&c, i), &(struct moment){0}).struck != struck;
    }
    assert_true(different > 50);
    script_free(&a);
    script_free(&b);
    script_free(&c);
}

/*
 * A client that retries each failure in a new session makes a chain of two states: a failure
 * follows a failure with q = 0.5, and a success with the base rate b. Such a chain fails with p = b
 * / (b + 1 - q) in the long run, and the mean of n draws has the variance p (1 - p) / n * (1 + l) /
 * (1 - l), l = q - b.
 */
static void test_stickiness(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    double p = 135.0 / 893.0; /* as in the incident's worst hour */
    double b = 0.5 * p / (1 - p);
    struct fault_rule rule = {.fault = "server_error", .rate = b, .after_failure_new = {true, 0.5}};
    struct simulator_plan plan = {.faults = &rule, .fault_count = 1};
    struct script script;
    start(&script, &plan, "a", 9);
    int failed = 0;
    int retries = 0;
    int failed_again = 0;
    for (int i = 0; i < COUNT; i++) {
        bool retry = script_claim(&script);
        bool struck = script_strike(&script, CHANCE_PER_RESPONSE, of(&script, i),
                                    &(struct moment){.turn = 1, .retries = retry})
                          .struck;
        if (struck) script_failed(&script);
        failed += struck;
        retries += retry;
        failed_again += struck && retry;
    }
    double l = 0.5 - b;
    double deviation = sqrt(p * (1 - p) / COUNT * (1 + l) / (1 - l));
    assert_true(fabs((double)failed / COUNT - p) < 4 * deviation);
    assert_true(fabs(failed_again - retries * 0.5) < 4 * sqrt(retries * 0.25));
    assert_in_range(retries, failed - 1, failed);
    script_free(&script);
}

/* Three failures at once are owed three retries; one that the session itself retries is no longer
 * owed. */
static void test_owed_retries(void **state)
{
    (void)state;
    struct simulator_plan plan = {0};
    struct script script;
    start(&script, &plan, "a", 1);
    assert_false(script_claim(&script));
    for (int i = 0; i < 3; i++) script_failed(&script);
    assert_true(script_claim(&script));
    script_settle(&script);
    assert_true(script_claim(&script));
    assert_false(script_claim(&script));
    script_settle(&script);
    script_failed(&script);
    assert_true(script_claim(&script));
    script_free(&script);
}

/* A rule that does not apply to this deployment, burst or turn draws nothing, so later rules strike
 * as before. */
static void test_conditions_and_deployments(void **state)
{
    (void)state;
    char *deployments[] = {"rt-15"};
    struct fault_rule rules[] = {
        {.fault = "service_unavailable",
         .rate = 1,
         .deployments = deployments,
         .deployment_count = 1},
        {.fault = "stall", .rate = 1, .from_turn = 2},
        {.fault = "server_error", .rate = 0.5},
    };
    struct simulator_plan plan = {.faults = rules, .fault_count = 3};
    struct script bad;
    struct script good;
    struct script alone;
    struct error err = {0};
    struct region region = {.name = (char[]){"a"}, .deployment = (char[]){"rt-15"}};
    assert_int_equal(script_init(&bad, &plan, &region, 3, 0, &err), ERR_OK);
    region.deployment = (char[]){"rt"};
    assert_int_equal(script_init(&good, &plan, &region, 3, 0, &err), ERR_OK);
    plan = (struct simulator_plan){.faults = &rules[2], .fault_count = 1};
    assert_int_equal(script_init(&alone, &plan, &region, 3, 0, &err), ERR_OK);
    struct moment first = {.turn = 1};
    struct moment second = {.turn = 2};
    for (int i = 0; i < 100; i++) {
        assert_int_equal(script_strike(&bad, CHANCE_PER_RESPONSE, of(&bad, i), &first).kind,
                         FAULT_SERVICE_UNAVAILABLE);
        bool struck = script_strike(&good, CHANCE_PER_RESPONSE, of(&good, i), &first).struck;
        assert_int_equal(script_strike(&alone, CHANCE_PER_RESPONSE, of(&alone, i), &first).struck,
                         struck);
    }
    assert_int_equal(script_strike(&good, CHANCE_PER_RESPONSE, good.lot, &second).kind,
                     FAULT_STALL);
    script_free(&bad);
    script_free(&good);
    script_free(&alone);
}

/* A burst comes in every region of the rule at the same time, counted from the start of the run. */
static void test_bursts_from_the_origin(void **state)
{
    (void)state;
    struct fault_rule rules[] = {
        {.fault = "stall", .rate = 0, .burst_every_ns = NS_PER_S, .burst_length_ns = NS_PER_S},
        {.fault = "stall",
         .rate = 1,
         .burst_every_ns = 60 * NS_PER_S,
         .burst_length_ns = 6 * NS_PER_S}};
    struct simulator_plan plan = {.faults = rules, .fault_count = 2};
    struct script a;
    struct script b;
    start(&a, &plan, "a", 1);
    start(&b, &plan, "b", 1);
    int64_t today = INT64_C(1776124807) * NS_PER_S;
    script_set_origin(&b, today);
    int struck = 0;
    for (int second = 0; second < 600; second++) {
        struct moment here = {.wall_ns = second * NS_PER_S, .turn = 1};
        struct moment there = {.wall_ns = today + second * NS_PER_S, .turn = 1};
        bool in = script_strike(&a, CHANCE_PER_RESPONSE, of(&a, second), &here).struck;
        assert_int_equal(script_strike(&b, CHANCE_PER_RESPONSE, of(&b, second), &there).struck, in);
        struck += in;
    }
    assert_int_equal(struck, 60);
    script_free(&a);
    script_free(&b);
}

/* Rates of an hour profile: each hour of a day against its own, by local time (UTC+9, no daylight
 * saving). */
static void test_hour_profile(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    struct hours hours = {0};
    for (int i = 0; i < 24; i++) hours.rates[i] = i / 50.0;
    assert_int_equal(zone_open("Asia/Tokyo", &hours.zone, NULL), ERR_OK);
    struct fault_rule rule = {.fault = "server_error", .hours = &hours};
    struct simulator_plan plan = {.faults = &rule, .fault_count = 1};
    struct script script;
    start(&script, &plan, "a", 11);
    int64_t midnight = INT64_C(1776124800) * NS_PER_S; /* 2026-04-14T00:00:00Z */
    for (int hour = 0; hour < 24; hour++) {
        double rate = (hour + 9) % 24 / 50.0;
        int struck = 0;
        for (int i = 0; i < COUNT; i++) {
            struct moment moment = {.wall_ns = midnight + hour * 3600 * NS_PER_S + i * NS_PER_S / 2,
                                    .turn = 1};
            struck +=
                script_strike(&script, CHANCE_PER_RESPONSE, of(&script, hour * COUNT + i), &moment)
                    .struck;
        }
        assert_true(fabs(struck - COUNT * rate) <= 4 * sqrt(COUNT * rate * (1 - rate)));
    }
    script_free(&script);
    zone_free(hours.zone);
}

/* Faults of a whole region are not drawn: they are in force or not. */
static void test_region_faults(void **state)
{
    (void)state;
    struct hours hours = {0};
    hours.rates[5] = 1;
    char *only_b[] = {"b"};
    struct fault_rule rules[] = {
        {.fault = "connect_refused", .hours = &hours},
        {.fault = "resolve_failed", .rate = 1, .regions = only_b, .region_count = 1}};
    struct simulator_plan plan = {.faults = rules, .fault_count = 2};
    struct script a;
    struct script b;
    start(&a, &plan, "a", 1);
    start(&b, &plan, "b", 1);
    int64_t hour = 3600 * NS_PER_S;
    assert_false(script_region_fault(&a, 5 * hour - 1, FAULT_CONNECT_REFUSED));
    assert_true(script_region_fault(&a, 5 * hour, FAULT_CONNECT_REFUSED));
    assert_false(script_region_fault(&a, 6 * hour, FAULT_CONNECT_REFUSED));
    assert_false(script_region_fault(&a, 5 * hour, FAULT_RESOLVE_FAILED));
    assert_true(script_region_fault(&b, 0, FAULT_RESOLVE_FAILED));
    assert_false(script_region_fault(&b, 0, FAULT_CONNECT_TIMEOUT));
    script_free(&a);
    script_free(&b);
}

static void test_unknown_fault(void **state)
{
    (void)state;
    struct fault_rule fault = {.fault = "no_such_fault", .rate = 1};
    struct simulator_plan plan = {.faults = &fault, .fault_count = 1};
    struct script script;
    struct error err = {0};
    struct region site = {.name = (char[]){"a"}};
    assert_int_equal(script_init(&script, &plan, &site, 1, 0, &err), ERR_PROFILE);
    assert_non_null(strstr(err.text, "no_such_fault"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_normal),
        cmocka_unit_test(test_fixed_unset_and_overridden),
        cmocka_unit_test(test_time_of_day),
        cmocka_unit_test(test_fault_rates),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_unknown_fault),
        cmocka_unit_test(test_stickiness),
        cmocka_unit_test(test_owed_retries),
        cmocka_unit_test(test_conditions_and_deployments),
        cmocka_unit_test(test_bursts_from_the_origin),
        cmocka_unit_test(test_hour_profile),
        cmocka_unit_test(test_region_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
