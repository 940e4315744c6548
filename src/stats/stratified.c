#include "stats/stratified.h"

#include "stats/rate.h"

#include <math.h>

/* The sums over strata from which test, odds ratio and interval are computed. */
struct sums {
    double excess, variance;  /* of the second side's failures, relative to equal rates */
    double r, s;              /* the odds ratio's numerator and denominator */
    double pr, ps_and_qr, qs; /* of its variance */
    size_t used;
};

static void add(struct sums *sums, const struct stratum *t)
{
    double n = t->n1 + t->n2;
    double failed = t->x1 + t->x2;
    bool fit = t->n1 > 0 && t->n2 > 0 && n > 1 && failed > 0 && failed < n && isfinite(n) &&
               t->x1 >= 0 && t->x2 >= 0 && t->x1 <= t->n1 && t->x2 <= t->n2;
    if (!fit) return;
    double passed1 = t->n1 - t->x1;
    double passed2 = t->n2 - t->x2;
    double r = t->x2 * (passed1 / n);
    double s = t->x1 * (passed2 / n);
    double p = (t->x2 + passed1) / n;
    double q = (t->x1 + passed2) / n;
    sums->excess += t->x2 - t->n2 * (failed / n);
    sums->variance += t->n1 * (t->n2 / n) * (failed / n) * ((n - failed) / (n - 1));
    sums->r += r;
    sums->s += s;
    sums->pr += p * r;
    sums->ps_and_qr += p * s + q * r;
    sums->qs += q * s;
    sums->used++;
}

struct stratified stratified_compare(const struct stratum *strata, size_t count, double confidence)
{
    struct sums sums = {0};
    for (size_t i = 0; i < count; i++) add(&sums, &strata[i]);
    struct stratified result = {.p = 1, .odds_ratio = 1, .high = INFINITY, .used = sums.used};
    if (sums.used == 0 || !(sums.variance > 0) || !(confidence > 0 && confidence < 1))
        return result;
    result.valid = true;
    result.chi_squared = sums.excess * sums.excess / sums.variance;
    result.p = normal_two_sided_p(sqrt(result.chi_squared));
    result.odds_ratio = sums.s > 0 ? sums.r / sums.s : INFINITY;
    if (!(sums.r > 0) || !(sums.s > 0)) return result;
    double spread = sqrt(sums.pr / (2 * sums.r * sums.r) + sums.ps_and_qr / (2 * sums.r * sums.s) +
                         sums.qs / (2 * sums.s * sums.s));
    double z = normal_quantile(1 - (1 - confidence) / 2);
    result.low = result.odds_ratio * exp(-z * spread);
    result.high = result.odds_ratio * exp(z * spread);
    return result;
}
