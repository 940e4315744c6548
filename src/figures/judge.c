#include "figures/judge.h"

#include "figures/cells.h"
#include "figures/grouping.h"

#include <math.h>
#include <string.h>

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"none", "pass", "fail", "inconclusive", "invalid"};
    return names[verdict];
}

/* Whether a whole interval lies on the right side of the limit, on the wrong one, or on both. */
static enum verdict side(const struct threshold *t, double low, double high, double limit)
{
    switch (t->comparison) {
    case LESS:
        if (high < limit) return VERDICT_PASS;
        return low >= limit ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
    case LESS_OR_EQUAL:
        if (high <= limit) return VERDICT_PASS;
        return low > limit ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
    case GREATER:
        if (low > limit) return VERDICT_PASS;
        return high <= limit ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
    case GREATER_OR_EQUAL:
        if (low >= limit) return VERDICT_PASS;
        return high < limit ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
    }
    return VERDICT_INCONCLUSIVE;
}

static bool excludes(double p, double n, double limit)
{
    struct estimate e = rate_wilson(p * n, n, CONFIDENCE);
    return e.low > limit || e.high < limit;
}

/*
 * By which factor the sample must grow until the interval of an unchanged share leaves the limit
 * out. False when no sample would do it: the share observed is the limit.
 */
static bool growth(double p, double n, double limit, double *factor)
{
    double high = 1;
    while (!excludes(p, n * high, limit)) {
        high *= 2;
        if (high > 1e9) return false;
    }
    double low = high / 2;
    for (int i = 0; i < 40 && high > 1; i++) {
        double middle = (low + high) / 2;
        if (excludes(p, n * middle, limit)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    *factor = high;
    return true;
}

static void set_needed(struct judgement *j, double p, double effective, double limit,
                       double attempts)
{
    double factor;
    if (j->verdict != VERDICT_INCONCLUSIVE || effective <= 0) return;
    if (!growth(p, effective, limit, &factor)) return;
    j->needed_known = true;
    j->needed = fmax(1, ceil((factor - 1) * attempts));
}

static struct judgement judge_rate(const struct threshold *t, const struct report_cell *cell,
                                   enum rate_kind kind)
{
    struct rate rate = report_cell_rate(cell, kind);
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE};
    if (!rate.estimate.valid) return j;
    j.observed_known = true;
    j.observed = rate.estimate.value;
    j.low = rate.estimate.low;
    j.high = rate.estimate.high;
    j.verdict = side(t, j.low, j.high, t->limit);
    set_needed(&j, j.observed, rate.effective, t->limit, (double)report_cell_attempts(cell));
    return j;
}

/* The bound is lower still in a replay, where a part of every latency may be this machine's: no
 * larger sample would tell. */
static void lower(struct judgement *j, const struct threshold *t, double low)
{
    const enum verdict verdict = side(t, low, j->high, t->limit);
    if (verdict != j->verdict) j->needed_known = false;
    j->low = low;
    j->verdict = verdict;
}

static struct judgement judge_share(const struct threshold *t, const struct report_cell *cell)
{
    double count;
    struct estimate e =
        report_cell_share(cell, t->metric, (int64_t)t->slower_than_us, CONFIDENCE, &count);
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE};
    if (count <= 0) return j;
    double effect = cluster_design_effect(&cell->cell.clusters);
    j.observed_known = true;
    j.observed = e.value;
    j.low = e.low;
    j.high = e.high;
    j.verdict = side(t, j.low, j.high, t->limit);
    set_needed(&j, j.observed, count / effect, t->limit, (double)report_cell_attempts(cell));
    const int64_t least_us = report_cell_least_us(cell, t->metric, 1);
    const int64_t limit_us = (int64_t)t->slower_than_us + least_us;
    if (least_us > 0)
        lower(&j, t, report_cell_share(cell, t->metric, limit_us, CONFIDENCE, &count).low);
    return j;
}

/* A maximum needs no sample: it is the slowest attempt seen. */
static struct judgement judge_maximum(const struct threshold *t, const struct histogram *h,
                                      int64_t least_us)
{
    const int64_t value = histogram_max(h);
    struct judgement j = {.observed_known = true,
                          .observed = (double)value,
                          .low = (double)value,
                          .high = (double)value};
    lower(&j, t, (double)clock_resolved_low(value, least_us));
    return j;
}

