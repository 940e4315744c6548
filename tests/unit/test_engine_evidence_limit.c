/* Which evidence records are written in full. */
#include "engine/evidence_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_first_of_each_kind_are_full(void **state)
{
    (void)state;
    static const char a[] = "server_error";
    static const char b[] = "stall";
    struct evidence_limit evidence_limit = {.limit = 2};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(evidence_limit_count(&evidence_limit, 0, a), i >= 2);
        assert_int_equal(evidence_limit_count(&evidence_limit, 1, a), i >= 2);
        assert_int_equal(evidence_limit_count(&evidence_limit, 0, b), i >= 2);
    }
    for (size_t region = 2; region < 200; region++)
        assert_false(evidence_limit_count(&evidence_limit, region, a));
    assert_true(evidence_limit_count(&evidence_limit, 0, a));
    evidence_limit_free(&evidence_limit);
    /* no limit: all are full */
    for (int i = 0; i < 5; i++) assert_false(evidence_limit_count(&evidence_limit, 0, a));
    evidence_limit_free(&evidence_limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_of_each_kind_are_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
