#include "figures/cells.h"
#include "figures/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* `sessions` sessions of one attempt each, `failed` of them failed; the others have their first
 * token after 1, 2, 3 ... ms. */
static void fill(struct report_cell *cell, uint64_t sessions, uint64_t failed)
{
    *cell = (struct report_cell){.intervals = 1, .health.valid = true};
    cell->cell.counters.attempts_failed = failed;
    cell->cell.counters.attempts_ok = sessions - failed;
    cell->cell.counters.interactions_failed = failed;
    cell->cell.counters.interactions_ok = sessions - failed;
    cell->cell.counters.sessions_with_attempts = sessions;
    cell->cell.counters.sessions_with_failure = failed;
    for (uint64_t i = 0; i < sessions; i++)
        cluster_add(&cell->cell.clusters, 1, i < failed, i < failed);
    for (uint64_t i = 1; i <= sessions - failed; i++)
        cell_latency(&cell->cell, METRIC_TTFT, (int64_t)i * 1000000);
}

static struct judgement judge(const char *expression, const struct report_cell *cell)
{
    struct threshold threshold;
    struct error err = {0};
    if (threshold_parse(expression, &threshold, &err) != ERR_OK) fail_msg("%s", err.text);
    return judge_cell(&threshold, cell);
}

static const struct {
    uint64_t sessions, failed;
    const char *expression;
    enum verdict verdict;
} cases[] = {
    /* 135 of 893 is 12.9-17.6%, 8 of 997 is 0.41-1.58% (Wilson, failure catalogue 2.1) */
    {893, 135, "failure_rate < 1%", VERDICT_FAIL},
    {893, 135, "failure_rate < 12.8%", VERDICT_FAIL},
    {893, 135, "failure_rate < 13.5%", VERDICT_INCONCLUSIVE},
    {893, 135, "failure_rate < 17%", VERDICT_INCONCLUSIVE},
    {893, 135, "failure_rate < 18%", VERDICT_PASS},
    {893, 135, "failure_rate > 10%", VERDICT_PASS},
    {893, 135, "failure_rate > 20%", VERDICT_FAIL},
    {997, 8, "failure_rate < 1%", VERDICT_INCONCLUSIVE},
    {997, 8, "failure_rate < 2%", VERDICT_PASS},
    {997, 8, "interaction_failure_rate < 2%", VERDICT_PASS},
    {997, 8, "session_failure_rate < 0.3%", VERDICT_FAIL},
    /* no failure in 100 does not contradict 3% (exact: 3.62%), but does contradict 4% */
    {100, 0, "failure_rate < 3%", VERDICT_INCONCLUSIVE},
    {100, 0, "failure_rate < 4%", VERDICT_PASS},
    {100, 0, "failure_rate >= 0%", VERDICT_PASS},
    /* P99 of 1..1000 ms has ranks 983 and 997; of 300 no upper bound, whatever the values are */
    {1000, 0, "ttft.p99 < 982ms", VERDICT_FAIL},
    {1000, 0, "ttft.p99 < 990ms", VERDICT_INCONCLUSIVE},
    {1000, 0, "ttft.p99 < 1s", VERDICT_PASS},
    {300, 0, "ttft.p99 < 10s", VERDICT_INCONCLUSIVE},
    {300, 0, "ttft.p99 < 200ms", VERDICT_FAIL},
    /* no sample of five can bound a median, and no sample of thirty can bound P10 from below:
     * 0.9^30 is 4.2% */
    {5, 0, "ttft.p50 < 0.5ms", VERDICT_INCONCLUSIVE},
    {5, 0, "ttft.p50 < 10ms", VERDICT_INCONCLUSIVE},
    {6, 0, "ttft.p50 < 0.5ms", VERDICT_FAIL},
    {6, 0, "ttft.p50 < 10ms", VERDICT_PASS},
    {30, 0, "ttft.p10 < 0.5ms", VERDICT_INCONCLUSIVE},
    {30, 0, "ttft.p10 < 20ms", VERDICT_PASS},
    {300, 0, "ttft.max < 200ms", VERDICT_FAIL},
    {300, 0, "ttft.max < 1s", VERDICT_PASS},
    /* slower than 500 ms: 500 of 1000 values, and every failure */
    {1000, 0, "share(ttft > 500ms) < 55%", VERDICT_PASS},
    {1500, 500, "share(ttft > 500ms) < 55%", VERDICT_FAIL},
    {0, 0, "failure_rate < 1%", VERDICT_INCONCLUSIVE},
    {0, 0, "ttft.p99 < 1s", VERDICT_INCONCLUSIVE},
    {100, 0, "dial.p50 < 1s", VERDICT_INCONCLUSIVE},
};

static void verdicts_follow_the_interval(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report_cell cell;
        fill(&cell, cases[i].sessions, cases[i].failed);
        struct judgement j = judge(cases[i].expression, &cell);
        if (j.verdict != cases[i].verdict) {
            fail_msg("%llu of %llu, %s: %s (%g, %g to %g)", (unsigned long long)cases[i].failed,
                     (unsigned long long)cases[i].sessions, cases[i].expression,
                     verdict_name(j.verdict), j.observed, j.low, j.high);
        }
        if (j.verdict != VERDICT_INCONCLUSIVE) assert_false(j.needed_known);
        report_cell_free(&cell);
    }
}

