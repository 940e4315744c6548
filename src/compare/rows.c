#include "compare/model.h"
#include "compare/resolution.h"

#include "figures/cells.h"
#include "report/format.h"
#include "stats/duration.h"
#include "stats/sample_size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POWER 0.8

static struct compare_value of_estimate(const struct estimate *e, double n, double effective)
{
    return (struct compare_value){.known = e->valid,
                                  .value = e->value,
                                  .low = e->low,
                                  .high = e->high,
                                  .n = n,
                                  .effective = effective};
}

static struct compare_value failures_of(const struct report_cell *cell, enum rate_kind kind,
                                        double confidence)
{
    struct rate rate = report_cell_rate_at(cell, kind, confidence);
    return of_estimate(&rate.estimate, rate.trials, rate.effective);
}

static struct compare_value share_over(const struct report_cell *cell, const struct threshold *what,
                                       double confidence)
{
    double n;
    struct estimate e =
        report_cell_share(cell, what->metric, (int64_t)what->slower_than_us, confidence, &n);
    return of_estimate(&e, n, n / cluster_design_effect(&cell->cell.clusters));
}

static struct estimate as_estimate(const struct quantile *q)
{
    return (struct estimate){.valid = q->valid,
                             .value = (double)q->value,
                             .low = (double)q->low,
                             .high = q->two_sided ? (double)q->high : INFINITY};
}

static struct compare_value quantile_of(const struct report_cell *cell,
                                        const struct threshold *what, double confidence,
                                        struct quantile *out)
{
    const struct histogram *h = cell->cell.latency[what->metric];
    *out = (struct quantile){0};
    if (h == NULL) return (struct compare_value){0};
    *out = histogram_quantile(h, what->quantile, confidence);
    /* a part of it may be this machine's, in a replay */
    if (out->valid)
        out->low = report_cell_resolved_low(cell, what->metric, what->quantile, out->low,
                                            histogram_quantile(h, 0.5, confidence).low);
    struct estimate e = as_estimate(out);
    return of_estimate(&e, (double)h->total, (double)h->total);
}

