/* Manifests as text: all digits of whole numbers. */
#include "record/manifest_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void all_digits_are_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "3297208532127396",
        "[9007199254740991,9007199254740992,-9007199254740991,1000000000000001]",
        "{\"run\":{\"seed\":2912345678901234,\"id\":\"x\"},\"profile\":{\"seed\":0},\"parts\":[{"
        "\"seed\":4503599627370497}]}",
        "{\"a\":1.5,\"b\":null,\"c\":[],\"d\":999999999999999,\"e\":true}",
        "\"9007199254740991\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cJSON *item = cJSON_Parse(texts[i]);
        assert_non_null(item);
        char *printed = manifest_print(item, false);
        char *formatted = manifest_print(item, true);
        assert_non_null(formatted);
        assert_string_equal(printed, texts[i]);
        cJSON_Minify(formatted);
        assert_string_equal(formatted, texts[i]);
        cJSON_free(printed);
        cJSON_free(formatted);
        /* the tree is as it was */
        cJSON *again = cJSON_Parse(texts[i]);
        assert_true(cJSON_Compare(item, again, true));
        cJSON_Delete(again);
        cJSON_Delete(item);
    }
    assert_null(manifest_print(NULL, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_digits_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
