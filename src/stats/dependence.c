#include "stats/dependence.h"

#include <math.h>

#define LENGTHS 24
#define SECONDS_PER_HOUR 3600.0
#define LEAST_DEGREES 4.0 /* two incidents alike */

const char *dependence_phrase(enum dependence_why why)
{
    static const char *const phrases[] = {
        [DEPENDENCE_KNOWN] = "the run can tell",
        [DEPENDENCE_NO_ATTEMPTS] = "nothing was tried",
        [DEPENDENCE_SHORT] = "too few intervals to see how failures come together in time",
        [DEPENDENCE_FEW_INCIDENTS] = "one or two incidents carry the failures",
        [DEPENDENCE_DRIFT] = "the rate moves as slowly as the run is long",
    };
    return phrases[why];
}

static double upper_p(double confidence)
{
    return 1 - (1 - confidence) / 2;
}

/* ---- which dependence rules ---- */

static struct dependence dependence_of_chains(const struct cluster_sums *chains, double seconds)
{
    struct dependence d = {.design_effect = 1, .degrees = INFINITY, .seconds = seconds};
    if (seconds > 0) d.unseen_per_hour = -log(0.05) * SECONDS_PER_HOUR / seconds;
    if (chains == NULL) return d;
    d.design_effect = cluster_design_effect(chains);
    if (d.design_effect > 1) d.degrees = cluster_degrees(chains);
    return d;
}

/* How far the interval reaches, in standard errors of independent attempts. */
static double reach(double effect, double degrees, double p)
{
    double t = isinf(degrees) ? normal_quantile(p) : student_quantile(p, degrees);
    return t * sqrt(effect);
}

/*
 * Lets the length of block rule that makes the interval widest. `independent` is the variance of
 * the estimate if attempts were independent.
 */
static void rule_by_blocks(struct dependence *d, const struct block_series *series,
                           double independent, double confidence)
{
    double lengths[LENGTHS];
    size_t count = block_lengths(series, DEPENDENCE_LEAST_BLOCKS, lengths, LENGTHS);
    if (count == 0) d->why = DEPENDENCE_SHORT;
    double p = upper_p(confidence);
    for (size_t i = 0; i < count; i++) {
        struct block_spread spread = block_spread(series, lengths[i]);
        double effect = spread.variance / independent;
        if (spread.blocks < DEPENDENCE_LEAST_BLOCKS || !(effect > 1)) continue;
        if (reach(effect, spread.degrees, p) <= reach(d->design_effect, d->degrees, p)) continue;
        d->design_effect = effect;
        d->degrees = spread.degrees;
        d->block_seconds = spread.seconds;
        d->blocks = spread.blocks;
    }
    if (d->blocks > 0 && d->degrees < LEAST_DEGREES) d->why = DEPENDENCE_FEW_INCIDENTS;
}

static double independent_variance(const struct block_totals *t)
{
    double p = t->failures / t->attempts;
    return p * (1 - p) / fmax(t->attempts - 1, 1);
}

/* ---- one rate ---- */

static struct estimate without_chains(const struct block_totals *totals, double confidence)
{
    return rate_wilson(totals->failures, totals->attempts, confidence);
}

/* The interval within the window, that of sessions and chains. */
static struct estimate of_window(const struct block_totals *totals,
                                 const struct cluster_sums *chains, double confidence)
{
    if (chains == NULL || chains->sessions == 0) return without_chains(totals, confidence);
    struct estimate e = rate_clustered(chains, confidence, NULL);
    return e.valid ? e : without_chains(totals, confidence);
}

/* By how much the sample shrinks: the design effect, and what Student's t adds to the normal (Korn
 * and Graubard 1998). */
static double inflation(const struct dependence *d, double confidence)
{
    if (isinf(d->degrees)) return d->design_effect;
    double p = upper_p(confidence);
    double wider = student_quantile(p, d->degrees) / normal_quantile(p);
    return d->design_effect * wider * wider;
}

static struct estimate of_dependence(const struct block_totals *totals, const struct dependence *d,
                                     double confidence)
{
    double shrink = inflation(d, confidence);
    return rate_wilson(totals->failures / shrink, totals->attempts / shrink, confidence);
}

static void widen(struct estimate *e, const struct estimate *other)
{
    e->low = fmin(e->low, other->low);
    e->high = fmax(e->high, other->high);
}

static struct estimate no_answer(double value)
{
    return (struct estimate){.valid = true, .value = value, .low = 0, .high = 1};
}

static struct dependence nothing_tried(void)
{
    return (struct dependence){
        .why = DEPENDENCE_NO_ATTEMPTS, .design_effect = 1, .degrees = INFINITY};
}

struct service_rate service_rate(const struct time_block *blocks, size_t count,
                                 const struct cluster_sums *chains, double confidence)
{
    struct block_totals totals = block_totals(blocks, count);
    struct service_rate rate = {.estimate = {.high = 1}, .dependence = nothing_tried()};
    if (!(totals.attempts > 0)) return rate;
    const struct block_series series = {.blocks = blocks, .count = count};
    double independent = independent_variance(&totals);
    rate.dependence = dependence_of_chains(chains, totals.seconds);
    rule_by_blocks(&rate.dependence, &series, independent, confidence);
    rate.effective_n = totals.attempts / rate.dependence.design_effect;
    rate.estimate = of_window(&totals, chains, confidence);
    struct estimate wider = of_dependence(&totals, &rate.dependence, confidence);
    if (rate.dependence.blocks > 0) widen(&rate.estimate, &wider);
    if (rate.dependence.why != DEPENDENCE_KNOWN && rate.estimate.valid)
        rate.estimate = no_answer(rate.estimate.value);
    return rate;
}

