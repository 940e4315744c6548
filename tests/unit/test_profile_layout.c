/* Pretty-printed JSON: the same value, in lines that fit. */
#include "base/text.h"
#include "profile/layout.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_laid_out(const char *compact, const char *wanted)
{
    struct text out = {0};
    layout_json(&out, compact);
    assert_string_equal(text_str(&out), wanted);
    text_free(&out);
}

static void what_fits_stays_on_its_line(void **state)
{
    (void)state;
    assert_laid_out("{}", "{}\n");
    assert_laid_out("[]", "[]\n");
    assert_laid_out("\"a\"", "\"a\"\n");
    assert_laid_out("{\"a\":1,\"b\":[2,3]}", "{\"a\": 1, \"b\": [2, 3]}\n");
    assert_laid_out("{\"a\":\"x:y,z{}\\\"\"}", "{\"a\": \"x:y,z{}\\\"\"}\n");
}

#define LONG "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

static void what_does_not_is_broken_at_its_members(void **state)
{
    (void)state;
    assert_laid_out("{\"one\":" LONG ",\"two\":" LONG "}",
                    "{\n  \"one\": " LONG ",\n  \"two\": " LONG "\n}\n");
    assert_laid_out("[" LONG "," LONG "]", "[\n  " LONG ",\n  " LONG "\n]\n");
    assert_laid_out("{\"list\":[{\"a\":1}," LONG "," LONG "]}",
                    "{\n  \"list\": [\n    {\"a\": 1},\n    " LONG ",\n    " LONG "\n  ]\n}\n");
}

/* Another parser reads the same value from both, and no breakable line is too long. */
static void the_value_is_the_same(void **state)
{
    struct text compact = {0};
    struct text out = {0};
    (void)state;
    text_puts(&compact, "[");
    for (int i = 0; i < 40; i++)
        text_printf(&compact,
                    "%s{\"number\":%d,\"text\":\"[%d,{\\\\\\\"\",\"list\":[%d,true,null]}",
                    i > 0 ? "," : "", i, i, i * i);
    text_puts(&compact, "]");
    layout_json(&out, text_str(&compact));
    cJSON *before = cJSON_Parse(text_str(&compact));
    cJSON *after = cJSON_Parse(text_str(&out));
    assert_non_null(before);
    assert_true(cJSON_Compare(before, after, true));
    for (const char *line = text_str(&out); *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 110);
    cJSON_Delete(before);
    cJSON_Delete(after);
    text_free(&compact);
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_stays_on_its_line),
        cmocka_unit_test(what_does_not_is_broken_at_its_members),
        cmocka_unit_test(the_value_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
