/* Threshold expressions, as the contract writes them. */
#include "profile/threshold.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        struct threshold wanted;
    } cases[] = {
        {"failure_rate < 1%", {THRESHOLD_ATTEMPT_RATE, 0, 0, 0, "", "", LESS, 0.01, false}},
        {"interaction_failure_rate<0.1%",
         {THRESHOLD_INTERACTION_RATE, 0, 0, 0, "", "", LESS, 0.001, false}},
        {"  session_failure_rate  <=  5%  ",
         {THRESHOLD_SESSION_RATE, 0, 0, 0, "", "", LESS_OR_EQUAL, 0.05, false}},
        {"ttft.p99{region=eastus2} < 1.5s",
         {THRESHOLD_QUANTILE, METRIC_TTFT, 0.99, 0, "eastus2", "", LESS, 1500000, false}},
        {"failure_rate{about=run} < 1%",
         {THRESHOLD_ATTEMPT_RATE, 0, 0, 0, "", "", LESS, 0.01, true}},
        {"ttft.p50{region=a, about = service} < 1s",
         {THRESHOLD_QUANTILE, METRIC_TTFT, 0.5, 0, "a", "", LESS, 1000000, false}},
        {"dial.max > 20ms", {THRESHOLD_QUANTILE, METRIC_DIAL, 1, 0, "", "", GREATER, 20000, false}},
        {"interaction.p99.9 >= 250us",
         {THRESHOLD_QUANTILE, METRIC_INTERACTION, 0.999, 0, "", "", GREATER_OR_EQUAL, 250, false}},
        {"first_event.p50{ window = peak , region = a-b_C } < 1m",
         {THRESHOLD_QUANTILE, METRIC_FIRST_EVENT, 0.5, 0, "a-b_C", "peak", LESS, 60000000, false}},
        {"share(ttft > 1s) < 5%",
         {THRESHOLD_SHARE, METRIC_TTFT, 0, 1000000, "", "", LESS, 0.05, false}},
        {"share( response>2.5s ){window=1m} <= 10%",
         {THRESHOLD_SHARE, METRIC_RESPONSE, 0, 2500000, "", "1m", LESS_OR_EQUAL, 0.1, false}},
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
                    strcmp(got.window, wanted->window) == 0 && got.about_run == wanted->about_run &&
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
        {"ttft.p99{zone=a} < 1s", "expected region=NAME, window=NAME or about=run"},
        {"ttft.p99{about=day} < 1s", "write about=run"},
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

/* ---- the grammar: every combination of its parts ---- */

static const struct {
    const char *text;
    enum comparison comparison;
} comparisons[] = {{"<", LESS}, {"<=", LESS_OR_EQUAL}, {">", GREATER}, {">=", GREATER_OR_EQUAL}};

static const struct {
    const char *text, *region, *window;
} selectors[] = {{"", "", ""},
                 {"{region=a}", "a", ""},
                 {"{window=1m}", "", "1m"},
                 {"{region=west-3,window=peak_2}", "west-3", "peak_2"},
                 {" { window = w.x ,\tregion = A } ", "A", "w.x"}};

#define SELECTOR_COUNT (sizeof selectors / sizeof *selectors)

static void expect(const char *metric, const struct threshold *wanted, const char *limit)
{
    for (size_t s = 0; s < SELECTOR_COUNT; s++) {
        char left[160];
        struct threshold alone;
        struct error err = {0};
        (void)snprintf(left, sizeof left, "%s%s", metric, selectors[s].text);
        if (threshold_parse_metric(left, &alone, &err) != ERR_OK) fail_msg("%s", err.text);
        assert_string_equal(alone.region, selectors[s].region);
        assert_string_equal(alone.window, selectors[s].window);
        for (size_t c = 0; c < sizeof comparisons / sizeof *comparisons; c++) {
            char whole[200];
            struct threshold got;
            (void)snprintf(whole, sizeof whole, "%s %s %s", left, comparisons[c].text, limit);
            if (threshold_parse(whole, &got, &err) != ERR_OK) fail_msg("%s", err.text);
            bool same = got.kind == wanted->kind && got.metric == wanted->metric &&
                        fabs(got.quantile - wanted->quantile) < 1e-12 &&
                        got.slower_than_us == wanted->slower_than_us &&
                        got.comparison == comparisons[c].comparison &&
                        fabs(got.limit - wanted->limit) < 1e-9 * wanted->limit &&
                        strcmp(got.region, selectors[s].region) == 0 &&
                        strcmp(got.window, selectors[s].window) == 0;
            if (!same) fail_msg("%s: understood wrongly", whole);
        }
    }
}

/* Each metric of the one table, with each of its flags: a quantile, a maximum and a share. */
static void test_every_metric_in_every_form(void **state)
{
    static const struct {
        const char *statistic;
        double quantile;
    } statistics[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p0.1", 0.001}, {"max", 1}};
    (void)state;
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (!metric_has((enum metric)m, METRIC_IN_THRESHOLDS)) continue;
        char text[64];
        struct threshold wanted = {.kind = THRESHOLD_QUANTILE, .metric = (enum metric)m};
        for (size_t i = 0; i < sizeof statistics / sizeof *statistics; i++) {
            (void)snprintf(text, sizeof text, "%s.%s", metric_name((enum metric)m),
                           statistics[i].statistic);
            wanted.quantile = statistics[i].quantile;
            wanted.limit = 1500000;
            expect(text, &wanted, "1.5s");
        }
        (void)snprintf(text, sizeof text, "share(%s > 800ms)", metric_name((enum metric)m));
        const struct threshold share = {.kind = THRESHOLD_SHARE,
                                        .metric = (enum metric)m,
                                        .slower_than_us = 800000,
                                        .limit = 0.05};
        expect(text, &share, "5%");
    }
}

static void test_every_rate(void **state)
{
    static const struct {
        const char *name;
        enum threshold_kind kind;
    } rows[] = {{"failure_rate", THRESHOLD_ATTEMPT_RATE},
                {"interaction_failure_rate", THRESHOLD_INTERACTION_RATE},
                {"session_failure_rate", THRESHOLD_SESSION_RATE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct threshold wanted = {.kind = rows[i].kind, .limit = 0.001};
        expect(rows[i].name, &wanted, "0.1%");
    }
}

/* Cut off anywhere, or with anything behind it, an expression is refused, and the place in the
 * complaint lies within it or right behind. */
static void test_no_part_of_an_expression_is_one(void **state)
{
    static const char *const whole[] = {"failure_rate < 1%", "ttft.p99{region=a,window=w} >= 2.5s",
                                        "share(first_answer > 1.5s){window=1m} <= 10%"};
    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        size_t length = strlen(whole[i]);
        for (size_t cut = 0; cut < length; cut++) {
            char text[80];
            struct threshold got;
            struct error err = {0};
            (void)snprintf(text, sizeof text, "%.*s", (int)cut, whole[i]);
            if (threshold_parse(text, &got, &err) != ERR_PROFILE) fail_msg("\"%s\"", text);
            const char *said = strstr(err.text, "character ");
            if (said == NULL) fail_msg("%s", err.text);
            long at = strtol(said + 10, NULL, 10);
            if (at < 1 || at > (long)cut + 1) fail_msg("%s", err.text);
        }
        char more[96];
        struct threshold got;
        struct error err = {0};
        (void)snprintf(more, sizeof more, "%s and", whole[i]);
        assert_int_equal(threshold_parse(more, &got, &err), ERR_PROFILE);
        assert_int_equal(threshold_parse_metric(whole[i], &got, &err), ERR_PROFILE);
    }
}

/* A name that the place does not hold is refused, not cut. */
static void test_long_names(void **state)
{
    (void)state;
    for (size_t length = 62; length <= 66; length++) {
        char name[80];
        char text[128];
        struct threshold got = {0};
        struct error err = {0};
        memset(name, 'r', length);
        name[length] = '\0';
        (void)snprintf(text, sizeof text, "failure_rate{region=%s} < 1%%", name);
        enum err_code code = threshold_parse(text, &got, &err);
        assert_int_equal(code, length <= 63 ? ERR_OK : ERR_PROFILE);
        if (length <= 63) assert_string_equal(got.region, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_every_latency_metric_has_its_name),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_every_metric_in_every_form),
        cmocka_unit_test(test_every_rate),
        cmocka_unit_test(test_no_part_of_an_expression_is_one),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
