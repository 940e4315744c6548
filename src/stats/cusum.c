#include "stats/cusum.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_MEAN 10.0
#define MOST_MEAN 1e9
#define FRACTION_MOST 64    /* the most units that a success may be worth */
#define STATES_MOST 600     /* below the limit, if a success is worth several units */
#define STATES_FINE 4000000 /* if it is worth one */
#define GROWTH_MOST 1e9     /* of the subtracted quantity: beyond it no precision is left */

/* Scores in units: a success subtracts `down`, a failure adds `up`; alarm at `top`. */
struct lattice {
    int down, up, top;
};

/* ---- mean trials until the top ---- */

/*
 * A success moves the walk down by one unit, so it cannot skip a level on its way down, and the
 * mean is c W(top) - T(top) with two functions computed level by level. Seen from the top, every
 * solution without cost is a multiple of W: W(x + 1) = (W(x) - p W(x - up)) / q, with W = 0 up to 0
 * and W(1) = 1. T is the particular solution with a cost of 1 per step, and c makes the walk stay
 * at its floor (the scale functions of a walk that is skip-free on one side; Takacs 1967, 1.4).
 * Their steps are summed rather than subtracted, so that a mean of 1e9 keeps its precision. NaN if
 * that fails, or when out of memory.
 */
static double mean_single_steps(const struct lattice *l, double p)
{
    size_t top = (size_t)l->top;
    size_t up = (size_t)l->up;
    double *w = calloc(2 * (top + 1), sizeof *w);
    if (w == NULL) return NAN;
    double *t = w + top + 1;
    double q = 1 - p;
    double w_window = 1; /* W(x) - W(x - up), and the same of T */
    double t_window = 0;
    double w_sum = 1;
    double t_sum = 0;
    w[0] = 1;
    for (size_t x = 1; x <= top; x++) {
        w[x] = p / q * w_window;
        t[x] = (1 + p * t_window) / q;
        if (x == top) break;
        w_sum += w[x];
        t_sum += t[x];
        w_window += w[x] - (x >= up ? w[x - up] : 0);
        t_window += t[x] - (x >= up ? t[x - up] : 0);
    }
    double mean = t[top] / w[top] * w_sum - t_sum;
    if (w_sum > GROWTH_MOST) mean = NAN;
    free(w);
    return mean;
}

/* One trial: the distribution of the walk after it; returns the probability that it is still below
 * the top. */
static double step(const struct lattice *l, double p, const double *now, double *next)
{
    double below = 0;
    memset(next, 0, (size_t)l->top * sizeof *next);
    for (int s = 0; s < l->top; s++) {
        next[s > l->down ? s - l->down : 0] += (1 - p) * now[s];
        if (s + l->up < l->top) next[s + l->up] += p * now[s];
    }
    for (int s = 0; s < l->top; s++) below += next[s];
    return below;
}

/* For any lattice: computes the distribution trial by trial until its hazard no longer changes; the
 * rest has the mean of a geometric distribution (Brook and Evans 1972). NaN when out of memory. */
static double mean_by_steps(const struct lattice *l, double p)
{
    double *now = calloc(2 * (size_t)l->top, sizeof *now);
    if (now == NULL) return NAN;
    double *next = now + l->top;
    double mean = 0;
    double left = 1;
    double hazard = 0;
    int settled = 0;
    now[0] = 1;
    double *const memory = now;
    while (left > 1e-12 && settled < l->top + l->up) {
        double below = step(l, p, now, next);
        double then = (left - below) / left;
        settled = fabs(then - hazard) <= 1e-9 * then && then > 0 ? settled + 1 : 0;
        mean += left;
        left = below;
        hazard = then;
        double *spare = now;
        now = next;
        next = spare;
    }
    free(memory);
    return left > 1e-12 ? mean + left / hazard : mean;
}

static double mean_on(const struct lattice *l, double p)
{
    double mean = l->down == 1 ? mean_single_steps(l, p) : NAN;
    return isnan(mean) ? mean_by_steps(l, p) : mean;
}

/* ---- the limit ---- */

/* The smallest lattice whose steps keep the balance of the two scores, to within a tenth of the
 * relative distance of the rates. */