static struct compare_value rate_of(const struct report_cell *cell, const struct threshold *what,
                                    double confidence)
{
    switch (what->kind) {
    case THRESHOLD_ATTEMPT_RATE:
        return failures_of(cell, RATE_ATTEMPT, confidence);
    case THRESHOLD_INTERACTION_RATE:
        return failures_of(cell, RATE_INTERACTION, confidence);
    case THRESHOLD_SESSION_RATE:
        return failures_of(cell, RATE_SESSION, confidence);
    case THRESHOLD_SHARE:
        return share_over(cell, what, confidence);
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

/* The effective size of what the service does: never more than the sessions leave. */
static void set_service(struct compare_value *value, const struct service_rate *rate,
                        const struct estimate *estimate)
{
    bool known = rate->dependence.why == DEPENDENCE_KNOWN;
    value->service = *estimate;
    value->service.valid = estimate->valid && known;
    if (known) value->effective = fmin(value->effective, rate->effective_n);
}

static void measure_quantile(struct compare_row *row, const struct compare_pair *pair,
                             double confidence)
{
    const struct compare_side *sides[] = {&pair->a, &pair->b};
    struct compare_value *values[] = {&row->a, &row->b};
    struct quantile seen[2];
    struct quantile claimed[2];
    for (size_t i = 0; i < 2; i++) {
        struct service_rate above;
        *values[i] = quantile_of(sides[i]->of.cell, &row->what, confidence, &seen[i]);
        claimed[i] =
            claim_quantile(&sides[i]->of, row->what.metric, row->what.quantile, confidence, &above);
        struct estimate e = as_estimate(&claimed[i]);
        set_service(values[i], &above, &e);
        if (i == 0 || row->dependence.why == DEPENDENCE_KNOWN) row->dependence = above.dependence;
    }
    row->observed = quantile_difference(&seen[0], &seen[1]);
    row->difference = quantile_difference(&claimed[0], &claimed[1]);
    if (row->dependence.why != DEPENDENCE_KNOWN) row->difference.valid = false;
}

/* What the service does at such hours, as far as the replay resolves it. */
static struct service_difference claimed(const struct compare_pair *pair,
                                         const struct threshold *what, double confidence)
{
    struct service_difference d =
        claim_difference(&pair->a.of, &pair->b.of, what, pair->paired, confidence);
    resolution_widen(&d.difference, resolution_of_share(pair->a.of.cell, what),
                     resolution_of_share(pair->b.of.cell, what));
    return d;
}

static void measure_rate(struct compare_row *row, const struct compare_pair *pair,
                         double confidence)
{
    const struct compare_side *sides[] = {&pair->a, &pair->b};
    struct compare_value *values[] = {&row->a, &row->b};
    for (size_t i = 0; i < 2; i++) {
        struct service_rate rate = claim_rate(&sides[i]->of, &row->what, confidence);
        *values[i] = rate_of(sides[i]->of.cell, &row->what, confidence);
        double blur = resolution_of_share(sides[i]->of.cell, &row->what);
        values[i]->low = fmax(0, values[i]->low - blur);
        rate.estimate.low = fmax(0, rate.estimate.low - blur);
        set_service(values[i], &rate, &rate.estimate);
    }
    struct estimate of_a = estimate_of(&row->a);
    struct estimate of_b = estimate_of(&row->b);
    row->observed = rate_newcombe(&of_a, &of_b);
    struct service_difference d = claimed(pair, &row->what, confidence);
    row->difference = d.difference;
    row->dependence = d.dependence;
}

static void measure(struct compare_row *row, const struct compare_pair *pair, double confidence)
{
    if (row->what.kind == THRESHOLD_QUANTILE) {
        measure_quantile(row, pair, confidence);
    } else {
        measure_rate(row, pair, confidence);
    }
    const struct service_difference d = {row->difference, row->dependence};
    row->p = row->adjusted = service_difference_p(&d, confidence);
}

/* ---- verdicts ---- */

static double margin_of(const struct compared *comparison, const struct compare_row *row)
{
    if (row->what.kind != THRESHOLD_QUANTILE) return comparison->options.rate_margin;
    return comparison->options.latency_margin * row->a.value;
}

static bool unhealthy(const struct compare_side *side, const char *label, struct text *why)
{
    if (report_cell_valid(side->of.cell)) return false;
    text_printf(why, "the load generator was in the way in %s (", label);
    report_cell_why(side->of.cell, why);
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
    double effect = row->a.effective > 0 ? fmax(row->a.n / row->a.effective, 1) : 1;
    double least = (double)quantile_needed(row->what.quantile, comparison->options.confidence);
    if (!d->valid) return fmax(0, least * effect - n);
    double half = (d->high - d->low) / 2;
    double goal = fmax(fabs(d->value), margin_of(comparison, row) - fabs(d->value));
    return goal > 0 ? fmax(1, ceil(n * (half / goal) * (half / goal)) - n) : 0;
}

/* More attempts on each side until the difference seen shows, or its absence: what independent
 * attempts would need, times the dependence that ruled. Infinite when none would do. */
static double more_by_size(const struct compared *comparison, const struct compare_row *row)
{
    double confidence = comparison->options.confidence;
    double n = fmin(row->a.effective, row->b.effective);
    double to_tell = sample_size_to_tell(row->a.value, row->b.value, confidence, POWER, 1);
    double to_equal = sample_size_to_equal(row->a.value, row->b.value,
                                           comparison->options.rate_margin, confidence);
    double needed = fmin(isnan(to_tell) ? INFINITY : to_tell, to_equal);
    if (!isfinite(needed)) return INFINITY;
    double effect =
        row->a.effective > 0 ? fmax(row->a.n / row->a.effective, row->b.n / row->b.effective) : 1;
    return fmax(1, ceil((needed - n) * fmax(effect, row->dependence.design_effect)));
}

/* 0 when none would do. A run that cannot tell must first grow until it can. */
static double more_needed(const struct compared *comparison, const struct compare_row *row)
{
    if (row->what.kind == THRESHOLD_QUANTILE) return more_for_quantile(comparison, row);
    const struct service_difference d = {row->difference, row->dependence};
    double needed = more_by_size(comparison, row);
    double growth = growth_to_tell(&d);
    if (!isfinite(needed)) return 0;
    if (row->dependence.why != DEPENDENCE_KNOWN && isfinite(growth))
        needed = fmax(needed, ceil((growth - 1) * fmin(row->a.n, row->b.n)));
    return needed;
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
        double attempts = (double)report_cell_attempts(sides[i]->of.cell);
        if (values[i]->n > 0 && sides[i]->minutes > 0)
            row->needed_minutes =
                fmax(row->needed_minutes, row->needed * sides[i]->minutes / values[i]->n);
        const struct counters *counters = &sides[i]->of.cell->cell.counters;
        if (counters_unpriced(counters)) row->needed_usd = NAN;
        if (attempts > 0) row->needed_usd += row->needed * counters->cost_usd / attempts;
    }
}

static void explain_open(const struct compare_pair *pair, struct compare_row *row)
{
    if (row->dependence.why != DEPENDENCE_KNOWN) {
        const struct compare_side *side = row->b.value >= row->a.value ? &pair->b : &pair->a;
        claim_why(&side->of, &row->dependence, &row->why);
    } else if (!row->difference.valid) {
        text_puts(&row->why, "too few values for an interval");
    } else if (row->difference.low > 0 || row->difference.high < 0) {
        text_puts(&row->why,
                  "not significant any more after the correction for so many comparisons");
    } else {
        text_puts(&row->why, "the interval holds no difference as well as one beyond the margin");
    }
    resolution_words(pair->b.of.cell, &row->what, &row->why);
}

/* Whether b is not worse by more than the margin, with the one-sided error that the confidence
 * leaves. */
static bool is_not_worse(const struct compared *comparison, const struct compare_row *row,
                         double margin)
{
    const struct compare_pair *pair = &comparison->pairs[row->pair];
    double confidence = 1 - 2 * (1 - comparison->options.confidence);
    if (!row->difference.valid) return false;
    if (row->what.kind == THRESHOLD_QUANTILE || !(confidence > 0))
        return row->difference.high <= margin;
    struct service_difference d = claimed(pair, &row->what, confidence);
    return service_within_margin(&d, margin);
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
    } else if (is_not_worse(comparison, row, margin)) {
        row->verdict = COMPARE_NOT_WORSE;
        text_puts(&row->why, "the interval of the difference ends below the margin");
    } else {
        row->verdict = COMPARE_INCONCLUSIVE;
        explain_open(&comparison->pairs[row->pair], row);
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