static void an_invalid_cell_has_no_other_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report_cell cell;
        fill(&cell, cases[i].sessions, cases[i].failed);
        cell.health.valid = false;
        assert_int_equal(judge(cases[i].expression, &cell).verdict, VERDICT_INVALID);
        report_cell_free(&cell);
    }
}

/* In a replay a part of each latency may be the machine's: a fail that it may have made is none. */
static void a_replay_fails_only_beyond_its_resolution(void **state)
{
    static const struct clock_resolution least = {.median_us = 50000, .tail_us = 200000};
    static const struct {
        const char *expression;
        enum verdict verdict;
    } rows[] = {
        /* the median of 1..1000 ms is within 469 and 532, P99 within 983 and 997 */
        {"ttft.p50 < 400ms", VERDICT_FAIL},
        {"ttft.p50 < 430ms", VERDICT_INCONCLUSIVE},
        {"ttft.p50 < 550ms", VERDICT_PASS},
        {"ttft.p99 < 700ms", VERDICT_FAIL},
        {"ttft.p99 < 900ms", VERDICT_INCONCLUSIVE},
        {"ttft.p99 < 1s", VERDICT_PASS},
        {"ttft.max < 700ms", VERDICT_FAIL},
        {"ttft.max < 900ms", VERDICT_INCONCLUSIVE},
        /* over 500 ms are half of them, over 700 ms 27.3 to 32.9 % */
        {"share(ttft > 500ms) < 20%", VERDICT_FAIL},
        {"share(ttft > 500ms) < 40%", VERDICT_INCONCLUSIVE},
        {"share(ttft > 500ms) < 60%", VERDICT_PASS},
        {"share(ttft > 500ms) > 40%", VERDICT_INCONCLUSIVE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct report_cell cell;
        fill(&cell, 1000, 0);
        report_cell_settle(&cell);
        report_cell_resolve(&cell, &least);
        const struct judgement j = judge(rows[i].expression, &cell);
        if (j.verdict != rows[i].verdict)
            fail_msg("%s: %s (%g to %g)", rows[i].expression, verdict_name(j.verdict), j.low,
                     j.high);
        assert_false(j.needed_known); /* no larger sample would tell */
        report_cell_free(&cell);
    }
}

static void bounds_know_the_resolution(void **state)
{
    static const struct clock_resolution least = {.median_us = 50000, .tail_us = 2000000};
    struct report_cell cell;
    (void)state;
    fill(&cell, 1000, 0);
    report_cell_settle(&cell);
    const int64_t low_us = cell.latency[METRIC_TTFT].median.low;
    report_cell_resolve(&cell, &least);
    assert_int_equal(cell.latency[METRIC_TTFT].median.low, low_us - least.median_us);
    assert_int_equal(cell.latency[METRIC_TTFT].tail.low, 0);
    assert_int_equal(report_cell_least_us(&cell, METRIC_TTFT, 0.5), least.median_us);
    assert_int_equal(report_cell_least_us(&cell, METRIC_TTFT, 0.9), least.tail_us);
    assert_int_equal(report_cell_least_us(&cell, METRIC_LAG, 0.9), 0);
    report_cell_free(&cell);
}

/* So many more attempts settle it, and a few less do not. */
static void needed_attempts_settle_it(void **state)
{
    (void)state;
    struct report_cell cell;
    fill(&cell, 997, 8);
    struct judgement j = judge("failure_rate < 1%", &cell);
    assert_true(j.needed_known);
    double n = 997 + j.needed;
    double p = 8.0 / 997;
    assert_true(rate_wilson(p * n, n, 0.95).high < 0.01);
    assert_true(rate_wilson(p * n * 0.99, n * 0.99, 0.95).high > 0.01);
    report_cell_free(&cell);
    /* At the very limit no sample would do. */
    fill(&cell, 1000, 10);
    assert_false(judge("failure_rate < 1%", &cell).needed_known);
    report_cell_free(&cell);
    /* A P99 wants 368 samples before anything else. */
    fill(&cell, 300, 0);
    j = judge("ttft.p99 < 10s", &cell);
    assert_true(j.needed_known);
    assert_true(j.needed >= 68);
    assert_true(isinf(j.high));
    report_cell_free(&cell);
}

static void the_worst_verdict_is_the_runs(void **state)
{
    (void)state;
    static const struct {
        enum verdict of[3], run;
    } runs[] = {
        {{VERDICT_PASS, VERDICT_PASS, VERDICT_PASS}, VERDICT_PASS},
        {{VERDICT_PASS, VERDICT_INCONCLUSIVE, VERDICT_PASS}, VERDICT_INCONCLUSIVE},
        {{VERDICT_FAIL, VERDICT_INCONCLUSIVE, VERDICT_PASS}, VERDICT_FAIL},
        {{VERDICT_PASS, VERDICT_FAIL, VERDICT_INVALID}, VERDICT_INVALID},
    };
    assert_int_equal(judge_run(NULL, 0), VERDICT_NONE);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct judged judged[3] = {{0}};
        for (size_t k = 0; k < 3; k++) judged[k].verdict = runs[i].of[k];
        assert_int_equal(judge_run(judged, 3), runs[i].run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_follow_the_interval),
        cmocka_unit_test(an_invalid_cell_has_no_other_verdict),
        cmocka_unit_test(a_replay_fails_only_beyond_its_resolution),
        cmocka_unit_test(bounds_know_the_resolution),
        cmocka_unit_test(needed_attempts_settle_it),
        cmocka_unit_test(the_worst_verdict_is_the_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
