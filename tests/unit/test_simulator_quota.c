/* Counters of requests and tokens: what passes in a slice, what is refused, and what the headers
 * tell. */
#include "base/clock.h"
#include "simulator/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOON (INT64_C(1776168000) * NS_PER_S) /* 2026-04-14T12:00:00Z: the begin of a minute */

/* A region of a model whose quota nobody knows. */
static struct region region_a = {.name = "a", .model = "d", .deployment = "d"};

static void start(struct quota *quota, struct quota_rule *rules, size_t count)
{
    struct simulator_plan plan = {.quota = rules, .quota_count = count};
    struct error err = {0};
    if (quota_init(quota, &plan, &region_a, &err) != ERR_OK) fail_msg("%s", err.text);
}

/* 600 per minute are 10 in each second (the service's own example), whatever was used before. */
static void test_requests_at_the_edges_of_slices(void **state)
{
    (void)state;
    struct quota_rule rule = {.rpm = 600, .slice_ns = NS_PER_S};
    struct quota quota;
    start(&quota, &rule, 1);
    int64_t last = NOON + NS_PER_S - 1;
    for (int i = 0; i < 10; i++) assert_false(quota_connect(&quota, i < 9 ? NOON : last).struck);
    struct strike refused = quota_connect(&quota, last);
    assert_true(refused.struck);
    assert_int_equal(refused.kind, FAULT_UPGRADE_429);
    assert_string_equal(refused.info->name, "quota_requests");
    assert_string_equal(refused.info->number, "F30");
    assert_true(refused.retry_after_ns == NS_PER_MS);
    assert_true(quota_connect(&quota, NOON + NS_PER_S / 4).retry_after_ns == NS_PER_S * 3 / 4);
    assert_false(quota_connect(&quota, NOON + NS_PER_S).struck);
    assert_int_equal(quota_of_requests(&quota, NOON + NS_PER_S).remaining, 9);
    quota_free(&quota);
}

/* Connections around the edge of a slice do not come in the order of their times. */
static void test_stragglers_do_not_start_a_slice_anew(void **state)
{
    (void)state;
    struct quota_rule rule = {.rpm = 600, .slice_ns = NS_PER_S};
    struct quota quota;
    start(&quota, &rule, 1);
    int passed = 0;
    for (int i = 0; i < 30; i++)
        passed += !quota_connect(&quota, NOON + NS_PER_S - (i % 3 == 1)).struck;
    assert_int_equal(passed, 10);
    quota_free(&quota);
}

/* A minute of one connection every 100 ms at 200 per minute: 33 of each 10 s pass. */
static void test_ten_second_slices(void **state)
{
    (void)state;
    struct quota_rule rule = {.rpm = 200, .slice_ns = 10 * NS_PER_S};
    struct quota quota;
    start(&quota, &rule, 1);
    int passed = 0;
    for (int i = 0; i < 600; i++) passed += !quota_connect(&quota, NOON + i * NS_PER_S / 10).struck;
    assert_int_equal(passed, 6 * 33);
    quota_free(&quota);
    rule.rpm = 3; /* half a request in 10 s: one passes */
    start(&quota, &rule, 1);
    assert_false(quota_connect(&quota, NOON).struck);
    assert_true(quota_connect(&quota, NOON).struck);
    quota_free(&quota);
}

/* 60,000 per minute are 10,000 in 10 s. What is refused is counted too, so a smaller call does not
 * slip in. */
static void test_tokens(void **state)
{
    (void)state;
    struct quota_rule rule = {.tpm = 60000, .slice_ns = 10 * NS_PER_S};
    struct quota quota;
    start(&quota, &rule, 1);
    assert_false(quota_respond(&quota, NOON, 6000).struck);
    assert_int_equal(quota_of_tokens(&quota, NOON).remaining, 4000);
    assert_false(quota_respond(&quota, NOON, 4000).struck);
    assert_int_equal(quota_of_tokens(&quota, NOON).remaining, 0);
    struct strike refused = quota_respond(&quota, NOON + 4 * NS_PER_S, 1);
    assert_true(refused.struck);
    assert_int_equal(refused.kind, FAULT_RATE_LIMIT_EXCEEDED);
    assert_string_equal(refused.info->name, "quota_tokens");
    assert_string_equal(refused.info->number, "F66");
    assert_true(refused.retry_after_ns == 6 * NS_PER_S);

    int64_t next = NOON + 10 * NS_PER_S;
    assert_false(quota_respond(&quota, next, 5000).struck);
    assert_true(quota_respond(&quota, next, 6000).struck);
    /* 5,000 + 6,000 are counted */
    assert_true(quota_respond(&quota, next, 1000).struck);
    /* alone in its slice */
    assert_false(quota_respond(&quota, next + 10 * NS_PER_S, 14000).struck);
    assert_true(quota_respond(&quota, next + 10 * NS_PER_S, 1).struck);
    /* tokens refuse responses only */
    assert_false(quota_connect(&quota, next + 10 * NS_PER_S).struck);
    quota_free(&quota);
}

