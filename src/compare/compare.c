#include "compare/model.h"

#include "base/clock.h"
#include "figures/cells.h"
#include "figures/grouping.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const char *const default_metrics[] = {
    "failure_rate",
    "interaction_failure_rate",
    "session_failure_rate",
    "share(ttft > 1s)",
    "ttft.p50",
    "ttft.p99",
    "response.p50",
    "response.p99",
};

struct compare_options compare_defaults(void)
{
    return (struct compare_options){
        .confidence = 0.95, .rate_margin = 0.005, .latency_margin = 0.1};
}

static const char *const *metrics_of(const struct compare_options *options, size_t *count)
{
    const bool own = options->metric_count > 0;
    *count = own ? options->metric_count : COUNT_OF(default_metrics);
    return own ? options->metrics : default_metrics;
}

void compare_latencies(const struct compare_options *options, bool *latencies)
{
    size_t count;
    const char *const *metrics = metrics_of(options, &count);
    memset(latencies, 0, METRIC_COUNT * sizeof *latencies);
    for (size_t i = 0; i < count; i++) {
        struct threshold what;
        if (threshold_parse_metric(metrics[i], &what, NULL) == ERR_OK &&
            threshold_has_metric(&what))
            latencies[what.metric] = true;
    }
}

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {"equal",   "better",    "worse",         "inconclusive",
                                        "invalid", "not_worse", "not_comparable"};
    return names[verdict];
}

enum compare_verdict compare_verdict_of(const struct compared *comparison)
{
    return comparison->verdict;
}

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory for the comparison");
}

void compare_free(struct compared *comparison)
{
    if (comparison == NULL) return;
    for (size_t i = 0; comparison->pairs != NULL && i < comparison->pair_count; i++)
        free(comparison->pairs[i].region);
    for (size_t i = 0; comparison->rows != NULL && i < comparison->row_count; i++)
        text_free(&comparison->rows[i].why);
    for (size_t i = 0; comparison->changes != NULL && i < comparison->change_count; i++) {
        free(comparison->changes[i].path);
        free(comparison->changes[i].a);
        free(comparison->changes[i].b);
    }
    for (size_t i = 0; comparison->metrics != NULL && i < comparison->metric_count; i++)
        free(comparison->metrics[i]);
    free(comparison->metrics);
    free(comparison->pairs);
    free(comparison->rows);
    free(comparison->codes);
    free(comparison->changes);
    free(comparison->beyond);
    free(comparison->label_a);
    free(comparison->label_b);
    text_free(&comparison->not_comparable);
    text_free(&comparison->notes);
    free(comparison);
}

static struct compared *begin(const struct compare_options *options, const char *label_a,
                              const char *label_b, size_t pairs)
{
    struct compared *comparison = calloc(1, sizeof *comparison);
    if (comparison == NULL) return NULL;
    size_t count;
    const char *const *metrics = metrics_of(options, &count);
    comparison->options = *options;
    comparison->label_a = strdup(label_a);
    comparison->label_b = strdup(label_b);
    comparison->pairs = calloc(pairs + 1, sizeof *comparison->pairs);
    comparison->metrics = calloc(count, sizeof *comparison->metrics);
    bool ok = comparison->label_a != NULL && comparison->label_b != NULL &&
              comparison->pairs != NULL && comparison->metrics != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        comparison->metrics[i] = strdup(metrics[i]);
        ok = comparison->metrics[i] != NULL;
        comparison->metric_count += ok;
    }
    if (ok) return comparison;
    compare_free(comparison);
    return NULL;
}

static bool add_pair(struct compared *comparison, const char *region, struct compare_side a,
                     struct compare_side b)
{
    struct compare_pair *pair = &comparison->pairs[comparison->pair_count];
    *pair = (struct compare_pair){.region = strdup(region), .a = a, .b = b};
    if (pair->region == NULL) return false;
    comparison->pair_count++;
    return true;
}

static struct compare_side side_of(struct claim_of of)
{
    return (struct compare_side){.of = of,
                                 .minutes = (double)of.cell->covered_ns / (60 * (double)NS_PER_S)};
}

/* Judges what was gathered and hands it to the caller; on failure everything is freed. */
static enum err_code finish(struct compared *comparison, struct compared **out, struct error *err)
{
    enum err_code code = compare_judge(comparison, err);
    if (code == ERR_OK) code = compare_find_codes(comparison, err);
    if (code == ERR_OK && (comparison->notes.failed || comparison->not_comparable.failed))
        code = no_memory(err);
    if (code == ERR_OK) {
        *out = comparison;
    } else {
        compare_free(comparison);
    }
    return code;
}

static size_t region_index(const struct results *results, const char *name)
{
    size_t i = 0;
    while (i < results->region_count && strcmp(results->regions[i], name) != 0) i++;
    return i;
}

static void note_one_sided(struct compared *comparison, const struct results *have,
                           const struct results *miss, const char *label)
{
    for (size_t r = 0; r < have->region_count; r++) {
        if (region_index(miss, have->regions[r]) < miss->region_count) continue;
        text_printf(&comparison->notes, "Region %s is only in %s: it is not compared.\n",
                    have->regions[r], label);
    }
}

