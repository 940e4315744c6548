#include "compare/words.h"

#include "base/digits.h"
#include "base/units.h"
#include "figures/cells.h"
#include "report/format.h"

#include <math.h>
#include <string.h>

static bool is_quantile(const struct compare_row *row)
{
    return row->what.kind == THRESHOLD_QUANTILE;
}

static void p_words(double p, struct text *out)
{
    if (p < 1e-300) {
        text_puts(out, "p < 1e-300");
    } else {
        text_printf(out, "p %s%.*g", p < 0.0001 ? "" : "= ", p < 0.0001 ? 1 : 2, p);
    }
}

/* Microseconds as a bare number, in the unit that format_us() uses for `like`. */
static void us_like(double us, double like, struct text *out)
{
    double value = fabs(like) / 1e3 < 999.5 ? us / 1e3 : us / 1e6;
    double size = fabs(value);
    text_printf(out, "%.*f", size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2, size);
}

void compare_value_words(const struct compare_row *row, const struct compare_value *value,
                         struct text *out)
{
    if (!value->known) {
        text_puts(out, "-");
    } else if (is_quantile(row)) {
        format_us(out, value->value);
        text_puts(out, " (");
        us_like(value->low, value->value, out);
        text_puts(out, "-");
        if (isinf(value->high)) {
            text_puts(out, "?");
        } else {
            us_like(value->high, value->value, out);
        }
        text_puts(out, ")");
    } else {
        const struct estimate estimate = {true, value->value, value->low, value->high};
        format_estimate(out, &estimate);
    }
}

/* A signed difference, in points for shares. */
static void signed_words(double value, double like, bool quantile, struct text *out)
{
    text_puts(out, value < 0 ? "-" : "+");
    if (quantile) {
        us_like(value, like, out);
    } else {
        double points = fabs(value) * 100;
        text_printf(out, "%.*f", points >= 9.995 ? 1 : 2, points);
    }
}

static void difference_words(const struct difference *d, bool quantile, struct text *out)
{
    if (!d->valid) {
        text_puts(out, "-");
        return;
    }
    const char *unit = !quantile ? "points" : fabs(d->value) / 1e3 < 999.5 ? "ms" : "s";
    signed_words(d->value, d->value, quantile, out);
    text_printf(out, " %s (", unit);
    signed_words(d->low, d->value, quantile, out);
    text_puts(out, " to ");
    signed_words(d->high, d->value, quantile, out);
    text_puts(out, ")");
}

void compare_difference_words(const struct compare_row *row, struct text *out)
{
    if (row->difference.valid || !row->observed.valid) {
        difference_words(&row->difference, is_quantile(row), out);
        return;
    }
    const char *unit = !is_quantile(row)                         ? "points"
                       : fabs(row->observed.value) / 1e3 < 999.5 ? "ms"
                                                                 : "s";
    signed_words(row->observed.value, row->observed.value, is_quantile(row), out);
    text_printf(out, " %s seen, no interval", unit);
}

/* "eastus2: failure_rate 15.1% (12.9-17.6) against 0.80% (0.41-1.58): +14.3 points (...), p
 * 3e-31" */
static void row_words(const struct compared *comparison, const struct compare_row *row,
                      struct text *out)
{
    text_printf(out, "%s, %s: ", comparison->pairs[row->pair].region, row->metric);
    compare_value_words(row, &row->b, out);
    text_puts(out, " against ");
    compare_value_words(row, &row->a, out);
    text_puts(out, ", ");
    compare_difference_words(row, out);
    if (!row->difference.valid) return;
    text_puts(out, ", ");
    p_words(row->adjusted, out);
}

static void needed_words(const struct compare_row *row, struct text *out)
{
    if (row->needed <= 0) return;
    text_puts(out, "; about ");
    text_count(out, (uint64_t)row->needed);
    text_puts(out, " more attempts on each side would settle it");
    if (row->needed_minutes > 0) {
        text_puts(out, " (");
        text_needed_time(out, row->needed_minutes);
        text_puts(out, " of such a load)");
    }
}

void compare_headline(const struct compared *comparison, struct text *out)
{
    const struct compare_row *row = compare_deciding_row(comparison);
    const char *a = comparison->label_a;
    const char *b = comparison->label_b;
    switch (comparison->verdict) {
    case COMPARE_WORSE:
        text_printf(out, "%s is worse than %s. ", b, a);
        break;
    case COMPARE_BETTER:
        text_printf(out, "%s is better than %s. ", b, a);
        break;
    case COMPARE_EQUAL:
        text_printf(out, "%s and %s are equal within the margin. ", b, a);
        break;
    case COMPARE_INCONCLUSIVE:
        text_printf(out, "Whether %s is worse than %s cannot be said yet. ", b, a);
        break;
    case COMPARE_NOT_WORSE:
        text_printf(out, "%s is not worse than %s by more than the margin. ", b, a);
        break;
    case COMPARE_INVALID:
        text_printf(out, "%s and %s cannot be compared. ", b, a);
        break;
    case COMPARE_NOT_COMPARABLE:
        text_printf(out,
                    "%s and %s did not ask the same of the service: %s. --anyway compares them.", b,
                    a, text_str(&comparison->not_comparable));
        return;
    }
    if (row == NULL) return;
    if (comparison->verdict == COMPARE_INVALID) {
        text_printf(out, "%s, %s: %s", comparison->pairs[row->pair].region, row->metric,
                    text_str(&row->why));
        return;
    }
    row_words(comparison, row, out);
    if (comparison->verdict != COMPARE_INCONCLUSIVE) return;
    text_printf(out, ": %s", text_str(&row->why));
    needed_words(row, out);
}

