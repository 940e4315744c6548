#include "stats/duration.h"

#include "stats/sample_size.h"

#include <math.h>

#define SECONDS_PER_HOUR 3600.0
#define DAYS_AT_LEAST 7.0
#define DRIFT_LENGTHS 3.0
#define GROWTH_MOST 1e9
#define ROUNDING 1e-12
#define LENGTHS 24
#define SURELY 0.95 /* how sure it must be that blocks vary more than chance */

/* The variance by blocks of one length over that of independent attempts. */
struct effect {
    double seconds, size, degrees, blocks;
};

static size_t effects_of(const struct block_series *series, double independent,
                         struct effect effects[LENGTHS])
{
    double lengths[LENGTHS];
    size_t count = block_lengths(series, DEPENDENCE_LEAST_BLOCKS, lengths, LENGTHS);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        struct block_spread spread = block_spread(series, lengths[i]);
        if (spread.blocks < DEPENDENCE_LEAST_BLOCKS) continue;
        effects[used++] = (struct effect){.seconds = lengths[i],
                                          .size = spread.variance / independent,
                                          .degrees = spread.degrees,
                                          .blocks = (double)spread.blocks};
    }
    return used;
}

/* The shortest blocks that show all of the dependence; `count` if none shows more than `chains`. */
static size_t memory_of(const struct effect *effects, size_t count, double chains)
{
    size_t at = count;
    double known = chains;
    for (size_t i = 0; i < count; i++) {
        if (effects[i].size / known <= mean_square_quantile(SURELY, effects[i].blocks - 1))
            continue;
        known = effects[i].size;
        at = i;
    }
    return at;
}

static double mean_from(const struct effect *effects, size_t from, size_t count)
{
    double sum = 0;
    double weights = 0;
    for (size_t i = from; i < count; i++) {
        sum += (effects[i].blocks - 1) * effects[i].size;
        weights += effects[i].blocks - 1;
    }
    return fmax(effects[from].size, sum / weights);
}

struct burstiness burstiness_of_run(const struct time_block *blocks, size_t count, double chains)
{
    const struct block_totals totals = block_totals(blocks, count);
    const struct block_series series = {.blocks = blocks, .count = count};
    const double hours = totals.seconds / SECONDS_PER_HOUR;
    const double p = totals.failures / totals.attempts;
    struct burstiness b = {.chains = chains, .design_effect = chains};
    if (!(hours > 0) || !(totals.attempts > 1) || !(p > 0 && p < 1)) return b;
    struct effect effects[LENGTHS];
    size_t lengths = effects_of(&series, p * (1 - p) / (totals.attempts - 1), effects);
    size_t at = memory_of(effects, lengths, chains);
    b.attempts_per_hour = totals.attempts / hours;
    if (at == lengths) return b;
    b.design_effect = mean_from(effects, at, lengths);
    b.memory_seconds = effects[at].seconds;
    b.stretches_per_hour = effects[at].degrees / 2 / hours;
    return b;
}

struct burstiness burstiness_at(const struct burstiness *burstiness, double attempts_per_hour)
{
    struct burstiness b = *burstiness;
    b.attempts_per_hour = attempts_per_hour;
    if (b.memory_seconds > 0)
        b.design_effect = b.chains + (b.design_effect - b.chains) * attempts_per_hour /
                                         burstiness->attempts_per_hour;
    return b;
}

double burstiness_rate(double quiet, double incidents_per_hour, double seconds, double share)
{
    return quiet + incidents_per_hour * seconds / SECONDS_PER_HOUR * share;
}

struct burstiness burstiness_stated(double quiet, double incidents_per_hour, double seconds,
                                    double share, double attempts_per_hour)
{
    struct burstiness b = {.attempts_per_hour = attempts_per_hour,
                           .chains = 1,
                           .design_effect = NAN,
                           .memory_seconds = incidents_per_hour > 0 ? seconds : 0,
                           .stretches_per_hour = incidents_per_hour};
    bool fit = quiet >= 0 && quiet <= 1 && incidents_per_hour >= 0 && seconds >= 0 && share >= 0 &&
               share <= 1 && attempts_per_hour > 0;
    if (!fit) return b;
    double rate = burstiness_rate(quiet, incidents_per_hour, seconds, share);
    double failures = attempts_per_hour * seconds / SECONDS_PER_HOUR * share; /* in one incident */
    double clustered = incidents_per_hour * failures * failures;
    b.design_effect = 1;
    if (rate > 0 && rate < 1)
        b.design_effect += clustered / (attempts_per_hour * rate * (1 - rate));
    return b;
}

