/* The watch that never retires: its limit, its arithmetic, and what an hour of failures does to
 * it. */
#include "stats/cusum.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/*
 * The mean run lengths of the Markov chain of Brook and Evans (1972), by numpy 1.24's linear
 * solver: on the lattice of `up` units for a failure, `down` for a success, alarm at `top`.
 */
static const struct {
    double acceptable, too_high, mean;
    int up, down, top;
    double false_alarm, delay;
} chains[] = {
    {0.02, 0.05, 100000, 29, 1, 211, 100213.6714, 377.1551391},
    {0.02, 0.1, 1e+06, 19, 1, 123, 1077321.222, 118.5803443},
    {0.01, 0.03, 100000, 54, 1, 319, 100039.562, 446.0726488},
    {0.005, 0.05, 100000, 50, 1, 162, 103100.7548, 102.9216322},
    {0.001, 0.01, 1e+07, 254, 1, 1144, 10033036.7, 730.4736817},
    {0.05, 0.5, 10000, 7, 2, 23, 12385.57262, 9.4752369},
    {0.2, 0.4, 10000, 5, 2, 49, 10134.94363, 56.11546885},
    {0.3, 0.9, 10000, 3, 5, 23, 12604.02002, 10.55121752},
};

static void limits_as_a_markov_chain_has_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(chains); i++) {
        struct cusum w;
        assert_true(cusum_start(&w, chains[i].acceptable, chains[i].too_high, chains[i].mean));
        assert_int_equal(lround(w.if_failed / w.unit), chains[i].up);
        assert_int_equal(lround(-w.if_passed / w.unit), chains[i].down);
        assert_int_equal(lround(w.limit / w.unit), chains[i].top);
        double between = cusum_mean_trials(&w, chains[i].acceptable);
        double delay = cusum_mean_trials(&w, chains[i].too_high);
        assert_true(fabs(between / chains[i].false_alarm - 1) < 1e-6);
        assert_true(fabs(delay / chains[i].delay - 1) < 1e-6);
        assert_true(between >= chains[i].mean);
    }
}

/* A limit one unit lower would not do: the lowest is the one found. */
static void the_limit_is_the_lowest_that_keeps_the_promise(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(chains); i++) {
        struct cusum w;
        assert_true(cusum_start(&w, chains[i].acceptable, chains[i].too_high, chains[i].mean));
        w.limit -= w.unit;
        assert_true(cusum_mean_trials(&w, chains[i].acceptable) < chains[i].mean);
    }
}

/* Rates too close for a lattice take Lorden's bound, which is higher than any limit that is
 * needed. */
static void close_rates_are_on_the_safe_side(void **state)
{
    (void)state;
    struct cusum w;
    assert_true(cusum_start(&w, 0.10, 0.101, 1e4));
    assert_true(fabs(w.limit - log(1e4)) < 1e-12);
    assert_true(cusum_mean_trials(&w, 0.10) > 1e4);
    assert_true(cusum_mean_trials(&w, 0.15) < cusum_mean_trials(&w, 0.10));
}

static void what_is_no_pair_of_rates_is_refused(void **state)
{
    (void)state;
    static const double rows[][3] = {{0, 0.1, 1e4},    {0.1, 0.1, 1e4},  {0.1, 1, 1e4},
                                     {0.2, 0.1, 1e4},  {0.02, 0.05, 9},  {0.02, 0.05, 2e9},
                                     {NAN, 0.05, 1e4}, {0.02, NAN, 1e4}, {0.02, 0.05, NAN}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cusum w;
        assert_false(cusum_start(&w, rows[i][0], rows[i][1], rows[i][2]));
        assert_false(cusum_add(&w, 0, 1, 1));
        assert_true(isnan(cusum_mean_trials(&w, 0.1)));
    }
}

/* By hand: a failure is 29 units, a success takes one, and 4 trials of a minute bring 26. */
static void sums_up_and_starts_again(void **state)
{
    (void)state;
    struct cusum w;
    assert_true(cusum_start(&w, 0.02, 0.05, 1e5));
    assert_false(cusum_add(&w, 0, 10, 0));
    assert_true(cusum_sum(&w) == 0);
    assert_int_equal(w.restarts, 0); /* it was at 0 */
    assert_false(cusum_add(&w, 1, 4, 1));
    assert_true(fabs(cusum_sum(&w) - 26 * w.unit) < 1e-12);
    assert_false(cusum_add(&w, 2, 20, 0));
    assert_true(fabs(cusum_sum(&w) - 6 * w.unit) < 1e-12);
    assert_false(cusum_add(&w, 3, 20, 0));
    assert_true(cusum_sum(&w) == 0);
    assert_int_equal(w.restarts, 1);
    assert_true(fabs(w.peak - w.limit / CUSUM_BLOCKS) < 1e-12 ||
                fabs(w.peak - 26 * w.unit) < 1e-12);
    assert_int_equal(w.trials, 54);
    assert_int_equal(w.failed, 1);
}

/* However many fail: one minute is an eighth of the limit, and the ninth minute is not needed. */
static void a_minute_counts_for_an_eighth(void **state)
{
    (void)state;
    struct cusum w;
    assert_true(cusum_start(&w, 0.02, 0.05, 1e5));
    for (int minute = 0; minute < CUSUM_BLOCKS - 1; minute++) {
        for (int k = 0; k < 6; k++) assert_false(cusum_add(&w, 60 * minute + 10 * k, 1000, 1000));
        assert_true(fabs(cusum_sum(&w) - (minute + 1) * w.limit / CUSUM_BLOCKS) < 1e-9);
    }
    assert_true(cusum_add(&w, 60 * (CUSUM_BLOCKS - 1), 1000, 1000));
    assert_true(cusum_add(&w, 60 * CUSUM_BLOCKS, 1000, 0)); /* an alarm stays */
    cusum_restart(&w);
    assert_false(cusum_add(&w, 61 * CUSUM_BLOCKS, 1, 0));
}

