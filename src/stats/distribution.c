/* Quantiles of the normal, Student's t and the beta distribution, and the beta distribution
 * function. */
#include "stats/rate.h"

#include <float.h>
#include <math.h>

#define LOG_SQRT_2PI 0.91893853320467274178
#define FRACTION_STEPS 100000000 /* far more than the square root of any sample size */

/* A first guess within 4.5e-4 of the quantile, for p <= 0.5 (Hastings 1955; Abramowitz and Stegun
 * 26.2.23). */
static double normal_guess(double p)
{
    double t = sqrt(-2 * log(p));
    double above = 2.515517 + t * (0.802853 + t * 0.010328);
    double below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    return above / below - t;
}

double normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    if (p == 0.5) return 0;
    double tail = p < 0.5 ? p : 1 - p;
    double x = normal_guess(tail);
    for (int i = 0; i < 3; i++) { /* Halley's method: each step triples the number of correct
                                     digits */
        double cdf = 0.5 * erfc(-x * M_SQRT1_2);
        double step = (cdf - tail) / exp(-0.5 * x * x - LOG_SQRT_2PI);
        if (!isfinite(step)) break;
        x -= step / (1 + 0.5 * x * step);
    }
    return p < 0.5 ? x : -x;
}

/* log(ratio) - (ratio - 1), where excess is ratio - 1 in full precision; nothing cancels near 1. */
static double log_less_linear(double ratio, double excess)
{
    if (excess < -0.1 || excess > 0.1) return log(ratio) - excess;
    double power = excess;
    double sum = 0;
    for (int k = 2; k < 40; k++) {
        power *= -excess;
        double term = power / k;
        sum += term;
        if (fabs(term) <= DBL_EPSILON * fabs(sum)) break;
    }
    return sum;
}

/* log Gamma(z) minus Stirling's formula (z - 1/2) log z - z + log sqrt(2 pi) (A. and S. 6.1.41). */
static double stirling_rest(double z)
{
    if (z < 15) {
        int sign;
        return lgamma_r(z, &sign) - ((z - 0.5) * log(z) - z + LOG_SQRT_2PI);
    }
    double w = 1 / (z * z);
    return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - w / 1188)))) / z;
}

/* How far x is above the mean of a beta distribution, in units of 1 / (a + b); y = 1 - x. */
static double beta_distance(double x, double y, double a, double b)
{
    return a > b ? b - y * (a + b) : x * (a + b) - a;
}

/*
 * log of x^a y^b / B(a, b), y = 1 - x. As a sum of deviances and Stirling remainders it keeps its
 * precision for any a and b, whereas the difference of three log Gammas would lose it all (Loader
 * 2000, "Fast and accurate computation of binomial probabilities").
 */
static double log_power_over_beta(double x, double y, double a, double b)
{
    double n = a + b;
    double distance = beta_distance(x, y, a, b);
    double deviance = a * log_less_linear(x * n / a, distance / a) +
                      b * log_less_linear(y * n / b, -distance / b);
    double rest = stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
    return deviance + 0.5 * (log(a) + log(b / n)) - LOG_SQRT_2PI + rest;
}

double binomial_log_pmf(double k, double n, double p, double q)
{
    if (!(k >= 0) || !(k <= n) || !(p >= 0) || !(q >= 0)) return NAN;
    if (p == 0) return k == 0 ? 0 : -INFINITY;
    if (q == 0) return k == n ? 0 : -INFINITY;
    /* The binomial coefficient is 1 / ((n + 1) B(k + 1, n - k + 1)) (DLMF 5.12.1). */
    return log_power_over_beta(p, q, k + 1, n - k + 1) - log(n + 1) - log(p) - log(q);
}

double normal_two_sided_p(double z)
{
    return erfc(fabs(z) * M_SQRT1_2);
}

/*
 * The continued fraction of the incomplete beta integral, for x not much above the mean: the even
 * part of DLMF 8.17.22, by Lentz's method. Its terms use distance = (a + b) x - a, so that nothing
 * cancels when a and b are large.
 */