/* By which factor Student's t lengthens a plan with so many incidents per side. */
static double for_small_counts(double incidents, double confidence, double power)
{
    double degrees = fmax(1, 4 * incidents); /* two per incident, on two sides */
    double p = 1 - (1 - confidence) / 2;
    double normal = normal_quantile(p) + normal_quantile(power);
    double student = student_quantile(p, degrees) + student_quantile(power, degrees);
    return (student / normal) * (student / normal);
}

static double with_students_t(double hours, const struct burstiness *b, double confidence,
                              double power)
{
    double longer = hours;
    if (!(b->stretches_per_hour > 0)) return hours;
    for (int i = 0; i < 20; i++)
        longer = hours * for_small_counts(longer * b->stretches_per_hour, confidence, power);
    return longer;
}

/* Fewer hours say nothing about how often incidents occur. */
static double least_hours(const struct burstiness *b)
{
    double hours = DEPENDENCE_LEAST_BLOCKS * b->memory_seconds / SECONDS_PER_HOUR;
    if (b->stretches_per_hour > 0) hours = fmax(hours, DURATION_INCIDENTS / b->stretches_per_hour);
    return hours;
}

struct duration duration_to_tell(double p1, double p2, double confidence, double power,
                                 const struct burstiness *burstiness, double hours_per_day)
{
    struct duration d = {.known = false};
    double n = sample_size_to_tell(p1, p2, confidence, power, burstiness->design_effect);
    if (!isfinite(n) || !(burstiness->attempts_per_hour > 0) || !(hours_per_day > 0)) return d;
    double hours =
        with_students_t(n / burstiness->attempts_per_hour, burstiness, confidence, power);
    double floor_hours = least_hours(burstiness);
    d.known = true;
    d.by_incidents = floor_hours > hours;
    d.hours = fmax(hours, floor_hours);
    d.attempts = ceil(d.hours * burstiness->attempts_per_hour * (1 - ROUNDING));
    double per_day = fmin(hours_per_day, 24);
    d.days = ceil(d.hours / per_day);
    if (per_day < 24 && burstiness->memory_seconds > 0) d.days = fmax(d.days, DAYS_AT_LEAST);
    d.hours_each = d.hours / d.days;
    return d;
}

/* ---- how much more data would decide ---- */

/* The growth after which a run that could not tell would have enough data to. */
static double growth_to_answer(const struct dependence *d)
{
    switch (d->why) {
    case DEPENDENCE_BRIEF:
        return d->seconds > 0 ? d->least_seconds / d->seconds : INFINITY;
    case DEPENDENCE_FEW_INCIDENTS:
        return DURATION_INCIDENTS / fmax(d->degrees / 2, 1);
    case DEPENDENCE_SHORT:
        return DEPENDENCE_LEAST_BLOCKS;
    case DEPENDENCE_DRIFT:
        return DRIFT_LENGTHS;
    case DEPENDENCE_NO_ATTEMPTS:
    case DEPENDENCE_STOPPED:
        return INFINITY;
    case DEPENDENCE_KNOWN:
        break;
    }
    return 1;
}

/* Whether the interval of share p excludes the limit when the run is this many times as long. */
static bool clears(const struct service_rate *rate, double attempts, double limit,
                   double confidence, double factor)
{
    const struct dependence *d = &rate->dependence;
    double n = attempts / d->design_effect * factor;
    if (isfinite(d->degrees)) {
        double p = 1 - (1 - confidence) / 2;
        double wider = student_quantile(p, d->degrees * factor) / normal_quantile(p);
        n /= wider * wider;
    }
    struct estimate e = rate_wilson(rate->estimate.value * n, n, confidence);
    return e.valid && (e.low > limit || e.high < limit);
}

double growth_to_clear(const struct service_rate *rate, double attempts, double limit,
                       double confidence)
{
    double answer = growth_to_answer(&rate->dependence);
    if (!isfinite(answer) || !rate->estimate.valid || !(attempts > 0)) return INFINITY;
    double high = 1;
    while (!clears(rate, attempts, limit, confidence, high)) {
        high *= 2;
        if (high > GROWTH_MOST) return INFINITY;
    }
    double low = high / 2;
    for (int i = 0; i < 40 && high > 1; i++) {
        double middle = (low + high) / 2;
        if (clears(rate, attempts, limit, confidence, middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return fmax(high, answer);
}

double growth_to_tell(const struct service_difference *difference)
{
    const struct difference *d = &difference->difference;
    double answer = growth_to_answer(&difference->dependence);
    if (!isfinite(answer) || d->value == 0) return INFINITY;
    if (!d->valid) return answer;
    double toward = d->value > 0 ? d->value - d->low : d->high - d->value;
    double ratio = toward / fabs(d->value);
    return fmax(1, ratio * ratio);
}
