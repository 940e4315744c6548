#include "compare/model.h"

#include "figures/cells.h"
#include "report/format.h"
#include "stats/sample_size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POWER 0.8

static struct compare_value of_rate(struct estimate e, double n, double effective)
{
    return (struct compare_value){.known = e.valid,
                                  .value = e.value,
                                  .low = e.low,
                                  .high = e.high,
                                  .n = n,
                                  .effective = effective};
}

static struct compare_value attempt_rate(const struct report_cell *cell, double confidence)
{
    double n = (double)report_cell_attempts(cell);
    struct estimate e = report_cell_attempt_estimate(cell, confidence);
    return of_rate(e, n, n / cluster_design_effect(&cell->cell.clusters));
}

static struct compare_value in_sessions(const struct report_cell *cell, double x, double n,
                                        double confidence)
{
    const struct cluster_sums *sums = &cell->cell.clusters;
    return of_rate(rate_in_sessions(x, n, sums, confidence), n, n / cluster_design_effect(sums));
}

static struct compare_value interaction_rate(const struct report_cell *cell, double confidence)
{
    const struct counters *c = &cell->cell.counters;
    double n = (double)(c->interactions_ok + c->interactions_failed);
    return in_sessions(cell, (double)c->interactions_failed, n, confidence);
}

static struct compare_value session_rate(const struct report_cell *cell, double confidence)
{
    const struct counters *c = &cell->cell.counters;
    double n = (double)c->sessions_with_attempts;
    double chains = fmin(n, (double)cell->cell.clusters.count); /* each is one draw */
    double share = n > 0 ? (double)c->sessions_with_failure / n : 0;
    return of_rate(rate_wilson(share * chains, chains, confidence), n, chains);
}

static struct compare_value share_over(const struct report_cell *cell, const struct threshold *what,
                                       enum metric metric, double confidence)
{
    double n;
    struct estimate e =
        report_cell_share(cell, metric, (int64_t)what->slower_than_us, confidence, &n);
    return of_rate(e, n, n / cluster_design_effect(&cell->cell.clusters));
}

static struct compare_value quantile_of(const struct report_cell *cell,
                                        const struct threshold *what, enum metric metric,
                                        double confidence, struct quantile *out)
{
    const struct histogram *h = cell->cell.latency[metric];
    *out = (struct quantile){0};
    if (h != NULL) *out = histogram_quantile(h, what->quantile, confidence);
    if (!out->valid) return (struct compare_value){0};
    /* a part of it may be this machine's, in a replay */
    out->low = clock_resolved_low(out->low, report_cell_least_us(cell, metric, what->quantile));
    return (struct compare_value){.known = true,
                                  .value = (double)out->value,
                                  .low = (double)out->low,
                                  .high = out->two_sided ? (double)out->high : INFINITY,
                                  .n = (double)h->total,
                                  .effective = (double)h->total};
}

static struct compare_value rate_of(const struct report_cell *cell, const struct threshold *what,
                                    enum metric metric, double confidence)
{
    switch (what->kind) {
    case THRESHOLD_ATTEMPT_RATE:
        return attempt_rate(cell, confidence);
    case THRESHOLD_INTERACTION_RATE:
        return interaction_rate(cell, confidence);
    case THRESHOLD_SESSION_RATE:
        return session_rate(cell, confidence);
    case THRESHOLD_SHARE:
        return share_over(cell, what, metric, confidence);
    case THRESHOLD_QUANTILE:
        break;
    }
    return (struct compare_value){0};
}

static struct estimate estimate_of(const struct compare_value *value)
{
    return (struct estimate){
        .valid = value->known, .value = value->value, .low = value->low, .high = value->high};
}

/* The p-value at which the interval would just touch no difference, assuming normality on that
 * side. */
static double p_of_interval(const struct difference *d, double confidence)
{
    double side = d->value > 0 ? d->value - d->low : d->high - d->value;
    if (!d->valid || d->value == 0 || !(side > 0)) return 1;
    return normal_two_sided_p(d->value / side * normal_quantile(1 - (1 - confidence) / 2));
}

static void measure(struct compare_row *row, const struct compare_pair *pair, double confidence)
{
    enum metric metric = row->what.metric;
    const struct report_cell *a = pair->a.cell;
    const struct report_cell *b = pair->b.cell;
    row->p = row->adjusted = 1;
    if (row->what.kind == THRESHOLD_QUANTILE) {
        struct quantile of_a;
        struct quantile of_b;
        row->a = quantile_of(a, &row->what, metric, confidence, &of_a);
        row->b = quantile_of(b, &row->what, metric, confidence, &of_b);
        row->difference = quantile_difference(&of_a, &of_b);
        row->p = p_of_interval(&row->difference, confidence);
        return;
    }
    row->a = rate_of(a, &row->what, metric, confidence);
    row->b = rate_of(b, &row->what, metric, confidence);
    struct estimate of_a = estimate_of(&row->a);
    struct estimate of_b = estimate_of(&row->b);
    row->difference = rate_newcombe(&of_a, &of_b);
    row->p = rate_score_test(row->a.value * row->a.effective, row->a.effective,
                             row->b.value * row->b.effective, row->b.effective, NULL);
}

