#include "base/clock.h"
#include "figures/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INTERVALS 60

/* A region over an hour of 60 intervals, or fewer. */
struct scene {
    struct results results;
    struct report_cell cell;
};

/*
 * `sessions` sessions of one attempt each, `failed` of them failed; the others have their first
 * token after 1, 2, 3 ... ms. Session i ends in interval i modulo `intervals`: as even as can be.
 */
static void fill_over(struct scene *scene, uint64_t sessions, uint64_t failed, uint64_t intervals)
{
    struct report_cell *cell = &scene->cell;
    struct cell *each = calloc(intervals, sizeof *each);
    *scene = (struct scene){.cell = {.intervals = 1, .health.valid = true},
                            .results.series = {.regions = 1, .wanted[METRIC_TTFT] = true}};
    uint64_t ok = 0;
    for (uint64_t i = 0; i < sessions; i++) {
        bool bad = (i + 1) * failed / sessions > i * failed / sessions;
        int64_t value_ns =
            ((int64_t)(ok * 37 % (sessions > failed ? sessions - failed : 1)) + 1) * NS_PER_MS;
        ok += !bad;
        struct cell *parts[] = {&cell->cell, &each[i % intervals]};
        for (size_t k = 0; k < 2; k++) {
            struct counters *c = &parts[k]->counters;
            c->attempts_failed += bad;
            c->attempts_ok += !bad;
            c->interactions_failed += bad;
            c->interactions_ok += !bad;
            c->sessions_with_attempts++;
            c->sessions_with_failure += bad;
            if (!bad) cell_latency(parts[k], METRIC_TTFT, value_ns);
        }
        cluster_add(&cell->cell.clusters, 1, bad, bad);
    }
    struct series *series = &scene->results.series;
    for (uint64_t i = 0; i < intervals; i++) {
        int64_t start_ns = (int64_t)i * 60 * NS_PER_S;
        assert_true(
            series_add_interval(series, 0, start_ns, start_ns + 60 * NS_PER_S, &each[i].counters));
    }
    for (uint64_t i = 0; i < intervals; i++) {
        if (each[i].latency[METRIC_TTFT] != NULL)
            assert_true(series_add_latency(series, 0, METRIC_TTFT, (int64_t)i * 60 * NS_PER_S,
                                           each[i].latency[METRIC_TTFT]));
        cell_free(&each[i]);
    }
    free(each);
}

static void fill(struct scene *scene, uint64_t sessions, uint64_t failed)
{
    fill_over(scene, sessions, failed, INTERVALS);
}

static void scene_free(struct scene *scene)
{
    series_free(&scene->results.series);
    report_cell_free(&scene->cell);
}

static struct judgement judge(const char *expression, const struct scene *scene)
{
    struct threshold threshold;
    struct error err = {0};
    const struct claim_of of = {.results = &scene->results, .cell = &scene->cell};
    if (threshold_parse(expression, &threshold, &err) != ERR_OK) fail_msg("%s", err.text);
    return judge_cell(&threshold, &of);
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
        struct scene cell;
        fill(&cell, cases[i].sessions, cases[i].failed);
        struct judgement j = judge(cases[i].expression, &cell);
        if (j.verdict != cases[i].verdict) {
            fail_msg("%llu of %llu, %s: %s (%g, %g to %g)", (unsigned long long)cases[i].failed,
                     (unsigned long long)cases[i].sessions, cases[i].expression,
                     verdict_name(j.verdict), j.observed, j.low, j.high);
        }
        if (j.verdict != VERDICT_INCONCLUSIVE) assert_false(j.needed_known);
        scene_free(&cell);
    }
}

static void an_invalid_cell_has_no_other_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene cell;
        fill(&cell, cases[i].sessions, cases[i].failed);
        cell.cell.health.valid = false;
        assert_int_equal(judge(cases[i].expression, &cell).verdict, VERDICT_INVALID);
        scene_free(&cell);
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
        struct scene scene;
        fill(&scene, 1000, 0);
        report_cell_settle(&scene.cell);
        report_cell_resolve(&scene.cell, &least);
        const struct judgement j = judge(rows[i].expression, &scene);
        if (j.verdict != rows[i].verdict)
            fail_msg("%s: %s (%g to %g)", rows[i].expression, verdict_name(j.verdict), j.low,
                     j.high);
        assert_false(j.needed_known); /* no larger sample would tell */
        scene_free(&scene);
    }
}

static void bounds_know_the_resolution(void **state)
{
    static const struct clock_resolution least = {.median_us = 50000, .tail_us = 2000000};
    struct scene scene;
    (void)state;
    fill(&scene, 1000, 0);
    report_cell_settle(&scene.cell);
    const int64_t low_us = scene.cell.latency[METRIC_TTFT].median.low;
    report_cell_resolve(&scene.cell, &least);
    assert_int_equal(scene.cell.latency[METRIC_TTFT].median.low, low_us - least.median_us);
    /* no higher quantile is below what the median leaves */
    assert_int_equal(scene.cell.latency[METRIC_TTFT].tail.low, low_us - least.median_us);
    assert_int_equal(report_cell_least_us(&scene.cell, METRIC_TTFT, 0.5), least.median_us);
    assert_int_equal(report_cell_least_us(&scene.cell, METRIC_TTFT, 0.9), least.tail_us);
    assert_int_equal(report_cell_least_us(&scene.cell, METRIC_LAG, 0.9), 0);
    scene_free(&scene);
}

