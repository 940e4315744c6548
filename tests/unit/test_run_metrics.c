/*
 * CONTRIBUTING's recipe for a latency metric, followed for every row of the table: with its row in
 * METRIC_MAP and one value, a metric is in the log, in run.json, in every form of the report, in
 * thresholds and at the metrics endpoint, as its uses say, and nowhere else.
 */
#include "page/page.h"
#include "report/report.h"
#include "watch/openmetrics.h"

#include "figures/judge.h"
#include "figures/model.h"
#include "test_report_fixture.h"

#define ONE                                                                                        \
    "{\"name\":\"one\",\"regions\":[{\"name\":\"eastus2\",\"endpoint\":\"https://"                 \
    "a.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],\"load\":{"    \
    "\"stages\":[{\"duration\":\"1h\",\"target\":1}]},\"windows\":{\"interval\":\"1h\","           \
    "\"report\":[\"1h\"]}}"

/* A run of 400 attempts in which every metric has its own value: (index + 1) times 10 ms. */
static struct results *run_of_every_metric(struct maker *m)
{
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    m->cells[0].counters.attempts_ok = 400;
    for (int i = 0; i < 400; i++) {
        for (int metric = 0; metric < METRIC_COUNT; metric++)
            cell_latency(&m->cells[0], (enum metric)metric, (metric + 1) * 10 * NS_PER_MS);
    }
    maker_write(m);
    maker_finish(m, "complete");
    return maker_load(m, NULL, 0);
}

static bool says(const struct text *text, const char *format, enum metric metric)
{
    char wanted[80];
    (void)snprintf(wanted, sizeof wanted, format, metric_name(metric));
    return strstr(text_str(text), wanted) != NULL;
}

static void expect(const struct text *text, const char *format, enum metric metric, bool wanted)
{
    if (says(text, format, metric) != wanted)
        fail_msg("%s: \"%s\" is %s", metric_name(metric), format, wanted ? "missing" : "there");
}

static void every_form_of_the_report_has_it(void **state)
{
    (void)state;
    struct maker *m = maker_new(ONE, NULL);
    struct results *results = run_of_every_metric(m);
    struct text json = {0};
    struct text csv = {0};
    struct text terminal = {0};
    struct text markdown = {0};
    struct text html = {0};
    results_json(results, &json);
    results_csv(results, &csv);
    results_text(results, false, &terminal);
    results_markdown(results, &markdown);
    results_html(results, &html);
    cJSON *tree = cJSON_Parse(text_str(&json));
    const cJSON *latencies = cJSON_GetObjectItem(
        cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "regions"), 0), "latency_ms");
    for (int i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = (enum metric)i;
        const cJSON *figures = cJSON_GetObjectItem(latencies, metric_name(metric));
        assert_int_equal(cJSON_GetObjectItem(figures, "count")->valueint, 400);
        double p99 = cJSON_GetObjectItem(figures, "p99")->valuedouble;
        if (!(p99 >= 10.0 * (i + 1) && p99 <= 10.1 * (i + 1)))
            fail_msg("%s has a P99 of %g ms", metric_name(metric), p99);
        assert_int_equal(cJSON_HasObjectItem(figures, "all_attempts"),
                         metric_has(metric, METRIC_OF_ATTEMPT));
        expect(&csv, ",%s_p99_ms,", metric, metric_has(metric, METRIC_IN_CSV));
        expect(&terminal, "  %s P99", metric, metric_has(metric, METRIC_SHOWN));
        expect(&terminal, "\n  %s: ", metric,
               metric_has(metric, METRIC_SHOWN) || metric_has(metric, METRIC_OF_SPEECH));
        expect(&markdown, "- **%s**: ", metric, true);
        expect(&html, "<dt>%s</dt>", metric, true);
        assert_non_null(strstr(text_str(&markdown), metric_meaning(metric)));
    }
    cJSON_Delete(tree);
    text_free(&json);
    text_free(&csv);
    text_free(&terminal);
    text_free(&markdown);
    text_free(&html);
    results_free(results);
    maker_free(m);
}

static void thresholds_take_it_and_judge_it(void **state)
{
    (void)state;
    struct maker *m = maker_new(ONE, NULL);
    struct results *results = run_of_every_metric(m);
    static const char *const forms[] = {"%s.p50{about=run} < %dms",
                                        "share(%s > %dms){about=run} < 1%%"};
    for (int i = 0; i < METRIC_COUNT; i++) {
        for (size_t f = 0; f < 2; f++) {
            char expression[80];
            struct threshold threshold;
            bool known = metric_has((enum metric)i, METRIC_IN_THRESHOLDS);
            /* its own value is below this limit, and that of the next metric is not */
            (void)snprintf(expression, sizeof expression, forms[f], metric_name((enum metric)i),
                           (i + 1) * 10 + 5);
            assert_int_equal(threshold_parse(expression, &threshold, NULL) == ERR_OK, known);
            if (!known) continue;
            const struct claim_of of = claim_of_region(results, 0);
            struct judgement j = judge_cell(&threshold, &of);
            if (j.verdict != VERDICT_PASS) fail_msg("%s: %s", expression, verdict_name(j.verdict));
        }
    }
    results_free(results);
    maker_free(m);
}

static void the_endpoint_exports_it(void **state)
{
    (void)state;
    struct maker *m = maker_new(ONE, NULL);
    struct cell cell = {0};
    struct health health = {0};
    const struct region_snapshot region = {.region = &m->profile->regions[0], .totals = &cell};
    const struct run_snapshot live = {.id = "run",
                                      .profile = m->profile,
                                      .phase = RUN_RUNNING,
                                      .health = &health,
                                      .latest = &health,
                                      .regions = &region,
                                      .region_count = 1};
    struct text out = {0};
    for (int i = 0; i < METRIC_COUNT; i++)
        cell_latency(&cell, (enum metric)i, (i + 1) * 10 * NS_PER_MS);
    openmetrics_write(&live, EXPOSITION_OPENMETRICS, &out);
    for (int i = 0; i < METRIC_COUNT; i++) {
        bool exported = metric_has((enum metric)i, METRIC_EXPORTED);
        expect(&out, "rushhour_%s_seconds_count{region=\"eastus2\"} 1\n", (enum metric)i, exported);
    }
    text_free(&out);
    cell_free(&cell);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_report_has_it),
        cmocka_unit_test(thresholds_take_it_and_judge_it),
        cmocka_unit_test(the_endpoint_exports_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