static struct judgement judge_quantile(const struct threshold *t, const struct report_cell *cell)
{
    const struct histogram *h = cell->cell.latency[t->metric];
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE};
    if (h == NULL || h->total == 0) return j;
    const int64_t least_us = report_cell_least_us(cell, t->metric, t->quantile);
    if (t->quantile >= 1) return judge_maximum(t, h, least_us);
    uint64_t low;
    uint64_t high;
    bool two_sided = quantile_ranks(h->total, t->quantile, CONFIDENCE, &low, &high);
    struct quantile q = histogram_quantile_at(h, t->quantile, low, high);
    j.observed_known = true;
    j.observed = (double)q.value;
    /* A bound that no sample can be is unknown: the extreme of a few samples proves nothing. */
    j.low = low >= 1 ? (double)q.low : 0;
    j.high = high <= h->total ? (double)q.high : INFINITY;
    j.verdict = side(t, j.low, j.high, t->limit);
    /* The quantile is below the limit when the share above the limit is below 1 - q: same question,
     * simpler sample. */
    double n = (double)h->total;
    double above = (double)histogram_count_above(h, (int64_t)t->limit) / n;
    set_needed(&j, above, n, 1 - t->quantile, (double)report_cell_attempts(cell));
    double least = (double)quantile_needed(t->quantile, CONFIDENCE);
    if (j.needed_known && !two_sided && least > n) j.needed = fmax(j.needed, least - n);
    lower(&j, t, (double)clock_resolved_low((int64_t)j.low, least_us));
    return j;
}

struct judgement judge_cell(const struct threshold *threshold, const struct report_cell *cell)
{
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE};
    switch (threshold->kind) {
    case THRESHOLD_ATTEMPT_RATE:
        j = judge_rate(threshold, cell, RATE_ATTEMPT);
        break;
    case THRESHOLD_INTERACTION_RATE:
        j = judge_rate(threshold, cell, RATE_INTERACTION);
        break;
    case THRESHOLD_SESSION_RATE:
        j = judge_rate(threshold, cell, RATE_SESSION);
        break;
    case THRESHOLD_QUANTILE:
        j = judge_quantile(threshold, cell);
        break;
    case THRESHOLD_SHARE:
        j = judge_share(threshold, cell);
        break;
    }
    if (!report_cell_valid(cell)) j.verdict = VERDICT_INVALID;
    return j;
}

static int severity(enum verdict verdict)
{
    static const int order[] = {[VERDICT_NONE] = 0,
                                [VERDICT_PASS] = 1,
                                [VERDICT_INCONCLUSIVE] = 2,
                                [VERDICT_FAIL] = 3,
                                [VERDICT_INVALID] = 4};
    return order[verdict];
}

/* Among cells of the same verdict the one whose figure is further on the wrong side decides. */
static bool worse(const struct judged *judged, const struct judgement *j)
{
    if (judged->cells == 0) return true;
    if (j->verdict != judged->verdict) return severity(j->verdict) > severity(judged->verdict);
    if (!j->observed_known || !judged->observed_known) return j->observed_known;
    bool wants_low =
        judged->threshold.comparison == LESS || judged->threshold.comparison == LESS_OR_EQUAL;
    return wants_low ? j->observed > judged->observed : j->observed < judged->observed;
}

static void fold(struct judged *judged, const struct judgement *j, size_t region,
                 const struct grouping *grouping, const struct slice *slice)
{
    if (worse(judged, j)) {
        judged->verdict = j->verdict;
        judged->region = region;
        judged->start_ns = grouping->kind == GROUP_WINDOW ? slice->start_ns : 0;
        judged->end_ns = grouping->kind == GROUP_WINDOW ? slice->end_ns : 0;
        judged->observed_known = j->observed_known;
        judged->observed = j->observed;
        judged->low = j->low;
        judged->high = j->high;
        judged->needed_known = j->needed_known;
        judged->needed = j->needed;
    }
    judged->cells++;
}

/* A named time of day is judged over all its occurrences together, a width slice by slice. */
static bool speaks_of(const struct threshold *t, const struct grouping *grouping)
{
    switch (grouping->kind) {
    case GROUP_TOTAL:
        return t->window[0] == '\0';
    case GROUP_SERIES:
    case GROUP_HOURS:
        return false;
    case GROUP_POOLED:
        return !grouping->rest && strcmp(t->window, grouping_name(grouping)) == 0;
    case GROUP_WINDOW:
        return grouping->window->width_ns > 0 && strcmp(t->window, grouping_name(grouping)) == 0;
    }
    return false;
}

void judge_slice(struct results *results, const struct grouping *grouping,
                 const struct slice *slice)
{
    for (size_t i = 0; i < results->judged_count; i++) {
        struct judged *judged = &results->judged[i];
        const struct threshold *t = &judged->threshold;
        if (!speaks_of(t, grouping)) continue;
        for (size_t r = 0; r < results->region_count; r++) {
            if (t->region[0] != '\0' && strcmp(t->region, results->regions[r]) != 0) continue;
            struct judgement j = judge_cell(t, &slice->cells[r]);
            fold(judged, &j, r, grouping, slice);
        }
    }
}

void judge_forget(struct results *results)
{
    for (size_t i = 0; i < results->judged_count; i++) {
        results->judged[i].cells = 0;
        results->judged[i].verdict = VERDICT_INCONCLUSIVE;
        results->judged[i].observed_known = false;
        results->judged[i].needed_known = false;
    }
}

enum verdict judge_run(const struct judged *judged, size_t count)
{
    enum verdict worst = VERDICT_NONE;
    for (size_t i = 0; i < count; i++) {
        if (severity(judged[i].verdict) > severity(worst)) worst = judged[i].verdict;
    }
    return worst;
}
