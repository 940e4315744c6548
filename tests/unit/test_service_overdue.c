/* A deadline is judged after the loop's next turn, and not while anything lies unread; but nobody
 * keeps it from being judged for ever. */
#include "service/overdue.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS(ms) ((uint64_t)(ms) * (uint64_t)NS_PER_MS)

static bool lies_unread;

static bool unread(const struct conversation *conversation)
{
    (void)conversation;
    return lies_unread;
}

static const struct transport transport = {.unread = unread};
static const struct conversation open_one = {.transport = &transport};

static void the_loop_has_a_turn_first(void **state)
{
    struct overdue overdue = {0};
    (void)state;
    lies_unread = false;
    assert_false(overdue_may_judge(&overdue, MS(100), &open_one, MS(9000)));
    assert_true(overdue_may_judge(&overdue, MS(100), &open_one, MS(9000)));
    assert_false(overdue_may_judge(&overdue, MS(9500), &open_one, MS(9501))); /* another one */
    assert_true(overdue_may_judge(&overdue, MS(9500), NULL, MS(9501)));
}

static void what_lies_unread_is_read_first(void **state)
{
    struct overdue overdue = {0};
    (void)state;
    lies_unread = true;
    for (unsigned ms = 9000; ms < 11000; ms += 100)
        assert_false(overdue_may_judge(&overdue, MS(100), &open_one, MS(ms)));
    lies_unread = false;
    assert_true(overdue_may_judge(&overdue, MS(100), &open_one, MS(10999)));
}

static void a_flood_keeps_no_deadline(void **state)
{
    struct overdue overdue = {0};
    (void)state;
    lies_unread = true;
    assert_false(overdue_may_judge(&overdue, MS(100), &open_one, MS(9000)));
    assert_true(overdue_may_judge(&overdue, MS(100), &open_one, MS(11000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loop_has_a_turn_first),
        cmocka_unit_test(what_lies_unread_is_read_first),
        cmocka_unit_test(a_flood_keeps_no_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
