/* Quantiles that are printed: of something that succeeded, and with bounds in order. */
#include "base/random.h"
#include "figures/cells.h"
#include "report/format.h"
#include "report/report.h"
#include "test_report_fixture.h"

#define REGION(name)                                                                               \
    "{\"name\":\"" name "\",\"endpoint\":\"https://contoso.openai.azure.com\",\"deployment\":"     \
    "\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}"
#define TWO                                                                                        \
    "{\"name\":\"two\",\"regions\":[" REGION("dead") "," REGION(                                   \
        "alive") "],\"load\":{\"stages\":[{\"duration\":\"3h\",\"target\":1}]},\"thresholds\":["   \
                 "\"interaction.p50{region=dead,about=run} < 5s\",\"interaction.p50{region=alive," \
                 "about=run} < 5s\"]}"

/* Ten sessions of a region, each of whose interactions took so long, answered or not. */
static void add(struct maker *m, size_t region, const char *attempts, int64_t ms)
{
    for (uint64_t i = 1; i <= 10; i++) {
        maker_session(m, region, 100 * region + i, attempts, 50);
        for (size_t k = 0; k < strlen(attempts); k++)
            cell_latency(&m->cells[region], METRIC_INTERACTION, ms * NS_PER_MS);
    }
}

/* Where nothing succeeded no latency is shown, nor passes a limit, however fast it was given up. */
static void nothing_that_succeeded_has_no_quantile(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO, NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 10 * NS_PER_S);
    add(m, 0, "FF", 3);
    add(m, 1, ".F", 2000);
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    const struct report_cell *dead = results_region(results, 0);
    const struct report_cell *alive = results_region(results, 1);
    for (int metric = 0; metric < METRIC_COUNT; metric++) {
        if (metric_has((enum metric)metric, METRIC_SHOWN))
            assert_int_equal(dead->latency[metric].count, 0);
    }
    assert_int_equal(dead->unanswered, 20);
    assert_int_equal(alive->latency[METRIC_INTERACTION].count, 20);
    /* nor do they stand for all regions */
    assert_int_equal(results->all.latency[METRIC_INTERACTION].count, 20);
    assert_true(results->all.latency[METRIC_INTERACTION].p50 > 1900000);
    assert_int_equal(results->judged[0].of.verdict, VERDICT_INCONCLUSIVE);
    assert_false(results->judged[0].of.observed_known);
    assert_int_equal(results->judged[1].of.verdict, VERDICT_PASS);
    assert_null(strstr(text_str(&results->notes), "latencies (interaction)"));
    results_free(results);
    maker_free(m);
}

/* A cell of random latencies as a replay of this resolution measured them. */
static void draw(struct random *random, struct report_cell *cell, struct clock_resolution *least)
{
    const uint64_t count = 50 + random_below(random, 800);
    const int64_t spread_us = 1 + (int64_t)random_below(random, 2000000);
    const int64_t base_us = (int64_t)random_below(random, 2000000);
    *cell = (struct report_cell){.intervals = 1, .health.valid = true};
    for (uint64_t i = 0; i < count; i++)
        cell_latency(&cell->cell, METRIC_TTFT,
                     (base_us + (int64_t)random_below(random, (uint64_t)spread_us)) * NS_PER_US);
    cell->cell.counters.attempts_ok = count;
    least->tail_us = (int64_t)random_below(random, random_below(random, 2) == 0 ? 50000 : 2000000);
    least->median_us = (int64_t)random_below(random, (uint64_t)least->tail_us + 1);
    report_cell_settle(cell);
    report_cell_resolve(cell, least);
}

/* Whatever a replay may have added: no lower bound is above its quantile, none of a higher quantile
 * below that of a lower one, and no bound that is printed alone is below P95 beside it. */
static void bounds_are_in_order(void **state)
{
    struct random random;
    size_t told = 0;
    (void)state;
    random_seed(&random, 5, 1);
    for (int i = 0; i < 400; i++) {
        struct report_cell cell;
        struct clock_resolution least;
        struct text tail = {0};
        draw(&random, &cell, &least);
        const struct latency_figures *l = &cell.latency[METRIC_TTFT];
        assert_true(l->median.low <= l->p50 && l->p50 <= l->median.high);
        assert_true(l->median.low <= l->tail.low && l->tail.low <= l->p99);
        assert_true(l->p99 <= l->tail.high);
        format_tail(&tail, l);
        const bool alone = strncmp(text_str(&tail), ">= ", 3) == 0;
        if (alone && l->tail.low < l->p95)
            fail_msg("%s beside a P95 of %lld us", text_str(&tail), (long long)l->p95);
        told += alone;
        text_free(&tail);
        report_cell_free(&cell);
    }
    assert_true(told > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_succeeded_has_no_quantile),
        cmocka_unit_test(bounds_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
