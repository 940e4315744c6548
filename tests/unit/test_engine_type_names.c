#include "engine/type_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_name_is_kept_once(void **state)
{
    (void)state;
    struct type_names names = {0};
    char own[] = "response.output_audio.delta";
    const char *kept = type_names_keep(&names, own);
    own[0] = 'R';
    assert_string_equal(kept, "response.output_audio.delta");
    assert_ptr_equal(type_names_keep(&names, "response.output_audio.delta"), kept);
    assert_ptr_not_equal(type_names_keep(&names, own), kept);
    assert_string_equal(type_names_keep(&names, ""), "");
    assert_int_equal(names.count, 3);
    type_names_free(&names);
}

/* However many names a service invents: what was kept stays, the rest has one name. */
static void no_service_can_fill_the_memory(void **state)
{
    (void)state;
    struct type_names names = {0};
    const char *kept[TYPE_NAMES_MOST];
    char name[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3 * TYPE_NAMES_MOST; i++) {
            (void)snprintf(name, sizeof name, "invented.%d", i);
            const char *got = type_names_keep(&names, name);
            assert_string_equal(got, i < TYPE_NAMES_MOST ? name : "(other)");
            if (i >= TYPE_NAMES_MOST) continue;
            if (round == 0) kept[i] = got;
            assert_ptr_equal(got, kept[i]);
        }
    }
    assert_int_equal(names.count, TYPE_NAMES_MOST);
    type_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_kept_once),
        cmocka_unit_test(no_service_can_fill_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
