#include "figures/judge.h"

#include "figures/cells.h"
#include "figures/grouping.h"
#include "stats/duration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nobody drives a load longer than this to decide one limit, so no longer time is suggested. */
#define NEEDED_SECONDS_MOST (30.0 * 24 * 3600)

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"none", "pass", "fail", "inconclusive", "invalid"};
    return names[verdict];
}

/* Whether the interval lies wholly within the limit, wholly beyond it, or across it. */
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

static enum verdict side_of(const struct threshold *t, const struct estimate *e, double limit)
{
    return e->valid ? side(t, e->low, e->high, limit) : VERDICT_INCONCLUSIVE;
}

/* Sets how much more load would settle it, after `n` samples from `attempts` attempts. */
static void set_needed(struct judgement *j, const struct service_rate *rate, double n, double limit,
                       double attempts)
{
    if (j->verdict != VERDICT_INCONCLUSIVE || !(n > 0)) return;
    double growth = growth_to_clear(rate, n, limit, CONFIDENCE);
    if (!((growth - 1) * j->service.dependence.seconds <= NEEDED_SECONDS_MOST)) return;
    j->needed_known = true;
    j->needed = fmax(1, ceil((growth - 1) * attempts));
    j->needed_hours = (growth - 1) * j->service.dependence.seconds / 3600;
}

/* The rate within this run; its dependence is that between attempts of the same session. */
static struct service_rate of_this_run(const struct estimate *estimate, double effect)
{
    return (struct service_rate){.estimate = *estimate,
                                 .dependence = {.design_effect = effect, .degrees = INFINITY}};
}

static void set_observed(struct judgement *j, double value, double low, double high)
{
    j->observed_known = true;
    j->observed = value;
    j->low = low;
    j->high = high;
}

static void explain(struct judgement *j, const struct claim_of *of)
{
    struct text why = {0};
    if (j->verdict != VERDICT_INCONCLUSIVE) return;
    if (!j->observed_known) {
        text_puts(&why, "no samples");
    } else if (!j->about_run && j->service.dependence.why != DEPENDENCE_KNOWN) {
        claim_why(of, &j->service.dependence, &why);
    } else {
        text_puts(&why, "the limit lies within the interval");
    }
    (void)snprintf(j->why, sizeof j->why, "%s", text_str(&why));
    text_free(&why);
}

/* Judges a share x of n by its interval within this run; the sample is worth n / effect. */
static struct judgement judge_share_of(const struct threshold *t, const struct claim_of *of,
                                       const struct estimate *window, double n, double effect)
{
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE, .about_run = t->about_run};
    double attempts = (double)report_cell_attempts(of->cell);
    if (!window->valid || !(n > 0)) return j;
    set_observed(&j, window->value, window->low, window->high);
    j.service = claim_rate(of, t, CONFIDENCE);
    if (t->about_run) {
        struct service_rate run = of_this_run(window, effect);
        j.verdict = side_of(t, window, t->limit);
        set_needed(&j, &run, n, t->limit, attempts);
        return j;
    }
    if (j.service.dependence.why == DEPENDENCE_KNOWN)
        j.verdict = side_of(t, &j.service.estimate, t->limit);
    set_needed(&j, &j.service, n, t->limit, attempts);
    return j;
}

static struct judgement judge_rate(const struct threshold *t, const struct claim_of *of,
                                   enum rate_kind kind)
{
    struct rate rate = report_cell_rate(of->cell, kind);
    double effect = rate.effective > 0 ? rate.trials / rate.effective : 1;
    return judge_share_of(t, of, &rate.estimate, rate.trials, effect);
}

/* In a replay only what is surely over the limit counts for sure, and no larger sample would tell
 * more. */
static void lower_share(struct judgement *j, const struct threshold *t, const struct claim_of *of)
{
    struct threshold surely;
    double count;
    if (!j->observed_known || !report_cell_surely_over(of->cell, t, &surely)) return;
    j->low = fmin(j->low, report_cell_share(of->cell, t->metric, (int64_t)surely.slower_than_us,
                                            CONFIDENCE, &count)
                              .low);
    j->service.estimate.low =
        fmin(j->service.estimate.low, claim_rate(of, &surely, CONFIDENCE).estimate.low);
    enum verdict verdict = VERDICT_INCONCLUSIVE;
    if (t->about_run) {
        verdict = side(t, j->low, j->high, t->limit);
    } else if (j->service.dependence.why == DEPENDENCE_KNOWN) {
        verdict = side_of(t, &j->service.estimate, t->limit);
    }
    if (verdict != j->verdict) j->needed_known = false;
    j->verdict = verdict;
}

static struct judgement judge_share(const struct threshold *t, const struct claim_of *of)
{
    double count;
    struct estimate e =
        report_cell_share(of->cell, t->metric, (int64_t)t->slower_than_us, CONFIDENCE, &count);
    struct judgement j =
        judge_share_of(t, of, &e, count, cluster_design_effect(&of->cell->cell.clusters));
    lower_share(&j, t, of);
    return j;
}

/* A maximum needs no sample size: it is the slowest attempt of this run. */
static struct judgement judge_maximum(const struct threshold *t, const struct histogram *h,
                                      int64_t least_us)
{
    struct judgement j = {.about_run = true};
    const int64_t value = histogram_max(h);
    set_observed(&j, (double)value, (double)clock_resolved_low(value, least_us), (double)value);
    j.verdict = side(t, j.low, j.high, t->limit);
    return j;
}

/* A bound whose rank lies beyond the sample is unknown: the extreme of a few samples proves
 * nothing. */
