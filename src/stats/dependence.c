#include "stats/dependence.h"

#include <math.h>

#define LENGTHS 24
#define SECONDS_PER_HOUR 3600.0
#define NEARLY 0.99         /* of a time that is asked for: a run may end a moment early */
#define LEAST_DEGREES 4.0   /* as from two equal incidents */
#define SURELY 0.95         /* confidence required that blocks vary more than chance */
#define STEEP 3.0           /* excess variance that triples when blocks are four times as long */
#define EXTRAPOLATION 2.0   /* times the last step's growth, for what blocks of no length show */
#define HIDDEN_MEMORY 1200. /* seconds: shorter blocks cannot show such a drift */
/* ... so a difference uses an upper bound of their variance, exceeded with this probability: by
 * simulation (bench_stats_brief), and less strict for regions in the same minutes. */
#define HIDDEN_TAIL 0.10
#define HIDDEN_TAIL_PAIRED 0.6

const char *dependence_phrase(enum dependence_why why)
{
    static const char *const phrases[] = {
        [DEPENDENCE_KNOWN] = "the run can tell",
        [DEPENDENCE_NO_ATTEMPTS] = "nothing was tried",
        [DEPENDENCE_BRIEF] = "so short a time may lie within one incident, or between two",
        [DEPENDENCE_SHORT] = "too few intervals to see how failures come together in time",
        [DEPENDENCE_FEW_INCIDENTS] = "one or two incidents carry the failures",
        [DEPENDENCE_STOPPED] =
            "the run was ended because of its failures, of which it shows too many",
        [DEPENDENCE_DRIFT] = "the rate moves as slowly as the run is long",
    };
    return phrases[why];
}

static double upper_p(double confidence)
{
    return 1 - (1 - confidence) / 2;
}

/* ---- the variance by blocks of every length ---- */

struct spreads {
    struct block_spread at[LENGTHS]; /* by length, ascending */
    size_t count;
    double independent; /* variance of the estimate if attempts were independent */
    double chains;      /* design effect of sessions and chains */
    bool days;          /* there are enough stretches that each can be a block of its own */
};

/* The sum of two independent estimates (Satterthwaite 1946; Welch 1947). */
static struct block_spread sum_of(const struct block_spread *a, const struct block_spread *b)
{
    struct block_spread sum = {.seconds = a->seconds,
                               .blocks = a->blocks + b->blocks,
                               .variance = a->variance + b->variance};
    double parts = 0;
    if (a->variance > 0) parts += a->variance * a->variance / a->degrees;
    if (b->variance > 0) parts += b->variance * b->variance / b->degrees;
    sum.peak = a->peak.failures > b->peak.failures ? a->peak : b->peak;
    sum.degrees = parts > 0 ? sum.variance * sum.variance / parts : a->degrees + b->degrees;
    return sum;
}

static bool has_days(const struct block_series *series)
{
    return block_spread(series, INFINITY).blocks >= DEPENDENCE_LEAST_BLOCKS;
}

/* The block lengths that both series can be cut into. */
static size_t common_lengths(const struct block_series *a, const struct block_series *b,
                             double *lengths)
{
    size_t count = block_lengths(a, DEPENDENCE_LEAST_BLOCKS, lengths, LENGTHS);
    if (b == NULL) return count;
    double of_b[LENGTHS];
    size_t count_b = block_lengths(b, DEPENDENCE_LEAST_BLOCKS, of_b, LENGTHS);
    size_t common = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count_b; k++) {
            if (lengths[i] == of_b[k]) lengths[common++] = of_b[k];
        }
    }
    return common;
}

/* Of one series, or of two for the variance of their difference. */
static struct spreads spreads_of(const struct block_series *a, const struct block_series *b)
{
    struct spreads spreads = {.chains = 1};
    double lengths[LENGTHS];
    size_t count = common_lengths(a, b, lengths);
    for (size_t i = 0; i < count; i++) {
        struct block_spread spread = block_spread(a, lengths[i]);
        if (spread.blocks < DEPENDENCE_LEAST_BLOCKS) continue;
        if (b != NULL) {
            struct block_spread of_b = block_spread(b, lengths[i]);
            if (of_b.blocks < DEPENDENCE_LEAST_BLOCKS) continue;
            spread = sum_of(&spread, &of_b);
        }
        spreads.at[spreads.count++] = spread;
    }
    spreads.days = has_days(a) && (b == NULL || has_days(b));
    return spreads;
}

/* ---- which dependence decides ---- */

static struct dependence dependence_over(double seconds)
{
    struct dependence d = {.design_effect = 1, .degrees = INFINITY, .seconds = seconds};
    if (seconds > 0) d.unseen_per_hour = -log(0.05) * SECONDS_PER_HOUR / seconds;
    return d;
}

