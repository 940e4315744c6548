#include "figures/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t report_cell_attempts(const struct report_cell *cell)
{
    return cell->cell.counters.attempts_ok + cell->cell.counters.attempts_failed;
}

bool report_cell_agrees(const struct report_cell *cell)
{
    return (double)report_cell_attempts(cell) == cell->recorded.m &&
           (double)cell->cell.counters.attempts_failed == cell->recorded.x;
}

/* Where chains cannot be compared, one of them counts as one draw, however long it is. */
static double alike_effect(const struct cluster_sums *sums)
{
    const bool comparable = sums->with_failure > 1 && sums->x < sums->m;
    return comparable || !(sums->m > 0) ? 1 : fmax(1, sums->m / (double)sums->count);
}

static struct rate attempt_rate(const struct report_cell *cell, double confidence)
{
    const struct cluster_sums *sums = &cell->cell.clusters;
    struct rate rate = {.failed = (double)cell->cell.counters.attempts_failed,
                        .trials = (double)report_cell_attempts(cell)};
    if (rate.trials <= 0) {
        rate.estimate = rate_wilson(0, 0, confidence);
        rate.method = "no attempts";
    } else if (sums->count > 0 && sums->m == rate.trials && sums->x == rate.failed) {
        rate.estimate = rate_clustered(sums, confidence, &rate.method);
        bool comparable = sums->with_failure > 1 && sums->x < sums->m;
        rate.effective = comparable ? sums->m / cluster_design_effect(sums) : (double)sums->count;
    } else if (sums->count > 0) {
        const double effect = fmax(cluster_design_effect(sums), alike_effect(sums));
        rate.estimate = rate_wilson(rate.failed / effect, rate.trials / effect, confidence);
        rate.effective = rate.trials / effect;
        rate.method = "Wilson, as if the chains that did not end here were like those that did";
    } else {
        rate.estimate = rate_wilson(rate.failed, rate.trials, confidence);
        rate.effective = rate.trials;
        rate.method = "Wilson, no session has ended yet";
    }
    return rate;
}

/* Interactions of a session depend on each other as its attempts do, so this uses the attempts'
 * design effect. */
static struct rate interaction_rate(const struct report_cell *cell, double confidence)
{
    const struct counters *c = &cell->cell.counters;
    struct rate rate = {.failed = (double)c->interactions_failed,
                        .trials = (double)(c->interactions_ok + c->interactions_failed),
                        .method = "Wilson with the design effect of the attempts"};
    rate.effective = rate.trials / cluster_design_effect(&cell->cell.clusters);
    rate.estimate = rate_in_sessions(rate.failed, rate.trials, &cell->cell.clusters, confidence);
    return rate;
}

static struct rate plain_rate(uint64_t failed, uint64_t trials, double confidence)
{
    return (struct rate){.estimate = rate_wilson((double)failed, (double)trials, confidence),
                         .failed = (double)failed,
                         .trials = (double)trials,
                         .effective = (double)trials,
                         .method = "Wilson"};
}

/* Sessions of one chain depend on each other, so a chain counts as one draw, however many it
 * holds. */
static struct rate session_rate(const struct report_cell *cell, double confidence)
{
    const struct counters *c = &cell->cell.counters;
    struct rate rate = plain_rate(c->sessions_with_failure, c->sessions_with_attempts, confidence);
    rate.effective = fmin(rate.trials, (double)cell->cell.clusters.count);
    if (!(rate.effective < rate.trials) || rate.effective <= 0) return rate;
    rate.estimate =
        rate_wilson(rate.failed / rate.trials * rate.effective, rate.effective, confidence);
    rate.method = "Wilson on the interaction chains that the sessions belong to";
    return rate;
}

struct rate report_cell_rate_at(const struct report_cell *cell, enum rate_kind kind,
                                double confidence)
{
    const struct cluster_sums *sums = &cell->cell.clusters;
    switch (kind) {
    case RATE_ATTEMPT:
        return attempt_rate(cell, confidence);
    case RATE_INTERACTION:
        return interaction_rate(cell, confidence);
    case RATE_SESSION:
        return session_rate(cell, confidence);
    case RATE_HAZARD:
        return plain_rate(sums->first_failures, sums->at_risk, confidence);
    }
    return plain_rate(0, 0, confidence);
}

