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
    const char *const *metrics = options->metric_count > 0 ? options->metrics : default_metrics;
    size_t count = options->metric_count > 0 ? options->metric_count : COUNT_OF(default_metrics);
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

/* The length of what a cell holds: its share of the run's intervals. */
static double minutes_of(const struct results *results, const struct report_cell *cell)
{
    if (results->interval_count == 0) return 0;
    double whole = (double)(results->end_ns - results->start_ns) / (60 * (double)NS_PER_S);
    return whole * (double)cell->intervals / (double)results->interval_count;
}

static struct compare_side side_of(const struct results *results, const struct report_cell *cell)
{
    return (struct compare_side){
        .results = results, .cell = cell, .minutes = minutes_of(results, cell)};
}

/* Judges what was gathered, and hands it over; in any case of failure everything is freed. */
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
        ok = add_pair(comparison, a->regions[r], side_of(a, results_region(a, r)),
                      side_of(b, results_region(b, other)));
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

/* Attempts of a cell after the design effect, for tests of independent trials. */
static void effective(const struct report_cell *cell, double *x, double *n)
{
    double effect = cluster_design_effect(&cell->cell.clusters);
    *x = (double)cell->cell.counters.attempts_failed / effect;
    *n = (double)report_cell_attempts(cell) / effect;
}

/* Both regions in the same windows, those of the first width that the report shows. */
static enum err_code by_window(struct compare_pair *pair, const struct results *results, size_t a,
                               size_t b, double confidence, struct error *err)
{
    const struct grouping *widths = NULL;
    for (size_t g = 2; widths == NULL && g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind == GROUP_WINDOW && grouping->window->width_ns > 0) widths = grouping;
    }
    if (widths == NULL || widths->slice_count == 0) return ERR_OK;
    struct stratum *strata = calloc(widths->slice_count, sizeof *strata);
    if (strata == NULL) return no_memory(err);
    size_t count = 0;
    for (size_t i = 0; i < widths->slice_count; i++) {
        const struct report_cell *cells = widths->slices[i].cells;
        if (!report_cell_valid(&cells[a]) || !report_cell_valid(&cells[b])) continue;
        effective(&cells[a], &strata[count].x1, &strata[count].n1);
        effective(&cells[b], &strata[count].x2, &strata[count].n2);
        count++;
    }
    pair->by_window = stratified_compare(strata, count, confidence);
    free(strata);
    return ERR_OK;
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
              add_pair(comparison, text_str(&both), side_of(results, results_region(results, of_a)),
                       side_of(results, results_region(results, of_b)));
    text_free(&both);
    if (!ok) {
        compare_free(comparison);
        return no_memory(err);
    }
    enum err_code code =
        by_window(&comparison->pairs[0], results, of_a, of_b, options->confidence, err);
    if (code == ERR_OK) return finish(comparison, out, err);
    compare_free(comparison);
    return code;
}

/* The difference of one pair, and of all other regions together. */
static bool find_beyond(struct compared *comparison)
{
    double confidence = comparison->options.confidence;
    if (comparison->pair_count < 2) return true;
    comparison->beyond = calloc(comparison->pair_count, sizeof *comparison->beyond);
    if (comparison->beyond == NULL) return false;
    for (size_t i = 0; i < comparison->pair_count; i++) {
        struct cluster_sums a = {0};
        struct cluster_sums b = {0};
        for (size_t k = 0; k < comparison->pair_count; k++) {
            if (k == i) continue;
            cluster_merge(&a, &comparison->pairs[k].a.cell->cell.clusters);
            cluster_merge(&b, &comparison->pairs[k].b.cell->cell.clusters);
        }
        struct estimate own_a =
            report_cell_attempt_estimate(comparison->pairs[i].a.cell, confidence);
        struct estimate own_b =
            report_cell_attempt_estimate(comparison->pairs[i].b.cell, confidence);
        struct estimate others_a = rate_clustered(&a, confidence, NULL);
        struct estimate others_b = rate_clustered(&b, confidence, NULL);
        struct compare_beyond beyond = {.pair = i,
                                        .own = rate_newcombe(&own_a, &own_b),
                                        .others = rate_newcombe(&others_a, &others_b)};
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
        ok = add_pair(comparison, pair->regions[r], side_of(pair, &second->slices[0].cells[r]),
                      side_of(pair, &first->slices[0].cells[r]));
    }
    if (ok && find_beyond(comparison)) return finish(comparison, out, err);
    compare_free(comparison);
    return no_memory(err);
}
