/* Runs at the edges: nothing to report, nothing but failures, many regions with long names, days
 * with a clock change. */
#include "page/page.h"
#include "report/report.h"
#include "test_report_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#define REGION(name)                                                                               \
    "{\"name\":\"" name                                                                            \
    "\",\"endpoint\":\"https://contoso.openai.azure.com\",\"deployment\":\"rt\","                  \
    "\"dialect\":\"ga\",\"auth\":{\"api_key\":\"${KEY}\"}}"
#define PROFILE(regions, windows, thresholds)                                                      \
    "{\"name\":\"edges\",\"regions\":[" regions "],\"load\":{\"model\":\"sessions\",\"stages\":"   \
    "[{\"duration\":\"3h\",\"target\":1}]},\"session\":{\"prompts\":[\"Say OK.\"]},\"windows\":"   \
    "{\"interval\":\"1m\",\"report\":[" windows "]},\"thresholds\":[" thresholds "]}"
#define LONG "-of-a-name-that-is-as-long-as-sixty-characters-allow-it"

/* Every form once; returns the terminal's. */
static struct text forms_of(const struct results *results)
{
    struct text text = {0};
    struct text other = {0};
    results_markdown(results, &other);
    results_html(results, &other);
    results_csv(results, &other);
    assert_false(other.failed);
    assert_null(strstr(text_str(&other), "nan"));
    assert_null(strstr(text_str(&other), "inf "));
    text_clear(&other);
    results_json(results, &other);
    cJSON *root = cJSON_ParseWithLength(text_str(&other), other.length);
    assert_non_null(root);
    cJSON_Delete(root);
    results_text(results, false, &text);
    assert_false(text.failed || other.failed);
    text_free(&other);
    return text;
}

static void contains(const struct text *text, const char *wanted)
{
    if (strstr(text_str(text), wanted) == NULL)
        fail_msg("not there: %s\n%s", wanted, text_str(text));
}

static void lacks(const struct text *text, const char *unwanted)
{
    if (strstr(text_str(text), unwanted) != NULL)
        fail_msg("there: %s\n%s", unwanted, text_str(text));
}

static void close_report(struct maker *m, struct results *results, struct text *text)
{
    text_free(text);
    results_free(results);
    maker_free(m);
}