struct rate report_cell_rate(const struct report_cell *cell, enum rate_kind kind)
{
    return report_cell_rate_at(cell, kind, CONFIDENCE);
}

static void add_health(struct report_cell *into, const struct health *health)
{
    if (into->intervals == 0) {
        into->health = *health;
    } else {
        health_merge(&into->health, health);
    }
}

bool report_cell_add(struct report_cell *into, const struct cell *cell, const struct health *health,
                     int64_t length_ns)
{
    if (health != NULL) {
        add_health(into, health);
        into->intervals++;
        if (!health->valid) into->invalid_intervals++;
    }
    into->covered_ns += length_ns;
    return cell_merge(&into->cell, cell);
}

bool report_cell_merge(struct report_cell *into, const struct report_cell *from)
{
    if (from->intervals > 0) add_health(into, &from->health);
    into->intervals += from->intervals;
    into->invalid_intervals += from->invalid_intervals;
    into->covered_ns += from->covered_ns;
    for (int m = 0; m < METRIC_COUNT; m++) {
        into->moved[m].attempts += from->moved[m].attempts;
        into->moved[m].failed += from->moved[m].failed;
    }
    cluster_merge(&into->recorded, &from->recorded);
    into->recorded_sessions.all += from->recorded_sessions.all;
    into->recorded_sessions.with_failure += from->recorded_sessions.with_failure;
    return cell_merge(&into->cell, &from->cell);
}

static struct histogram *pool_take(struct pooled *pool)
{
    if (pool->count > 0) return pool->items[--pool->count];
    return histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
}

static void pool_give(struct pooled *pool, struct histogram *histogram)
{
    if (histogram == NULL) return;
    if (pool->count == pool->capacity) {
        size_t capacity = pool->capacity == 0 ? 64 : pool->capacity * 2;
        struct histogram **items = realloc(pool->items, capacity * sizeof *items);
        if (items == NULL) {
            histogram_free(histogram);
            return;
        }
        pool->items = items;
        pool->capacity = capacity;
    }
    histogram_reset(histogram);
    pool->items[pool->count++] = histogram;
}

void histogram_pool_free(struct histogram_pool *pool)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        for (size_t i = 0; i < pool->of[m].count; i++) histogram_free(pool->of[m].items[i]);
        free(pool->of[m].items);
    }
    *pool = (struct histogram_pool){0};
}

struct histogram *report_cell_histogram(struct report_cell *into, enum metric metric,
                                        struct histogram_pool *pool)
{
    struct histogram **mine = &into->cell.latency[metric];
    if (*mine == NULL) *mine = pool_take(&pool->of[metric]);
    return *mine;
}

bool report_cell_latency(struct report_cell *into, enum metric metric,
                         const struct histogram *histogram, struct histogram_pool *pool)
{
    struct histogram *mine = report_cell_histogram(into, metric, pool);
    if (mine == NULL) return false;
    histogram_add(mine, histogram);
    return true;
}

/* Of so many counted here, those whose values are here as well. */
static uint64_t without_moved(uint64_t count, int64_t moved)
{
    if (moved < 0) return count + (uint64_t)-moved;
    return count > (uint64_t)moved ? count - (uint64_t)moved : 0;
}

/* An attempt that failed before its value came counts as infinitely slow: it never got one. */
static uint64_t without_value(const struct report_cell *cell, enum metric metric, uint64_t values)
{
    uint64_t attempts = without_moved(report_cell_attempts(cell), cell->moved[metric].attempts);
    uint64_t failed =
        without_moved(cell->cell.counters.attempts_failed, cell->moved[metric].failed);
    uint64_t missing = attempts > values ? attempts - values : 0;
    return missing < failed ? missing : failed;
}

static int64_t quantile_of_all(const struct histogram *h, const struct all_attempts *all, double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)all->count);
    if (rank < 1) rank = 1;
    return rank > all->count - all->infinite ? -1 : histogram_at_rank(h, rank);
}