/* ---- verdicts ---- */

static double margin_of(const struct compared *comparison, const struct compare_row *row)
{
    if (row->what.kind != THRESHOLD_QUANTILE) return comparison->options.rate_margin;
    return comparison->options.latency_margin * row->a.value;
}

static bool unhealthy(const struct compare_side *side, const char *label, struct text *why)
{
    if (report_cell_valid(side->cell)) return false;
    text_printf(why, "the load generator was in the way in %s (", label);
    report_cell_why(side->cell, why);
    text_puts(why, "): its figures are not the service's");
    return true;
}

static bool is_invalid(const struct compared *comparison, struct compare_row *row)
{
    const struct compare_pair *pair = &comparison->pairs[row->pair];
    if (unhealthy(&pair->a, comparison->label_a, &row->why)) return true;
    if (unhealthy(&pair->b, comparison->label_b, &row->why)) return true;
    if (row->a.known && row->b.known) return false;
    text_printf(&row->why, "%s has no values",
                row->a.known ? comparison->label_b : comparison->label_a);
    return true;
}

/* Further values needed until a quantile's difference, or its absence, shows. */
static double more_for_quantile(const struct compared *comparison, const struct compare_row *row)
{
    const struct difference *d = &row->difference;
    double n = fmin(row->a.n, row->b.n);
    if (!d->valid)
        return fmax(0, (double)quantile_needed(row->what.quantile, comparison->options.confidence) -
                           n);
    double half = (d->high - d->low) / 2;
    double goal = fmax(fabs(d->value), margin_of(comparison, row) - fabs(d->value));
    return goal > 0 ? fmax(1, ceil(n * (half / goal) * (half / goal)) - n) : 0;
}

/* Further attempts needed on each side until the observed difference, or its absence, shows. 0 if
 * no number would do. */
static double more_needed(const struct compared *comparison, const struct compare_row *row)
{
    if (row->what.kind == THRESHOLD_QUANTILE) return more_for_quantile(comparison, row);
    double confidence = comparison->options.confidence;
    double n = fmin(row->a.effective, row->b.effective);
    double a = row->a.value;
    double b = row->b.value;
    double to_tell = sample_size_to_tell(a, b, confidence, POWER, 1);
    double to_equal = sample_size_to_equal(a, b, comparison->options.rate_margin, confidence);
    double needed = fmin(isnan(to_tell) ? INFINITY : to_tell, to_equal);
    if (!isfinite(needed)) return 0;
    double effect =
        row->a.effective > 0 ? fmax(row->a.n / row->a.effective, row->b.n / row->b.effective) : 1;
    return fmax(1, ceil((needed - n) * effect));
}

/* Converts them into minutes at the load of these runs, and into dollars at the cost of their
 * attempts. */
static void price(const struct compared *comparison, struct compare_row *row)
{
    const struct compare_side *sides[] = {&comparison->pairs[row->pair].a,
                                          &comparison->pairs[row->pair].b};
    const struct compare_value *values[] = {&row->a, &row->b};
    row->needed = more_needed(comparison, row);
    for (size_t i = 0; i < 2; i++) {
        double attempts = (double)report_cell_attempts(sides[i]->cell);
        if (values[i]->n > 0 && sides[i]->minutes > 0)
            row->needed_minutes =
                fmax(row->needed_minutes, row->needed * sides[i]->minutes / values[i]->n);
        const struct counters *counters = &sides[i]->cell->cell.counters;
        if (counters_unpriced(counters)) row->needed_usd = NAN;
        if (attempts > 0) row->needed_usd += row->needed * counters->cost_usd / attempts;
    }
}

static void explain_open(struct compare_row *row)
{
    if (!row->difference.valid) {
        text_puts(&row->why, "too few values for an interval");
    } else if (row->difference.low > 0 || row->difference.high < 0) {
        text_puts(&row->why,
                  "not significant any more after the correction for so many comparisons");
    } else {
        text_puts(&row->why, "the interval holds no difference as well as one beyond the margin");
    }
}

static void judge(const struct compared *comparison, struct compare_row *row)
{
    if (comparison->not_comparable.length > 0) {
        row->verdict = COMPARE_NOT_COMPARABLE;
        text_puts(&row->why, text_str(&comparison->not_comparable));
        return;
    }
    if (is_invalid(comparison, row)) {
        row->verdict = COMPARE_INVALID;
        return;
    }
    const struct difference *d = &row->difference;
    double margin = margin_of(comparison, row);
    double level = 1 - comparison->options.confidence;
    bool apart =
        d->valid && (d->low > 0 || d->high < 0) && (!row->decides || row->adjusted < level);
    if (d->valid && d->low >= -margin && d->high <= margin) {
        row->verdict = COMPARE_EQUAL;
        text_puts(&row->why, "the whole interval of the difference lies within the margin");
    } else if (apart) {
        row->verdict = d->low > 0 ? COMPARE_WORSE : COMPARE_BETTER;
        text_puts(&row->why, "the interval of the difference leaves out none");
    } else if (d->valid && d->high <= margin) {
        row->verdict = COMPARE_NOT_WORSE;
        text_puts(&row->why, "the interval of the difference ends below the margin");
    } else {
        row->verdict = COMPARE_INCONCLUSIVE;
        explain_open(row);
        price(comparison, row);
    }
}

