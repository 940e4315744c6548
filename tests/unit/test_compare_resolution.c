#include "compare/resolution.h"

#include "base/clock.h"
#include "figures/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* 1000 attempts of 1, 2, 3 ... ms, each slower by `more`, in a replay that resolves 200 ms. */
static void fill(struct report_cell *cell, int64_t more_ms, int64_t least_us)
{
    const struct clock_resolution least = {.median_us = least_us / 4, .tail_us = least_us};
    *cell = (struct report_cell){.intervals = 1, .health.valid = true};
    for (int64_t ms = 1; ms <= 1000; ms++)
        cell_latency(&cell->cell, METRIC_TTFT, (ms + more_ms) * NS_PER_MS);
    cell->cell.counters.attempts_ok = 1000;
    report_cell_settle(cell);
    report_cell_resolve(cell, &least);
}

static struct threshold asked(const char *expression)
{
    struct threshold what;
    struct error err = {0};
    if (threshold_parse_metric(expression, &what, &err) != ERR_OK) fail_msg("%s", err.text);
    return what;
}

/* Services that differ by no more than the replay resolves may be the same; by more, not. */
static void a_difference_within_the_resolution_is_none(void **state)
{
    const struct threshold what = asked("share(ttft > 500ms)");
    (void)state;
    for (int64_t more_ms = -400; more_ms <= 400; more_ms += 50) {
        struct report_cell a;
        struct report_cell b;
        fill(&a, 0, 200000);
        fill(&b, more_ms, 200000);
        double value = (double)more_ms / 1000;
        struct difference d = {true, value, value - 0.001, value + 0.001};
        resolution_widen(&d, resolution_of_share(&a, &what), resolution_of_share(&b, &what));
        bool apart = d.low > 0 || d.high < 0;
        if (more_ms != 200 && more_ms != -200 && apart != (more_ms < -200 || more_ms > 200))
            fail_msg("%d ms: %g to %g", (int)more_ms, d.low, d.high);
        assert_true(d.low <= value && value <= d.high);
        report_cell_free(&a);
        report_cell_free(&b);
    }
}

static void real_time_and_other_metrics_are_left_alone(void **state)
{
    const char *others[] = {"failure_rate", "ttft.p99", "share(ttft > 5s)"};
    struct text words = {0};
    struct report_cell cell;
    (void)state;
    struct threshold what = asked("share(ttft > 500ms)");
    fill(&cell, 0, 0);
    assert_true(resolution_of_share(&cell, &what) == 0);
    resolution_words(&cell, &what, &words);
    assert_int_equal(words.length, 0);
    report_cell_free(&cell);
    fill(&cell, 0, 200000);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct threshold other = asked(others[i]);
        assert_true(resolution_of_share(&cell, &other) == 0);
    }
    resolution_words(&cell, &what, &words);
    assert_non_null(strstr(text_str(&words), "200 ms of a latency may be this machine's own"));
    text_free(&words);
    report_cell_free(&cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_difference_within_the_resolution_is_none),
        cmocka_unit_test(real_time_and_other_metrics_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
