#include "page/page.h"
#include "report/report.h"
#include "test_report_fixture.h"

#include "figures/cells.h"

#include <unistd.h>

static cJSON *json_of(const struct results *results)
{
    struct text json = {0};
    results_json(results, &json);
    assert_false(json.failed);
    cJSON *root = cJSON_ParseWithLength(text_str(&json), json.length);
    text_free(&json);
    assert_non_null(root);
    return root;
}

/* Follows a path such as "windows.0.regions.0.attempts.failed". */
static const cJSON *at(const cJSON *item, const char *path)
{
    char copy[200];
    (void)snprintf(copy, sizeof copy, "%s", path);
    char *rest = copy;
    for (char *key = strsep(&rest, "."); key != NULL; key = strsep(&rest, ".")) {
        bool index = key[0] >= '0' && key[0] <= '9';
        item = index ? cJSON_GetArrayItem(item, atoi(key))
                     : cJSON_GetObjectItemCaseSensitive(item, key);
        if (item == NULL) fail_msg("nothing at %s", path);
    }
    return item;
}

static double number(const cJSON *root, const char *path)
{
    const cJSON *item = at(root, path);
    if (!cJSON_IsNumber(item)) fail_msg("no number at %s", path);
    return item->valuedouble;
}

static void is_near(double value, double wanted, double within)
{
    if (value < wanted - within || value > wanted + within)
        fail_msg("%.10g is not %.10g", value, wanted);
}

static const char *string_at(const cJSON *root, const char *path)
{
    const char *string = cJSON_GetStringValue(at(root, path));
    assert_non_null(string);
    return string;
}

/* The rates and intervals given by the failure catalogue for the two hours. */
static void groups_the_reference_incident(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate < 1%\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    cJSON *root = json_of(results);
    assert_int_equal(cJSON_GetArraySize(at(root, "windows")), 3);
    assert_string_equal(string_at(root, "windows.0.name"), "1h");
    assert_string_equal(string_at(root, "windows.0.start"), "2026-04-14T13:00:00.000Z");
    assert_int_equal((int)number(root, "windows.0.regions.0.attempts.failed"), 8);
    is_near(number(root, "windows.0.regions.0.failure_rate.attempt.value"), 8.0 / 997, 1e-9);
    is_near(number(root, "windows.0.regions.0.failure_rate.attempt.low"), 0.0041, 5e-5);
    is_near(number(root, "windows.0.regions.0.failure_rate.attempt.high"), 0.0158, 5e-5);
    is_near(number(root, "windows.1.regions.0.failure_rate.attempt.value"), 135.0 / 893, 1e-9);
    is_near(number(root, "windows.1.regions.0.failure_rate.attempt.low"), 0.129, 5e-4);
    is_near(number(root, "windows.1.regions.0.failure_rate.attempt.high"), 0.176, 5e-4);
    /* The occurrence of the named window follows local time, and contains only the hour of
     * 08:00. */
    assert_string_equal(string_at(root, "windows.2.name"), "peak");
    assert_string_equal(string_at(root, "windows.2.start"), "2026-04-14T14:00:00.000Z");
    assert_string_equal(string_at(root, "windows.2.end"), "2026-04-14T16:00:00.000Z");
    assert_int_equal((int)number(root, "windows.2.regions.0.attempts.failed"), 135);
    assert_int_equal((int)number(root, "totals.attempts.failed"), 143);
    assert_int_equal((int)number(root, "totals.attempts.ok"), 1747);
    assert_int_equal((int)number(root, "regions.0.failures.0.count"), 143);
    assert_string_equal(string_at(root, "regions.0.failures.0.code"), "server_error");
    assert_string_equal(string_at(root, "verdict"), "fail");
    assert_int_equal(cJSON_GetArraySize(at(root, "notes")), 0);
    cJSON_Delete(root);
    results_free(results);
    maker_free(m);
}

