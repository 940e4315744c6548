#include "report/report.h"
#include "report/table.h"
#include "test_report_fixture.h"

/* What `run` prints at its end. */

static struct text brief_in(struct maker *m, size_t width)
{
    struct text out = {0};
    struct results *results = maker_load(m, NULL, 0);
    results_brief(results, false, width, &out);
    results_warning(results, false, width, &out);
    assert_false(out.failed);
    results_free(results);
    return out;
}

static struct text brief_of(struct maker *m)
{
    return brief_in(m, TERMINAL_WIDTH);
}

static size_t lines_of(const char *string)
{
    size_t lines = 0;
    for (; *string != '\0'; string++) lines += *string == '\n';
    return lines;
}

static void shows_the_verdict_the_regions_and_the_worst(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate{about=run} < 1%\""), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct text out = brief_of(m);
    const char *text = text_str(&out);
    assert_non_null(strstr(text, "Verdict: fail"));
    assert_non_null(strstr(text, "failure_rate{about=run} < 1%"));
    assert_non_null(strstr(text, "7.57% (")); /* 143 of 1,890 */
    assert_non_null(strstr(text, "server_error 143"));
    assert_non_null(strstr(text, "ncident"));
    assert_null(strstr(text, "not to be trusted"));
    assert_null(strstr(text, "What the words mean"));
    assert_true(lines_of(text) <= 24);
    text_free(&out);
    maker_free(m);
}

/* Of many thresholds those that did not pass, so that a failed one is always seen. */
static void of_many_thresholds_the_failed_ones(void **state)
{
    (void)state;
    struct text thresholds = {0};
    for (int i = 0; i < 20; i++)
        text_printf(&thresholds, "\"failure_rate{about=run} < 9%d%%\",", i % 10);
    text_puts(&thresholds, "\"failure_rate{about=run} < 2%\"");
    struct text profile = {0};
    text_printf(&profile, INCIDENT_PROFILE("%s"), text_str(&thresholds));
    struct maker *m = maker_new(text_str(&profile), NULL);
    maker_incident(m);
    maker_finish(m, "complete");
    struct text out = brief_of(m);
    assert_non_null(strstr(text_str(&out), "failure_rate{about=run} < 2%"));
    assert_null(strstr(text_str(&out), "failure_rate{about=run} < 90%"));
    assert_non_null(strstr(text_str(&out), "those that did not pass"));
    text_free(&out);
    text_free(&profile);
    text_free(&thresholds);
    maker_free(m);
}

/* Figures of a machine that was too busy are told as such, last of all. */
static void a_busy_machine_is_told_last(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE(""), NULL);
    m->health.loops = 1000;
    m->health.loops_late = 400;
    health_judge(&m->health);
    maker_incident(m);
    maker_finish(m, "complete");
    struct text out = brief_of(m);
    const char *warning = strstr(text_str(&out), "This machine was busy");
    assert_non_null(warning);
    assert_non_null(strstr(warning, "40.0% of loop turns"));
    assert_null(strstr(warning, "\n\n"));
    text_free(&out);
    maker_free(m);
}

/* What makes it wider goes, and what matters stays. */
static void fits_a_narrow_terminal(void **state)
{
    (void)state;
    struct maker *m = maker_new(
        INCIDENT_PROFILE("\"failure_rate{about=run} < 1%\",\"share(ttft > 1s) < 5%\""), NULL);
    m->health.loops = 1000;
    m->health.loops_late = 400;
    maker_incident(m);
    maker_finish(m, "complete");
    for (size_t width = 60; width <= 120; width += 5) {
        struct text out = brief_in(m, width);
        for (const char *line = text_str(&out); *line != '\0';) {
            const size_t length = strcspn(line, "\n");
            if (length > width) fail_msg("%zu: %.*s", width, (int)length, line);
            line += length + (line[length] == '\n');
        }
        assert_non_null(strstr(text_str(&out), "7.57% ("));
        assert_non_null(strstr(text_str(&out), "fail"));
        assert_int_equal(strstr(text_str(&out), "interactions failed") != NULL, width >= 70);
        text_free(&out);
    }
    maker_free(m);
}

/* Nothing was recorded: there is nothing to distrust, and nothing is invented. */
static void nothing_recorded(void **state)
{
    (void)state;
    struct maker *m = maker_new(INCIDENT_PROFILE("\"failure_rate < 1%\""), NULL);
    maker_interval(m, SIX_PDT, SIX_PDT + HOUR);
    maker_finish(m, "running");
    struct text out = brief_of(m);
    assert_non_null(strstr(text_str(&out), "Verdict: inconclusive"));
    assert_null(strstr(text_str(&out), "struck"));
    text_free(&out);
    maker_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_verdict_the_regions_and_the_worst),
        cmocka_unit_test(of_many_thresholds_the_failed_ones),
        cmocka_unit_test(a_busy_machine_is_told_last),
        cmocka_unit_test(fits_a_narrow_terminal),
        cmocka_unit_test(nothing_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