static bool find_lattice(const struct cusum *watch, struct lattice *l)
{
    double ratio = watch->if_failed / -watch->if_passed;
    double slack = 0.1 * (watch->too_high - watch->acceptable) / watch->too_high;
    for (l->down = 1; l->down <= FRACTION_MOST; l->down++) {
        double up = fmax(1, round(ratio * l->down));
        double states = log(watch->mean_trials) / -watch->if_passed * l->down;
        if (states > (l->down == 1 ? STATES_FINE : STATES_MOST) || up > STATES_FINE) return false;
        l->up = (int)up;
        if (fabs(up / (ratio * l->down) - 1) <= slack) return true;
    }
    return false;
}

/* The lowest top that keeps false alarms as far apart as requested; the top from Lorden's bound
 * always does. */
static void find_top(struct lattice *l, const struct cusum *watch, double highest)
{
    int enough = (int)ceil(highest);
    int low = 0; /* too low */
    while (enough - low > 1) {
        l->top = low + (enough - low) / 2;
        if (mean_on(l, watch->acceptable) >= watch->mean_trials) {
            enough = l->top;
        } else {
            low = l->top;
        }
    }
    l->top = enough;
}

static void find_limit(struct cusum *watch)
{
    struct lattice l;
    double bound = log(watch->mean_trials);
    watch->limit = bound;
    if (!find_lattice(watch, &l)) return;
    watch->unit = -watch->if_passed / l.down;
    watch->if_failed = l.up * watch->unit;
    /* Rounded scores are those of slightly different rates: twice the bound allows for that. */
    find_top(&l, watch, 2 * bound / watch->unit + l.up);
    watch->limit = l.top * watch->unit;
}

bool cusum_start(struct cusum *watch, double acceptable, double too_high, double mean_trials)
{
    *watch = (struct cusum){0};
    bool fit = acceptable > 0 && acceptable < too_high && too_high < 1 &&
               mean_trials >= LEAST_MEAN && mean_trials <= MOST_MEAN;
    if (!fit) return false;
    watch->acceptable = acceptable;
    watch->too_high = too_high;
    watch->mean_trials = mean_trials;
    watch->if_failed = log(too_high / acceptable);
    watch->if_passed = log1p(-too_high) - log1p(-acceptable);
    watch->block_number = INT64_MIN;
    find_limit(watch);
    return true;
}

/* ---- the watch ---- */

static double sum_of(const struct cusum *watch)
{
    return fmax(0, watch->before + fmin(watch->block, watch->limit / CUSUM_BLOCKS));
}

double cusum_sum(const struct cusum *watch)
{
    return sum_of(watch);
}

static void next_block(struct cusum *watch, int64_t number)
{
    watch->before = sum_of(watch);
    watch->block = 0;
    watch->block_number = number;
}

bool cusum_add(struct cusum *watch, double now_s, uint64_t trials, uint64_t failed)
{
    if (trials == 0 || failed > trials || !(watch->limit > 0)) return watch->alarm;
    int64_t number = (int64_t)floor(now_s / CUSUM_BLOCK_S);
    if (number > watch->block_number) next_block(watch, number);
    bool above = sum_of(watch) > 0;
    watch->trials += trials;
    watch->failed += failed;
    watch->block +=
        (double)failed * watch->if_failed + (double)(trials - failed) * watch->if_passed;
    double sum = sum_of(watch);
    if (sum <= 0) {
        watch->restarts += above;
        watch->before = 0; /* from here on, evidence counts in full */
        watch->block = 0;
    }
    watch->peak = fmax(watch->peak, sum);
    /* On the lattice sums are exact except for rounding. */
    if (sum >= watch->limit * (1 - 1e-9)) watch->alarm = true;
    return watch->alarm;
}

void cusum_restart(struct cusum *watch)
{
    watch->alarm = false;
    watch->before = 0;
    watch->block = 0;
    watch->restarts++;
}

/* ---- what it promises ---- */