/* Values are 1, 2, ... ms, so a rank is its value; the histogram keeps three digits. */
static void ranks_count_failures_as_infinite(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    cJSON *root = json_of(results);
    /* 989 values of 997 attempts: P50 is the 495th, P99 the 980th; of all attempts the 499th and
     * the 988th. */
    is_near(number(root, "windows.0.regions.0.latency_ms.ttft.p50"), 495, 0.5);
    is_near(number(root, "windows.0.regions.0.latency_ms.ttft.p99"), 980, 1);
    is_near(number(root, "windows.0.regions.0.latency_ms.ttft.max"), 989, 1);
    is_near(number(root, "windows.0.regions.0.latency_ms.ttft.all_attempts.p50"), 499, 0.5);
    is_near(number(root, "windows.0.regions.0.latency_ms.ttft.all_attempts.p99"), 988, 1);
    /* 758 of 893: the 849th and the 885th attempt never got a token. */
    is_near(number(root, "windows.1.regions.0.latency_ms.ttft.all_attempts.p50"), 447, 0.5);
    assert_true(cJSON_IsNull(at(root, "windows.1.regions.0.latency_ms.ttft.all_attempts.p95")));
    assert_int_equal(
        cJSON_GetArraySize(at(root, "windows.1.regions.0.latency_ms.ttft.all_attempts.infinite")),
        2);
    assert_int_equal(
        (int)number(root, "windows.1.regions.0.latency_ms.ttft.all_attempts.without_value"), 135);
    assert_string_equal(string_at(root, "verdict"), "none");
    cJSON_Delete(root);
    results_free(results);
    maker_free(m);
}

/*
 * 100 sessions of 10 attempts, 20 of them with 5 failures: sum (x_i - m_i p)^2 = 20*16 + 80*1 =
 * 400, v = 400/10^6 * 100/99, p(1-p)/(n-1) = 0.09/999, so the design effect is 4.4848 and Wilson
 * works with 222.97 attempts.
 */
static void knows_that_sessions_fail_together(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    for (uint64_t i = 1; i <= 100; i++)
        maker_session(m, 0, i, i <= 20 ? ".....FFFFF" : "..........", 100);
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    cJSON *root = json_of(results);
    is_near(number(root, "regions.0.failure_rate.design_effect"), 4.48485, 1e-4);
    /* Student's t on twice the 20 sessions with a failure, 2.02108, is the normal quantile of this
     * confidence. */
    struct estimate wilson = rate_wilson(22.297, 222.97, 0.9567280377931343);
    is_near(number(root, "regions.0.failure_rate.attempt.low"), wilson.low, 1e-5);
    is_near(number(root, "regions.0.failure_rate.attempt.high"), wilson.high, 1e-5);
    is_near(number(root, "regions.0.failure_rate.session.value"), 0.2, 1e-9);
    /* At risk: 80 sessions with 10 attempts, 20 with 6 up to their first failure. */
    is_near(number(root, "regions.0.failure_rate.hazard.value"), 20.0 / 920, 1e-9);
    is_near(number(root, "regions.0.failure_rate.interaction.value"), 0.1, 1e-9);
    is_near(number(root, "regions.0.failure_rate.interaction.high"), wilson.high, 1e-5);
    cJSON_Delete(root);
    results_free(results);
    maker_free(m);
}

/* A session across two windows: attempts.csv splits it, the cluster sums of intervals.csv put it
 * where it ended. */
