#include "stats/rate.h"

#include <math.h>

/*
 * P(B <= k) for B binomial with n trials of probability q: a beta integral (David and Nagaraja
 * 2003, 2.1.5).
 */
static double binomial_cdf(double k, double n, double q)
{
    if (k < 0) return 0;
    return k >= n ? 1 : beta_cdf(1 - q, n - k, k + 1);
}

/* The smallest k with P(B <= k) >= p, searched from a normal guess, which is rarely off by more
 * than one. */
static double binomial_quantile(double p, double n, double q)
{
    double guess = floor(n * q + normal_quantile(p) * sqrt(n * q * (1 - q)));
    double high = fmin(fmax(guess, 0), n);
    double step = 1;
    while (high < n && binomial_cdf(high, n, q) < p) {
        high = fmin(high + step, n);
        step *= 2;
    }
    double low = high; /* below the answer after the loop */
    step = 1;
    do {
        low = fmax(low - step, -1);
        step *= 2;
    } while (low >= 0 && binomial_cdf(low, n, q) >= p);
    while (high - low > 1) {
        double middle = floor(low + (high - low) / 2);
        if (binomial_cdf(middle, n, q) >= p) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

static bool input_is_fit(double q, double confidence)
{
    return q >= 0 && q <= 1 && confidence > 0 && confidence < 1;
}

bool quantile_ranks(uint64_t n, double q, double confidence, uint64_t *low, uint64_t *high)
{
    *low = 0;
    *high = n + 1;
    if (n == 0 || !input_is_fit(q, confidence)) return false;
    double tail = (1 - confidence) / 2;
    if (q == 0 || q == 1) {
        if (q == 0) *high = 1;
        if (q == 1) *low = n;
        return false;
    }
    *low = (uint64_t)binomial_quantile(tail, (double)n, q);
    *high = (uint64_t)binomial_quantile(1 - tail, (double)n, q) + 1;
    return *low >= 1 && *high <= n;
}

uint64_t quantile_needed(double q, double confidence)
{
    if (!input_is_fit(q, confidence) || q == 0 || q == 1) return 0;
    double needed = ceil(log((1 - confidence) / 2) / log(fmax(q, 1 - q)));
    return needed < 0x1p63 ? (uint64_t)needed : UINT64_MAX;
}

struct quantile histogram_quantile_at(const struct histogram *h, double q, uint64_t low,
                                      uint64_t high)
{
    struct quantile result = {.valid = h->total > 0 && q >= 0 && q <= 1};
    if (!result.valid) return result;
    result.two_sided = low >= 1 && high <= h->total;
    result.value = histogram_percentile(h, 100 * q);
    result.low =
        low < 1 ? histogram_min(h) : histogram_lowest_equivalent(h, histogram_at_rank(h, low));
    result.high = high > h->total ? histogram_max(h) : histogram_at_rank(h, high);
    return result;
}

struct quantile histogram_quantile(const struct histogram *h, double q, double confidence)
{
    if (!input_is_fit(q, confidence)) return (struct quantile){0};
    uint64_t low;
    uint64_t high;
    (void)quantile_ranks(h->total, q, confidence, &low, &high);
    return histogram_quantile_at(h, q, low, high);
}

struct estimate rate_over(const struct histogram *h, int64_t limit, uint64_t failed,
                          const struct cluster_sums *sums, double confidence)
{
    double slower = (double)failed;
    double n = slower;
    double within = 0; /* values in the same bucket as the limit: slower or not */
    if (h != NULL) {
        uint64_t above = histogram_count_above(h, limit);
        int64_t below_bucket = histogram_lowest_equivalent(h, limit) - 1;
        bool whole = histogram_highest_equivalent(h, limit) == limit || below_bucket < 0;
        slower += (double)above;
        n += (double)h->total;
        if (!whole) within = (double)(histogram_count_above(h, below_bucket) - above);
    }
    struct estimate least = rate_in_sessions(slower, n, sums, confidence);
    if (!least.valid || within == 0) return least;
    struct estimate most = rate_in_sessions(slower + within, n, sums, confidence);
    return (struct estimate){
        .valid = true, .value = least.value, .low = least.low, .high = most.high};
}
