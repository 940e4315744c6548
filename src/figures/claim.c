#include "figures/claim.h"

#include "base/clock.h"
#include "base/units.h"
#include "stats/incident.h"

#include <math.h>
#include <stdlib.h>

struct claim_of claim_of_region(const struct results *results, size_t region)
{
    return (struct claim_of){
        .results = results, .cell = results_region(results, region), .region = region};
}

struct claim_of claim_of_all(const struct results *results)
{
    return (struct claim_of){
        .results = results, .cell = &results->all, .region = SERIES_ALL_REGIONS};
}

struct claim_of claim_of_slice(const struct results *results, const struct grouping *grouping,
                               const struct slice *slice, size_t region)
{
    bool whole = grouping->kind == GROUP_TOTAL;
    return (struct claim_of){
        .results = results,
        .cell = &slice->cells[region],
        .cut = {.grouping = whole ? NULL : grouping, .slice = whole ? NULL : slice},
        .region = region};
}

struct claim_of claim_of_part(const struct results *results, bool rest, size_t region)
{
    for (size_t g = 0; results->split != NULL && g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_POOLED || grouping->window != results->split) continue;
        if (grouping->rest == rest && grouping->slice_count > 0)
            return claim_of_slice(results, grouping, &grouping->slices[0], region);
    }
    return (struct claim_of){.results = results,
                             .cell = results_part(results, rest, region),
                             .cut = {.outside = true},
                             .region = region};
}

/* ---- one side ---- */

/* What is counted, exactly, and what its sessions say. */
struct counted {
    double failed, trials;
    struct service_window window;
};

/* A side with the memory that it rests on. */
struct side {
    struct series_blocks blocks;
    struct counted counted;
    struct service_side of;
};

static enum rate_kind kind_of(enum threshold_kind kind)
{
    if (kind == THRESHOLD_INTERACTION_RATE) return RATE_INTERACTION;
    return kind == THRESHOLD_SESSION_RATE ? RATE_SESSION : RATE_ATTEMPT;
}

static struct series_what what_of(const struct threshold *what)
{
    bool of_attempt = metric_has(what->metric, METRIC_OF_ATTEMPT);
    switch (what->kind) {
    case THRESHOLD_ATTEMPT_RATE:
        break;
    case THRESHOLD_INTERACTION_RATE:
        return (struct series_what){.of = SERIES_OF_INTERACTIONS};
    case THRESHOLD_SESSION_RATE:
        return (struct series_what){.of = SERIES_OF_SESSIONS};
    case THRESHOLD_SHARE:
        return (struct series_what){.of = of_attempt ? SERIES_OF_SLOWER : SERIES_OF_ABOVE,
                                    .metric = what->metric,
                                    .limit_us = (int64_t)what->slower_than_us};
    case THRESHOLD_QUANTILE:
        return (struct series_what){
            .of = SERIES_OF_ABOVE, .metric = what->metric, .limit_us = (int64_t)what->limit};
    }
    return (struct series_what){.of = SERIES_OF_ATTEMPTS};
}

static struct counted counted_rate(const struct report_cell *cell, enum rate_kind kind,
                                   double confidence)
{
    struct rate rate = report_cell_rate_at(cell, kind, confidence);
    double effect = rate.effective > 0 ? fmax(1, rate.trials / rate.effective) : 1;
    struct counted counted = {
        .failed = rate.failed, .trials = rate.trials, .window = {rate.estimate, effect, INFINITY}};
    if (kind == RATE_INTERACTION && effect > 1)
        counted.window.degrees = cluster_degrees(&cell->cell.clusters);
    return counted;
}

static struct counted counted_latency(const struct report_cell *cell, const struct threshold *what,
                                      double confidence)
{
    const struct cluster_sums *sums = &cell->cell.clusters;
    const struct histogram *h = cell->cell.latency[what->metric];
    double effect = cluster_design_effect(sums);
    struct counted counted = {.window = {.design_effect = effect,
                                         .degrees = effect > 1 ? cluster_degrees(sums) : INFINITY}};
    if (what->kind == THRESHOLD_SHARE) {
        counted.window.estimate = report_cell_share(
            cell, what->metric, (int64_t)what->slower_than_us, confidence, &counted.trials);
        counted.failed = counted.window.estimate.value * counted.trials;
        return counted;
    }
    if (h == NULL) return counted;
    counted.trials = (double)h->total;
    counted.failed = (double)histogram_count_above(h, (int64_t)what->limit);
    counted.window.estimate = rate_in_sessions(counted.failed, counted.trials, sums, confidence);
    return counted;
}

static struct counted counted_of(const struct report_cell *cell, const struct threshold *what,
                                 double confidence)
{
    bool latency = what->kind == THRESHOLD_SHARE || what->kind == THRESHOLD_QUANTILE;
    return latency ? counted_latency(cell, what, confidence)
                   : counted_rate(cell, kind_of(what->kind), confidence);
}

