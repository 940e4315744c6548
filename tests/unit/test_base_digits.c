/* Counts with their thousands apart, and figures that can be told from the limit they passed. */
#include "base/digits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_count_has_its_thousands_apart(void **state)
{
    static const struct {
        uint64_t count;
        const char *text;
    } rows[] = {{0, "0"},
                {999, "999"},
                {1000, "1,000"},
                {999999999, "999,999,999"},
                {UINT64_C(1) << 53, "9,007,199,254,740,992"},
                {(UINT64_C(1) << 53) + 1, "9,007,199,254,740,993"},
                {UINT64_MAX, "18,446,744,073,709,551,615"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text text = {0};
        text_count(&text, rows[i].count);
        assert_string_equal(text_str(&text), rows[i].text);
        text_free(&text);
    }
}

static void a_figure_is_told_from_its_limit(void **state)
{
    static const struct {
        double number, other;
        int decimals;
        const char *text;
    } rows[] = {{1.4, 1, 1, "1.4"},      {1.04, 1, 1, "1.04"}, {1.0004, 1, 1, "1.0004"},
                {94.96, 95, 1, "94.96"}, {97.2, 90, 0, "97"},  {90.4, 90, 0, "90.4"},
                {1, 1, 1, "1.0"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(digits_apart(rows[i].number, rows[i].other, rows[i].decimals).text,
                            rows[i].text);
    for (double step = 1; step > 1e-12; step /= 3) {
        assert_true(strtod(digits_apart(5 + step, 5, 1).text, NULL) > 5);
        assert_true(strtod(digits_apart(5 - step, 5, 1).text, NULL) < 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_count_has_its_thousands_apart),
        cmocka_unit_test(a_figure_is_told_from_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