static void splits_a_session_over_windows(void **state)
{
    (void)state;
    for (int with_attempts = 0; with_attempts <= 1; with_attempts++) {
        struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
        m->profile->record_attempts = with_attempts == 1;
        maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
        maker_session(m, 0, 7, ".F", 100);
        m->cells[0].clusters = (struct cluster_sums){0};
        m->cells[0].counters.sessions_with_attempts = 0;
        m->cells[0].counters.sessions_with_failure = 0;
        maker_write(m);
        maker_interval(m, SIX_PDT + HOUR, SIX_PDT + 2 * HOUR);
        maker_session(m, 0, 7, "..", 100);
        m->cells[0].clusters = (struct cluster_sums){0};
        m->cells[0].counters.sessions_with_failure = 1;
        cluster_add(&m->cells[0].clusters, 4, 1, 2);
        maker_write(m);
        maker_finish(m, "complete");
        struct results *results = maker_load(m, NULL, 0);
        cJSON *root = json_of(results);
        int first = (int)number(root, "windows.0.regions.0.sessions.with_attempts");
        assert_int_equal(first, with_attempts);
        assert_int_equal((int)number(root, "windows.0.regions.0.sessions.with_failed_attempt"),
                         with_attempts);
        assert_int_equal((int)number(root, "windows.1.regions.0.sessions.with_attempts"), 1);
        assert_int_equal((int)number(root, "windows.1.regions.0.sessions.with_failed_attempt"),
                         1 - with_attempts);
        assert_int_equal((int)number(root, "regions.0.sessions.with_attempts"), 1);
        bool said = false;
        for (int i = 0; i < cJSON_GetArraySize(at(root, "notes")); i++) {
            const char *note = cJSON_GetArrayItem(at(root, "notes"), i)->valuestring;
            said = said || strstr(note, "no attempts.csv") != NULL;
        }
        assert_int_equal(said, !with_attempts);
        cJSON_Delete(root);
        results_free(results);
        maker_free(m);
    }
}

static void says_when_files_disagree(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    maker_session(m, 0, 1, "..F", 100);
    m->cells[0].counters.attempts_failed = 3;
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text out = {0};
    results_text(results, false, &out);
    assert_non_null(
        strstr(text_str(&out),
               "eastus2: intervals.csv counts 5 attempts and 3 failed, attempts.csv has 3 and 1"));
    assert_non_null(strstr(text_str(&out), "failures.jsonl has 1 records for 3 failed attempts"));
    text_free(&out);
    results_free(results);
    maker_free(m);
}

static void cut(const struct maker *m, const char *name, off_t bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", m->folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    off_t size = (off_t)ftell(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(path, size - bytes), 0);
}

/* Killed in the middle of the second interval's rows: the first is reported, and the loss is
 * mentioned. */
static void reports_a_killed_run(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    maker_incident(m);
    maker_finish(m, "running");
    cut(m, "intervals.csv", 30);
    cut(m, "latency.hlog", 40);
    cut(m, "attempts.csv", 10);
    cut(m, "failures.jsonl", 10);
    struct results *results = maker_load(m, NULL, 0);
    cJSON *root = json_of(results);
    assert_int_equal((int)number(root, "totals.attempts.failed"), 8);
    assert_int_equal((int)number(root, "totals.attempts.ok"), 989);
    assert_int_equal((int)number(root, "regions.0.latency_ms.ttft.count"), 989);
    struct text out = {0};
    results_text(results, false, &out);
    assert_non_null(strstr(text_str(&out), "intervals.csv: the last line is torn"));
    assert_non_null(
        strstr(text_str(&out), "892 attempts and 134 failures lie outside every interval"));
    assert_non_null(strstr(text_str(&out), "running"));
    text_free(&out);
    cJSON_Delete(root);
    results_free(results);
    maker_free(m);
}

/* A run that was killed before its first interval was complete still has a report in every
 * format. */
static void reports_nothing_without_intervals(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate < 1%\",\"ttft.p99 < 1s\""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    maker_finish(m, "running");
    struct results *results = maker_load(m, NULL, 0);
    struct text out = {0};
    assert_int_equal(results_verdict(results), VERDICT_INCONCLUSIVE);
    results_text(results, true, &out);
    assert_non_null(strstr(text_str(&out), "The run has no whole interval"));
    results_markdown(results, &out);
    results_html(results, &out);
    results_csv(results, &out);
    assert_false(out.failed);
    cJSON *root = json_of(results);
    cJSON_Delete(root);
    text_free(&out);
    results_free(results);
    maker_free(m);
}

