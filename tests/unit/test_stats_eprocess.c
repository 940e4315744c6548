/* Evidence that may be looked at after every value: what it is worth, and how often it is wrong. */
#include "base/random.h"
#include "stats/eprocess.h"
#include "stats/rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const double limits[] = {0.001, 0.01, 0.04, 0.2, 0.5, 0.9};

/* Failures of `failed` out of `all`, in any order: the evidence does not depend on it. */
static struct eprocess after(double limit, unsigned all, unsigned failed)
{
    struct eprocess evidence;
    assert_true(eprocess_start(&evidence, limit));
    for (unsigned i = 0; i < all; i++) eprocess_add(&evidence, i < failed);
    return evidence;
}

/* The theorem behind it: at the limit its mean is 1, whatever the number of values. The mean is
 * taken exactly, over the binomial distribution. */
static void its_mean_at_the_limit_is_one(void **state)
{
    static const unsigned sizes[] = {1, 2, 17, 150};
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        for (size_t k = 0; k < COUNT(sizes); k++) {
            double below = 0;
            double above = 0;
            for (unsigned x = 0; x <= sizes[k]; x++) {
                const struct eprocess evidence = after(limits[i], sizes[k], x);
                const double p = binomial_log_pmf(x, sizes[k], limits[i], 1 - limits[i]);
                below += exp(p + eprocess_below(&evidence));
                above += exp(p + eprocess_above(&evidence));
            }
            assert_true(fabs(below - 1) < 1e-9);
            assert_true(fabs(above - 1) < 1e-9);
        }
    }
}

/* How values come: each has a mean of `mean` given those before it. */
enum shape { SINGLE, POISONED, SHARES, FOLLOWING };

static double draw(enum shape shape, double mean, double last, struct random *random)
{
    switch (shape) {
    case SINGLE:
        return random_unit(random) < mean;
    case POISONED: /* all of a session, or one of its five attempts */
        if (random_unit(random) < 0.5) return random_unit(random) < mean;
        return random_unit(random) < 5 * mean ? 0.2 : 0;
    case SHARES:
        return 2 * mean * random_unit(random);
    case FOLLOWING: /* what comes depends on what was, but for its mean */
        return last > 0 ? mean : random_unit(random) < mean;
    }
    return 0;
}

#define WATCHES 2000
#define VALUES 1500

/* How many of the watches ever reach an error of 5%, looked at after every value. */
static void watch(enum shape shape, double limit, double mean, unsigned *below, unsigned *above)
{
    struct random random;
    random_seed(&random, 11, shape);
    *below = *above = 0;
    for (unsigned i = 0; i < WATCHES; i++) {
        struct eprocess evidence;
        double last = 0;
        bool is_below = false;
        bool is_above = false;
        assert_true(eprocess_start(&evidence, limit));
        for (unsigned k = 0; k < VALUES && !(is_below && is_above); k++) {
            last = draw(shape, mean, last, &random);
            eprocess_add(&evidence, last);
            is_below |= eprocess_below(&evidence) >= -log(0.05);
            is_above |= eprocess_above(&evidence) >= -log(0.05);
        }
        *below += is_below;
        *above += is_above;
    }
}

/* 2,000 watches: 100 may be wrong on average, 130 with three standard deviations. */
static void it_is_wrong_as_seldom_as_it_says(void **state)
{
    unsigned below;
    unsigned above;
    (void)state;
    for (enum shape shape = SINGLE; shape <= FOLLOWING; shape++) {
        watch(shape, 0.04, 0.04, &below, &above);
        assert_in_range(below, 0, 130);
        assert_in_range(above, 0, 130);
    }
}

static void it_tells_what_is_clear(void **state)
{
    unsigned below;
    unsigned above;
    (void)state;
    for (enum shape shape = SINGLE; shape <= FOLLOWING; shape++) {
        watch(shape, 0.04, 0.01, &below, &above);
        assert_int_equal(below, WATCHES);
        watch(shape, 0.04, 0.12, &below, &above);
        assert_int_equal(above, WATCHES);
    }
}

/* The fewest are those after which it is shown, and no fewer. A wager that cannot be mixed would
 * need ln(1/error)/limit; the mixture costs a third more. */
static void the_fewest_are_the_fewest(void **state)
{
    static const double errors[] = {0.2, 0.05, 0.001};
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        for (size_t k = 0; k < COUNT(errors); k++) {
            const uint64_t n = eprocess_fewest(limits[i], errors[k]);
            const double least = -log(errors[k]) / -log1p(-limits[i]);
            const struct eprocess enough = after(limits[i], (unsigned)n, 0);
            const struct eprocess short_of = after(limits[i], (unsigned)n - 1, 0);
            assert_true(eprocess_below(&enough) >= -log(errors[k]) - 1e-9);
            assert_true(eprocess_below(&short_of) < -log(errors[k]));
            assert_true((double)n >= floor(least) && (double)n <= 1.8 * least + 2);
        }
    }
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct eprocess evidence;
    (void)state;
    assert_false(eprocess_start(&evidence, 0));
    assert_false(eprocess_start(&evidence, 1));
    assert_false(eprocess_start(&evidence, NAN));
    assert_int_equal(eprocess_fewest(0.04, 0), 0);
    assert_int_equal(eprocess_fewest(0, 0.05), 0);
    assert_true(eprocess_start(&evidence, 0.5));
    eprocess_add(&evidence, 7); /* counts as 1 */
    assert_true(isfinite(eprocess_below(&evidence)) && evidence.sum == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_mean_at_the_limit_is_one),
        cmocka_unit_test(it_is_wrong_as_seldom_as_it_says),
        cmocka_unit_test(it_tells_what_is_clear),
        cmocka_unit_test(the_fewest_are_the_fewest),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
