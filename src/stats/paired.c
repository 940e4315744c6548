#include "stats/paired.h"

#include <math.h>

#define BLOCKS_MOST 40
#define BLOCKS_LEAST 16
#define PAIRS_LEAST 80 /* for blocks */

static bool is_known(unsigned char a, unsigned char b)
{
    return a != PAIRED_UNKNOWN && b != PAIRED_UNKNOWN;
}

static void count(const unsigned char *a, const unsigned char *b, size_t n, struct paired *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_known(a[i], b[i])) continue;
        const bool bad_a = a[i] == PAIRED_BAD;
        const bool bad_b = b[i] == PAIRED_BAD;
        out->n++;
        out->both += bad_a && bad_b;
        out->only_a += bad_a && !bad_b;
        out->only_b += bad_b && !bad_a;
    }
}

/* The differences of neighbouring blocks' sums of b - a. */
static void block_steps(const unsigned char *a, const unsigned char *b, size_t n, uint64_t pairs,
                        size_t blocks, double *steps)
{
    double sums[BLOCKS_MOST] = {0};
    uint64_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_known(a[i], b[i])) continue;
        sums[seen++ * blocks / pairs] += (double)b[i] - (double)a[i];
    }
    for (size_t k = 0; k + 1 < blocks; k++) steps[k] = sums[k + 1] - sums[k];
}

/* By the steps between so many blocks, against the variance of independent pairs. */
static double design_effect(const double *steps, size_t blocks, double independent,
                            double confidence)
{
    double sum = 0;
    double squares = 0;
    for (size_t k = 0; k + 1 < blocks; k++) {
        const double square = steps[k] * steps[k];
        sum += square;
        squares += square * square;
    }
    if (!(sum > 0) || !(independent > 0)) return 1;
    const double variance = sum * (double)blocks / (2 * ((double)blocks - 1));
    /* few where the variance is that of one burst; of normal sums, whose fourth moment is three
     * times the square of the second, two thirds of the blocks */
    const double degrees = fmax(2, 2 * sum * sum / squares);
    const double q = 0.5 + confidence / 2;
    const double room = student_quantile(q, degrees) / normal_quantile(q);
    return variance / independent * room * room;
}

/* The longer blocks know longer bursts, the shorter ones more of the variance. */
static double worst_effect(const unsigned char *a, const unsigned char *b, size_t n,
                           const struct paired *pair, double confidence)
{
    static const size_t blocks[] = {BLOCKS_MOST, BLOCKS_LEAST};
    const double x = (double)pair->only_a;
    const double y = (double)pair->only_b;
    const double independent = x + y - (y - x) * (y - x) / (double)pair->n;
    double worst = 1;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks && pair->n >= PAIRS_LEAST; i++) {
        double steps[BLOCKS_MOST];
        block_steps(a, b, n, pair->n, blocks[i], steps);
        worst = fmax(worst, design_effect(steps, blocks[i], independent, confidence));
    }
    return worst;
}

/* Twice the smaller tail of a fair coin. */
static double mcnemar_exact(double x, double y)
{
    const double n = floor(x + y + 0.5);
    const uint64_t least = (uint64_t)floor(fmin(fmin(x, y), n / 2) + 0.5);
    double p = 0;
    for (uint64_t k = 0; k <= least; k++) p += exp(binomial_log_pmf((double)k, n, 0.5, 0.5));
    return fmin(1, 2 * p);
}

static struct difference interval(const struct paired *pair, double confidence)
{
    const double n = (double)pair->n / pair->design_effect;
    const double a = ((double)pair->only_a / pair->design_effect + 1) / (n + 2);
    const double b = ((double)pair->only_b / pair->design_effect + 1) / (n + 2);
    const double half =
        normal_quantile(0.5 + confidence / 2) * sqrt((a + b - (b - a) * (b - a)) / (n + 2));
    return (struct difference){.valid = true,
                               .value =
                                   ((double)pair->only_b - (double)pair->only_a) / (double)pair->n,
                               .low = fmax(-1, b - a - half),
                               .high = fmin(1, b - a + half)};
}

struct paired paired_compare(const unsigned char *a, const unsigned char *b, size_t n,
                             double confidence)
{
    struct paired out = {.design_effect = 1, .p = 1};
    count(a, b, n, &out);
    if (out.n == 0) return out;
    out.design_effect = worst_effect(a, b, n, &out, confidence);
    out.difference = interval(&out, confidence);
    out.p = mcnemar_exact((double)out.only_a / out.design_effect,
                          (double)out.only_b / out.design_effect);
    return out;
}