static void completes_the_manifest(void **state)
{
    (void)state;
    struct error err = {0};
    struct maker *m = maker_new(
        INCIDENT_PROFILE("\"failure_rate{window=peak} < 5%\",\"share(ttft > 1s) < 50%\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    cJSON *manifest = cJSON_Parse("{\"format\":1,\"totals\":0,\"verdict\":\"old\"}");
    assert_int_equal(results_complete_manifest(results, manifest, &err), ERR_OK);
    assert_int_equal((int)number(manifest, "totals.attempts.failed"), 143);
    assert_string_equal(string_at(manifest, "verdict"), "fail");
    assert_string_equal(string_at(manifest, "thresholds.0.verdict"), "fail");
    assert_string_equal(string_at(manifest, "thresholds.0.region"), "eastus2");
    is_near(number(manifest, "thresholds.0.observed"), 135.0 / 893, 1e-9);
    assert_string_equal(string_at(manifest, "thresholds.1.verdict"), "pass");
    is_near(number(manifest, "thresholds.1.observed"), 143.0 / 1890, 1e-9);
    assert_string_equal(string_at(manifest, "regions.0.host"), "contoso.openai.azure.com");
    assert_string_equal(string_at(manifest, "regions.0.deployment"), "rt");
    assert_string_equal(string_at(manifest, "regions.0.dialect"), "ga");
    assert_true(cJSON_IsTrue(at(manifest, "generator.trustworthy")));
    assert_int_equal((int)number(manifest, "format"), 1);
    cJSON_Delete(manifest);
    results_free(results);
    maker_free(m);
}

/* The health of a period is judged as a whole: 1.5% of late loops invalidate their interval, 0.75%
 * do not invalidate the run. */
static void validity_is_that_of_the_stretch(void **state)
{
    (void)state;
    static const struct {
        uint64_t late; /* of 1,000 loops of the first interval; the limit is 1% */
        bool window, run;
        enum verdict verdict;
    } cases[] = {
        {0, true, true, VERDICT_PASS},
        {15, false, true, VERDICT_PASS},
        {50, false, false, VERDICT_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate < 90%\""), NULL);
        maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
        for (uint64_t s = 1; s <= 20; s++) maker_session(m, 0, s, "...", 100);
        m->health.loops = 1000;
        m->health.loops_late = cases[i].late;
        m->health.loop_delay_p99_ns = 31 * NS_PER_MS;
        health_judge(&m->health);
        maker_write(m);
        maker_interval(m, SIX_PDT + HOUR, SIX_PDT + 2 * HOUR);
        maker_session(m, 0, 21, "...", 100);
        m->health.loops_late = 0;
        health_judge(&m->health);
        maker_write(m);
        maker_finish(m, "complete");
        struct results *results = maker_load(m, NULL, 0);
        cJSON *root = json_of(results);
        assert_int_equal(cJSON_IsTrue(at(root, "windows.0.regions.0.valid")), cases[i].window);
        assert_int_equal(string_at(root, "windows.0.regions.0.why")[0] == '\0', cases[i].window);
        assert_true(cJSON_IsTrue(at(root, "windows.1.regions.0.valid")));
        assert_int_equal(cJSON_IsTrue(at(root, "generator.trustworthy")), cases[i].run);
        assert_int_equal((int)number(root, "generator.invalid_intervals"), !cases[i].window);
        assert_int_equal(results_verdict(results), cases[i].verdict);
        cJSON_Delete(root);
        results_free(results);
        maker_free(m);
    }
}

/* The log of a folder assembled by hand: the lines of the second interval come first. */
static void reads_a_log_out_of_order(void **state)
{
    (void)state;
    struct error err = {0};
    struct maker *m = maker_new(INCIDENT_PROFILE("\"ttft.p50{window=1h} < 1s\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    char path[128];
    struct text log = {0};
    struct text turned = {0};
    (void)snprintf(path, sizeof path, "%s/latency.hlog", m->folder);
    assert_int_equal(file_read(path, 1 << 20, &log, &err), ERR_OK);
    char *first = strstr(log.data, "\nTag=");
    assert_non_null(first++);
    char *second = strstr(first, "\nTag=");
    assert_non_null(second++);
    text_append(&turned, log.data, (size_t)(first - log.data));
    text_puts(&turned, second);
    text_append(&turned, first, (size_t)(second - first));
    assert_int_equal(file_write(path, turned.data, turned.length, &err), ERR_OK);
    struct results *results = maker_load(m, NULL, 0);
    cJSON *root = json_of(results);
    is_near(number(root, "windows.0.regions.0.latency_ms.ttft.p50"), 495, 0.5);
    is_near(number(root, "windows.1.regions.0.latency_ms.ttft.p50"), 379, 0.5);
    assert_int_equal((int)number(root, "regions.0.latency_ms.ttft.count"), 989 + 758);
    is_near(number(root, "thresholds.0.observed"), 495, 0.5);
    assert_int_equal((int)number(root, "thresholds.0.cells"), 2);
    cJSON_Delete(root);
    text_free(&log);
    text_free(&turned);
    results_free(results);
    maker_free(m);
}

static void refuses_what_is_no_run_folder(void **state)
{
    (void)state;
    struct error err = {0};
    struct results *results;
    assert_int_equal(results_load("/nonexistent/run", NULL, 0, &results, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "/nonexistent/run"));
    assert_null(results);
}

static void test_the_run_in_two_parts(void **state)
{
    (void)state;
    struct error err = {0};
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    struct window split;
    struct window hourly;
    struct results *results;
    maker_incident(m);
    maker_finish(m, "complete");
    assert_int_equal(window_parse("bad=07:30-09:00@America/Los_Angeles", &split, &err), ERR_OK);
    assert_int_equal(window_parse("1h", &hourly, &err), ERR_OK);
    if (results_load_split(m->folder, &hourly, 1, &split, &results, &err) != ERR_OK)
        fail_msg("%s", err.text);
    const struct report_cell *inside = results_part(results, false, 0);
    const struct report_cell *outside = results_part(results, true, 0);
    assert_int_equal(report_cell_attempts(inside), 893);
    assert_int_equal(inside->cell.counters.attempts_failed, 135);
    assert_int_equal(inside->cell.clusters.with_failure, 135);
    assert_int_equal(inside->latency[METRIC_TTFT].count, 893 - 135);
    assert_int_equal(report_cell_attempts(outside), 997);
    assert_int_equal(outside->cell.counters.attempts_failed, 8);
    int64_t start_ns;
    assert_true(results_interval(results, SIX_PDT + 1, &start_ns));
    assert_true(start_ns == SIX_PDT);
    assert_false(results_interval(results, SIX_PDT - 1, &start_ns));
    results_free(results);
    assert_int_equal(report_cell_attempts(results_part(results = maker_load(m, NULL, 0), false, 0)),
                     0);
    results_free(results);
    window_free(&split);
    window_free(&hourly);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_run_in_two_parts),
        cmocka_unit_test(groups_the_reference_incident),
        cmocka_unit_test(ranks_count_failures_as_infinite),
        cmocka_unit_test(knows_that_sessions_fail_together),
        cmocka_unit_test(splits_a_session_over_windows),
        cmocka_unit_test(says_when_files_disagree),
        cmocka_unit_test(reports_a_killed_run),
        cmocka_unit_test(reports_nothing_without_intervals),
        cmocka_unit_test(completes_the_manifest),
        cmocka_unit_test(validity_is_that_of_the_stretch),
        cmocka_unit_test(reads_a_log_out_of_order),
        cmocka_unit_test(refuses_what_is_no_run_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