/* ---- differences ---- */

static struct service_difference no_difference(double value, const struct dependence *d)
{
    return (struct service_difference){.difference = {.value = value, .low = -1, .high = 1},
                                       .dependence = *d};
}

static double value_of(const struct block_totals *t)
{
    return t->attempts > 0 ? t->failures / t->attempts : 0;
}

static bool wider(const struct dependence *a, const struct dependence *b, double confidence)
{
    double p = upper_p(confidence);
    return reach(a->design_effect, a->degrees, p) > reach(b->design_effect, b->degrees, p);
}

struct service_difference service_difference(const struct service_side *a,
                                             const struct service_side *b, double confidence)
{
    struct service_rate ra = service_rate(a->blocks, a->count, a->chains, confidence);
    struct service_rate rb = service_rate(b->blocks, b->count, b->chains, confidence);
    struct block_totals ta = block_totals(a->blocks, a->count);
    struct block_totals tb = block_totals(b->blocks, b->count);
    double value = value_of(&tb) - value_of(&ta);
    const struct dependence *ruling =
        wider(&ra.dependence, &rb.dependence, confidence) ? &ra.dependence : &rb.dependence;
    struct dependence d = *ruling;
    d.why = ra.dependence.why != DEPENDENCE_KNOWN ? ra.dependence.why : rb.dependence.why;
    d.seconds = fmin(ra.dependence.seconds, rb.dependence.seconds);
    d.unseen_per_hour = fmax(ra.dependence.unseen_per_hour, rb.dependence.unseen_per_hour);
    if (d.why != DEPENDENCE_KNOWN) return no_difference(value, &d);
    struct estimate ea = of_dependence(&ta, ruling, confidence);
    struct estimate eb = of_dependence(&tb, ruling, confidence);
    widen(&ra.estimate, &ea);
    widen(&rb.estimate, &eb);
    return (struct service_difference){.difference = rate_newcombe(&ra.estimate, &rb.estimate),
                                       .dependence = d};
}

struct service_difference service_difference_paired(const struct service_side *a,
                                                    const struct service_side *b, double confidence)
{
    size_t count = a->count < b->count ? a->count : b->count;
    struct block_totals ta = block_totals(a->blocks, count);
    struct block_totals tb = block_totals(b->blocks, count);
    struct dependence d = nothing_tried();
    if (!(ta.attempts > 0) || !(tb.attempts > 0)) return no_difference(0, &d);
    double value = value_of(&tb) - value_of(&ta);
    const struct block_series series = {.blocks = a->blocks, .other = b->blocks, .count = count};
    double independent = independent_variance(&ta) + independent_variance(&tb);
    d = dependence_of_chains(NULL, fmin(ta.seconds, tb.seconds));
    rule_by_blocks(&d, &series, independent, confidence);
    if (d.why != DEPENDENCE_KNOWN) return no_difference(value, &d);
    struct estimate ea = of_window(&ta, a->chains, confidence);
    struct estimate eb = of_window(&tb, b->chains, confidence);
    struct difference difference = rate_newcombe(&ea, &eb);
    double half = reach(d.design_effect, d.degrees, upper_p(confidence)) * sqrt(independent);
    difference.low = fmin(difference.low, value - half);
    difference.high = fmax(difference.high, value + half);
    return (struct service_difference){.difference = difference, .dependence = d};
}

enum difference_verdict service_verdict(const struct service_difference *difference)
{
    const struct difference *d = &difference->difference;
    if (!d->valid || difference->dependence.why != DEPENDENCE_KNOWN) return DIFFERENCE_UNDECIDED;
    if (d->low > 0) return DIFFERENCE_WORSE;
    return d->high < 0 ? DIFFERENCE_BETTER : DIFFERENCE_UNDECIDED;
}

bool service_within_margin(const struct service_difference *difference, double margin)
{
    return difference->difference.valid && difference->dependence.why == DEPENDENCE_KNOWN &&
           difference->difference.high < margin;
}

/* ---- quantiles ---- */

bool service_quantile_ranks(uint64_t n, double q, const struct service_rate *above,
                            double confidence, uint64_t *low, uint64_t *high)
{
    *low = 0;
    *high = n + 1;
    const struct dependence *d = &above->dependence;
    if (n == 0 || d->why != DEPENDENCE_KNOWN || !(confidence > 0 && confidence < 1)) return false;
    uint64_t effective = (uint64_t)fmax(1, (double)n / inflation(d, confidence));
    uint64_t below;
    uint64_t beyond;
    (void)quantile_ranks(effective, q, confidence, &below, &beyond);
    double each = (double)n / (double)effective; /* values that count as one */
    if (below >= 1) *low = (uint64_t)floor((double)(below - 1) * each) + 1;
    if (beyond <= effective) *high = (uint64_t)fmin(ceil((double)beyond * each), (double)n);
    return below >= 1 && beyond <= effective;
}