/* Half width of the interval, in standard errors of independent attempts. */
static double reach(double effect, double degrees, double p)
{
    double t = isinf(degrees) ? normal_quantile(p) : student_quantile(p, degrees);
    return t * sqrt(effect);
}

/*
 * The variance of the longest blocks plus what longer ones would still add, from their growth over
 * the previous length, as with lugsail windows (Vats and Flegal 2022). For 20-minute memory in
 * one-hour blocks this makes up for the third that these miss.
 */
static double extrapolated(const struct spreads *s)
{
    const struct block_spread *top = &s->at[s->count - 1];
    if (s->days || s->count < 2) return top->variance;
    const struct block_spread *below = &s->at[s->count - 2];
    double growth = (top->variance - below->variance) / (top->seconds / below->seconds - 1);
    return top->variance + EXTRAPOLATION * fmax(0, growth);
}

/*
 * Whether the variance of the longest blocks, which certainly exceeds chance, grows with block
 * length as that of a drift does and that of an incident does not: the memory is longer than the
 * run can show.
 */
static bool drifts(const struct spreads *s)
{
    if (s->days || s->count < 3) return false;
    const struct block_spread *top = &s->at[s->count - 1];
    const struct block_spread *quarter = top;
    for (size_t i = s->count - 1; i-- > 0 && quarter->seconds > top->seconds / 4;)
        quarter = &s->at[i];
    double chance = s->independent * s->chains;
    double excess = top->variance / chance - 1;
    double k = (double)top->blocks - 1;
    if (!(1 + excess > mean_square_quantile(SURELY, k))) return false;
    return excess > STEEP * fmax(quarter->variance / chance - 1, 0);
}

/*
 * Whether a block holds more failures than chance would bring together, given how many blocks there
 * are (Bonferroni); each `chains` failures count as one. Two lone failures are no incident.
 */
static bool beyond_chance(const struct block_spread *spread, double chains)
{
    double most = spread->peak.failures / chains;
    double of = fmax(spread->peak.of / chains, most);
    if (!(most > 1)) return false;
    /* P(X >= most) of a binomial is a beta integral */
    return beta_cdf(spread->peak.share, most, of - most + 1) * (double)spread->blocks < 1 - SURELY;
}

/* Picks the block length that makes the interval widest; lengths that vary no more than chains
 * and chance do not count. Less than `least` seconds give no answer. */
static void rule_by_blocks(struct dependence *d, const struct spreads *s, double confidence,
                           double least)
{
    double p = upper_p(confidence);
    const struct block_spread *ruling = NULL;
    if (s->count == 0) d->why = DEPENDENCE_SHORT;
    for (size_t i = 0; i < s->count; i++) {
        const struct block_spread *spread = &s->at[i];
        if (!(spread->variance > s->independent * s->chains)) continue;
        double variance = i + 1 == s->count ? extrapolated(s) : spread->variance;
        double effect = variance / s->independent;
        if (!(effect > 1)) continue;
        if (reach(effect, spread->degrees, p) <= reach(d->design_effect, d->degrees, p)) continue;
        d->design_effect = effect;
        d->degrees = spread->degrees;
        d->block_seconds = spread->seconds;
        d->blocks = spread->blocks;
        ruling = spread;
    }
    if (ruling != NULL && d->degrees < LEAST_DEGREES && beyond_chance(ruling, s->chains)) {
        d->why = DEPENDENCE_FEW_INCIDENTS;
    } else if (drifts(s)) {
        d->why = DEPENDENCE_DRIFT;
    }
    if (d->seconds >= NEARLY * least) return;
    d->why = DEPENDENCE_BRIEF;
    d->least_seconds = least;
}

/* The variance of a rate if attempts were independent. */
static double independent_variance(const struct block_totals *t)
{
    double p = t->failures / t->attempts;
    return p * (1 - p) / fmax(t->attempts - 1, 1);
}

/* ---- one rate ---- */

/* What sessions and chains say. */
static struct service_window window_of(const struct service_side *side,
                                       const struct block_totals *totals, double confidence)
{
    if (side->window != NULL) return *side->window;
    const struct cluster_sums *chains = side->chains;
    struct service_window window = {.estimate =
                                        rate_wilson(totals->failures, totals->attempts, confidence),
                                    .design_effect = 1,
                                    .degrees = INFINITY};
    if (chains == NULL || chains->count == 0) return window;
    struct estimate e = rate_clustered(chains, confidence, NULL);
    if (e.valid) window.estimate = e;
    window.design_effect = cluster_design_effect(chains);
    if (window.design_effect > 1) window.degrees = cluster_degrees(chains);
    return window;
}

/* By how much the sample shrinks: the design effect, and what Student's t adds to the normal
 * quantile (Korn and Graubard 1998). */