/*
 * Scales blocks, which give the times of failures, to the exact totals. A limit inside a histogram
 * block counts slightly too many, and attempts stand in for interactions and sessions where only
 * attempts have a time.
 */
static void scale(struct series_blocks *blocks, const struct counted *exact)
{
    struct block_totals totals = block_totals(blocks->list, blocks->count);
    double trials = totals.attempts > 0 ? exact->trials / totals.attempts : 0;
    double failed = totals.failures > 0 ? exact->failed / totals.failures : 0;
    for (size_t i = 0; i < blocks->count; i++) {
        blocks->list[i].attempts *= trials;
        blocks->list[i].failures *= failed;
    }
}

/* Fills a side; its blocks are freed by side_free(). */
static void side_of(const struct claim_of *of, const struct threshold *what, double confidence,
                    bool fine, struct side *side)
{
    const struct series *series = &of->results->series;
    struct series_what counted = what_of(what);
    bool attempts = counted.of == SERIES_OF_ATTEMPTS;
    *side = (struct side){.counted = counted_of(of->cell, what, confidence)};
    if (fine && (counted.of == SERIES_OF_INTERACTIONS || counted.of == SERIES_OF_SESSIONS))
        counted.of = SERIES_OF_ATTEMPTS;
    if (fine) {
        (void)series_fine_blocks(series, &of->cut, of->region, &counted, &side->blocks);
    } else {
        (void)series_blocks(series, &of->cut, of->region, &counted, &side->blocks);
    }
    if (!attempts) scale(&side->blocks, &side->counted);
    const struct cluster_sums *sums = &of->cell->cell.clusters;
    side->of = (struct service_side){.blocks = side->blocks.list,
                                     .count = side->blocks.count,
                                     .chains = sums->count > 0 ? sums : NULL,
                                     .window = attempts ? NULL : &side->counted.window};
}

static void side_free(struct side *side)
{
    series_blocks_free(&side->blocks);
}

/* ---- rates ---- */

/* A run that was ended by its failures has an incident at its end, whatever the service does
 * (optional stopping), so it is evidence about itself only. */
static void withhold_stopped(const struct results *results, struct dependence *d, double *low,
                             double *high, double least)
{
    if (!results_rule_failed(results) || d->why == DEPENDENCE_NO_ATTEMPTS) return;
    d->why = DEPENDENCE_STOPPED;
    *low = least;
    *high = 1;
}

static struct service_rate rate_of(const struct claim_of *of, const struct threshold *what,
                                   double confidence)
{
    struct side side;
    side_of(of, what, confidence, false, &side);
    struct service_rate rate = service_rate_of(&side.of, confidence);
    side_free(&side);
    if (rate.dependence.why != DEPENDENCE_SHORT) return rate;
    side_of(of, what, confidence, true, &side);
    if (side.blocks.count > 0) rate = service_rate_of(&side.of, confidence);
    side_free(&side);
    return rate;
}

struct service_rate claim_rate(const struct claim_of *of, const struct threshold *what,
                               double confidence)
{
    struct service_rate rate = rate_of(of, what, confidence);
    withhold_stopped(of->results, &rate.dependence, &rate.estimate.low, &rate.estimate.high, 0);
    return rate;
}

struct service_rate claim_failure_rate(const struct claim_of *of, enum rate_kind kind)
{
    struct threshold what = {.kind = kind == RATE_INTERACTION ? THRESHOLD_INTERACTION_RATE
                                     : kind == RATE_SESSION   ? THRESHOLD_SESSION_RATE
                                                              : THRESHOLD_ATTEMPT_RATE};
    return claim_rate(of, &what, CONFIDENCE);
}

struct quantile claim_quantile(const struct claim_of *of, enum metric metric, double q,
                               double confidence, struct service_rate *above)
{
    const struct histogram *h = of->cell->cell.latency[metric];
    *above = (struct service_rate){.dependence.why = DEPENDENCE_NO_ATTEMPTS};
    if (h == NULL || h->total == 0) return (struct quantile){0};
    /* At or above it: of many equal values none lies above their quantile. */
    int64_t at = histogram_lowest_equivalent(h, histogram_percentile(h, 100 * q));
    const struct threshold what = {
        .kind = THRESHOLD_QUANTILE, .metric = metric, .quantile = q, .limit = (double)at - 1};
    *above = claim_rate(of, &what, confidence);
    uint64_t low;
    uint64_t high;
    bool both = service_quantile_ranks(h->total, q, above, confidence, &low, &high);
    struct quantile quantile = histogram_quantile_at(h, q, low, high);
    quantile.valid = quantile.valid && both;
    /* a part of it may be this machine's, in a replay */
    quantile.low = clock_resolved_low(quantile.low, report_cell_least_us(of->cell, metric, q));
    return quantile;
}

