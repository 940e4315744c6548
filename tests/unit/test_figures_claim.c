/* What run folders say of the service at such hours: steady services, incidents, drifts, parts of a
 * run, latencies. */
#include "figures/claim.h"

#include "test_report_fixture.h"

#include <math.h>

#define STEP (10 * NS_PER_S)
#define STEPS 360
#define EACH 8 /* attempts an interval and region, each of a session of its own */

#define REGIONS                                                                                    \
    "\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://a.openai.azure.com\",\"deployment\":"     \
    "\"d\",\"auth\":{\"api_key\":\"${K}\"}},{\"name\":\"b\",\"endpoint\":\"https://"               \
    "b.openai.azure.com\",\"deployment\":\"d\",\"auth\":{\"api_key\":\"${K}\"}}]"
#define PROFILE(attempts)                                                                          \
    "{\"name\":\"claim\"," REGIONS ",\"load\":{\"stages\":[{\"duration\":\"1h\",\"target\":1}]},"  \
    "\"record\":{\"attempts\":" attempts                                                           \
    "},\"windows\":{\"report\":[\"10m\",\"late=06:30-07:00@America/Los_Angeles\"]}}"

/* Whether attempt i of an interval fails, and how slow it is in ms otherwise. */
typedef bool fails(size_t step, size_t i);
typedef double slowness(size_t step, size_t i);

static bool never(size_t step, size_t i)
{
    (void)step;
    (void)i;
    return false;
}

/* Every 40th attempt. */
static bool evenly(size_t step, size_t i)
{
    return (step * EACH + i) % 40 == 7;
}

static bool in_a_burst(size_t step, size_t i)
{
    return evenly(step, i) || (step >= 100 && step < 112 && i % 2 == 0);
}

/* All of what fails lies in the second half, evenly. */
static bool in_the_second_half(size_t step, size_t i)
{
    return step >= STEPS / 2 && evenly(step, i);
}

static bool just_once(size_t step, size_t i)
{
    return step == 77 && i == 3;
}

static double quick(size_t step, size_t i)
{
    return 300 + (double)((step * 7 + i * 13) % 100);
}

static double slow_for_two_minutes(size_t step, size_t i)
{
    return step >= 200 && step < 212 ? 2000 : quick(step, i);
}

static double slow_now_and_then(size_t step, size_t i)
{
    return (step * EACH + i) % 25 == 3 ? 2000 : quick(step, i);
}

/* An hour of region a as told, and of region b, in which every 40th fails. */
static struct results *hour(fails *bad, slowness *ms, bool attempts)
{
    struct maker *m = maker_new(attempts ? PROFILE("true") : PROFILE("false"), NULL);
    uint64_t number = 0;
    for (size_t step = 0; step < STEPS; step++) {
        int64_t start_ns = SIX_PDT + (int64_t)step * STEP;
        maker_interval(m, start_ns, start_ns + STEP);
        for (size_t i = 0; i < EACH; i++) {
            maker_session(m, 0, ++number, bad(step, i) ? "F" : ".", ms(step, i));
            maker_session(m, 1, ++number, evenly(step, i) ? "F" : ".", 300);
        }
        maker_write(m);
    }
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    maker_free(m);
    return results;
}

static const struct {
    const char *name;
    fails *bad;
    enum dependence_why why;
    const char *words;
} services[] = {
    {"never", never, DEPENDENCE_KNOWN, ""},
    {"once", just_once, DEPENDENCE_KNOWN, ""},
    {"evenly", evenly, DEPENDENCE_KNOWN, ""},
    {"a burst", in_a_burst, DEPENDENCE_FEW_INCIDENTS, "one incident of 2m carries "},
    {"second half", in_the_second_half, DEPENDENCE_DRIFT, "as slowly as the run is long"},
};