/* OpenAI counts responses: connections are free, and what is refused counts too. */
static void test_responses_are_requests(void **state)
{
    (void)state;
    struct quota_rule rule = {.rpm = 60, .tpm = 600000, .slice_ns = 10 * NS_PER_S};
    struct simulator_plan plan = {.quota = &rule, .quota_count = 1};
    struct region openai = region_a;
    struct quota quota;
    openai.dialect = DIALECT_OPENAI;
    assert_int_equal(quota_init(&quota, &plan, &openai, NULL), ERR_OK);
    for (int i = 0; i < 100; i++) assert_false(quota_connect(&quota, NOON).struck);
    for (int i = 0; i < 10; i++) assert_false(quota_respond(&quota, NOON, 1).struck);
    const struct strike refused = quota_respond(&quota, NOON, 1);
    assert_true(refused.struck);
    assert_int_equal(refused.kind, FAULT_RATE_LIMIT_EXCEEDED);
    assert_string_equal(refused.info->name, "quota_requests");
    assert_false(quota_respond(&quota, NOON + 10 * NS_PER_S, 1).struck);
    quota_free(&quota);
}

/* The lowered limit refuses new connections once a header has shown the usual one. */
static void test_lowered_limit(void **state)
{
    (void)state;
    struct window lowered;
    assert_int_equal(window_parse_during("12:01-12:02", &lowered, NULL), ERR_OK);
    struct quota_rule rules[] = {
        {.tpm = 60000, .slice_ns = 10 * NS_PER_S},
        {.tpm = 60000, .effective_tpm = 6000, .slice_ns = 10 * NS_PER_S, .during = &lowered}};
    struct quota quota;
    struct text headers = {0};
    int64_t then = NOON + 60 * NS_PER_S;
    start(&quota, rules, 2);
    assert_false(quota_respond(&quota, then, 1000).struck);
    assert_false(quota_connect(&quota, then).struck); /* nobody could tell that it is lower than
                                                         usual */
    quota_headers(&quota, NOON, &headers);
    assert_non_null(strstr(text_str(&headers), "x-ratelimit-limit-tokens: 60000\r\n"));

    assert_false(quota_connect(&quota, then + NS_PER_S).struck);
    assert_false(quota_respond(&quota, then + NS_PER_S, 1000).struck);
    struct strike refused = quota_connect(&quota, then + NS_PER_S);
    assert_true(refused.struck);
    assert_int_equal(refused.kind, FAULT_LOWERED_LIMIT_429);
    assert_string_equal(refused.info->name, "quota_lowered");
    assert_string_equal(refused.info->number, "F32");
    assert_true(quota_respond(&quota, then + NS_PER_S, 1).struck);
    text_clear(&headers);
    quota_headers(&quota, then + NS_PER_S, &headers);
    assert_non_null(strstr(text_str(&headers), "x-ratelimit-limit-tokens: 6000\r\n"));
    assert_non_null(strstr(text_str(&headers), "x-ratelimit-remaining-tokens: 0\r\n"));
    assert_non_null(strstr(text_str(&headers), "x-ratelimit-reset-tokens: 9\r\n"));
    assert_false(quota_connect(&quota, then + 60 * NS_PER_S).struck);
    assert_false(quota_respond(&quota, then + 60 * NS_PER_S, 9000).struck);
    quota_free(&quota);
    text_free(&headers);
    window_free(&lowered);
}

/* A refusal whose headers show the lowered limit is F32, even when it is the requests that are used
 * up. */