static double inflation(const struct dependence *d, double confidence)
{
    if (isinf(d->degrees)) return d->design_effect;
    double p = upper_p(confidence);
    double wider = student_quantile(p, d->degrees) / normal_quantile(p);
    return d->design_effect * wider * wider;
}

/* Wilson on the sample size that remains after dependence. */
static struct estimate of_dependence(const struct block_totals *totals, const struct dependence *d,
                                     double confidence)
{
    double shrink = inflation(d, confidence);
    return rate_wilson(totals->failures / shrink, totals->attempts / shrink, confidence);
}

static struct estimate wider_of(const struct estimate *a, const struct estimate *b)
{
    return (struct estimate){.valid = a->valid && b->valid,
                             .value = a->value,
                             .low = fmin(a->low, b->low),
                             .high = fmax(a->high, b->high)};
}

struct service_rate service_rate_of(const struct service_side *side, double confidence)
{
    struct block_totals totals = block_totals(side->blocks, side->count);
    struct service_rate rate = {.estimate = {.high = 1}, .dependence = dependence_over(0)};
    rate.dependence.why = DEPENDENCE_NO_ATTEMPTS;
    if (!(totals.attempts > 0)) return rate;
    const struct block_series series = {.blocks = side->blocks, .count = side->count};
    const struct service_window window = window_of(side, &totals, confidence);
    struct spreads spreads = spreads_of(&series, NULL);
    spreads.independent = independent_variance(&totals);
    spreads.chains = window.design_effect;
    struct dependence *d = &rate.dependence;
    *d = dependence_over(totals.seconds);
    d->design_effect = window.design_effect;
    d->degrees = window.degrees;
    rule_by_blocks(d, &spreads, confidence, DEPENDENCE_LEAST_SECONDS);
    rate.effective_n = totals.attempts / d->design_effect;
    rate.estimate = window.estimate;
    struct estimate by_blocks = of_dependence(&totals, d, confidence);
    if (d->blocks > 0) rate.estimate = wider_of(&rate.estimate, &by_blocks);
    if (d->why != DEPENDENCE_KNOWN) {
        rate.estimate.low = 0;
        rate.estimate.high = 1;
    }
    return rate;
}

struct service_rate service_rate(const struct time_block *blocks, size_t count,
                                 const struct cluster_sums *chains, double confidence)
{
    const struct service_side side = {.blocks = blocks, .count = count, .chains = chains};
    return service_rate_of(&side, confidence);
}

double service_high_with_room(const struct service_rate *rate, double incident_seconds,
                              double incident_share)
{
    if (!rate->estimate.valid) return 1;
    double unseen = rate->dependence.unseen_per_hour * incident_seconds / SECONDS_PER_HOUR;
    return fmin(1, rate->estimate.high + fmin(unseen, 1) * incident_share);
}

/* ---- differences ---- */

static double value_of(const struct block_totals *t)
{
    return t->attempts > 0 ? t->failures / t->attempts : 0;
}

static struct service_difference no_difference(double value, const struct dependence *d)
{
    return (struct service_difference){.difference = {.value = value, .low = -1, .high = 1},
                                       .dependence = *d};
}

/* The totals of both sides of a comparison. */
struct sides {
    struct block_totals a, b;
    struct service_window window_a, window_b;
    double independent, chains, value;
};

static struct sides sides_of(const struct service_side *a, const struct service_side *b,
                             double confidence)
{
    struct sides s = {.a = block_totals(a->blocks, a->count),
                      .b = block_totals(b->blocks, b->count),
                      .chains = 1};
    if (!(s.a.attempts > 0) || !(s.b.attempts > 0)) return s;
    double of_a = independent_variance(&s.a);
    double of_b = independent_variance(&s.b);
    s.window_a = window_of(a, &s.a, confidence);
    s.window_b = window_of(b, &s.b, confidence);
    s.value = value_of(&s.b) - value_of(&s.a);
    s.independent = of_a + of_b;
    if (s.independent > 0) {
        double both = of_a * s.window_a.design_effect + of_b * s.window_b.design_effect;
        s.chains = both / s.independent;
    }
    return s;
}

/* For short stretches: a drift of one side, too slow for blocks of their length, would make them
 * differ. So an upper bound of their variance is used, and at least that of chains. */
static void guard_hidden_drift(struct dependence *d, const struct spreads *s, bool paired)
{
    if (s->days || s->count == 0) return;
    const struct block_spread *top = &s->at[s->count - 1];
    if (top->seconds >= HIDDEN_MEMORY) return;
    double chance = s->independent * s->chains;
    double tail = paired ? HIDDEN_TAIL_PAIRED * top->seconds / HIDDEN_MEMORY : HIDDEN_TAIL;
    double least = mean_square_quantile(tail, (double)top->blocks - 2);
    double bound = paired ? fmax(top->variance / least, chance) /* believed if it is as chance's */
                          : fmax(top->variance, chance) / least;
    double effect = bound / s->independent;
    if (!(effect > d->design_effect)) return;
    d->design_effect = effect;
    d->block_seconds = top->seconds;
    d->blocks = top->blocks;
    if (isinf(d->degrees)) d->degrees = (double)top->blocks - 2;
}