/* An old defect: acceptable after a while, then deaf. However long a region was well, an hour of
 * 60% failures is found within its first quarter, and a region that stays well is never stopped. */
static void never_retires(void **state)
{
    (void)state;
    struct cusum w;
    assert_true(cusum_start(&w, 0.02, 0.05, 1e5));
    double now_s = 0;
    for (; now_s < 30 * 86400; now_s += 10) assert_false(cusum_add(&w, now_s, 7, 0));
    double bad_s = now_s;
    while (!cusum_add(&w, now_s, 10, 6)) {
        now_s += 10;
        assert_true(now_s - bad_s < 900);
    }
    assert_true(now_s - bad_s > 300);
}

/* A burst of 5 minutes in which all fail is no alarm, and is forgotten before the next hour. */
static void a_burst_is_no_alarm(void **state)
{
    (void)state;
    struct cusum w;
    assert_true(cusum_start(&w, 0.02, 0.05, 1e5));
    for (double now_s = 30; now_s < 86400; now_s += 10) {
        bool burst = fmod(now_s, 3600) < 300;
        assert_false(cusum_add(&w, now_s, 7, burst ? 7 : 0));
        if (fmod(now_s, 3600) > 1200) assert_true(cusum_sum(&w) == 0);
    }
    assert_int_equal(w.restarts, 24);
}

static void a_clock_that_stands_still_is_one_minute(void **state)
{
    (void)state;
    struct cusum w;
    assert_true(cusum_start(&w, 0.02, 0.05, 1e5));
    for (int i = 0; i < 1000; i++) assert_false(cusum_add(&w, 59, 10, 10));
    assert_false(cusum_add(&w, 12, 10, 10)); /* nor does one that goes back open another */
    assert_true(fabs(cusum_sum(&w) - w.limit / CUSUM_BLOCKS) < 1e-12);
    assert_false(cusum_add(&w, 100, 0, 0));
    assert_false(cusum_add(&w, 100, 1, 2)); /* more failures than trials are no trials */
    assert_int_equal(w.trials, 10010);
}

/* One false alarm in n trials with a chance of 5%: n / -ln(0.95). */
static void a_chance_in_a_run(void **state)
{
    (void)state;
    assert_true(fabs(cusum_mean_for(0.05, 1000) - 19495.72575) < 1e-3);
    assert_true(cusum_mean_for(0.5, 1) == 10);
    assert_true(cusum_mean_for(1e-9, 1e9) == 1e9);
}

/* With the cap: the delays in minutes that bench_stats_cusum measures independently
 * (docs/incidents.md). */
static void delays_as_they_were_measured(void **state)
{
    (void)state;
    static const struct {
        double per_minute, rate, minutes;
    } rows[] = {{5, 0.05, 107},  {5, 0.075, 46}, {5, 0.6, 8},    {45, 0.05, 26},
                {45, 0.075, 12}, {45, 0.6, 7},   {600, 0.05, 8}, {600, 0.6, 7}};
    struct cusum w;
    assert_true(cusum_start(&w, 0.02, 0.05, 1e5));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double minutes = cusum_mean_delay(&w, rows[i].rate, 60 * rows[i].per_minute) / 60;
        if (fabs(minutes - rows[i].minutes) > 0.5 + 0.1 * rows[i].minutes)
            fail_msg("%g/min at %g: %g min, not %g", rows[i].per_minute, rows[i].rate, minutes,
                     rows[i].minutes);
    }
    assert_true(isinf(cusum_mean_delay(&w, 0, 3600)));
    assert_true(isnan(cusum_mean_delay(&w, 2, 3600)));
    assert_true(cusum_mean_delay(&w, 1, 60e3) > 360); /* however many: eight minutes have part */
    /* One trial in ten minutes: a failure brings ln(5/2), of which the cap leaves 0.82. */
    assert_true(cusum_mean_delay(&w, 0.05, 6) / 600 > cusum_mean_trials(&w, 0.05));
    /* An eighth of ln(5/2) a failure, ln(98/95) less a success, of which there are nineteen. */
    assert_true(cusum_start(&w, 0.02, 0.05, 20));
    assert_true(isinf(cusum_mean_delay(&w, 0.05, 6)));
    /* A failure that brings less than an eighth is never cut: without it both are the same. */
    assert_true(cusum_start(&w, 0.2, 0.3, 1e4));
    double slow = cusum_mean_delay(&w, 0.3, 6) / 600;
    assert_true(fabs(slow / cusum_mean_trials(&w, 0.3) - 1) < 0.15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_as_a_markov_chain_has_them),
        cmocka_unit_test(the_limit_is_the_lowest_that_keeps_the_promise),
        cmocka_unit_test(close_rates_are_on_the_safe_side),
        cmocka_unit_test(what_is_no_pair_of_rates_is_refused),
        cmocka_unit_test(sums_up_and_starts_again),
        cmocka_unit_test(a_minute_counts_for_an_eighth),
        cmocka_unit_test(never_retires),
        cmocka_unit_test(a_burst_is_no_alarm),
        cmocka_unit_test(a_clock_that_stands_still_is_one_minute),
        cmocka_unit_test(a_chance_in_a_run),
        cmocka_unit_test(delays_as_they_were_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
