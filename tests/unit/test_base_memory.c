/* A failed allocation is noted, whoever asked for it and whatever came of it. */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): how the sanitizers are told to give NULL */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* More than there can be; the compiler must not see it. */
static volatile size_t too_much = PTRDIFF_MAX;

static int forget(void **state)
{
    (void)state;
    memory_forget();
    return 0;
}

static void what_succeeds_is_not_noted(void **state)
{
    (void)state;
    char *copy = strdup("a word");
    char *part = strndup("a word", 3);
    char *block = calloc(3, 5);
    block = realloc(block, 100);
    free(copy);
    free(part);
    free(block);
    assert_false(memory_ran_out());
}

static void each_way_to_fail_is_noted(void **state)
{
    (void)state;
    assert_null(malloc(too_much));
    assert_true(memory_ran_out());
    memory_forget();
    assert_false(memory_ran_out());
    assert_null(calloc(too_much, 1));
    assert_true(memory_ran_out());
    memory_forget();
    assert_null(realloc(NULL, too_much));
    assert_true(memory_ran_out());
}

static void the_reserve_has_an_end(void **state)
{
    (void)state;
    assert_null(memory_allocate(too_much));
    assert_null(memory_allocate_clear(too_much, 1));
    assert_null(memory_enlarge(NULL, too_much));
    assert_true(memory_ran_out());
}

static void a_library_gets_what_it_asks_for(void **state)
{
    (void)state;
    unsigned char *clear = memory_allocate_clear(100, 10);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(clear[i], 0);
    memset(clear, 7, 1000);
    clear = memory_enlarge(clear, 5000);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(clear[i], 7);
    memory_release(clear);
    memory_release(memory_enlarge(NULL, 10));
    memory_release(NULL);
    assert_false(memory_ran_out());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_succeeds_is_not_noted, forget),
        cmocka_unit_test_setup(each_way_to_fail_is_noted, forget),
        cmocka_unit_test_setup(the_reserve_has_an_end, forget),
        cmocka_unit_test_setup(a_library_gets_what_it_asks_for, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
