#include "base/text.h"

#include "base/error.h"
#include "base/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void grows_and_stays_terminated(void **state)
{
    (void)state;
    struct text text = {0};
    assert_string_equal(text_str(&text), "");
    for (int i = 0; i < 1000; i++) text_printf(&text, "%d,", i);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(text.data), text.length);
    text_clear(&text);
    assert_string_equal(text.data, "");
    text_append(&text, "a\0b", 3);
    assert_int_equal(text.length, 3);
    assert_memory_equal(text.data, "a\0b", 4);
    text_free(&text);
    assert_null(text.data);
}

static void taking_hands_over_the_string(void **state)
{
    (void)state;
    struct text text = {0};
    char *empty = text_take(&text);
    assert_string_equal(empty, "");
    free(empty);
    text_puts(&text, "mine");
    char *mine = text_take(&text);
    assert_string_equal(mine, "mine");
    assert_int_equal(text.length, 0);
    assert_null(text.data);
    free(mine);
    text.failed = true;
    assert_null(text_take(&text));
    assert_false(text.failed);
}

static void no_memory_is_remembered(void **state)
{
    (void)state;
    struct text text = {0};
    text_puts(&text, "kept");
    text_append(&text, "x", SIZE_MAX / 2); /* refused before a byte is read */
    assert_true(text.failed);
    text_puts(&text, " not added");
    assert_string_equal(text_str(&text), "kept");
    text_free(&text);
}

static void escapes_by_format(void **state)
{
    (void)state;
    static const struct {
        void (*escape)(struct text *, const char *);
        const char *in, *out;
    } cases[] = {
        {text_json, NULL, "null"},
        {text_json, "", "\"\""},
        {text_json, "a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
        {text_json, "\n\r\t\b\x01\x7f", "\"\\n\\r\\t\\u0008\\u0001\\u007f\""},
        {text_json, "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80",
         "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""},
        /* Not UTF-8: a lone byte, overlong, a surrogate, beyond U+10FFFF, cut short. */
        {text_json, "a\xFFz", "\"a\xEF\xBF\xBDz\""},
        {text_json, "\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {text_json, "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {text_json, "\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {text_json, "\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {text_html, "<a href=\"x\">'&'</a>",
         "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"},
        {text_csv, "plain text", "plain text"},
        {text_csv, "a,b", "\"a,b\""},
        {text_csv, "say \"no\"", "\"say \"\"no\"\"\""},
        {text_csv, "two\nlines", "\"two\nlines\""},
        {text_percent, "gpt-realtime_1.5~x", "gpt-realtime_1.5~x"},
        {text_percent, "a b&c=d/e+\xC3\xA9", "a%20b%26c%3Dd%2Fe%2B%C3%A9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text text = {0};
        cases[i].escape(&text, cases[i].in);
        assert_string_equal(text_str(&text), cases[i].out);
        text_free(&text);
    }
}

static void errors_tell_and_prefix(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_set(&err, ERR_IO, "cannot read %s", "x"), ERR_IO);
    assert_int_equal(error_prefix(&err, "region %s", "eastus2"), ERR_IO);
    assert_string_equal(err.text, "region eastus2: cannot read x");
    assert_int_equal(error_set(NULL, ERR_NET, "nobody reads this"), ERR_NET);

    char longer[2000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    (void)error_set(&err, ERR_FORMAT, "%s", longer);
    assert_int_equal(error_prefix(&err, "%s", longer), ERR_FORMAT);
    assert_true(strlen(err.text) < sizeof err.text);

    assert_int_equal(error_exit_status(ERR_OK), 0);
    assert_int_equal(error_exit_status(ERR_USAGE), 2);
    assert_int_equal(error_exit_status(ERR_PROFILE), 2);
    assert_int_equal(error_exit_status(ERR_FORMAT), 1);
}

static void words_are_those_of_the_contract(void **state)
{
    (void)state;
    assert_string_equal(dialect_name(DIALECT_GA), "ga");
    assert_string_equal(dialect_name(DIALECT_OPENAI), "openai");
    assert_string_equal(modality_name(MODALITY_AUDIO), "audio");
    assert_string_equal(phase_name(PHASE_NONE), "none");
    assert_string_equal(phase_name(PHASE_CLOSE), "close");
    assert_string_equal(domain_name(DOMAIN_NONE), "none");
    assert_string_equal(domain_name(DOMAIN_CLIENT), "client");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(taking_hands_over_the_string),
        cmocka_unit_test(no_memory_is_remembered),
        cmocka_unit_test(escapes_by_format),
        cmocka_unit_test(errors_tell_and_prefix),
        cmocka_unit_test(words_are_those_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
