/* Threshold expressions, as the contract writes them. */
#include "profile/threshold.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        struct threshold wanted;
    } cases[] = {
        {"failure_rate < 1%", {THRESHOLD_ATTEMPT_RATE, 0, 0, 0, "", "", LESS, 0.01}},
        {"interaction_failure_rate<0.1%",
         {THRESHOLD_INTERACTION_RATE, 0, 0, 0, "", "", LESS, 0.001}},
        {"  session_failure_rate  <=  5%  ",
         {THRESHOLD_SESSION_RATE, 0, 0, 0, "", "", LESS_OR_EQUAL, 0.05}},
        {"ttft.p99{region=eastus2} < 1.5s",
         {THRESHOLD_QUANTILE, METRIC_TTFT, 0.99, 0, "eastus2", "", LESS, 1500000}},
        {"dial.max > 20ms", {THRESHOLD_QUANTILE, METRIC_DIAL, 1, 0, "", "", GREATER, 20000}},
        {"interaction.p99.9 >= 250us",
         {THRESHOLD_QUANTILE, METRIC_INTERACTION, 0.999, 0, "", "", GREATER_OR_EQUAL, 250}},
        {"first_event.p50{ window = peak , region = a-b_C } < 1m",
         {THRESHOLD_QUANTILE, METRIC_FIRST_EVENT, 0.5, 0, "a-b_C", "peak", LESS, 60000000}},
        {"share(ttft > 1s) < 5%", {THRESHOLD_SHARE, METRIC_TTFT, 0, 1000000, "", "", LESS, 0.05}},
        {"share( response>2.5s ){window=1m} <= 10%",
         {THRESHOLD_SHARE, METRIC_RESPONSE, 0, 2500000, "", "1m", LESS_OR_EQUAL, 0.1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold got;
        struct error err = {0};
        const struct threshold *wanted = &cases[i].wanted;
        if (threshold_parse(cases[i].expression, &got, &err) != ERR_OK)
            fail_msg("%s: %s", cases[i].expression, err.text);
        bool same = got.kind == wanted->kind && got.metric == wanted->metric &&
                    fabs(got.quantile - wanted->quantile) < 1e-12 &&
                    got.slower_than_us == wanted->slower_than_us &&
                    strcmp(got.region, wanted->region) == 0 &&
                    strcmp(got.window, wanted->window) == 0 &&
                    got.comparison == wanted->comparison && fabs(got.limit - wanted->limit) < 1e-9;
        if (!same) fail_msg("%s: understood wrongly", cases[i].expression);
    }
}

static void test_every_latency_metric_has_its_name(void **state)
{
    (void)state;
    /* the contract's list */
    static const char *const names[] = {"resolve", "tcp",      "tls",         "upgrade",
                                        "dial",    "session",  "first_event", "ttft",
                                        "gap",     "response", "interaction", "lag"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char expression[64];
        struct threshold got;
        struct error err = {0};
        (void)snprintf(expression, sizeof expression, "%s.p90 < 1s", names[i]);
        assert_int_equal(threshold_parse(expression, &got, &err), ERR_OK);
        assert_string_equal(metric_name(got.metric), names[i]);
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *says;
    } cases[] = {
        {"", "character 1: expected a metric"},
        {"failure_rat < 1%", "did you mean \"failure_rate\""},
        {"latency.p99 < 1s", "character 1: no metric is called \"latency\""},
        {"failure_rate.p99 < 1%", "no statistic"},
        {"failure_rate < 1", "character 16: \"1\" has no %"},
        {"failure_rate < 1s", "share"},
        {"failure_rate 1%", "character 14: expected <, <=, > or >="},
        {"failure_rate = 1%", "expected <"},
        {"failure_rate <", "expected a share"},
        {"failure_rate < 1% or so", "character 19: expected the end"},
        {"failure_rate < 101%", "100%"},
        {"ttft < 1s", "which statistic?"},
        {"ttft.avg < 1s", "character 6: write a percentile"},
        {"ttft.p0 < 1s", "write a percentile"},
        {"ttft.p100 < 1s", "write a percentile"},
        {"ttft.p9x < 1s", "write a percentile"},
        {"ttft.pinf < 1s", "write a percentile"},
        {"ttft.p0x10 < 1s", "write a percentile"},
        {"ttft.p99 < 5%", "character 12: \"5%\" is not a duration"},
        {"ttft.p99 < 1", "\"1\" has no unit"},
        {"ttft.p99{region=} < 1s", "expected a name"},
        {"ttft.p99{region=a < 1s", "expected , or }"},
        {"ttft.p99{zone=a} < 1s", "expected region=NAME or window=NAME"},
        {"ttft.p99{region=a,region=b} < 1s", "twice"},
        {"share(ttft) < 5%", "expected > and a duration"},
        {"share(ttft < 1s) < 5%", "expected >"},
        {"share(ttft > 1s < 5%", "expected )"},
        {"share(tfft > 1s) < 5%",
         "character 7: no metric is called \"tfft\": did you mean \"ttft\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct threshold got;
        struct error err = {0};
        enum err_code code = threshold_parse(cases[i].expression, &got, &err);
        if (code != ERR_PROFILE || strstr(err.text, cases[i].says) == NULL) {
            fail_msg("%s: %d %s", cases[i].expression, code, err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_every_latency_metric_has_its_name),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