double claim_room(const struct service_rate *rate)
{
    return service_high_with_room(rate, INCIDENT_SECONDS, INCIDENT_SHARE);
}

/* ---- differences ---- */

static struct service_difference difference_of(const struct claim_of *a, const struct claim_of *b,
                                               const struct threshold *what, bool paired,
                                               double confidence, bool fine)
{
    struct side of_a;
    struct side of_b;
    side_of(a, what, confidence, fine, &of_a);
    side_of(b, what, confidence, fine, &of_b);
    struct service_difference d = paired ? service_difference_paired(&of_a.of, &of_b.of, confidence)
                                         : service_difference(&of_a.of, &of_b.of, confidence);
    bool empty = of_a.blocks.count == 0 || of_b.blocks.count == 0;
    if (fine && empty) d.dependence.why = DEPENDENCE_SHORT;
    side_free(&of_a);
    side_free(&of_b);
    return d;
}

struct service_difference claim_difference(const struct claim_of *a, const struct claim_of *b,
                                           const struct threshold *what, bool paired,
                                           double confidence)
{
    struct service_difference d = difference_of(a, b, what, paired, confidence, false);
    if (d.dependence.why == DEPENDENCE_SHORT) {
        struct service_difference fine = difference_of(a, b, what, paired, confidence, true);
        if (fine.dependence.why != DEPENDENCE_SHORT) d = fine;
    }
    withhold_stopped(a->results, &d.dependence, &d.difference.low, &d.difference.high, -1);
    withhold_stopped(b->results, &d.dependence, &d.difference.low, &d.difference.high, -1);
    return d;
}

/* ---- why not ---- */

/* The gravest incident that a scan of the blocks finds, by its place in `found`; NULL: none. */
static const struct incident *gravest(const struct series_blocks *blocks, double cluster,
                                      struct incidents *found)
{
    struct incident_block *list = calloc(blocks->count + 1, sizeof *list);
    bool *after_gap = calloc(blocks->count + 1, sizeof *after_gap);
    const struct incident *most = NULL;
    const struct incident_series series = {
        .blocks = list, .cluster = cluster, .after_gap = after_gap};
    bool ok = list != NULL && after_gap != NULL && blocks->count > 1;
    double base = 0;
    for (size_t i = 0; ok && i < blocks->count; i++) {
        const struct time_block *block = &blocks->list[i];
        list[i] = (struct incident_block){block->attempts, block->failures, 0};
        after_gap[i] = i > 0 && time_block_gap(block - 1, block);
        base = fmax(base, block->seconds);
    }
    size_t minute = base > 0 && base < 60 ? (size_t)(60 / base) : 1;
    ok = ok && incidents_find(&series, 1, blocks->count, minute, found);
    for (size_t i = 0; ok && i < found->count; i++) {
        if (most == NULL || found->list[i].failed > most->failed) most = &found->list[i];
    }
    free(list);
    free(after_gap);
    return most;
}

/* The incident that carries most failures of a part, as a clause; false when none is found. */
static bool incident_words(const struct claim_of *of, struct text *out)
{
    const struct series_what what = {.of = SERIES_OF_ATTEMPTS};
    struct series_blocks blocks;
    struct incidents found = {0};
    if (!series_blocks(&of->results->series, &of->cut, of->region, &what, &blocks)) return false;
    const struct cluster_sums *sums = &of->cell->cell.clusters;
    const struct incident *most =
        gravest(&blocks, sums->x > 0 ? fmax(1, sums->xx / sums->x) : 1, &found);
    bool told = most != NULL;
    if (told) {
        const struct time_block *first = &blocks.list[most->start];
        const struct time_block *last = &blocks.list[most->start + most->length - 1];
        double seconds = last->start + last->seconds - first->start;
        text_puts(out, "one incident of ");
        text_duration(out, (int64_t)(seconds * (double)NS_PER_S));
        text_printf(out, " carries %.0f%% of the failures", 100 * most->share_of_failures);
    }
    incidents_free(&found);
    series_blocks_free(&blocks);
    return told;
}

void claim_why(const struct claim_of *of, const struct dependence *dependence, struct text *out)
{
    if (dependence->why == DEPENDENCE_FEW_INCIDENTS && incident_words(of, out)) return;
    if (dependence->why == DEPENDENCE_SHORT) {
        text_printf(out, "fewer than %d intervals do not show how failures come together in time",
                    DEPENDENCE_LEAST_BLOCKS);
        return;
    }
    if (dependence->why == DEPENDENCE_BRIEF) {
        text_duration(out, (int64_t)dependence->seconds * NS_PER_S);
        text_puts(out, " may lie within one incident, or between two: other hours take ");
        text_duration(out, (int64_t)dependence->least_seconds * NS_PER_S);
        return;
    }
    text_puts(out, dependence_phrase(dependence->why));
}
