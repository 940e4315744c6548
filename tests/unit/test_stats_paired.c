/* Paired ends against published values, and what bursts do to them. */
#include "base/random.h"
#include "stats/paired.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define USERS 1200

/* Lays out so many pairs of each kind, evenly mixed by a draw. */
static void lay_out(size_t only_a, size_t only_b, size_t both, size_t n, unsigned char *a,
                    unsigned char *b)
{
    struct random random;
    random_seed(&random, 1, 1);
    for (size_t i = 0; i < n; i++) {
        a[i] = i < both || (i >= both && i < both + only_a) ? PAIRED_BAD : PAIRED_GOOD;
        b[i] = i < both || (i >= both + only_a && i < both + only_a + only_b) ? PAIRED_BAD
                                                                              : PAIRED_GOOD;
    }
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)random_below(&random, i);
        const unsigned char x = a[i - 1];
        const unsigned char y = b[i - 1];
        a[i - 1] = a[j];
        b[i - 1] = b[j];
        a[j] = x;
        b[j] = y;
    }
}

/* p: twice the tail of a fair coin, in whole numbers by Python (what binomtest of scipy gives).
 * Intervals: the formula of Bonett and Price (2012), in Python. All below 80 pairs, which count as
 * independent. */
static void as_others_work_it_out(void **state)
{
    static const struct {
        size_t only_a, only_b, both, n;
        double p, low, high;
    } rows[] = {
        {0, 0, 0, 20, 1.000000000000, -0.125991256759, 0.125991256759},
        {0, 6, 3, 40, 0.031250000000, 0.018137521759, 0.267576763955},
        {5, 5, 1, 30, 1.000000000000, -0.212172325139, 0.212172325139},
        {1, 9, 0, 79, 0.021484375000, 0.017750795742, 0.179780068456},
        {12, 3, 20, 60, 0.035156250000, -0.270393769121, -0.019928811524},
        {2, 25, 5, 70, 0.000005647540, 0.192774843032, 0.446114045856},
        {40, 1, 0, 79, 0.000000000038, -0.600570047062, -0.362392915901},
        {1, 0, 0, 5, 1.000000000000, -0.616134828757, 0.330420543042},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char a[80];
        unsigned char b[80];
        lay_out(rows[i].only_a, rows[i].only_b, rows[i].both, rows[i].n, a, b);
        const struct paired pair = paired_compare(a, b, rows[i].n, 0.95);
        assert_int_equal(pair.only_a, rows[i].only_a);
        assert_int_equal(pair.only_b, rows[i].only_b);
        assert_int_equal(pair.both, rows[i].both);
        if (fabs(pair.p - rows[i].p) > 1e-9 || fabs(pair.difference.low - rows[i].low) > 1e-9 ||
            fabs(pair.difference.high - rows[i].high) > 1e-9)
            fail_msg("row %zu: p %.10f, %.10f to %.10f", i, pair.p, pair.difference.low,
                     pair.difference.high);
    }
}

static void an_unknown_end_is_no_pair(void **state)
{
    const unsigned char a[] = {PAIRED_BAD, PAIRED_UNKNOWN, PAIRED_GOOD, PAIRED_BAD};
    const unsigned char b[] = {PAIRED_GOOD, PAIRED_BAD, PAIRED_UNKNOWN, PAIRED_BAD};
    (void)state;
    const struct paired pair = paired_compare(a, b, 4, 0.95);
    assert_int_equal(pair.n, 2);
    assert_int_equal(pair.only_a, 1);
    assert_int_equal(pair.only_b, 0);
    assert_int_equal(pair.both, 1);
    const struct paired none = paired_compare(a, b, 0, 0.95);
    assert_false(none.difference.valid);
    assert_true(none.p == 1);
}

/* 60 losses of one run in a single burst are one event, spread over the run they are 60. */
static void a_burst_counts_as_one(void **state)
{
    static unsigned char a[USERS];
    static unsigned char b[USERS];
    (void)state;
    memset(a, PAIRED_GOOD, sizeof a);
    memset(b, PAIRED_GOOD, sizeof b);
    for (size_t i = 0; i < 60; i++) b[i * USERS / 60] = PAIRED_BAD;
    const struct paired spread = paired_compare(a, b, USERS, 0.95);
    assert_true(spread.p < 1e-6 && spread.difference.low > 0);
    memset(b, PAIRED_GOOD, sizeof b);
    for (size_t i = 0; i < 60; i++) b[500 + i] = PAIRED_BAD;
    const struct paired burst = paired_compare(a, b, USERS, 0.95);
    assert_true(burst.design_effect > 10);
    assert_true(burst.p > 0.05 && burst.difference.low < 0);
    assert_true(fabs(burst.difference.value - 0.05) < 1e-12);
}

/* An incident of half the run that one policy withstands is no burst of chance. */
static void a_long_incident_tells_them_apart(void **state)
{
    static unsigned char a[USERS];
    static unsigned char b[USERS];
    struct random random;
    (void)state;
    random_seed(&random, 3, 3);
    for (size_t i = 0; i < USERS; i++) {
        const bool struck = i >= USERS / 4 && i < USERS * 3 / 4;
        a[i] = random_unit(&random) < (struck ? 0.02 : 0.001) ? PAIRED_BAD : PAIRED_GOOD;
        b[i] = random_unit(&random) < (struck ? 0.30 : 0.001) ? PAIRED_BAD : PAIRED_GOOD;
    }
    const struct paired pair = paired_compare(a, b, USERS, 0.95);
    assert_true(pair.p < 0.01 && pair.difference.low > 0.03);
}

static void sides_change_places(void **state)
{
    static unsigned char a[USERS];
    static unsigned char b[USERS];
    (void)state;
    lay_out(30, 70, 10, USERS, a, b);
    const struct paired there = paired_compare(a, b, USERS, 0.95);
    const struct paired back = paired_compare(b, a, USERS, 0.95);
    assert_true(fabs(there.p - back.p) < 1e-12);
    assert_true(fabs(there.difference.low + back.difference.high) < 1e-12);
    assert_true(fabs(there.difference.value + back.difference.value) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_others_work_it_out), cmocka_unit_test(an_unknown_end_is_no_pair),
        cmocka_unit_test(a_burst_counts_as_one), cmocka_unit_test(a_long_incident_tells_them_apart),
        cmocka_unit_test(sides_change_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