static struct all_attempts all_attempts_of(const struct report_cell *cell, enum metric metric)
{
    const struct histogram *h = cell->cell.latency[metric];
    uint64_t values = h == NULL ? 0 : h->total;
    struct all_attempts all = {.infinite = without_value(cell, metric, values)};
    all.count = values + all.infinite;
    if (all.count == 0) return all;
    all.p50 = quantile_of_all(h, &all, 0.50);
    all.p95 = quantile_of_all(h, &all, 0.95);
    all.p99 = quantile_of_all(h, &all, 0.99);
    return all;
}

/* The ranks between which a quantile lies. They are the costliest part of a cell, and depend on
 * the number of values alone, of which the cells of short windows have few different ones: each
 * thread keeps some. */
struct ranks {
    uint64_t count, low, high;
};
#define RANKS 64
static _Thread_local struct ranks medians[RANKS], tails[RANKS];

static struct quantile quantile_of(const struct histogram *h, double q, struct ranks *known)
{
    struct ranks *ranks = &known[h->total % RANKS];
    if (ranks->count != h->total)
        (void)quantile_ranks(h->total, q, CONFIDENCE, &ranks->low, &ranks->high);
    ranks->count = h->total;
    return histogram_quantile_at(h, q, ranks->low, ranks->high);
}

static struct latency_figures latency_of(const struct histogram *h)
{
    if (h == NULL || h->total == 0) return (struct latency_figures){0};
    return (struct latency_figures){.count = h->total,
                                    .p50 = histogram_percentile(h, 50),
                                    .p90 = histogram_percentile(h, 90),
                                    .p95 = histogram_percentile(h, 95),
                                    .p99 = histogram_percentile(h, 99),
                                    .max = histogram_max(h),
                                    .median = quantile_of(h, 0.50, medians),
                                    .tail = quantile_of(h, 0.99, tails)};
}

bool latency_bears_tail(const struct latency_figures *latency)
{
    return latency->count >= P99_MIN_SAMPLES;
}

bool latency_bounds_tail(const struct latency_figures *latency)
{
    /* of a replay the bound is lower by what the replay cannot resolve, P95 is not */
    return latency_bears_tail(latency) ||
           (latency->count >= P99_BOUND_SAMPLES && latency->tail.low >= latency->p95);
}

bool all_attempts_bear_tail(const struct all_attempts *all)
{
    return all->count >= P99_MIN_SAMPLES || (all->count > 0 && all->p99 < 0);
}

/* The values of interactions include those that were given up. Where none was answered, they are of
 * nothing but giving up: no latency that anyone felt. */
static void forget_unanswered(struct report_cell *cell)
{
    struct histogram *h = cell->cell.latency[METRIC_INTERACTION];
    const struct counters *c = &cell->cell.counters;
    /* with more values than were given up here, some are of the rest of an interval that is cut */
    if (h == NULL || c->interactions_ok > 0 || h->total > c->interactions_failed) return;
    cell->unanswered += h->total;
    histogram_reset(h);
}

void report_cell_settle(struct report_cell *cell)
{
    forget_unanswered(cell);
    for (int m = 0; m < METRIC_COUNT; m++) {
        cell->latency[m] = latency_of(cell->cell.latency[m]);
        if (metric_has((enum metric)m, METRIC_OF_ATTEMPT))
            cell->all[m] = all_attempts_of(cell, (enum metric)m);
    }
}

int64_t report_cell_least_us(const struct report_cell *cell, enum metric metric, double quantile)
{
    const struct clock_resolution *least = &cell->latency[metric].least;
    return quantile <= 0.5 ? least->median_us : least->tail_us;
}

bool report_cell_surely_over(const struct report_cell *cell, const struct threshold *what,
                             struct threshold *surely)
{
    const int64_t least_us = report_cell_least_us(cell, what->metric, 1);
    if (what->kind != THRESHOLD_SHARE || least_us <= 0) return false;
    *surely = *what;
    surely->slower_than_us += (double)least_us;
    return true;
}

int64_t report_cell_resolved_low(const struct report_cell *cell, enum metric metric, double q,
                                 int64_t low_us, int64_t median_low_us)
{
    const int64_t low = clock_resolved_low(low_us, report_cell_least_us(cell, metric, q));
    if (q <= 0.5) return low;
    const int64_t median =
        clock_resolved_low(median_low_us, report_cell_least_us(cell, metric, 0.5));
    return low > median ? low : median;
}

