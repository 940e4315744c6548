#include "stats/comparison.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* The square-and-add rule: each side contributes its distance towards the bound. */
static struct difference mover(double a, double a_low, double a_high, double b, double b_low,
                               double b_high)
{
    return (struct difference){
        .valid = true,
        .value = b - a,
        .low = b - a - hypot(b - b_low, a_high - a),
        .high = b - a + hypot(b_high - b, a - a_low),
    };
}

struct difference rate_newcombe(const struct estimate *a, const struct estimate *b)
{
    if (!a->valid || !b->valid) return (struct difference){0};
    return mover(a->value, a->low, a->high, b->value, b->low, b->high);
}

struct difference difference_in_differences(const struct difference *treated,
                                            const struct difference *control)
{
    if (!treated->valid || !control->valid) return (struct difference){0};
    return mover(control->value, control->low, control->high, treated->value, treated->low,
                 treated->high);
}

struct difference quantile_difference(const struct quantile *a, const struct quantile *b)
{
    if (!a->valid || !b->valid || !a->two_sided || !b->two_sided) return (struct difference){0};
    return mover((double)a->value, (double)a->low, (double)a->high, (double)b->value,
                 (double)b->low, (double)b->high);
}

double rate_score_test(double x1, double n1, double x2, double n2, double *z)
{
    double unused;
    if (z == NULL) z = &unused;
    *z = 0;
    if (!(n1 > 0) || !(n2 > 0) || !isfinite(n1) || !isfinite(n2) || isnan(x1) || isnan(x2))
        return 1;
    double pooled = (x1 + x2) / (n1 + n2);
    double variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2);
    if (!(variance > 0)) return 1;
    *z = (x2 / n2 - x1 / n1) / sqrt(variance);
    return normal_two_sided_p(*z);
}

/* ---- Fisher's exact test ---- */

/* All tables with these margins: x of the first n1 when k of n1 + n2 are drawn. */
struct margins {
    double n1, n2, k;
    double low, high; /* the smallest and largest x */
};

/* The hypergeometric probability, as a quotient of three binomials with p = k / (n1 + n2) (Loader
 * 2000). */
static double log_probability(const struct margins *m, double x)
{
    double n = m->n1 + m->n2;
    double p = m->k / n;
    double q = (n - m->k) / n;
    return binomial_log_pmf(x, m->n1, p, q) + binomial_log_pmf(m->k - x, m->n2, p, q) -
           binomial_log_pmf(m->k, n, p, q);
}

/* P(x) and everything beyond it, away from the mode in the direction of `step`, where probabilities
 * only decrease. */
static double tail_from(const struct margins *m, double x, double step)
{
    double term = 1;
    double sum = 0;
    double log_first = log_probability(m, x);
    while (x >= m->low && x <= m->high && term > DBL_EPSILON * sum / 16) {
        sum += term;
        double up = step > 0 ? x : x - 1; /* the ratio P(up + 1) / P(up) */
        double quotient = (m->n1 - up) / (up + 1) * ((m->k - up) / (m->n2 - m->k + up + 1));
        term *= step > 0 ? quotient : 1 / quotient;
        x += step;
    }
    return exp(log_first + log(sum));
}

/* The table nearest to the mode, towards `end`, that is no likelier than the limit; one step beyond
 * `end` if there is none. */
static double no_likelier(const struct margins *m, double mode, double end, double limit)
{
    double step = end > mode ? 1 : -1;
    if (log_probability(m, end) > limit) return end + step;
    double inside = mode;
    double outside = end;
    while (fabs(outside - inside) > 1) {
        double middle = floor((inside + outside) / 2);
        if (log_probability(m, middle) > limit) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    return outside;
}

double fisher_exact(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2)
{
    if (x1 > n1) x1 = n1;
    if (x2 > n2) x2 = n2;
    struct margins m = {.n1 = (double)n1, .n2 = (double)n2, .k = (double)x1 + (double)x2};
    m.low = fmax(0, m.k - m.n2);
    m.high = fmin(m.k, m.n1);
    if (m.low >= m.high) return 1; /* the margins allow only one table */
    double x = (double)x1;
    double mode = floor((m.n1 + 1) * ((m.k + 1) / (m.n1 + m.n2 + 2)));
    mode = fmin(fmax(mode, m.low), m.high);
    /* Tables as likely as the observed one belong to the sum, even if rounding makes them
     * differ. */
    double limit = log_probability(&m, x) + 1e-7;
    if (log_probability(&m, mode) <= limit) return 1;
    double p = x > mode ? tail_from(&m, x, 1) : tail_from(&m, x, -1);
    double other_end = x > mode ? m.low : m.high;
    if (other_end != mode) {
        double other = no_likelier(&m, mode, other_end, limit);
        if (other >= m.low && other <= m.high) p += tail_from(&m, other, x > mode ? -1 : 1);
    }
    return fmin(p, 1);
}

/* ---- many comparisons ---- */

struct ranked {
    double p;
    size_t index;
};

static int by_p(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    if (a->p != b->p) return a->p < b->p ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static struct ranked *rank(const double *p, size_t n, double *adjusted)
{
    struct ranked *ranked = calloc(n + 1, sizeof *ranked);
    for (size_t i = 0; i < n; i++) {
        if (ranked != NULL)
            ranked[i] = (struct ranked){isnan(p[i]) ? 1 : p[i], i};
        else
            adjusted[i] = 1;
    }
    if (ranked != NULL) qsort(ranked, n, sizeof *ranked, by_p);
    return ranked;
}

bool holm_adjust(const double *p, size_t n, double *adjusted)
{
    struct ranked *ranked = rank(p, n, adjusted);
    if (ranked == NULL) return false;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fmin(1, ranked[i].p * (double)(n - i)));
        adjusted[ranked[i].index] = most;
    }
    free(ranked);
    return true;
}