static bool adjust(struct compared *comparison)
{
    double *p = calloc(comparison->row_count + 1, sizeof *p);
    if (p == NULL) return false;
    size_t count = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        if (comparison->rows[i].decides) p[count++] = comparison->rows[i].p;
    }
    bool ok = holm_adjust(p, count, p);
    comparison->deciding = count;
    count = 0;
    for (size_t i = 0; i < comparison->row_count; i++) {
        struct compare_row *row = &comparison->rows[i];
        row->adjusted = row->decides ? p[count++] : row->p;
    }
    free(p);
    return ok;
}

static bool any(const struct compared *comparison, enum compare_verdict verdict)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        if (comparison->rows[i].decides && comparison->rows[i].verdict == verdict) return true;
    }
    return false;
}

static enum compare_verdict whole(const struct compared *comparison)
{
    if (comparison->not_comparable.length > 0) return COMPARE_NOT_COMPARABLE;
    static const enum compare_verdict order[] = {COMPARE_WORSE, COMPARE_INVALID, COMPARE_BETTER,
                                                 COMPARE_INCONCLUSIVE, COMPARE_NOT_WORSE};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (any(comparison, order[i])) return order[i];
    }
    return comparison->deciding > 0 ? COMPARE_EQUAL : COMPARE_INVALID;
}

/* Order for readers: the failure rate, then decided rows, then undecided ones, then those only
 * shown. */
static unsigned rank(const struct compare_row *row)
{
    if (row->what.kind == THRESHOLD_ATTEMPT_RATE) return 0;
    bool open = row->verdict == COMPARE_INCONCLUSIVE || row->verdict == COMPARE_INVALID;
    return !row->decides ? 3 : open ? 2 : 1;
}

static int by_rank(const void *a, const void *b)
{
    const struct compare_row *first = a;
    const struct compare_row *second = b;
    unsigned ranks[] = {rank(first), rank(second)};
    if (ranks[0] != ranks[1]) return ranks[0] < ranks[1] ? -1 : 1;
    return first->number < second->number ? -1 : first->number > second->number;
}

static void sort_rows(struct compared *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) comparison->rows[i].number = i;
    qsort(comparison->rows, comparison->row_count, sizeof *comparison->rows, by_rank);
}

static bool wanted_here(const struct threshold *what, const struct compare_pair *pair)
{
    return what->region[0] == '\0' || strcmp(what->region, pair->region) == 0;
}

enum err_code compare_judge(struct compared *comparison, struct error *err)
{
    size_t most = comparison->metric_count * comparison->pair_count;
    comparison->rows = calloc(most + 1, sizeof *comparison->rows);
    if (comparison->rows == NULL) return error_set(err, ERR_NOMEM, "no memory for the comparison");
    for (size_t m = 0; m < comparison->metric_count; m++) {
        struct threshold what;
        enum err_code code = threshold_parse_metric(comparison->metrics[m], &what, err);
        if (code != ERR_OK) {
            if (err != NULL) err->code = ERR_USAGE;
            return error_prefix(err, "--metric");
        }
        /* Quantiles are only informative. By default rates and shares decide, because their tests
         * are calibrated. */
        bool decides = comparison->options.metric_count > 0 || what.kind != THRESHOLD_QUANTILE;
        for (size_t i = 0; i < comparison->pair_count; i++) {
            if (!wanted_here(&what, &comparison->pairs[i])) continue;
            struct compare_row *row = &comparison->rows[comparison->row_count++];
            *row = (struct compare_row){
                .metric = comparison->metrics[m], .what = what, .pair = i, .decides = decides};
            measure(row, &comparison->pairs[i], comparison->options.confidence);
        }
    }
    if (!adjust(comparison)) return error_set(err, ERR_NOMEM, "no memory for the comparison");
    for (size_t i = 0; i < comparison->row_count; i++) judge(comparison, &comparison->rows[i]);
    sort_rows(comparison);
    comparison->verdict = whole(comparison);
    return ERR_OK;
}

static bool by_weight(const struct compare_row *row, const struct compare_row *best)
{
    bool rate = row->what.kind == THRESHOLD_ATTEMPT_RATE;
    bool best_rate = best->what.kind == THRESHOLD_ATTEMPT_RATE;
    return rate != best_rate ? rate : row->p < best->p;
}

const struct compare_row *compare_deciding_row(const struct compared *comparison)
{
    const struct compare_row *best = NULL;
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (!row->decides || row->verdict != comparison->verdict) continue;
        if (best == NULL || by_weight(row, best)) best = row;
    }
    return best;
}