void report_cell_resolve(struct report_cell *cell, const struct clock_resolution *least)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (m == METRIC_LAG) continue;
        struct latency_figures *latency = &cell->latency[m];
        latency->least = cell->all[m].least = *least;
        const int64_t median_low = latency->median.low;
        latency->median.low =
            report_cell_resolved_low(cell, (enum metric)m, 0.5, median_low, median_low);
        latency->tail.low =
            report_cell_resolved_low(cell, (enum metric)m, 0.99, latency->tail.low, median_low);
    }
}

void report_cell_drop_histograms(struct report_cell *cell, struct histogram_pool *pool)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        pool_give(&pool->of[m], cell->cell.latency[m]);
        cell->cell.latency[m] = NULL;
    }
}

void report_cell_free(struct report_cell *cell)
{
    cell_free(&cell->cell);
}

bool report_cell_tells(const struct report_cell *cell, enum metric metric)
{
    if (cell->latency[metric].count > 0) return true;
    return cell->all[metric].count > 0 && !metric_has(metric, METRIC_OF_SPEECH);
}

struct estimate report_cell_share(const struct report_cell *cell, enum metric metric,
                                  int64_t limit_us, double confidence, double *count)
{
    const struct histogram *h = cell->cell.latency[metric];
    uint64_t values = h == NULL ? 0 : h->total;
    uint64_t missing =
        metric_has(metric, METRIC_OF_ATTEMPT) ? without_value(cell, metric, values) : 0;
    *count = (double)(missing + values);
    return rate_over(h, limit_us, missing, &cell->cell.clusters, confidence);
}

bool report_cell_valid(const struct report_cell *cell)
{
    return cell->intervals == 0 || cell->health.valid;
}

double report_cell_held(const struct report_cell *cell)
{
    const struct counters *counters = &cell->cell.counters;
    if (counters->driven_ms == 0) return 0;
    return fmin(1, (double)counters->held_ms / (double)counters->driven_ms);
}

void report_cell_why(const struct report_cell *cell, struct text *out)
{
    if (!report_cell_valid(cell)) text_puts(out, cell->health.why);
}

static int by_count(const void *a, const void *b)
{
    const struct tally *x = a;
    const struct tally *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    int order = strcmp(x->code, y->code);
    return order != 0 ? order : (int)x->phase - (int)y->phase;
}

static int by_code(const void *a, const void *b)
{
    return strcmp(((const struct tally *)a)->code, ((const struct tally *)b)->code);
}

/* Makes one of those with the same code; the first gives the phase and domain. */
static size_t join_codes(struct tally *tallies, size_t count)
{
    size_t kept = 0;
    qsort(tallies, count, sizeof *tallies, by_code);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_code(&tallies[kept - 1], &tallies[i]) == 0) {
            tallies[kept - 1].count += tallies[i].count;
        } else {
            tallies[kept++] = tallies[i];
        }
    }
    return kept;
}

/* Ends with domain "none" are not failures. */
static size_t sorted(const struct report_cell *cell, bool lifecycle, bool by_code_alone,
                     struct tally **out)
{
    size_t count = 0;
    *out = NULL;
    if (cell->cell.tally_count == 0) return 0;
    struct tally *tallies = calloc(cell->cell.tally_count, sizeof *tallies);
    if (tallies == NULL) return 0;
    for (size_t i = 0; i < cell->cell.tally_count; i++) {
        const struct tally *tally = &cell->cell.tallies[i];
        if ((tally->domain == DOMAIN_NONE) == lifecycle) tallies[count++] = *tally;
    }
    if (by_code_alone) count = join_codes(tallies, count);
    qsort(tallies, count, sizeof *tallies, by_count);
    *out = tallies;
    return count;
}

size_t report_cell_tallies(const struct report_cell *cell, struct tally **out)
{
    return sorted(cell, false, false, out);
}

size_t report_cell_lifecycle(const struct report_cell *cell, struct tally **out)
{
    return sorted(cell, true, false, out);
}

size_t report_cell_codes(const struct report_cell *cell, struct tally **out)
{
    return sorted(cell, false, true, out);
}