static double beta_fraction(double x, double distance, double a, double b)
{
    double value = (1 - distance) / (a + 1);
    double c = value;
    double d = 0;
    for (int i = 1; i < FRACTION_STEPS; i++) {
        double m = i;
        double k = m - 1; /* odd, even: the numerators d_{2m-1} and d_{2m} of 8.17.22 */
        double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double one_and_next_odd =
            (a * (3 * m + 1 - m * x - distance) + m * (4 * m + 2 - distance - m * x)) /
            ((a + 2 * m) * (a + 2 * m + 1));
        double numerator = -odd * even;
        double denominator = even + one_and_next_odd;
        d = 1 / (denominator + numerator * d);
        c = denominator + numerator / c;
        value *= c * d;
        if (!(fabs(c * d - 1) >= 4 * DBL_EPSILON)) break; /* ends for NaN too */
    }
    return 1 / value;
}

/* The beta distribution function at x, y = 1 - x; *power is set to x^a y^b / B(a, b). */
static double beta_below(double x, double y, double a, double b, double *power)
{
    *power = exp(log_power_over_beta(x, y, a, b));
    double distance = beta_distance(x, y, a, b);
    if (x <= (a + 1) / (a + b + 2)) return *power * beta_fraction(x, distance, a, b) / a;
    return 1 - *power * beta_fraction(y, -distance, b, a) / b;
}

double beta_cdf(double x, double a, double b)
{
    double power;
    if (isnan(x) || !(a > 0) || !(b > 0)) return NAN;
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    return fmin(fmax(beta_below(x, 1 - x, a, b, &power), 0), 1);
}

/*
 * log(x / (1 - x)) at a probability p <= 0.5: Newton's method on log p, which is nearly linear
 * there, within a bracket. On this scale the derivative of the distribution function is x^a y^b /
 * B(a, b), which the function needs anyway.
 */
static double beta_logit_lower(double p, double a, double b)
{
    double low = -700; /* beyond it exp() overflows */
    double high = 700;
    double u = log(a / b) + normal_quantile(p) * sqrt(1 / a + 1 / b);
    for (int i = 0; i < 200; i++) {
        if (!(u > low && u < high)) u = low + (high - low) / 2;
        double power;
        double below = beta_below(1 / (1 + exp(-u)), 1 / (1 + exp(u)), a, b, &power);
        if (below < p) {
            low = u;
        } else {
            high = u;
        }
        double step = below > 0 && power > 0 ? log(below / p) * below / power : INFINITY;
        double next = u - step;
        if (fabs(step) <= 1e-15 * fmax(1, fabs(u)) || high - low <= 1e-15 * fmax(1, fabs(low)))
            return next;
        u = next;
    }
    return u;
}

/* log(x / (1 - x)) at the quantile p of a beta distribution; q = 1 - p is passed along to keep its
 * precision. */
static double beta_logit(double p, double q, double a, double b)
{
    return p <= q ? beta_logit_lower(p, a, b) : -beta_logit_lower(q, b, a);
}

double beta_quantile(double p, double a, double b)
{
    if (isnan(p) || p < 0 || p > 1 || !(a > 0) || !(b > 0)) return NAN;
    if (p == 0 || p == 1) return p;
    return 1 / (1 + exp(-beta_logit(p, 1 - p, a, b)));
}

/* Student's t for many degrees of freedom, where the beta quantile loses its precision (A. and S.
 * 26.7.5). */
static double student_near_normal(double p, double degrees)
{
    double z = normal_quantile(p);
    if (isinf(z) || isinf(degrees)) return z;
    double first = (z * z + 1) / 4;
    double second = ((5 * z * z + 16) * z * z + 3) / 96;
    return z * (1 + (first + second / degrees) / degrees);
}

double student_quantile(double p, double degrees)
{
    if (isnan(p) || p < 0 || p > 1 || !(degrees > 0)) return NAN;
    if (p == 0 || p == 0.5 || p == 1) return p == 0.5 ? 0 : normal_quantile(p);
    if (degrees > 1e6) return student_near_normal(p, degrees);
    /* degrees / (degrees + t^2) has a beta distribution with degrees/2 and 1/2 (A. and S.
     * 26.7.1). */
    double both_tails = 2 * fmin(p, 1 - p);
    double t =
        sqrt(degrees) * exp(-0.5 * beta_logit(both_tails, fabs(1 - 2 * p), degrees / 2, 0.5));
    return p < 0.5 ? -t : t;
}

double mean_square_quantile(double p, double degrees)
{
    double ninth = 2 / (9 * degrees);
    return pow(fmax(0, 1 - ninth + normal_quantile(p) * sqrt(ninth)), 3);
}
