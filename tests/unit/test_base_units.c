#include "base/units.h"

#include "base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void reads_durations(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int64_t ns;
    } cases[] = {
        {"250ms", 250 * NS_PER_MS},
        {"1.5s", 1500 * NS_PER_MS},
        {"5m", 300 * NS_PER_S},
        {"2h", 7200 * NS_PER_S},
        {"1d", 86400 * NS_PER_S},
        {"40us", 40 * NS_PER_US},
        {"0", 0},
        {"0.0", 0},
        {"0s", 0},
        {"0.1us", 100},
        {"0.0005us", 1},
        {"00010s", 10 * NS_PER_S},
        {"0.000000001s", 1},
        {"106751d", 106751 * INT64_C(86400) * NS_PER_S},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = -1;
        struct error err = {0};
        assert_int_equal(parse_duration(cases[i].in, &ns, &err), ERR_OK);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void refuses_what_is_no_duration(void **state)
{
    (void)state;
    static const struct {
        const char *in, *says;
    } cases[] = {
        {"5", "\"5\" has no unit: write 5s or 5ms"},
        {"", "not a duration"},
        {"-5s", "not a duration"},
        {"5 s", "is not a unit"},
        {"5sec", "is not a unit"},
        {"1h30m", "is not a unit"},
        {".5s", "not a duration"},
        {"5.s", "is not a unit"},
        {"1e3s", "is not a unit"},
        {"106752d", "too long"},
        {"1.2.3s", "is not a unit"},
        {"9999999999999999999s", "not a duration"},
        {"+5s", "not a duration"},
        {"0x10s", "is not a unit"},
        {"5S", "is not a unit"},
        {"inf", "not a duration"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ns = 77;
        struct error err = {0};
        assert_int_equal(parse_duration(cases[i].in, &ns, &err), ERR_USAGE);
        assert_int_equal(ns, 77);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void reads_rates(void **state)
{
    (void)state;
    double rate = -1;
    assert_int_equal(parse_rate("5/s", &rate, NULL), ERR_OK);
    assert_true(rate == 5.0);
    assert_int_equal(parse_rate("300/m", &rate, NULL), ERR_OK);
    assert_true(rate == 5.0);
    assert_int_equal(parse_rate("893/h", &rate, NULL), ERR_OK);
    assert_true(rate == 893.0 / 3600.0);
    assert_int_equal(parse_rate("0.5/s", &rate, NULL), ERR_OK);
    assert_true(rate == 0.5);
    static const char *const wrong[] = {"5", "5/", "/s", "5/d", "-1/s", "5 /s", "nan/s", "5/s "};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error err = {0};
        assert_int_equal(parse_rate(wrong[i], &rate, &err), ERR_USAGE);
        assert_non_null(strstr(err.text, wrong[i]));
        assert_true(rate == 0.5);
    }
}

static void reads_fractions(void **state)
{
    (void)state;
    double share = -1;
    assert_int_equal(parse_fraction("3%", &share, NULL), ERR_OK);
    assert_true(share == 0.03);
    assert_int_equal(parse_fraction("0.4%", &share, NULL), ERR_OK);
    assert_true(share == 0.004);
    assert_int_equal(parse_fraction("100%", &share, NULL), ERR_OK);
    assert_true(share == 1.0);
    assert_int_equal(parse_fraction("0%", &share, NULL), ERR_OK);
    assert_true(share == 0.0);
    struct error err = {0};
    assert_int_equal(parse_fraction("100.1%", &share, &err), ERR_USAGE);
    assert_int_equal(parse_fraction("0.03", &share, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "3%"));
    assert_int_equal(parse_fraction("%", &share, &err), ERR_USAGE);
    assert_int_equal(parse_fraction("5%%", &share, &err), ERR_USAGE);
    assert_int_equal(parse_fraction("-1%", &share, &err), ERR_USAGE);
    assert_true(share == 0.0);
}

static void reads_sizes_and_counts(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        uint64_t bytes;
    } sizes[] = {{"512", 512},     {"0", 0},         {"64KiB", 65536},
                 {"1MB", 1000000}, {"1.5KiB", 1536}, {"2GiB", UINT64_C(1) << 31},
                 {"7B", 7}};
    uint64_t value;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(parse_size(sizes[i].in, &value, NULL), ERR_OK);
        assert_int_equal(value, sizes[i].bytes);
    }
    value = 42;
    static const char *const wrong_sizes[] = {
        "", "1.5", "64 KiB", "64kib", "-1", "KiB", "999999999999999GiB"};
    for (size_t i = 0; i < sizeof wrong_sizes / sizeof wrong_sizes[0]; i++) {
        assert_int_equal(parse_size(wrong_sizes[i], &value, NULL), ERR_USAGE);
    }
    static const char *const wrong_counts[] = {
        "", "-1", "1.0", "1e3", " 1", "9223372036854775808", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong_counts / sizeof wrong_counts[0]; i++) {
        assert_int_equal(parse_count(wrong_counts[i], &value, NULL), ERR_USAGE);
    }
    assert_int_equal(value, 42);
    assert_int_equal(parse_count("9223372036854775807", &value, NULL), ERR_OK);
    assert_int_equal(value, INT64_MAX);
    assert_int_equal(parse_count("020", &value, NULL), ERR_OK);
    assert_int_equal(value, 20);
}

static void writes_durations(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *out;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {999, "999ns"},
        {40 * NS_PER_US, "40us"},
        {1250, "1.25us"},
        {999999, "1ms"},
        {250 * NS_PER_MS, "250ms"},
        {12340 * NS_PER_US, "12.3ms"},
        {999500 * NS_PER_US, "1s"},
        {1500 * NS_PER_MS, "1.50s"},
        {9999 * NS_PER_MS, "10s"},
        {59940 * NS_PER_MS, "59.9s"},
        {59960 * NS_PER_MS, "1m"},
        {90 * NS_PER_S, "1m 30s"},
        {300 * NS_PER_S, "5m"},
        {7500 * NS_PER_S, "2h 5m"},
        {(3600 + 59 * 60 + 31) * NS_PER_S, "2h"},
        {(86400 - 29) * NS_PER_S, "1d"},
        {(86400 + 7200) * NS_PER_S, "1d 2h"},
        {-250 * NS_PER_MS, "-250ms"},
        {INT64_MIN, "-106752d"}, /* 106751.99 days */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text text = {0};
        text_duration(&text, cases[i].ns);
        assert_string_equal(text_str(&text), cases[i].out);
        text_free(&text);
    }
}

static void writes_needed_times(void **state)
{
    (void)state;
    static const struct {
        double minutes;
        const char *out;
    } cases[] = {
        {0, "0s"},
        {0.5, "30s"},
        {0.001, "1s"}, /* never less than it takes */
        {1, "1m"},
        {12.5, "12m 30s"},
        {125, "2h 5m"},
        {1990, "1d 9h"},
        {525960, "1.0 years"},
        {525960 * 2.34, "2.3 years"},
        {1e12, "1901285 years"},
        {INFINITY, "never"},
        {NAN, "unknown"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text text = {0};
        text_needed_time(&text, cases[i].minutes);
        assert_string_equal(text_str(&text), cases[i].out);
        text_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(refuses_what_is_no_duration),
        cmocka_unit_test(reads_rates),
        cmocka_unit_test(reads_fractions),
        cmocka_unit_test(reads_sizes_and_counts),
        cmocka_unit_test(writes_durations),
        cmocka_unit_test(writes_needed_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