/* The same answer with attempts.csv and without: blocks come from intervals.csv. */
static void says_what_it_can_tell_and_why_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof services / sizeof *services; i++) {
        const char *name = services[i / 2].name;
        struct results *results = hour(services[i / 2].bad, quick, i % 2 == 1);
        struct claim_of of = claim_of_region(results, 0);
        struct service_rate r = claim_failure_rate(&of, RATE_ATTEMPT);
        struct estimate window = report_cell_rate(of.cell, RATE_ATTEMPT).estimate;
        struct text why = {0};
        if (r.dependence.why != services[i / 2].why)
            fail_msg("%s: %s", name, dependence_phrase(r.dependence.why));
        bool known = r.dependence.why == DEPENDENCE_KNOWN;
        if (!known) claim_why(&of, &r.dependence, &why);
        if (strstr(text_str(&why), services[i / 2].words) == NULL)
            fail_msg("%s: %s", name, text_str(&why));
        assert_true(fabs(r.estimate.value - window.value) < 1e-12);
        assert_true(r.estimate.low <= window.low && r.estimate.high >= window.high);
        /* 3.0 incidents an hour, each 120 s at 60% */
        double room = r.estimate.high - log(0.05) * 120 / 3600 * 0.6;
        assert_true(fabs(claim_room(&r) - fmin(1, room)) < 1e-9);
        text_free(&why);
        results_free(results);
    }
}

/* A run ended by its abort rule has failures at its end whatever the service does: it tells
 * nothing about other hours, neither by itself nor against another run. */
static void a_run_ended_for_its_failures_answers_for_itself(void **state)
{
    (void)state;
    static const struct threshold rate = {.kind = THRESHOLD_ATTEMPT_RATE};
    struct results *whole = hour(evenly, quick, false);
    struct results *ended = hour(evenly, quick, false);
    cJSON_AddItemToObject(ended->manifest, "abort_rule",
                          cJSON_Parse("{\"regions\":[{\"verdict\":\"too_high\"}]}"));
    struct claim_of a = claim_of_region(whole, 0);
    struct claim_of b = claim_of_region(ended, 0);
    struct service_rate r = claim_failure_rate(&b, RATE_ATTEMPT);
    assert_int_equal(claim_failure_rate(&a, RATE_ATTEMPT).dependence.why, DEPENDENCE_KNOWN);
    assert_int_equal(r.dependence.why, DEPENDENCE_STOPPED);
    assert_true(r.estimate.low == 0 && r.estimate.high == 1);
    struct text why = {0};
    claim_why(&b, &r.dependence, &why);
    assert_non_null(strstr(text_str(&why), "ended because of its failures"));
    text_free(&why);
    for (int turned = 0; turned <= 1; turned++) {
        struct service_difference d =
            claim_difference(turned ? &b : &a, turned ? &a : &b, &rate, false, 0.95);
        assert_int_equal(d.dependence.why, DEPENDENCE_STOPPED);
        assert_int_equal(service_verdict(&d), DIFFERENCE_UNDECIDED);
    }
    results_free(whole);
    results_free(ended);
}

/* Inside and outside of a window are the whole, and so are one region and all others. */
static void parts_add_up(void **state)
{
    (void)state;
    struct results *results = hour(in_a_burst, quick, false);
    const struct series_what what = {.of = SERIES_OF_ATTEMPTS};
    const struct grouping *late = &results->groupings[3];
    assert_string_equal(late->window->name, "late");
    const struct series_cut cuts[] = {
        {0}, {.grouping = late}, {.grouping = late, .outside = true}, {.outside = true}};
    const size_t regions[] = {SERIES_ALL_REGIONS, 0, 1, SERIES_ALL_BUT(0), SERIES_ALL_BUT(1)};
    struct block_totals totals[4][5];
    size_t counts[4];
    for (size_t c = 0; c < 4; c++) {
        for (size_t r = 0; r < 5; r++) {
            struct series_blocks blocks;
            assert_true(series_blocks(&results->series, &cuts[c], regions[r], &what, &blocks));
            totals[c][r] = block_totals(blocks.list, blocks.count);
            counts[c] = blocks.count;
            series_blocks_free(&blocks);
        }
        assert_true(totals[c][0].failures == totals[c][1].failures + totals[c][2].failures);
        assert_true(totals[c][3].failures == totals[c][2].failures);
        assert_true(totals[c][4].failures == totals[c][1].failures);
    }
    assert_int_equal(counts[0], STEPS);
    assert_int_equal(counts[1], STEPS / 2);
    assert_int_equal(counts[2], STEPS / 2);
    assert_int_equal(counts[3], 0);
    assert_true(totals[0][0].attempts == 2.0 * STEPS * EACH);
    assert_true(totals[1][1].attempts + totals[2][1].attempts == totals[0][1].attempts);
    /* the burst lies before the window */
    assert_true(totals[1][1].failures == (double)STEPS * EACH / 2 / 40);
    results_free(results);
}