void compare_method(const struct compared *comparison, struct text *out)
{
    const struct compare_options *options = &comparison->options;
    text_printf(
        out,
        "the two rates with %.4g%% intervals of what happened in each, which know that attempts of "
        "one session fail together; the difference with the interval of what the service does at "
        "such hours, which knows that failures come together in time: it decides (%s; quantiles by "
        "MOVER, wide, decide only when asked for by --metric); %zu comparison%s decide%s, their p "
        "corrected by Holm; equal means within ",
        100 * options->confidence,
        comparison->pair_count > 0 && comparison->pairs[0].paired
            ? "block by block of the same minutes"
            : "two stretches of time",
        comparison->deciding, comparison->deciding == 1 ? "" : "s",
        comparison->deciding == 1 ? "s" : "");
    text_printf(out, "%.3g points, or %.3g%% of a latency", 100 * options->rate_margin,
                100 * options->latency_margin);
}

void compare_table_changes(const struct compared *comparison, struct table *table)
{
    table_column(table, "what differs", true);
    table_column(table, "a", true);
    table_column(table, "b", true);
    for (size_t i = 0; i < comparison->change_count; i++) {
        const struct compare_change *change = &comparison->changes[i];
        table_put(table, change->path);
        table_put(table, change->a);
        table_put(table, change->b);
    }
}

void compare_table_metrics(const struct compared *comparison, struct table *table)
{
    table_column(table, "metric", true);
    table_column(table, "region", true);
    table_column(table, comparison->label_a, false);
    table_column(table, comparison->label_b, false);
    table_column(table, "difference at such hours", false);
    table_column(table, "verdict", true);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        table_put(table, row->metric);
        table_put(table, comparison->pairs[row->pair].region);
        compare_value_words(row, &row->a, table_cell(table));
        table_next(table);
        compare_value_words(row, &row->b, table_cell(table));
        table_next(table);
        compare_difference_words(row, table_cell(table));
        table_next(table);
        struct text *verdict = table_cell(table);
        text_puts(verdict, compare_verdict_name(row->verdict));
        if (!row->decides) text_puts(verdict, " (shown)");
        table_next(table);
    }
}

void compare_table_needed(const struct compared *comparison, struct table *table)
{
    table_column(table, "metric", true);
    table_column(table, "region", true);
    table_column(table, "attempts, each side", false);
    table_column(table, "time at this load", false);
    table_column(table, "cost", false);
    table_column(table, "why it is open", true);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->verdict != COMPARE_INCONCLUSIVE || !row->decides) continue;
        table_put(table, row->metric);
        table_put(table, comparison->pairs[row->pair].region);
        struct text *cell = table_cell(table);
        row->needed > 0 ? text_count(cell, (uint64_t)row->needed) : text_puts(cell, "-");
        table_next(table);
        cell = table_cell(table);
        row->needed > 0 ? text_needed_time(cell, row->needed_minutes) : text_puts(cell, "-");
        table_next(table);
        cell = table_cell(table);
        row->needed_usd > 0 ? format_usd(cell, row->needed_usd) : text_puts(cell, "-");
        table_next(table);
        table_put(table, text_str(&row->why));
    }
}

void compare_table_codes(const struct compared *comparison, struct table *table)
{
    table_column(table, "code", true);
    table_column(table, "region", true);
    table_column(table, comparison->label_a, false);
    table_column(table, comparison->label_b, false);
    table_column(table, "change", true);
    for (size_t i = 0; i < comparison->code_count; i++) {
        const struct compare_code *code = &comparison->codes[i];
        table_put(table, code->code);
        table_put(table, comparison->pairs[code->pair].region);
        text_count(table_cell(table), code->a);
        table_next(table);
        text_count(table_cell(table), code->b);
        table_next(table);
        const bool known = (code->a > 0 || code->a_whole) && (code->b > 0 || code->b_whole);
        table_put(table, !known         ? "not known, records are missing"
                         : code->a == 0 ? "appeared"
                         : code->b == 0 ? "gone"
                                        : "");
    }
}

void compare_table_beyond(const struct compared *comparison, struct table *table)
{
    table_column(table, "region", true);
    table_column(table, "its own difference", false);
    table_column(table, "all others, same times", false);
    table_column(table, "beyond the others", false);
    for (size_t i = 0; i < comparison->beyond_count; i++) {
        const struct compare_beyond *beyond = &comparison->beyond[i];
        table_put(table, comparison->pairs[beyond->pair].region);
        const struct difference *columns[] = {&beyond->own, &beyond->others, &beyond->beyond};
        for (size_t k = 0; k < 3; k++) {
            difference_words(columns[k], false, table_cell(table));
            table_next(table);
        }
    }
}