static void test_requests_under_a_lowered_limit(void **state)
{
    (void)state;
    struct quota_rule rules[] = {
        {.rpm = 6, .tpm = 6000, .slice_ns = 10 * NS_PER_S},
        {.rpm = 6, .tpm = 6000, .effective_tpm = 600, .slice_ns = 10 * NS_PER_S}};
    struct quota quota;
    struct text headers = {0};
    start(&quota, rules, 1);
    quota_headers(&quota, NOON, &headers);
    assert_false(quota_connect(&quota, NOON).struck);
    assert_int_equal(quota_connect(&quota, NOON).kind, FAULT_UPGRADE_429);
    uint64_t told = quota.most_told;
    quota_free(&quota);
    start(&quota, rules, 2);
    quota.most_told = told;
    assert_false(quota_connect(&quota, NOON).struck);
    assert_int_equal(quota_connect(&quota, NOON).kind, FAULT_LOWERED_LIMIT_429);
    quota_free(&quota);
    text_free(&headers);
}

/* Without a rule the usual limits are sent but not enforced; a rule for another region does not
 * count. */
static void test_unlimited(void **state)
{
    (void)state;
    char *only_b[] = {"b"};
    struct quota_rule rule = {.regions = only_b, .region_count = 1, .rpm = 1, .slice_ns = NS_PER_S};
    struct quota quota;
    start(&quota, &rule, 1);
    for (int i = 0; i < 1000; i++) {
        assert_false(quota_connect(&quota, NOON).struck);
        assert_false(quota_respond(&quota, NOON, 100000).struck);
    }
    assert_int_equal(quota_of_requests(&quota, NOON).limit, 200);
    assert_int_equal(quota_of_tokens(&quota, NOON).limit, 100000);
    assert_int_equal(quota_of_tokens(&quota, NOON).remaining, 0);
    assert_int_equal(quota_of_tokens(&quota, NOON + 60 * NS_PER_S).remaining, 100000);
    quota_free(&quota);
}

/* Hints are by the run's clock, like the counters: a client waits that long by that clock. */
static void test_hints(void **state)
{
    (void)state;
    struct quota_rule rule = {.rpm = 6, .slice_ns = 10 * NS_PER_S};
    struct quota quota;
    start(&quota, &rule, 1);
    assert_false(quota_connect(&quota, NOON).struck);
    struct strike refused = quota_connect(&quota, NOON + 4 * NS_PER_S);
    assert_true(refused.struck);
    assert_true(refused.retry_after_ns == 6 * NS_PER_S);
    assert_false(quota_connect(&quota, NOON + 10 * NS_PER_S).struck);
    quota_free(&quota);
}

/* What holds where no rule does: what was bought, or the tier's (Azure's table of 2026-08-20),
 * unless the profile says none; told is the same, for a model that nobody knows gpt-realtime's. */
