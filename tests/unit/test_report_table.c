#include "base/digits.h"
#include "base/json.h"
#include "report/format.h"
#include "report/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void widths_are_those_of_the_screen(void **state)
{
    (void)state;
    static const struct {
        const char *string;
        size_t width;
    } cases[] = {
        {"", 0},
        {"eastus2", 7},
        {"caf\xC3\xA9", 4},              /* one character of two bytes */
        {"cafe\xCC\x81", 4},             /* a combining accent */
        {"\xE6\x9D\xB1\xE4\xBA\xAC", 4}, /* two wide characters */
        {"\xF0\x9F\x9A\x97", 2},         /* an emoji */
        {"\x1b[31m", 10},                /* printed as \\u001b[31m */
        {"\xFF", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(display_width(cases[i].string), cases[i].width);
    }
}

static void strings_are_cut_and_made_harmless(void **state)
{
    (void)state;
    /* U+202E, right to left */
    static const char override[] = {'a', '\xE2', '\x80', '\xAE', 'z', '\0'};
    static const struct {
        const char *string;
        size_t width;
        const char *plain;
    } cases[] = {
        {"eastus2", 4, "east"},
        {"\xE6\x9D\xB1\xE4\xBA\xAC", 3, "\xE6\x9D\xB1"}, /* the second one would stick out */
        {"a\x1b]0;title\x07z", SIZE_MAX, "a\\u001b]0;title\\u0007z"},
        {"a\xC2\x9B"
         "2Jz",
         SIZE_MAX, "a\\u009b2Jz"}, /* the one-byte CSI of ISO 6429 */
        {override, SIZE_MAX, "a\\u202ez"},
        {"a\nb\tc", SIZE_MAX, "a\\u000ab\\u0009c"},
        {"\xE6\x9D", SIZE_MAX, "\\ufffd\\ufffd"}, /* torn at the end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        display_plain(&out, cases[i].string, cases[i].width);
        assert_string_equal(text_str(&out), cases[i].plain);
        text_free(&out);
    }
}

static void tables_line_up(void **state)
{
    (void)state;
    struct table table = {0};
    struct text out = {0};
    table_column(&table, "name", true);
    table_column(&table, "n", false);
    table_column(&table, "mark", true);
    table_put(&table, "\xE6\x9D\xB1");
    table_put(&table, "1,234");
    table_put(&table, "fail");
    table_put(&table, "a|<b>");
    table_put(&table, "5");
    table_put(&table, "x");
    table_draw(&table, 2, false, &out);
    assert_string_equal(text_str(&out), "  name       n  mark\n"
                                        "  \xE6\x9D\xB1     1,234  fail\n"
                                        "  a|<b>      5  x\n");
    text_clear(&out);
    table_markdown(&table, &out);
    assert_string_equal(text_str(&out),
                        "| name | n | mark |\n|---|---:|---|\n| \xE6\x9D\xB1 | 1,234 | fail |\n"
                        "| a\\|&lt;b&gt; | 5 | x |\n");
    text_clear(&out);
    table_html(&table, "A \"b\"", &out);
    assert_non_null(strstr(text_str(&out), "aria-label=\"A &quot;b&quot;\""));
    assert_non_null(strstr(
        text_str(&out), "<th scope=\"row\">a|&lt;b&gt;</th><td class=\"number\">5</td><td>x</td>"));
    assert_non_null(strstr(text_str(&out), "<td class=\"fail\">fail</td>"));
    text_free(&out);
    table_free(&table);
}

static void long_text_is_folded(void **state)
{
    (void)state;
    static const struct {
        const char *string;
        size_t indent, width;
        const char *folded;
    } cases[] = {
        {"", 2, 10, ""},
        {"one two three", 0, 100, "one two three"},
        {"one two three", 0, 7, "one two\nthree"},
        {"one two three", 2, 9, "one two\n  three"},
        {"one two three", 2, 8, "one\n  two\n  three"},
        {"a-word-that-does-not-fit and more", 0, 5, "a-word-that-does-not-fit\nand\nmore"},
        {"\xE6\x9D\xB1 \xE4\xBA\xAC z", 0, 5, "\xE6\x9D\xB1 \xE4\xBA\xAC\nz"},
        {"a \x1b[2J b", 0, 100, "a \\u001b[2J b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        display_folded(&out, cases[i].string, cases[i].indent, cases[i].width);
        assert_string_equal(text_str(&out), cases[i].folded);
        text_free(&out);
    }
    struct table table = {0};
    struct text out = {0};
    table_column(&table, "code", true);
    table_column(&table, "advice", true);
    table_put(&table, "stall");
#define TWELVE "twelve bytes "
    table_put(&table, TWELVE TWELVE TWELVE TWELVE TWELVE TWELVE TWELVE "twelve bytes");
    table_draw(&table, 2, true, &out);
    assert_string_equal(text_str(&out), "\x1b[2m  code   advice\x1b[0m\n"
                                        "  stall  " TWELVE TWELVE TWELVE TWELVE TWELVE TWELVE
                                        "twelve bytes\n         twelve bytes\n");
    text_free(&out);
    table_free(&table);
}

static void figures_have_three_digits(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *percent, *us;
    } cases[] = {
        {0, "0%", "0.000 ms"},      {0.00000123, "0.00012%", NULL}, {0.008024, "0.80%", NULL},
        {0.029, "2.90%", NULL},     {0.1512, "15.1%", NULL},        {1, "100%", "0.001 ms"},
        {412, NULL, "0.41 ms"},     {4120, NULL, "4.12 ms"},        {41234, NULL, "41.2 ms"},
        {412345, NULL, "412 ms"},   {999600, NULL, "1.00 s"},       {1203000, NULL, "1.20 s"},
        {65000000, NULL, "65.0 s"}, {INFINITY, NULL, "infinite"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        if (cases[i].percent != NULL) {
            format_percent(&out, cases[i].value);
            assert_string_equal(text_str(&out), cases[i].percent);
        }
        text_clear(&out);
        if (cases[i].us != NULL) {
            format_us(&out, cases[i].value);
            assert_string_equal(text_str(&out), cases[i].us);
        }
        text_free(&out);
    }
}

static void small_samples_say_so(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        const char *tail;
    } cases[] = {
        {0, "-"}, {99, "n too small"}, {100, ">= 250 ms"}, {367, ">= 250 ms"}, {368, "300 ms"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct latency_figures latency = {
            .count = cases[i].count, .p99 = 300000, .tail = {.low = 250000}};
        struct text out = {0};
        format_tail(&out, &latency);
        assert_string_equal(text_str(&out), cases[i].tail);
        text_free(&out);
    }
}

static void counts_and_clocks_read_well(void **state)
{
    (void)state;
    struct text out = {0};
    text_count(&out, 0);
    text_puts(&out, " ");
    text_count(&out, 999);
    text_puts(&out, " ");
    text_count(&out, 1234567);
    text_puts(&out, " ");
    format_usd(&out, 0.0042);
    text_puts(&out, " ");
    format_usd(&out, 12.345);
    text_puts(&out, " ");
    format_clock(&out, INT64_C(42000000000));
    text_puts(&out, " ");
    format_clock(&out, INT64_C(90000000000000));
    assert_string_equal(text_str(&out), "0 999 1,234,567 $0.0042 $12.35 0:42 25:00:00");
    text_free(&out);
}

static void json_is_separated_by_itself(void **state)
{
    (void)state;
    struct text out = {0};
    json_open(&out, '{');
    json_put_count(&out, "a", 1);
    json_key(&out, "b");
    json_open(&out, '[');
    json_string(&out, "x,\"y\"[");
    json_number(&out, NAN);
    json_bool(&out, true);
    json_open(&out, '{');
    json_close(&out, '}');
    json_close(&out, ']');
    json_put_ms(&out, "c", 412345);
    json_put_number(&out, "d", 0.1);
    json_close(&out, '}');
    assert_string_equal(text_str(&out),
                        "{\"a\":1,\"b\":[\"x,\\\"y\\\"[\",null,true,{}],\"c\":412.345,\"d\":0.1}");
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_those_of_the_screen),
        cmocka_unit_test(strings_are_cut_and_made_harmless),
        cmocka_unit_test(tables_line_up),
        cmocka_unit_test(long_text_is_folded),
        cmocka_unit_test(figures_have_three_digits),
        cmocka_unit_test(small_samples_say_so),
        cmocka_unit_test(counts_and_clocks_read_well),
        cmocka_unit_test(json_is_separated_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
