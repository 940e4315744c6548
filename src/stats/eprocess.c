#include "stats/eprocess.h"

#include <math.h>

/* Parts of the largest bet that cannot lose everything. For values of 0 and 1 with a mean of q, the
 * best part is 1 - q/limit (Kelly 1956): the largest are for a clean service. */
static const double parts_below[EPROCESS_BETS] = {0.98, 0.9, 0.75, 0.55, 0.35, 0.2, 0.08};

/* The means for which the other wager is best: multiples of the limit, and two for an outage. */
static const double multiples[] = {1.2, 1.6, 2.5, 5, 12};
static const double outages[] = {0.5, 0.9};
#define MULTIPLES (sizeof multiples / sizeof *multiples)

static double best_above(double limit, double mean)
{
    const double likely = fmin(fmax(mean, 1.1 * limit), (1 + limit) / 2);
    return (likely - limit) / (limit * (1 - limit));
}

bool eprocess_start(struct eprocess *evidence, double limit)
{
    *evidence = (struct eprocess){.limit = limit};
    if (!(limit > 0 && limit < 1)) return false;
    for (unsigned i = 0; i < EPROCESS_BETS; i++) {
        const double mean = i < MULTIPLES ? multiples[i] * limit : outages[i - MULTIPLES];
        evidence->bet_below[i] = parts_below[i] / (1 - limit);
        evidence->bet_above[i] = fmin(best_above(limit, mean), 0.98 / limit);
    }
    return true;
}

void eprocess_add(struct eprocess *evidence, double value)
{
    const double x = fmin(fmax(value, 0), 1);
    const double over = x - evidence->limit;
    for (unsigned i = 0; i < EPROCESS_BETS; i++) {
        evidence->log_below[i] += log1p(-evidence->bet_below[i] * over);
        evidence->log_above[i] += log1p(evidence->bet_above[i] * over);
    }
    evidence->count++;
    evidence->sum += x;
}

/* The logarithm of the mean, without overflow. */
static double mix(const double logs[EPROCESS_BETS])
{
    double most = logs[0];
    double sum = 0;
    for (unsigned i = 1; i < EPROCESS_BETS; i++) most = fmax(most, logs[i]);
    for (unsigned i = 0; i < EPROCESS_BETS; i++) sum += exp(logs[i] - most);
    return most + log(sum / EPROCESS_BETS);
}

double eprocess_below(const struct eprocess *evidence)
{
    return mix(evidence->log_below);
}

double eprocess_above(const struct eprocess *evidence)
{
    return mix(evidence->log_above);
}

uint64_t eprocess_fewest(double limit, double error)
{
    struct eprocess evidence;
    if (!eprocess_start(&evidence, limit) || !(error > 0 && error < 1)) return 0;
    /* Each value adds alike to each wager, so the count is found without adding them one by one. */
    eprocess_add(&evidence, 0);
    double step[EPROCESS_BETS];
    uint64_t low = 0;
    uint64_t high = 1;
    for (unsigned i = 0; i < EPROCESS_BETS; i++) step[i] = evidence.log_below[i];
    for (bool enough = false; !enough || high - low > 1;) {
        const uint64_t n = enough ? low + (high - low) / 2 : high;
        for (unsigned i = 0; i < EPROCESS_BETS; i++) evidence.log_below[i] = (double)n * step[i];
        const bool shown = mix(evidence.log_below) >= -log(error);
        if (shown) {
            high = n;
            enough = true;
        } else {
            low = n;
            if (!enough) high = 2 * n;
        }
    }
    return high;
}