static void a_run_without_attempts(void **state)
{
    (void)state;
    struct maker *m =
        maker_new(PROFILE(REGION("a"), "\"1m\"", "\"failure_rate < 1%\",\"ttft.p99 < 1s\""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 60 * NS_PER_S);
    m->cells[0].counters.sessions_started = 1;
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text text = forms_of(results);
    assert_int_equal(results_verdict(results), VERDICT_INCONCLUSIVE);
    contains(&text, "no samples");
    contains(&text,
             "13:00-13:01   a              0       0                   -         -         -\n");
    lacks(&text, "Failures by code");
    close_report(m, results, &text);
}

static void a_run_of_failures_only(void **state)
{
    (void)state;
    struct maker *m =
        maker_new(PROFILE(REGION("a"), "\"1h\"",
                          "\"failure_rate < 1%\",\"ttft.p99 < 1s\",\"share(ttft > 1s) < 5%\""),
                  NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 1200 * NS_PER_S);
    for (uint64_t s = 1; s <= 400; s++) maker_session(m, 0, s, "F", 0);
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text text = forms_of(results);
    assert_int_equal(results_verdict(results), VERDICT_FAIL);
    contains(&text,
             "failure_rate < 1%      fail            100% (99.1-100)            99.1-100%  a");
    /* no answer has no latency */
    contains(&text,
             "ttft.p99 < 1s          inconclusive                  -                    -  a");
    contains(&text,
             "share(ttft > 1s) < 5%  fail            100% (99.0-100)            99.0-100%  a");
    contains(&text, "infinite");
    close_report(m, results, &text);
}

/* Attempts that we ended ourselves are in neither the counts nor the cluster sums. */
static void cancelled_attempts_count_neither_way(void **state)
{
    (void)state;
    struct maker *m = maker_new(PROFILE(REGION("a"), "", ""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 60 * NS_PER_S);
    for (uint64_t s = 1; s <= 10; s++) maker_session(m, 0, s, s == 1 ? "F." : "..", 100);
    for (uint64_t s = 1; s <= 12; s++) { /* on the ten sessions, and on two that did nothing else */
        struct attempt_row row = {.due_utc_ns = m->start_ns,
                                  .region = "a",
                                  .session_id = "",
                                  .turn = 3,
                                  .attempt = 1,
                                  .outcome = OUTCOME_CANCELLED,
                                  .code = "",
                                  .ttft_us = -1,
                                  .response_us = -1,
                                  .socket_age_ms = -1,
                                  .end_utc_ns = m->start_ns + 2 * NS_PER_S,
                                  .session_number = s,
                                  .interaction = 3};
        attempt_csv_row(&m->rows, &row);
        m->cells[0].counters.attempts_cancelled++;
    }
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text text = forms_of(results);
    contains(&text, "a             20       1  5.00% (");
    contains(&text, "1 of 10, 10.0%");
    lacks(&text, "attempts.csv has"); /* the two files agree */
    close_report(m, results, &text);
}

/* Whatever attempts.csv has lost, a rate is that of the counts beside it. */
static void lost_rows_change_no_rate(void **state)
{
    (void)state;
    for (off_t eighths = 1; eighths < 8; eighths++) {
        char path[128];
        struct stat whole;
        struct maker *m = maker_new(PROFILE(REGION("a"), "", "\"failure_rate < 50%\""), NULL);
        maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
        for (uint64_t s = 1; s <= 40; s++) maker_session(m, 0, s, s > 36 ? "F." : "..", 100);
        maker_write(m);
        maker_finish(m, "complete");
        (void)snprintf(path, sizeof path, "%s/attempts.csv", m->folder);
        assert_int_equal(stat(path, &whole), 0);
        assert_int_equal(truncate(path, whole.st_size * eighths / 8), 0);
        struct results *results = maker_load(m, NULL, 0);
        struct text text = forms_of(results);
        contains(&text, "intervals.csv counts 80 attempts and 4 failed, attempts.csv has ");
        contains(&text, "a             80       4  5.00% (");
        contains(&text, "4 of 40, 10.0%");
        close_report(m, results, &text);
    }
}

/* The clock of New York goes back at 06:00 UTC on 2026-11-01: its hour from 1 to 2 comes twice. */
static void an_hour_that_comes_twice(void **state)
{
    (void)state;
    const int64_t five = INT64_C(1793509200) * NS_PER_S; /* 2026-11-01T05:00:00Z, 01:00 EDT */
    struct maker *m =
        maker_new(PROFILE(REGION("a"), "\"1h\",\"night=22:00-03:00@America/New_York\"",
                          "\"failure_rate{window=1h} < 50%\""),
                  NULL);
    for (int64_t hour = -4; hour < 4; hour++) {
        maker_interval(m, five + hour * HOUR, five + (hour + 1) * HOUR);
        maker_session(m, 0, (uint64_t)(10 + hour), hour == 1 ? "F" : ".", 100);
        maker_write(m);
    }
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text text = forms_of(results);
    contains(&text, "11-01 00:00-01:00 EDT      a              1       0");
    contains(&text, "11-01 01:00 EDT-01:00 EST  a              1       0");
    contains(&text, "11-01 01:00-02:00 EST      a              1       1");
    contains(&text, "a, 2026-11-01 01:00 EST, worst of 8");
    /* 22:00 EDT to 03:00 EST: six hours, of which the run has all; not the one before and the one
     * after */
    contains(&text, "10-31 22:00 EDT-03:00 EST  a              6       1");
    close_report(m, results, &text);
}

/* The health of an interval is written for each region: one late arrival of ten is still one for
 * all regions. */
static void health_counts_once_for_all_regions(void **state)
{
    (void)state;
    struct maker *m = maker_new(
        PROFILE(REGION("a") "," REGION("b") "," REGION("c"), "", "\"failure_rate < 90%\""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 1200 * NS_PER_S);
    for (size_t r = 0; r < 3; r++) {
        for (uint64_t s = 1; s <= 20; s++) maker_session(m, r, 100 * r + s, "..", 100);
    }
    m->health.requested = 10;
    m->health.achieved = 9;
    health_judge(&m->health);
    assert_true(m->health.valid);
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text text = forms_of(results);
    assert_int_equal(results_verdict(results), VERDICT_PASS);
    contains(&text, "healthy in every interval");
    contains(&text, "90.0% of the requested arrivals were started");
    close_report(m, results, &text);
}

/* The session ends 45.66 s into its interval; a file of rows is there, or not. */
static void windows_shorter_than_intervals(void **state)
{
    (void)state;
    for (int with_rows = 0; with_rows < 2; with_rows++) {
        struct maker *m = maker_new(PROFILE(REGION("a"), "", ""), NULL);
        struct window window;
        m->profile->record_attempts = with_rows == 1;
        assert_int_equal(window_parse("30s", &window, NULL), ERR_OK);
        maker_interval(m, SIX_PDT, SIX_PDT + 60 * NS_PER_S);
        maker_session(m, 0, 1, "..", 100);
        maker_write(m);
        maker_finish(m, "complete");
        struct results *results = maker_load(m, &window, 1);
        struct text text = forms_of(results);
        contains(&text, "Window 30s has bounds inside 1 interval of the run (of up to 1m)");
        if (with_rows) {
            contains(&text, "13:00:00-13:00:30  a              0");
            contains(&text, "13:00:30-13:01:00  a              2       0");
            lacks(&text, "whole in the window in which it begins: there is");
        } else {
            contains(&text, "13:00:00-13:00:30  a              2       0");
            lacks(&text, "13:00:30-13:01:00");
            contains(&text, "there is no attempts.csv");
            contains(&text, "windows within one are empty");
        }
        close_report(m, results, &text);
        window_free(&window);
    }
}

static void says_when_bounds_lie_inside_intervals(void **state)
{
    static const struct {
        const char *window;
        bool told;
    } cases[] = {{"90s", true},
                 {"2m", false},
                 {"15m", false},
                 {"early=05:59-06:01@America/Los_Angeles", true},
                 {"late=06:01-06:02@America/Los_Angeles", true},
                 {"whole=06:00-06:02@America/Los_Angeles", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool shifted =
            strncmp(cases[i].window, "early", 5) == 0 || strncmp(cases[i].window, "late", 4) == 0;
        int64_t first_ns = SIX_PDT + (shifted ? 30 * NS_PER_S : 0);
        struct maker *m = maker_new(PROFILE(REGION("a"), "", ""), NULL);
        struct window window;
        assert_int_equal(window_parse(cases[i].window, &window, NULL), ERR_OK);
        for (int k = 0; k < 2; k++) {
            int64_t start_ns = first_ns + k * 60 * NS_PER_S;
            maker_interval(m, start_ns, start_ns + 60 * NS_PER_S);
            maker_session(m, 0, 1, "..", 100);
            maker_write(m);
        }
        maker_finish(m, "complete");
        struct results *results = maker_load(m, &window, 1);
        struct text text = forms_of(results);
        bool told = strstr(text_str(&text), "has bounds inside ") != NULL;
        assert_int_equal(told, cases[i].told);
        close_report(m, results, &text);
        window_free(&window);
    }
}

#define TWO_OF(a, b) REGION(a LONG) "," REGION(b LONG)

static void many_regions_with_long_names_and_codes(void **state)
{
    (void)state;
    struct maker *m = maker_new(
        PROFILE(TWO_OF("r01", "r02") "," TWO_OF("r03", "r04") "," TWO_OF("r05", "r06") "," TWO_OF(
                    "r07", "r08") "," TWO_OF("r09", "r10") "," TWO_OF("r11", "r12"),
                "\"1m\"", ""),
        NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + 60 * NS_PER_S);
    for (size_t r = 0; r < 12; r++) {
        for (uint64_t s = 1; s <= 60; s++) {
            char code[64];
            (void)snprintf(code, sizeof code, "code_%02llu_with_a_name_of_some_length",
                           (unsigned long long)s);
            maker_session(m, r, 100 * r + s, "F.", 100);
            maker_failure(m, r, code);
        }
    }
    maker_write(m);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text text = forms_of(results);
    contains(&text, "r12" LONG "       120      60   50.0% (");
    contains(&text, "all regions");
    contains(&text, "code_60_with_a_name_of_some_length     12  ");
    contains(&text, "server_error                          720  ");
    close_report(m, results, &text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_without_attempts),
        cmocka_unit_test(a_run_of_failures_only),
        cmocka_unit_test(cancelled_attempts_count_neither_way),
        cmocka_unit_test(lost_rows_change_no_rate),
        cmocka_unit_test(an_hour_that_comes_twice),
        cmocka_unit_test(health_counts_once_for_all_regions),
        cmocka_unit_test(windows_shorter_than_intervals),
        cmocka_unit_test(says_when_bounds_lie_inside_intervals),
        cmocka_unit_test(many_regions_with_long_names_and_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