static void test_defaults(void **state)
{
    (void)state;
    static const struct {
        struct region region;
        bool none, limited;
        uint64_t rpm, tpm, told_rpm, told_tpm;
    } cases[] = {
        {{.model = "gpt-realtime"}, false, true, 200, 100000, 200, 100000},
        {{.model = "gpt-realtime"}, true, false, 0, 0, 200, 100000},
        {{.model = "gpt-4o-realtime-preview", .dialect = DIALECT_PREVIEW},
         false,
         true,
         36,
         6000,
         36,
         6000},
        {{.model = "gpt-4o-realtime-preview"}, true, false, 0, 0, 36, 6000},
        {{.model = "gpt-realtime", .quota_rpm = 300, .quota_tpm = 150000},
         false,
         true,
         300,
         150000,
         300,
         150000},
        {{.model = "gpt-realtime", .quota_tpm = 150000}, false, true, 0, 150000, 200, 150000},
        {{.model = "gpt-realtime-2.1", .quota_rpm = 50}, false, true, 50, 0, 50, 100000},
        {{.model = "gpt-realtime-2.1"}, false, false, 0, 0, 200, 100000},
        {{.model = "gpt-realtime", .dialect = DIALECT_OPENAI}, false, false, 0, 0, 200, 100000},
        {{.model = "gpt-realtime", .deployment_type = DEPLOYMENT_PROVISIONED},
         false,
         false,
         0,
         0,
         200,
         100000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct simulator_plan plan = {.quota_none = cases[i].none};
        struct region region = cases[i].region;
        struct quota_rule rule;
        struct quota quota;
        struct error err = {0};
        region.name = (char[]){"a"};
        assert_int_equal(quota_default(&plan, &region, &rule), cases[i].limited);
        assert_int_equal(quota_init(&quota, &plan, &region, &err), ERR_OK);
        assert_int_equal(quota_of_requests(&quota, NOON).limit, cases[i].told_rpm);
        assert_int_equal(quota_of_tokens(&quota, NOON).limit, cases[i].told_tpm);
        int passed = 0;
        for (int k = 0; k < 600; k++)
            passed += !quota_connect(&quota, NOON + k * NS_PER_S / 10).struck;
        assert_int_equal(passed, cases[i].rpm == 0 ? 600 : 6 * (int)(cases[i].rpm / 6));
        /* a fifth of a slice's share at a time: the sixth one is too much */
        const uint64_t part = cases[i].tpm == 0 ? 1000000 : cases[i].tpm / 30;
        const int64_t later = NOON + 60 * NS_PER_S;
        for (int k = 0; k < 6; k++)
            assert_int_equal(quota_respond(&quota, later, part).struck, cases[i].tpm > 0 && k == 5);
        quota_free(&quota);
    }
}

/* A rule takes the default's place while it is in force, and one without limits lifts it. */
static void test_rules_replace_the_default(void **state)
{
    (void)state;
    struct window then;
    struct error err = {0};
    char *only_b[] = {"b"};
    assert_int_equal(window_parse_during("12:01-12:02", &then, NULL), ERR_OK);
    struct quota_rule rules[] = {{.slice_ns = 10 * NS_PER_S, .during = &then}};
    struct region region = {.name = "a", .model = "gpt-realtime"};
    struct simulator_plan plan = {.quota = rules, .quota_count = 1};
    struct quota_rule rule;
    struct quota quota;
    assert_true(quota_default(&plan, &region, &rule));
    assert_int_equal(quota_init(&quota, &plan, &region, &err), ERR_OK);
    int passed[3] = {0};
    for (int k = 0; k < 300; k++)
        passed[k / 100] += !quota_connect(&quota, NOON + k / 100 * 60 * NS_PER_S).struck;
    assert_int_equal(passed[0], 33);
    assert_int_equal(passed[1], 100);
    assert_int_equal(passed[2], 33);
    quota_free(&quota);
    rules[0].during = NULL;
    assert_false(quota_default(&plan, &region, &rule));
    rules[0].regions = only_b;
    rules[0].region_count = 1;
    assert_true(quota_default(&plan, &region, &rule));
    window_free(&then);
}

/* 1000 a day: each comes back after 86.4 s, the wait that was reported in public; over midnight,
 * too, and what is refused does not count. */
static void test_day(void **state)
{
    (void)state;
    struct quota_rule rule = {.rpd = 1000, .slice_ns = 10 * NS_PER_S};
    struct quota quota;
    int64_t now = NOON + 11 * 3600 * NS_PER_S + 59 * 60 * NS_PER_S + 30 * NS_PER_S;
    start(&quota, &rule, 1);
    for (int i = 0; i < 1000; i++) assert_false(quota_respond(&quota, now, 5000).struck);
    for (int i = 0; i < 3; i++) {
        struct strike refused = quota_respond(&quota, now, 1);
        assert_true(refused.struck);
        assert_int_equal(refused.kind, FAULT_DAILY_LIMIT);
        assert_string_equal(refused.info->name, "quota_daily");
        assert_string_equal(refused.info->number, "F104");
        assert_int_equal(refused.limit, 1000);
        assert_true(refused.retry_after_ns == 86400 * NS_PER_MS);
    }
    assert_false(quota_connect(&quota, now).struck);
    now += 86 * NS_PER_S;
    assert_true(quota_respond(&quota, now, 1).retry_after_ns == 400 * NS_PER_MS);
    now += 400 * NS_PER_MS;
    assert_false(quota_respond(&quota, now, 1).struck);
    assert_true(quota_respond(&quota, now, 1).struck);
    now += 86400 * NS_PER_S;
    for (int i = 0; i < 1000; i++) assert_false(quota_respond(&quota, now, 1).struck);
    assert_true(quota_respond(&quota, now, 1).struck);
    quota_free(&quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_at_the_edges_of_slices),
        cmocka_unit_test(test_stragglers_do_not_start_a_slice_anew),
        cmocka_unit_test(test_ten_second_slices),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_responses_are_requests),
        cmocka_unit_test(test_lowered_limit),
        cmocka_unit_test(test_requests_under_a_lowered_limit),
        cmocka_unit_test(test_unlimited),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_rules_replace_the_default),
        cmocka_unit_test(test_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