enum err_code compare_runs(const struct results *a, const char *label_a, const struct results *b,
                           const char *label_b, const struct compare_options *options,
                           struct compared **out, struct error *err)
{
    *out = NULL;
    struct compared *comparison = begin(options, label_a, label_b, a->region_count);
    bool ok = comparison != NULL;
    for (size_t r = 0; ok && r < a->region_count; r++) {
        size_t other = region_index(b, a->regions[r]);
        if (other == b->region_count) continue;
        ok = add_pair(comparison, a->regions[r], side_of(claim_of_region(a, r)),
                      side_of(claim_of_region(b, other)));
    }
    if (!ok) {
        compare_free(comparison);
        return no_memory(err);
    }
    if (comparison->pair_count == 0) {
        compare_free(comparison);
        return error_set(err, ERR_USAGE,
                         "%s and %s have no region in common: nothing can be compared", label_a,
                         label_b);
    }
    note_one_sided(comparison, a, b, label_a);
    note_one_sided(comparison, b, a, label_b);
    enum err_code code = compare_find_changes(comparison, a, b, err);
    if (code == ERR_OK) {
        compare_find_conditions(comparison, a, b);
        return finish(comparison, out, err);
    }
    compare_free(comparison);
    return code;
}

static enum err_code no_such_region(const struct results *results, const char *name,
                                    struct error *err)
{
    struct text names = {0};
    for (size_t r = 0; r < results->region_count; r++)
        text_printf(&names, "%s%s", r == 0 ? "" : ", ", results->regions[r]);
    enum err_code code = error_set(err, ERR_USAGE, "the run has no region \"%s\"; it has %s", name,
                                   text_str(&names));
    text_free(&names);
    return code;
}

enum err_code compare_regions(const struct results *results, const char *a, const char *b,
                              const struct compare_options *options, struct compared **out,
                              struct error *err)
{
    *out = NULL;
    size_t of_a = region_index(results, a);
    size_t of_b = region_index(results, b);
    if (of_a == results->region_count) return no_such_region(results, a, err);
    if (of_b == results->region_count) return no_such_region(results, b, err);
    struct compared *comparison = begin(options, a, b, 1);
    struct text both = {0};
    text_printf(&both, "%s / %s", b, a);
    bool ok = comparison != NULL &&
              add_pair(comparison, text_str(&both), side_of(claim_of_region(results, of_a)),
                       side_of(claim_of_region(results, of_b)));
    text_free(&both);
    if (!ok) {
        compare_free(comparison);
        return no_memory(err);
    }
    comparison->pairs[0].paired = true;
    return finish(comparison, out, err);
}

/* All regions except `but`, taken together over the same part of the run. */
static struct claim_of others_of(const struct compared *comparison, size_t but, bool of_b,
                                 struct report_cell *together)
{
    for (size_t k = 0; k < comparison->pair_count; k++) {
        const struct compare_pair *pair = &comparison->pairs[k];
        const struct report_cell *cell = of_b ? pair->b.of.cell : pair->a.of.cell;
        if (k == but) continue;
        cluster_merge(&together->cell.clusters, &cell->cell.clusters);
        counters_merge(&together->cell.counters, &cell->cell.counters);
    }
    const struct compare_pair *own = &comparison->pairs[but];
    struct claim_of of = of_b ? own->b.of : own->a.of;
    of.cell = together;
    of.region = SERIES_ALL_BUT(of.region);
    return of;
}

/* Sets each pair's difference against that of all other regions together. */
static bool find_beyond(struct compared *comparison)
{
    static const struct threshold rate = {.kind = THRESHOLD_ATTEMPT_RATE};
    double confidence = comparison->options.confidence;
    if (comparison->pair_count < 2) return true;
    comparison->beyond = calloc(comparison->pair_count, sizeof *comparison->beyond);
    if (comparison->beyond == NULL) return false;
    for (size_t i = 0; i < comparison->pair_count; i++) {
        struct report_cell in_a = {0};
        struct report_cell in_b = {0};
        struct claim_of others_a = others_of(comparison, i, false, &in_a);
        struct claim_of others_b = others_of(comparison, i, true, &in_b);
        const struct compare_pair *pair = &comparison->pairs[i];
        struct compare_beyond beyond = {
            .pair = i,
            .own = claim_difference(&pair->a.of, &pair->b.of, &rate, false, confidence).difference,
            .others = claim_difference(&others_a, &others_b, &rate, false, confidence).difference};
        beyond.beyond = difference_in_differences(&beyond.own, &beyond.others);
        if (beyond.beyond.valid) comparison->beyond[comparison->beyond_count++] = beyond;
    }
    return true;
}

enum err_code compare_windows(const struct results *pair, const struct compare_options *options,
                              struct compared **out, struct error *err)
{
    *out = NULL;
    const struct grouping *first = &pair->groupings[2];
    const struct grouping *second = &pair->groupings[3];
    const struct grouping *empty = first->slice_count == 0    ? first
                                   : second->slice_count == 0 ? second
                                                              : NULL;
    if (empty != NULL) {
        return error_set(err, ERR_USAGE, "the run has no interval %s %s: nothing can be compared",
                         empty->rest ? "outside" : "in", grouping_name(empty));
    }
    struct text label = {0};
    text_printf(&label, "%s%s", second->rest ? "outside " : "", grouping_name(second));
    struct compared *comparison =
        begin(options, text_str(&label), grouping_name(first), pair->region_count);
    text_free(&label);
    bool ok = comparison != NULL;
    for (size_t r = 0; ok && r < pair->region_count; r++) {
        ok = add_pair(comparison, pair->regions[r],
                      side_of(claim_of_slice(pair, second, &second->slices[0], r)),
                      side_of(claim_of_slice(pair, first, &first->slices[0], r)));
    }
    if (ok) text_puts(&comparison->notes, text_str(&pair->window_notes));
    if (ok && find_beyond(comparison)) return finish(comparison, out, err);
    compare_free(comparison);
    return no_memory(err);
}
