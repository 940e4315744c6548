#include "simulator/lot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

enum { COUNT = 200000, CELLS = 20 };

/* How the i-th pair of numbers is drawn: each a way in which the simulator draws neighbours. */
typedef void (*draw_pair)(uint64_t i, double pair[2]);

static const struct lot root = {7};

static void of_two_responses(uint64_t i, double pair[2])
{
    pair[0] = lot_unit(lot_part(root, 2 * i), LOT_PREAMBLE);
    pair[1] = lot_unit(lot_part(root, 2 * i + 1), LOT_PREAMBLE);
}

static void of_two_draws(uint64_t i, double pair[2])
{
    const struct lot lot = lot_part(root, i);
    pair[0] = lot_unit(lot, random_stream("server_error"));
    pair[1] = lot_unit(lot, random_stream("server_error") + 1);
}

static void of_whole_and_part(uint64_t i, double pair[2])
{
    const struct lot lot = lot_part(root, i);
    pair[0] = lot_unit(lot, 1);
    pair[1] = lot_unit(lot_part(lot, 1), 1);
}

static void of_two_names(uint64_t i, double pair[2])
{
    char name[32];
    (void)snprintf(name, sizeof name, "turn-%llu-1", (unsigned long long)i);
    pair[0] = lot_unit(lot_named(root, name), 0);
    (void)snprintf(name, sizeof name, "turn-%llu-2", (unsigned long long)i);
    pair[1] = lot_unit(lot_named(root, name), 0);
}

static void of_two_seeds(uint64_t i, double pair[2])
{
    pair[0] = lot_unit(lot_part((struct lot){i}, 3), 0);
    pair[1] = lot_unit(lot_part((struct lot){i + 1}, 3), 0);
}

/*
 * Pairs in a square of 20 by 20 cells: Pearson's chi-square with 399 degrees of freedom is above
 * 492.0 once in 1,000 times where both numbers are uniform and independent of each other (scipy:
 * chi2.ppf(0.999, 399)).
 */
static void test_uniform_and_independent(void **state)
{
    (void)state;
    static const draw_pair draws[] = {of_two_responses, of_two_draws, of_whole_and_part,
                                      of_two_names, of_two_seeds};
    for (size_t way = 0; way < sizeof draws / sizeof *draws; way++) {
        unsigned cells[CELLS][CELLS] = {0};
        for (uint64_t i = 0; i < COUNT; i++) {
            double pair[2];
            draws[way](i, pair);
            assert_true(pair[0] >= 0 && pair[0] < 1 && pair[1] >= 0 && pair[1] < 1);
            cells[(int)(pair[0] * CELLS)][(int)(pair[1] * CELLS)]++;
        }
        const double expected = (double)COUNT / (CELLS * CELLS);
        double chi_square = 0;
        for (int i = 0; i < CELLS * CELLS; i++)
            chi_square += pow(cells[i / CELLS][i % CELLS] - expected, 2) / expected;
        if (chi_square > 492.0) fail_msg("way %zu: %g", way, chi_square);
    }
}

/* A number is the same whenever it is asked for, and a stream of one draw begins with it. */
static void test_no_memory_of_draws(void **state)
{
    (void)state;
    const struct lot lot = lot_named(root, "one");
    const double first = lot_unit(lot, LOT_DELTA);
    (void)lot_unit(lot, LOT_UPGRADE);
    (void)lot_part(lot, 9);
    assert_true(lot_unit(lot, LOT_DELTA) == first);
    struct random random = lot_stream(lot, LOT_DELTA);
    assert_true(random_unit(&random) == first);
    assert_true(lot_unit(lot_named(root, "other"), LOT_DELTA) != first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform_and_independent),
        cmocka_unit_test(test_no_memory_of_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
