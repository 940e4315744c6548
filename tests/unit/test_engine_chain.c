/* When a chain ends, and what it then counts. */
#include "engine/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_chain_counts_when_its_last_holder_goes(void **state)
{
    struct cluster_sums sums = {0};
    (void)state;
    struct chain *chain = chain_new(7, 1);
    struct chain *user = chain_hold(chain);
    chain_count(chain, false);
    chain_count(chain, true);
    chain_release(chain, &sums); /* its first session has ended; the virtual user may retry */
    assert_int_equal(sums.count, 0);
    struct chain *second = chain_hold(user);
    chain_count(second, true);
    chain_count(second, false);
    chain_release(user, &sums);
    assert_int_equal(sums.count, 0);
    chain_release(second, &sums);
    assert_int_equal(sums.count, 1);
    assert_int_equal(sums.with_failure, 1);
    assert_true(sums.m == 4 && sums.x == 2 && sums.mx == 8 && sums.xx == 4);
    assert_int_equal(sums.at_risk, 2); /* up to the first failure, in whichever session */
    assert_int_equal(sums.first_failures, 1);
}

static void one_without_attempts_is_no_cluster(void **state)
{
    struct cluster_sums sums = {0};
    (void)state;
    chain_release(chain_new(1, 0), &sums);
    chain_release(NULL, &sums);
    assert_int_equal(sums.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_counts_when_its_last_holder_goes),
        cmocka_unit_test(one_without_attempts_is_no_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
