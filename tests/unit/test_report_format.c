/* Figures as people read them: by hand, and read back over the whole range, so that no rounding
 * makes another figure of one. */
#include "base/clock.h"
#include "base/digits.h"
#include "base/random.h"
#include "report/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(array) (sizeof(array) / sizeof *(array))

/* The text holds until the next call. */
static const char *taken(struct text *text)
{
    static char copy[128];
    assert_true(text->length < sizeof copy);
    (void)strcpy(copy, text_str(text));
    text_free(text);
    return copy;
}

static const char *percent(double fraction)
{
    struct text out = {0};
    format_percent(&out, fraction);
    return taken(&out);
}

static const char *us(double value)
{
    struct text out = {0};
    format_us(&out, value);
    return taken(&out);
}

static void counts_are_grouped(void **state)
{
    static const struct {
        uint64_t count;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {999, "999"},
                {1000, "1,000"},
                {12345, "12,345"},
                {1234567, "1,234,567"},
                {UINT64_MAX, "18,446,744,073,709,551,615"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct text out = {0};
        text_count(&out, rows[i].count);
        assert_string_equal(taken(&out), rows[i].text);
    }
}

static void percents_have_three_digits(void **state)
{
    static const struct {
        double fraction;
        const char *text;
    } rows[] = {{0, "0%"},           {0.151, "15.1%"},  {0.008, "0.80%"},    {0.0286, "2.86%"},
                {1, "100%"},         {0.5, "50.0%"},    {0.09994, "9.99%"},  {0.09999, "10.0%"},
                {0.00027, "0.027%"}, {0.0001, "0.01%"}, {0.00005, "0.005%"}, {0.000001, "0.0001%"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(percent(rows[i].fraction), rows[i].text);
}

/* What is not nothing is never shown as nothing, and what is not everything is near it. */
static void percents_are_read_back(void **state)
{
    struct random random;
    (void)state;
    random_seed(&random, 3, 0);
    for (int i = 0; i < 20000; i++) {
        double fraction = pow(10, -6 * random_unit(&random));
        char *end = NULL;
        const char *text = percent(fraction);
        double back = strtod(text, &end) / 100;
        double tolerance = fraction < 0.01 ? 0.05 : 0.006;
        if (strcmp(end, "%") != 0 || !(back > 0) || fabs(back - fraction) > tolerance * fraction)
            fail_msg("%.9g is shown as %s", fraction, text);
    }
}

static void an_estimate_has_its_interval(void **state)
{
    static const struct {
        struct estimate estimate;
        const char *text;
    } rows[] = {{{true, 0.1512, 0.1292, 0.1761}, "15.1% (12.9-17.6)"},
                {{true, 0, 0, 0.00038}, "0% (0-0.038)"},
                {{true, 1, 0.96, 1}, "100% (96.0-100)"},
                {{false, 0.5, 0.4, 0.6}, "-"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct text out = {0};
        format_estimate(&out, &rows[i].estimate);
        assert_string_equal(taken(&out), rows[i].text);
    }
}

static void times_have_three_digits(void **state)
{
    static const struct {
        double us;
        const char *text;
    } rows[] = {{410, "0.41 ms"},      {41234, "41.2 ms"}, {412345, "412 ms"},
                {1200000, "1.20 s"},   {999400, "999 ms"}, {999600, "1.00 s"},
                {12345678, "12.3 s"},  {3600e6, "3600 s"}, {1, "0.001 ms"},
                {9994, "9.99 ms"},     {9996, "10.0 ms"},  {0, "0.000 ms"},
                {INFINITY, "infinite"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) assert_string_equal(us(rows[i].us), rows[i].text);
}

static void times_are_read_back(void **state)
{
    struct random random;
    (void)state;
    random_seed(&random, 4, 0);
    for (int i = 0; i < 20000; i++) {
        double value = pow(10, 1 + 8 * random_unit(&random)); /* 10 us to 1000 s */
        char *end = NULL;
        const char *text = us(value);
        double back = strtod(text, &end) * (strcmp(end, " s") == 0 ? 1e6 : 1e3);
        /* Two digits after the point: below 1 ms they are the first ones. */
        double tolerance = value < 1000 ? 5 / value + 1e-9 : 0.00501;
        if (fabs(back - value) > tolerance * value) fail_msg("%.9g us is shown as %s", value, text);
    }
}

/* A P99 of few samples is none: it is withheld, or a bound. */
static void a_tail_says_what_the_samples_bear(void **state)
{
    static const struct {
        uint64_t count;
        const char *text;
    } rows[] = {{0, "-"},           {1, "n too small"}, {99, "n too small"}, {100, ">= 800 ms"},
                {367, ">= 800 ms"}, {368, "900 ms"},    {100000, "900 ms"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct latency_figures latency = {.count = rows[i].count, .p99 = 900000};
        struct text out = {0};
        latency.tail.low = 800000;
        format_tail(&out, &latency);
        assert_string_equal(taken(&out), rows[i].text);
    }
}

static void what_is_not_known_is_a_dash(void **state)
{
    (void)state;
    const struct latency_figures none = {0};
    const struct latency_figures some = {.count = 1};
    const struct all_attempts nobody = {0};
    const struct all_attempts failed = {.count = 5};
    struct text out = {0};
    format_latency(&out, &none, 5000);
    assert_string_equal(taken(&out), "-");
    format_latency(&out, &some, 5000);
    assert_string_equal(taken(&out), "5.00 ms");
    format_all(&out, &nobody, 5000);
    assert_string_equal(taken(&out), "-");
    format_all(&out, &failed, -1); /* the failures reach that far down */
    assert_string_equal(taken(&out), "infinite");
    format_all(&out, &failed, 5000);
    assert_string_equal(taken(&out), "5.00 ms");
}

static void money_and_clocks(void **state)
{
    static const struct {
        double usd;
        const char *text;
    } money[] = {{0, "$0.00"}, {1.234, "$1.23"}, {0.0049, "$0.0049"}, {0.01, "$0.01"}};
    static const struct {
        int64_t seconds;
        const char *text;
    } clocks[] = {{0, "0:00"}, {42, "0:42"}, {3599, "59:59"}, {3900, "1:05:00"}, {-5, "0:00"}};
    (void)state;
    for (size_t i = 0; i < ROWS(money); i++) {
        struct text out = {0};
        format_usd(&out, money[i].usd);
        assert_string_equal(taken(&out), money[i].text);
    }
    for (size_t i = 0; i < ROWS(clocks); i++) {
        struct text out = {0};
        format_clock(&out, clocks[i].seconds * NS_PER_S);
        assert_string_equal(taken(&out), clocks[i].text);
    }
}

/* What a replay cannot tell from 0 is not given as a figure. */
static void what_is_not_resolved_is_below(void **state)
{
    const struct clock_resolution least = {.median_us = 57100, .tail_us = 309000};
    struct latency_figures latency = {
        .count = 1000, .p50 = 20000, .p95 = 308999, .p99 = 309000, .least = least};
    struct all_attempts all = {.count = 1000, .p50 = 57100, .p95 = 1000, .p99 = -1, .least = least};
    struct text out = {0};
    (void)state;
    format_latency(&out, &latency, latency.p50);
    assert_string_equal(taken(&out), "< 57.1 ms");
    format_latency(&out, &latency, latency.p95);
    assert_string_equal(taken(&out), "< 309 ms");
    format_tail(&out, &latency);
    assert_string_equal(taken(&out), "309 ms");
    latency.p99--;
    format_tail(&out, &latency);
    assert_string_equal(taken(&out), "< 309 ms");
    latency.count = 200; /* a lower bound only, and that is 0 */
    format_tail(&out, &latency);
    assert_string_equal(taken(&out), "n too small");
    format_all(&out, &all, all.p50);
    assert_string_equal(taken(&out), "57.1 ms");
    format_all(&out, &all, all.p95);
    assert_string_equal(taken(&out), "< 309 ms");
    format_all(&out, &all, all.p99);
    assert_string_equal(taken(&out), "infinite");
}

/* A few failures in as many attempts as a row may have are still a number that anyone can read. */
static void tiny_shares_have_no_exponent(void **state)
{
    (void)state;
    assert_string_equal(percent(1 / 999999999.0), "0.0000001%");
    assert_string_equal(percent(8 / 8999999999.0), "0.000000089%");
    assert_string_equal(percent(0.00005), "0.005%");
    for (double fraction = 0.0009; fraction > 1e-20; fraction /= 7) {
        const char *text = percent(fraction);
        assert_int_equal(strspn(text, "0123456789."), strlen(text) - 1);
        assert_true(fabs(strtod(text, NULL) / (100 * fraction) - 1) < 0.06);
    }
}

/* What a verdict rests on is never rounded onto its limit. */
static void a_judged_figure_is_told_from_its_limit(void **state)
{
    static const struct {
        double limit, observed, low, high;
        bool quantile;
        const char *text;
    } rows[] = {{0.01, 0.05, 0.02, 0.09, false, "5.00% (2.00-9.00)"},
                {0.01, 0.010004, 0.009996, 0.02, false, "1.0004% (0.9996-2.00)"},
                {0.01, 0.01, 0.01, 0.01, false, "1.00% (1.00-1.00)"},
                {1500000, 1500400, 1499000, 2000000, true, "1500.4 ms (1499 ms to 2.00 s)"},
                {1500000, 900000, 800000, 950000, true, "900 ms (800 ms to 950 ms)"}};
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct text out = {0};
        const struct judged judged = {.threshold.limit = rows[i].limit,
                                      .quantile = rows[i].quantile,
                                      .of = {.observed_known = true,
                                             .observed = rows[i].observed,
                                             .low = rows[i].low,
                                             .high = rows[i].high}};
        format_judged(&out, &judged);
        assert_string_equal(taken(&out), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_grouped),
        cmocka_unit_test(percents_have_three_digits),
        cmocka_unit_test(percents_are_read_back),
        cmocka_unit_test(an_estimate_has_its_interval),
        cmocka_unit_test(times_have_three_digits),
        cmocka_unit_test(times_are_read_back),
        cmocka_unit_test(a_tail_says_what_the_samples_bear),
        cmocka_unit_test(what_is_not_known_is_a_dash),
        cmocka_unit_test(what_is_not_resolved_is_below),
        cmocka_unit_test(tiny_shares_have_no_exponent),
        cmocka_unit_test(a_judged_figure_is_told_from_its_limit),
        cmocka_unit_test(money_and_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
