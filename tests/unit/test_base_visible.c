/* Text from outside, as a reader sees it. */
#include "base/visible.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What CVE-2021-42574 uses, the C1 controls that terminals act on, and what must stay as it is. */
static const struct {
    const char *string, *plain;
} cases[] = {
    {"plain", "plain"},
    {"caf\xC3\xA9 \xE6\x9D\xB1\xE4\xBA\xAC \xF0\x9F\x9A\x97",
     "caf\xC3\xA9 \xE6\x9D\xB1\xE4\xBA\xAC "
     "\xF0\x9F\x9A\x97"},
    {"\x1b[2J", "\\u001b[2J"},
    {"\x7f", "\\u007f"},
    {"\xC2\x80\xC2\x9B\xC2\x9F", "\\u0080\\u009b\\u009f"},
    {"\xC2\xA0", "\xC2\xA0"}, /* a space that does not break is harmless */
    {"a\xE2\x80\xAE"
     "z",
     "a\\u202ez"},
    {"\xE2\x80\xAA\xE2\x80\xAB\xE2\x80\xAC\xE2\x80\xAD", "\\u202a\\u202b\\u202c\\u202d"},
    {"\xE2\x81\xA6\xE2\x81\xA7\xE2\x81\xA8\xE2\x81\xA9", "\\u2066\\u2067\\u2068\\u2069"},
    {"\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", "\\u200e\\u200f\\u061c"},
    {"\xE2\x80\xA8\xE2\x80\xA9", "\\u2028\\u2029"},
    {"\xF3\xA0\x81\x81", "\\U000e0041"}, /* a tag, invisible */
    {"\xE2\x80", "\\ufffd\\ufffd"},
    {"\xC0\xAE", "\\ufffd\\ufffd"}, /* overlong */
    {"\xE0\x80\xAE", "\\ufffd\\ufffd\\ufffd"},
    {"\xED\xA0\x80", "\\ufffd\\ufffd\\ufffd"}, /* a surrogate */
    {"\xF4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
};

static void test_hidden_characters_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text out = {0};
        visible_append(&out, cases[i].string);
        assert_string_equal(text_str(&out), cases[i].plain);
        text_free(&out);
    }
}

static void test_formats_do_the_same(void **state)
{
    struct text out = {0};
    (void)state;
    text_html(&out, "<a\xE2\x80\xAE"
                    "b\xC2\x9B"
                    "c\x1b\nd>");
    assert_string_equal(text_str(&out), "&lt;a\\u202eb\\u009bc\\u001b\nd&gt;");
    text_clear(&out);
    text_json(&out, "a\xE2\x80\xAE"
                    "b\xC2\x9B\xF3\xA0\x81\x81\xC3\xA9");
    assert_string_equal(text_str(&out), "\"a\\u202eb\\u009b\\udb40\\udc41\xC3\xA9\"");
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden_characters_are_escaped),
        cmocka_unit_test(test_formats_do_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