static enum verdict side_of_ranks(const struct threshold *t, const struct histogram *h,
                                  int64_t least_us, const uint64_t ranks[2], double *from,
                                  double *to)
{
    const uint64_t low = ranks[0];
    const uint64_t high = ranks[1];
    struct quantile q = histogram_quantile_at(h, t->quantile, low, high);
    *from = low >= 1 ? (double)clock_resolved_low(q.low, least_us) : 0;
    *to = high <= h->total ? (double)q.high : INFINITY;
    return side(t, *from, *to, t->limit);
}

/* A quantile is below the limit when the share above the limit is below 1 - q. The share asks
 * the same question and its sample size is simpler. */
static void quantile_needs(struct judgement *j, const struct threshold *t,
                           const struct service_rate *above, double n, double attempts)
{
    set_needed(j, above, n, 1 - t->quantile, attempts);
    double least =
        (double)quantile_needed(t->quantile, CONFIDENCE) * above->dependence.design_effect;
    if (!j->needed_known || !(least > n)) return;
    j->needed = fmax(j->needed, least - n);
    j->needed_hours = fmax(j->needed_hours, (least / n - 1) * j->service.dependence.seconds / 3600);
}

static struct judgement judge_quantile(const struct threshold *t, const struct claim_of *of)
{
    const struct histogram *h = of->cell->cell.latency[t->metric];
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE, .about_run = t->about_run};
    if (h == NULL || h->total == 0) return j;
    const int64_t least_us = report_cell_least_us(of->cell, t->metric, t->quantile);
    if (t->quantile >= 1) return judge_maximum(t, h, least_us);
    uint64_t ranks[2];
    double from;
    double to;
    double n = (double)h->total;
    (void)quantile_ranks(h->total, t->quantile, CONFIDENCE, &ranks[0], &ranks[1]);
    enum verdict in_run = side_of_ranks(t, h, least_us, ranks, &from, &to);
    set_observed(&j, (double)histogram_percentile(h, 100 * t->quantile), from, to);
    j.service = claim_rate(of, t, CONFIDENCE);
    struct service_rate above = j.service;
    if (t->about_run) {
        struct estimate share = rate_wilson(above.estimate.value * n, n, CONFIDENCE);
        above = of_this_run(&share, 1);
        j.verdict = in_run;
    } else if (above.dependence.why == DEPENDENCE_KNOWN) {
        (void)service_quantile_ranks(h->total, t->quantile, &above, CONFIDENCE, &ranks[0],
                                     &ranks[1]);
        j.verdict = side_of_ranks(t, h, least_us, ranks, &from, &to);
    }
    quantile_needs(&j, t, &above, n, (double)report_cell_attempts(of->cell));
    /* No larger sample would show what this machine may have added in a replay. */
    if (side_of_ranks(t, h, 0, ranks, &from, &to) != j.verdict && least_us > 0)
        j.needed_known = false;
    return j;
}

struct judgement judge_cell(const struct threshold *threshold, const struct claim_of *of)
{
    struct judgement j = {.verdict = VERDICT_INCONCLUSIVE};
    switch (threshold->kind) {
    case THRESHOLD_ATTEMPT_RATE:
        j = judge_rate(threshold, of, RATE_ATTEMPT);
        break;
    case THRESHOLD_INTERACTION_RATE:
        j = judge_rate(threshold, of, RATE_INTERACTION);
        break;
    case THRESHOLD_SESSION_RATE:
        j = judge_rate(threshold, of, RATE_SESSION);
        break;
    case THRESHOLD_QUANTILE:
        j = judge_quantile(threshold, of);
        break;
    case THRESHOLD_SHARE:
        j = judge_share(threshold, of);
        break;
    }
    explain(&j, of);
    if (!report_cell_valid(of->cell)) j.verdict = VERDICT_INVALID;
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

/* Among cells with the same verdict, the one further on the wrong side decides. */
static bool worse(const struct judged *judged, const struct judgement *j)
{
    if (judged->cells == 0) return true;
    const struct judgement *worst = &judged->of;
    if (j->verdict != worst->verdict) return severity(j->verdict) > severity(worst->verdict);
    if (!j->observed_known || !worst->observed_known) return j->observed_known;
    bool wants_low =
        judged->threshold.comparison == LESS || judged->threshold.comparison == LESS_OR_EQUAL;
    return wants_low ? j->observed > worst->observed : j->observed < worst->observed;
}

static void fold(struct judged *judged, const struct judgement *j, size_t region,
                 const struct grouping *grouping, const struct slice *slice)
{
    if (worse(judged, j)) {
        judged->of = *j;
        judged->region = region;
        judged->start_ns = grouping->kind == GROUP_WINDOW ? slice->start_ns : 0;
        judged->end_ns = grouping->kind == GROUP_WINDOW ? slice->end_ns : 0;
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
            const struct claim_of of = claim_of_slice(results, grouping, slice, r);
            struct judgement j = judge_cell(t, &of);
            fold(judged, &j, r, grouping, slice);
        }
    }
}

void judge_forget(struct results *results)
{
    for (size_t i = 0; i < results->judged_count; i++) {
        results->judged[i].cells = 0;
        results->judged[i].of = (struct judgement){.verdict = VERDICT_INCONCLUSIVE};
    }
}

enum verdict judge_run(const struct judged *judged, size_t count)
{
    enum verdict worst = VERDICT_NONE;
    for (size_t i = 0; i < count; i++) {
        if (severity(judged[i].of.verdict) > severity(worst)) worst = judged[i].of.verdict;
    }
    return worst;
}