/* Without a lattice: exp(h) - h - 1 over the drift, ignoring the mean overshoot. */
static double mean_near(const struct cusum *watch, double rate)
{
    double drift = rate * watch->if_failed + (1 - rate) * watch->if_passed;
    double spread = rate * watch->if_failed * watch->if_failed +
                    (1 - rate) * watch->if_passed * watch->if_passed;
    double d = 2 * drift / spread; /* of the Brownian motion with these moments */
    double h = watch->limit;
    if (fabs(d * h) < 1e-6) return h * h / spread;
    return (exp(-d * h) - 1 + d * h) / (d * drift);
}

double cusum_mean_trials(const struct cusum *watch, double rate)
{
    if (!(rate >= 0 && rate <= 1) || !(watch->limit > 0)) return NAN;
    if (rate == 0) return INFINITY;
    if (!(watch->unit > 0)) return mean_near(watch, rate);
    struct lattice l = {(int)lround(-watch->if_passed / watch->unit),
                        (int)lround(watch->if_failed / watch->unit),
                        (int)lround(watch->limit / watch->unit)};
    if (rate == 1) return ceil((double)l.top / l.up);
    return mean_on(&l, rate);
}

/* ---- how long it takes, in time ---- */

#define DELAY_WATCHES_MOST 600
#define DELAY_WATCHES_LEAST 100
#define DELAY_WORK 1e7        /* trials that are drawn, unless the least number takes more */
#define DELAY_TRIALS_MOST 1e6 /* that one delay may take, or that would be too slow */
#define DELAY_TIMES_MOST                                                                           \
    100 /* as long as without the cap: then the cap leaves no way to the limit */
#define DELAY_BATCH_S 5.0
#define COUNTED_MOST 200 /* trials that are drawn one by one */

/* Draws the number of failures in a number of trials. */
static uint64_t draw_failed(struct random *random, uint64_t trials, double rate)
{
    uint64_t failed = 0;
    if (trials > COUNTED_MOST) {
        double n = (double)trials;
        double drawn = n * rate + sqrt(n * rate * (1 - rate)) * random_normal(random);
        return (uint64_t)lround(fmin(fmax(drawn, 0), n));
    }
    for (uint64_t i = 0; i < trials; i++) failed += random_unit(random) < rate;
    return failed;
}

/* Trials at equal distances, reported in batches, starting anywhere within a block. Infinity
 * after most_s. */
static double delay_once(struct cusum *watch, double rate, double per_s, double most_s,
                         struct random *random)
{
    double batch_s = fmax(DELAY_BATCH_S, 1 / per_s);
    double from_s = random_unit(random) * CUSUM_BLOCK_S;
    double owed = random_unit(random);
    for (double now_s = from_s; now_s - from_s < most_s; now_s += batch_s) {
        owed += batch_s * per_s;
        uint64_t trials = (uint64_t)owed;
        owed -= (double)trials;
        if (cusum_add(watch, now_s, trials, draw_failed(random, trials, rate)))
            return now_s + batch_s - from_s;
    }
    return INFINITY;
}

double cusum_mean_delay(const struct cusum *watch, double rate, double trials_per_hour)
{
    double trials = cusum_mean_trials(watch, rate);
    double per_s = trials_per_hour / 3600;
    if (!isfinite(trials) || !(per_s > 0)) return isnan(trials) ? NAN : INFINITY;
    if (trials > DELAY_TRIALS_MOST) return trials / per_s;
    double most_s = DELAY_TIMES_MOST * fmax(trials / per_s, CUSUM_BLOCKS * CUSUM_BLOCK_S);
    struct random random;
    double sum = 0;
    double work = 0;
    int watches = 0;
    random_seed(&random, 1954, 0);
    while (watches < DELAY_WATCHES_LEAST || (work < DELAY_WORK && watches < DELAY_WATCHES_MOST)) {
        struct cusum once = *watch;
        cusum_restart(&once);
        once.block_number = INT64_MIN;
        double delay_s = delay_once(&once, rate, per_s, most_s, &random);
        if (isinf(delay_s)) return INFINITY;
        sum += delay_s;
        work += (double)(once.trials - watch->trials);
        watches++;
    }
    return sum / watches;
}

double cusum_mean_for(double chance, double trials)
{
    double mean = trials / -log1p(-chance);
    return fmin(fmax(mean, LEAST_MEAN), MOST_MEAN);
}
