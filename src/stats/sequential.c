#include "stats/sequential.h"

#include <math.h>

static bool is_between(double value, double low, double high)
{
    return value > low && value < high;
}

bool sequential_start(struct sequential *test, double acceptable, double too_high,
                      double false_alarm, double miss)
{
    *test = (struct sequential){0};
    if (!is_between(acceptable, 0, too_high) || !(too_high < 1) || !is_between(false_alarm, 0, 1) ||
        !is_between(miss, 0, 1) || !(false_alarm + miss < 1)) {
        return false;
    }
    test->acceptable = acceptable;
    test->too_high = too_high;
    test->if_failed = log(too_high / acceptable);
    test->if_passed = log1p(-too_high) - log1p(-acceptable);
    test->lower = log(miss / (1 - false_alarm));
    test->upper = log((1 - miss) / false_alarm);
    return true;
}

enum sequential_verdict sequential_add(struct sequential *test, double trials, double failed)
{
    if (test->verdict != SEQUENTIAL_OPEN || !(trials > 0) || !(failed >= 0) || failed > trials)
        return test->verdict;
    test->sum += failed * test->if_failed + (trials - failed) * test->if_passed;
    if (test->sum >= test->upper) test->verdict = SEQUENTIAL_TOO_HIGH;
    if (test->sum <= test->lower) test->verdict = SEQUENTIAL_ACCEPTABLE;
    return test->verdict;
}

/* The exponent h for which a step's expectation of exp(h * step) is 1 (Wald's h): the nonzero root
 * of a convex function, on the side opposite to the drift. */
static double exponent(const struct sequential *test, double rate, double drift)
{
    double low = drift > 0 ? -1 : 0;
    double high = drift > 0 ? 0 : 1;
    double *far = drift > 0 ? &low : &high;
    for (int i = 0; i < 60; i++) {
        if (rate * exp(*far * test->if_failed) + (1 - rate) * exp(*far * test->if_passed) > 1)
            break;
        *far *= 2;
    }
    double outside = *far; /* the function is above 1 there, and below it between the root and 0 */
    double inside = 0;
    for (int i = 0; i < 200; i++) {
        double middle = (outside + inside) / 2;
        if (rate * exp(middle * test->if_failed) + (1 - rate) * exp(middle * test->if_passed) > 1) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    return outside;
}

double sequential_expected_trials(const struct sequential *test, double true_rate)
{
    if (!(true_rate >= 0 && true_rate <= 1) || !(test->upper > test->lower)) return NAN;
    double drift = true_rate * test->if_failed + (1 - true_rate) * test->if_passed;
    if (true_rate == 0) return test->lower / test->if_passed;
    if (true_rate == 1) return test->upper / test->if_failed;
    double spread = true_rate * test->if_failed * test->if_failed +
                    (1 - true_rate) * test->if_passed * test->if_passed;
    if (fabs(drift) < 1e-9 * sqrt(spread)) return -test->lower * test->upper / spread;
    double h = exponent(test, true_rate, drift);
    double up = exp(h * test->upper);
    double down = exp(h * test->lower);
    double ends_low = (up - 1) / (up - down);
    if (isinf(up)) ends_low = 1;
    return (ends_low * test->lower + (1 - ends_low) * test->upper) / drift;
}