/* So many more attempts settle it, and a few less do not. */
static void needed_attempts_settle_it(void **state)
{
    (void)state;
    struct scene cell;
    fill(&cell, 997, 8);
    struct judgement j = judge("failure_rate < 1%", &cell);
    assert_true(j.needed_known);
    double n = 997 + j.needed;
    double p = 8.0 / 997;
    assert_true(rate_wilson(p * n, n, 0.95).high < 0.01);
    assert_true(rate_wilson(p * n * 0.99, n * 0.99, 0.95).high > 0.01);
    scene_free(&cell);
    /* At the very limit no sample would do. */
    fill(&cell, 1000, 10);
    assert_false(judge("failure_rate < 1%", &cell).needed_known);
    scene_free(&cell);
    /* A P99 wants 368 samples before anything else. */
    fill(&cell, 300, 0);
    j = judge("ttft.p99 < 10s", &cell);
    assert_true(j.needed_known);
    assert_true(j.needed >= 68);
    assert_true(isinf(j.high));
    scene_free(&cell);
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
        for (size_t k = 0; k < 3; k++) judged[k].of.verdict = runs[i].of[k];
        assert_int_equal(judge_run(judged, 3), runs[i].run);
    }
}

/* Failures that come in one burst: how often bursts come nobody can tell from it. */
static void one_incident_decides_nothing_but_this_run(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        enum verdict verdict;
    } asked[] = {
        {"failure_rate < 1%", VERDICT_INCONCLUSIVE},
        {"failure_rate < 90%", VERDICT_INCONCLUSIVE},
        {"interaction_failure_rate < 1%", VERDICT_INCONCLUSIVE},
        {"session_failure_rate < 1%", VERDICT_INCONCLUSIVE},
        {"failure_rate{about=run} < 1%", VERDICT_FAIL},
        {"failure_rate{about=run} < 10%", VERDICT_PASS},
    };
    struct scene scene;
    fill(&scene, 3000, 0);
    struct counters c = {.attempts_failed = 50, .interactions_failed = 50};
    c.sessions_with_attempts = c.sessions_with_failure = 50;
    for (int64_t minute = 30; minute < 32; minute++) {
        assert_true(series_add_interval(&scene.results.series, 0, minute * 60 * NS_PER_S,
                                        (minute + 1) * 60 * NS_PER_S, &c));
        counters_merge(&scene.cell.cell.counters, &c);
        for (int i = 0; i < 50; i++) cluster_add(&scene.cell.cell.clusters, 1, 1, 1);
    }
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct judgement j = judge(asked[i].expression, &scene);
        if (j.verdict != asked[i].verdict)
            fail_msg("%s: %s, %s", asked[i].expression, verdict_name(j.verdict), j.why);
        if (j.verdict == VERDICT_INCONCLUSIVE) {
            assert_string_equal(j.why, "one incident of 2m carries 100% of the failures");
            assert_true(j.needed_known && j.needed_hours > 1);
        }
    }
    scene_free(&scene);
}

/* Less than twenty minutes cannot tell about other hours, however many attempts there were, but can
 * about this run. */
static void a_short_run_answers_for_itself_alone(void **state)
{
    (void)state;
    for (uint64_t minutes = 2; minutes <= 20; minutes += 6) {
        struct scene scene;
        fill_over(&scene, 600, 0, minutes);
        bool short_run = minutes < 20;
        char why[96];
        (void)snprintf(why, sizeof why,
                       "%dm may lie within one incident, or between two: other hours take 20m",
                       (int)minutes);
        static const char *const asked[] = {"failure_rate < 2%", "share(ttft > 900ms) < 5%",
                                            "ttft.p50 < 800ms"};
        for (size_t i = 0; i < 3; i++) {
            struct judgement j = judge(asked[i], &scene);
            assert_int_equal(j.verdict, short_run ? VERDICT_INCONCLUSIVE : VERDICT_PASS);
            assert_string_equal(j.why, short_run ? why : "");
            if (short_run && i == 0) assert_true(j.needed_known && j.needed_hours > 1.9 / 60);
        }
        assert_int_equal(judge("failure_rate{about=run} < 2%", &scene).verdict, VERDICT_PASS);
        assert_int_equal(judge("ttft.p50{about=run} < 800ms", &scene).verdict, VERDICT_PASS);
        scene_free(&scene);
    }
}

/* With its single attempts at hand a run of one long interval is cut finer: two minutes here. */
static void attempts_cut_a_short_run_finer(void **state)
{
    (void)state;
    for (int burst = 0; burst <= 1; burst++) {
        struct scene scene;
        fill_over(&scene, 0, 0, 1);
        for (int i = 0; i < 600; i++) {
            bool bad = burst && i >= 300 && i < 320;
            struct series_attempt attempt = {.end_ns = i * 2 * NS_PER_S,
                                             .ttft_us = bad ? -1 : 1000,
                                             .response_us = -1,
                                             .failed = bad};
            struct counters c = {.attempts_failed = bad, .attempts_ok = !bad};
            assert_true(series_add_interval(&scene.results.series, 0, 0, 1200 * NS_PER_S, &c));
            assert_true(series_add_attempt(&scene.results.series, &attempt));
            counters_merge(&scene.cell.cell.counters, &c);
            cluster_add(&scene.cell.cell.clusters, 1, bad, bad);
        }
        struct judgement j = judge("failure_rate < 20%", &scene);
        assert_int_equal(j.verdict, burst ? VERDICT_INCONCLUSIVE : VERDICT_PASS);
        assert_int_equal(j.service.dependence.why,
                         burst ? DEPENDENCE_FEW_INCIDENTS : DEPENDENCE_KNOWN);
        scene_free(&scene);
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
        cmocka_unit_test(one_incident_decides_nothing_but_this_run),
        cmocka_unit_test(a_short_run_answers_for_itself_alone),
        cmocka_unit_test(attempts_cut_a_short_run_finer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