/* Slow attempts come together or not, whatever failures do; how many they are is exact. */
static void latencies_have_a_dependence_of_their_own(void **state)
{
    (void)state;
    for (int together = 0; together <= 1; together++) {
        struct results *results =
            hour(never, together ? slow_for_two_minutes : slow_now_and_then, together == 1);
        struct claim_of of = claim_of_region(results, 0);
        static const struct threshold slow = {
            .kind = THRESHOLD_SHARE, .metric = METRIC_TTFT, .slower_than_us = 1000000};
        struct service_rate r = claim_rate(&of, &slow, 0.95);
        assert_int_equal(r.dependence.why, together ? DEPENDENCE_FEW_INCIDENTS : DEPENDENCE_KNOWN);
        double wanted = together ? 12.0 * EACH / (STEPS * EACH) : 1.0 / 25;
        assert_true(fabs(r.estimate.value - wanted) < 1e-3);
        struct service_rate above;
        struct quantile p99 = claim_quantile(&of, METRIC_TTFT, 0.99, 0.95, &above);
        assert_int_equal(p99.valid, !together);
        struct quantile p50 = claim_quantile(&of, METRIC_TTFT, 0.5, 0.95, &above);
        assert_true(p50.valid && p50.low <= p50.value && p50.value <= p50.high);
        struct quantile plain = histogram_quantile(of.cell->cell.latency[METRIC_TTFT], 0.5, 0.95);
        assert_true(p50.low <= plain.low && p50.high >= plain.high);
        results_free(results);
    }
}

/* What strikes both regions cancels out of their difference, and what strikes one decides nothing
 * when it came once. */
static void differences_go_by_blocks(void **state)
{
    (void)state;
    static const struct threshold rate = {.kind = THRESHOLD_ATTEMPT_RATE};
    struct results *same = hour(evenly, quick, false);
    struct results *struck = hour(in_a_burst, quick, false);
    struct results *never_fails = hour(never, quick, false);
    struct claim_of a = claim_of_region(same, 0);
    struct claim_of b = claim_of_region(same, 1);
    struct service_difference d = claim_difference(&a, &b, &rate, true, 0.95);
    assert_true(d.difference.valid && d.difference.value == 0);
    assert_int_equal(service_verdict(&d), DIFFERENCE_UNDECIDED);
    a = claim_of_region(struck, 0);
    b = claim_of_region(struck, 1);
    d = claim_difference(&b, &a, &rate, true, 0.95);
    assert_int_equal(d.dependence.why, DEPENDENCE_FEW_INCIDENTS);
    assert_int_equal(service_verdict(&d), DIFFERENCE_UNDECIDED);
    assert_true(service_difference_p(&d, 0.95) == 1);
    a = claim_of_region(never_fails, 0);
    b = claim_of_region(same, 0);
    d = claim_difference(&a, &b, &rate, false, 0.95);
    assert_int_equal(service_verdict(&d), DIFFERENCE_WORSE);
    assert_true(service_difference_p(&d, 0.95) < 0.05);
    results_free(same);
    results_free(struck);
    results_free(never_fails);
}

/* By scipy.stats: 2 t.sf(0.02/0.019 t.ppf(.975, 5), 5), and the same of the normal. */
static void a_p_is_where_the_interval_would_end(void **state)
{
    (void)state;
    struct service_difference d = {.difference = {true, 0.02, 0.001, 0.04},
                                   .dependence.degrees = 5};
    assert_true(fabs(service_difference_p(&d, 0.95) - 0.042484842800037365) < 1e-9);
    d.dependence.degrees = INFINITY;
    assert_true(fabs(service_difference_p(&d, 0.95) - 0.03910122996698484) < 1e-9);
    d.difference = (struct difference){true, -0.02, -0.04, -0.001};
    assert_true(fabs(service_difference_p(&d, 0.95) - 0.03910122996698484) < 1e-9);
    d.dependence.why = DEPENDENCE_DRIFT;
    assert_true(service_difference_p(&d, 0.95) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_can_tell_and_why_not),
        cmocka_unit_test(a_run_ended_for_its_failures_answers_for_itself),
        cmocka_unit_test(parts_add_up),
        cmocka_unit_test(latencies_have_a_dependence_of_their_own),
        cmocka_unit_test(differences_go_by_blocks),
        cmocka_unit_test(a_p_is_where_the_interval_would_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
