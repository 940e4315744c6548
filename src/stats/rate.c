#include "stats/rate.h"

#include <math.h>

#define NO_EFFECT (1 + 1e-9) /* a design effect of 1, allowing for rounding */

static const struct estimate unknown = {.valid = false, .value = 0, .low = 0, .high = 1};

static bool confidence_is_fit(double confidence)
{
    return confidence > 0 && confidence < 1;
}

/* The probability below the upper end of a two-sided interval. */
static double upper_p(double confidence)
{
    return 1 - (1 - confidence) / 2;
}

static double bounded(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* Wilson (1927): the rates within z of their own standard errors from x/n. */
static struct estimate wilson(double x, double n, double z)
{
    struct estimate result = {.valid = true, .value = x / n};
    double middle = x + z * z / 2;
    double half = z * sqrt(x * ((n - x) / n) + z * z / 4);
    result.low = x <= 0 ? 0 : bounded((middle - half) / (n + z * z), 0, result.value);
    result.high = x >= n ? 1 : bounded((middle + half) / (n + z * z), result.value, 1);
    return result;
}

struct estimate rate_wilson(double x, double n, double confidence)
{
    if (!(n > 0) || isinf(n) || isnan(x) || !confidence_is_fit(confidence)) return unknown;
    return wilson(bounded(x, 0, n), n, normal_quantile(upper_p(confidence)));
}

struct estimate rate_clopper_pearson(uint64_t x, uint64_t n, double confidence)
{
    if (n == 0 || !confidence_is_fit(confidence)) return unknown;
    if (x > n) x = n;
    double tail = (1 - confidence) / 2;
    double failed = (double)x;
    double passed = (double)(n - x);
    struct estimate result = {.valid = true, .value = failed / (double)n};
    result.low = x == 0 ? 0 : beta_quantile(tail, failed, passed + 1);
    result.high = x == n ? 1 : beta_quantile(1 - tail, failed + 1, passed);
    return result;
}

void cluster_add(struct cluster_sums *sums, uint64_t attempts, uint64_t failed,
                 uint64_t first_failure)
{
    if (attempts == 0) return;
    if (failed > attempts) failed = attempts;
    double m = (double)attempts;
    double x = (double)failed;
    sums->count++;
    sums->m += m;
    sums->x += x;
    sums->mm += m * m;
    sums->mx += m * x;
    sums->xx += x * x;
    if (failed == 0) {
        sums->at_risk += attempts;
        return;
    }
    uint64_t latest = attempts - failed + 1; /* that many failures cannot all come later than
                                                this */
    if (first_failure < 1) first_failure = 1;
    sums->at_risk += first_failure < latest ? first_failure : latest;
    sums->with_failure++;
    sums->first_failures++;
}

void cluster_merge(struct cluster_sums *into, const struct cluster_sums *from)
{
    into->count += from->count;
    into->with_failure += from->with_failure;
    into->m += from->m;
    into->x += from->x;
    into->mm += from->mm;
    into->mx += from->mx;
    into->xx += from->xx;
    into->at_risk += from->at_risk;
    into->first_failures += from->first_failures;
}

/* With at most one failed session, or nothing but failures, the variation between sessions cannot
 * be estimated. */
static bool variance_is_known(const struct cluster_sums *sums)
{
    return sums->count > 1 && sums->with_failure > 1 && sums->m > 1 && sums->x > 0 &&
           sums->x < sums->m;
}

double cluster_design_effect(const struct cluster_sums *sums)
{
    if (!variance_is_known(sums)) return 1;
    double n = sums->m;
    double clusters = (double)sums->count;
    double p = sums->x / n;
    /* sum of (x_i - m_i p)^2 */
    double squares = fmax(0, sums->xx - 2 * p * sums->mx + p * p * sums->mm);
    double clustered = squares / (n * n) * clusters / (clusters - 1);
    double independent = p * (1 - p) / (n - 1);
    return fmax(1, clustered / independent);
}

/* The exact interval for the share of sessions, around the share of attempts; widened if session
 * lengths differ so much that the two disagree. */
static struct estimate by_session(const struct cluster_sums *sums, double confidence)
{
    struct estimate result = rate_clopper_pearson(sums->with_failure, sums->count, confidence);
    if (!result.valid) return unknown;
    result.value = bounded(sums->x / sums->m, 0, 1);
    result.low = fmin(result.low, result.value);
    result.high = fmax(result.high, result.value);
    return result;
}

/*
 * Degrees of freedom of the estimated variance: a count of k has two for each (Garwood 1936), and
 * it is the sessions with failures that show how sessions differ. With S - 1 alone, 95% intervals
 * for a hundred poisoned sessions cover the truth in only 91% of runs (bench_stats_calibration).
 */
double cluster_degrees(const struct cluster_sums *sums)
{
    return fmin((double)(sums->count - 1), 2 * (double)sums->with_failure);
}

struct estimate rate_in_sessions(double x, double n, const struct cluster_sums *sums,
                                 double confidence)
{
    double effect = cluster_design_effect(sums);
    /* Nothing was estimated: treat attempts as independent. */
    if (!(effect > NO_EFFECT)) return rate_wilson(x, n, confidence);
    if (!(n > 0) || isinf(n) || isnan(x) || !confidence_is_fit(confidence)) return unknown;
    double t = student_quantile(upper_p(confidence), cluster_degrees(sums));
    return wilson(bounded(x, 0, n) / effect, n / effect, t);
}

struct estimate rate_clustered(const struct cluster_sums *sums, double confidence,
                               const char **method)
{
    const char *unused;
    if (method == NULL) method = &unused;
    *method = "no attempts";
    if (sums->count == 0 || !(sums->m > 0) || !confidence_is_fit(confidence)) return unknown;
    if (!variance_is_known(sums)) {
        *method = "Clopper-Pearson on sessions (too few failed to compare them)";
        return by_session(sums, confidence);
    }
    bool estimated = cluster_design_effect(sums) > NO_EFFECT;
    *method = estimated ? "Wilson, adjusted for sessions" : "Wilson";
    return rate_in_sessions(sums->x, sums->m, sums, confidence);
}