/* What determines the interval of a difference: the chains of its sides, or blocks of time. False:
 * the run cannot tell; d->why says why. */
static bool rule_difference(struct dependence *d, struct spreads *spreads,
                            const struct sides *sides, double confidence)
{
    spreads->independent = sides->independent;
    spreads->chains = sides->chains;
    d->why = DEPENDENCE_KNOWN;
    d->design_effect = fmax(1, sides->chains);
    rule_by_blocks(d, spreads, confidence, DEPENDENCE_LEAST_SIDE_SECONDS);
    return d->why == DEPENDENCE_KNOWN;
}

struct service_difference service_difference(const struct service_side *a,
                                             const struct service_side *b, double confidence)
{
    struct sides sides = sides_of(a, b, confidence);
    struct dependence d = dependence_over(fmin(sides.a.seconds, sides.b.seconds));
    d.why = DEPENDENCE_NO_ATTEMPTS;
    if (!(sides.a.attempts > 0) || !(sides.b.attempts > 0)) return no_difference(0, &d);
    const struct block_series series_a = {.blocks = a->blocks, .count = a->count};
    const struct block_series series_b = {.blocks = b->blocks, .count = b->count};
    struct spreads spreads = spreads_of(&series_a, &series_b);
    if (!rule_difference(&d, &spreads, &sides, confidence)) return no_difference(sides.value, &d);
    guard_hidden_drift(&d, &spreads, false);
    struct estimate ea = of_dependence(&sides.a, &d, confidence);
    struct estimate eb = of_dependence(&sides.b, &d, confidence);
    ea = wider_of(&sides.window_a.estimate, &ea);
    eb = wider_of(&sides.window_b.estimate, &eb);
    return (struct service_difference){.difference = rate_newcombe(&ea, &eb), .dependence = d};
}

struct service_difference service_difference_paired(const struct service_side *a,
                                                    const struct service_side *b, double confidence)
{
    struct sides sides = sides_of(a, b, confidence);
    struct dependence d = dependence_over(fmin(sides.a.seconds, sides.b.seconds));
    d.why = DEPENDENCE_NO_ATTEMPTS;
    bool fit = sides.a.attempts > 0 && sides.b.attempts > 0 && a->count == b->count;
    if (!fit) return no_difference(sides.value, &d);
    const struct block_series series = {.blocks = a->blocks, .other = b->blocks, .count = a->count};
    struct spreads spreads = spreads_of(&series, NULL);
    if (!rule_difference(&d, &spreads, &sides, confidence)) return no_difference(sides.value, &d);
    guard_hidden_drift(&d, &spreads, true);
    struct difference difference =
        rate_newcombe(&sides.window_a.estimate, &sides.window_b.estimate);
    double half = 0;
    if (d.blocks > 0)
        half = reach(d.design_effect, d.degrees, upper_p(confidence)) * sqrt(sides.independent);
    difference.low = fmin(difference.low, sides.value - half);
    difference.high = fmax(difference.high, sides.value + half);
    return (struct service_difference){.difference = difference, .dependence = d};
}

enum difference_verdict service_verdict(const struct service_difference *difference)
{
    const struct difference *d = &difference->difference;
    if (!d->valid || difference->dependence.why != DEPENDENCE_KNOWN) return DIFFERENCE_UNDECIDED;
    if (d->low > 0) return DIFFERENCE_WORSE;
    return d->high < 0 ? DIFFERENCE_BETTER : DIFFERENCE_UNDECIDED;
}

double service_difference_p(const struct service_difference *difference, double confidence)
{
    const struct difference *d = &difference->difference;
    double toward = d->value > 0 ? d->value - d->low : d->high - d->value;
    bool known = d->valid && difference->dependence.why == DEPENDENCE_KNOWN;
    if (!known || d->value == 0 || !(toward > 0)) return 1;
    double degrees = difference->dependence.degrees;
    double ratio = fabs(d->value) / toward;
    if (isinf(degrees)) return normal_two_sided_p(ratio * normal_quantile(upper_p(confidence)));
    double t = ratio * student_quantile(upper_p(confidence), degrees);
    return beta_cdf(degrees / (degrees + t * t), degrees / 2, 0.5);
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
    double each = (double)n / (double)effective; /* number of values that count as one */
    if (below >= 1) *low = (uint64_t)floor((double)(below - 1) * each) + 1;
    if (beyond <= effective) *high = (uint64_t)fmin(ceil((double)beyond * each), (double)n);
    return below >= 1 && beyond <= effective;
}
