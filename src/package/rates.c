/* The parts of the letter with the figures: how often, what, and what worked at the same time. */
#include "base/digits.h"
#include "package/parts.h"
#include "realtime/failure.h"
#include "report/format.h"

#include <stdlib.h>

#define CODES_SHOWN 15
#define CAUSES_SHOWN 6

static void put_estimate(struct table *table, const struct report_cell *cell, enum rate_kind kind)
{
    struct rate rate = report_cell_rate(cell, kind);
    format_estimate(table_cell(table), &rate.estimate);
    table_next(table);
}

/* The row of a part of the run. */
static void rate_row(struct table *table, const struct claim_of *of)
{
    const struct report_cell *cell = of->cell;
    text_count(table_cell(table), report_cell_attempts(cell));
    table_next(table);
    text_count(table_cell(table), cell->cell.counters.attempts_failed);
    table_next(table);
    put_estimate(table, cell, RATE_ATTEMPT);
    put_estimate(table, cell, RATE_INTERACTION);
    put_estimate(table, cell, RATE_SESSION);
}

static void rate_columns(struct table *table)
{
    table_column(table, "attempts", false);
    table_column(table, "failed", false);
    table_column(table, "attempts failed (95%)", false);
    table_column(table, "user turns failed after retries", false);
    table_column(table, "sessions with a failure", false);
}

/* Of hours that nobody measured: another rate, so it is said apart from those of the run. */
static void other_hours(const struct package *package, struct text *out)
{
    const struct claim_of of = package_claim(package, false, package->focus);
    const struct service_rate service = claim_failure_rate(&of, RATE_ATTEMPT);
    struct text why = {0};
    if (service.dependence.why == DEPENDENCE_KNOWN) {
        text_puts(out, " The rate of the service at such hours, other days included, lies by this "
                       "record within ");
        format_range(out, &service.estimate);
        text_puts(out, " (95%), since an incident strikes all sessions at once.");
    } else {
        claim_why(&of, &service.dependence, &why);
        text_puts(out, " How it is at other such hours this record alone cannot tell (");
        markdown_plain(out, text_str(&why));
        text_puts(out, ").");
    }
    text_free(&why);
}

static void rates(const struct package *package, struct text *out)
{
    const struct results *results = package->results;
    struct table table = {0};
    text_puts(out, "\n## How often\n\n");
    table_column(&table, "region", true);
    table_column(&table, "role", true);
    table_column(&table, "model, form", true);
    rate_columns(&table);
    for (size_t r = 0; r < results->region_count; r++) {
        table_put(&table, results->regions[r]);
        table_put(&table, package->subject[r] ? "subject" : "control");
        text_printf(table_cell(&table), "%s, %s", results_region_fact(results, r, "model"),
                    results_region_fact(results, r, "dialect"));
        table_next(&table);
        const struct claim_of of = package_claim(package, false, r);
        rate_row(&table, &of);
    }
    table_markdown(&table, out);
    table_free(&table);
    text_puts(out, "\nAn attempt is one try of a user turn (response.create to response.done, or a "
                   "connect that "
                   "failed while a turn waited for it). The intervals in brackets are of what "
                   "happened in this run; attempts of one session fail together, which they take "
                   "into account.");
    other_hours(package, out);
    text_puts(out, " The records behind it: ");
    text_count(out, package->digest.attempts);
    text_puts(out, " failed attempts, ");
    text_count(out, package->digest.sessions);
    text_puts(out, " failed sessions in which no attempt waited, ");
    text_count(out, package->digest.lifecycle);
    text_puts(out, " ordinary ends of sessions, which are not failures.\n");
}

struct ranked {
    const struct slice *slice;
    uint64_t failed;
};

static int by_failed(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->failed != y->failed) return x->failed < y->failed ? 1 : -1;
    return x->slice < y->slice ? -1 : x->slice > y->slice;
}

static int by_time(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    return x->slice < y->slice ? -1 : x->slice > y->slice;
}

/* The slices with the most failures, in order of time. */
static void over_time(const struct package *package, struct text *out)
{
    const size_t most = 8;
    const struct grouping *grain = package_grain(package);
    size_t count = grain->slice_count;
    struct ranked *ranked = count < 2 ? NULL : calloc(count, sizeof *ranked);
    struct table table = {0};
    if (ranked == NULL) return;
    for (size_t i = 0; i < count; i++)
        ranked[i] =
            (struct ranked){&grain->slices[i],
                            grain->slices[i].cells[package->focus].cell.counters.attempts_failed};
    qsort(ranked, count, sizeof *ranked, by_failed);
    size_t shown = count < most ? count : most;
    qsort(ranked, shown, sizeof *ranked, by_time);
    text_printf(out, "\n%s, per %s%s:\n\n", package->results->regions[package->focus],
                package_grain_name(package),
                count > shown ? " of the whole run (those with the most failures)"
                              : " of the whole run");
    table_column(&table, "time", true);
    rate_columns(&table);
    for (size_t i = 0; i < shown; i++) {
        package_when(package, ranked[i].slice, table_cell(&table));
        table_next(&table);
        const struct claim_of of =
            claim_of_slice(package->results, grain, ranked[i].slice, package->focus);
        rate_row(&table, &of);
    }
    table_markdown(&table, out);
    table_free(&table);
    free(ranked);
}

void package_letter_causes(const struct package *package, struct text *out)
{
    const struct digest *digest = &package->digest;
    const uint64_t all = digest->attempts + digest->sessions;
    for (size_t i = 0; i < digest->code_count && i < CAUSES_SHOWN; i++) {
        const struct digest_code *code = &digest->codes[i];
        const struct failure_class *class = failure_class_of(code->code);
        text_puts(out, "- ");
        text_count(out, code->count);
        text_puts(out, " of ");
        text_count(out, all);
        text_printf(out, ": `%s` (%s, while in phase %s): ", code->code, domain_name(code->domain),
                    phase_name(code->phase));
        markdown_plain(out, class != NULL ? class->advice : "no known cause");
        text_puts(out, "\n");
    }
    if (digest->code_count == 0) text_puts(out, "- no failure was recorded\n");
    if (digest->code_count > CAUSES_SHOWN)
        text_printf(out, "- and %zu more codes\n", digest->code_count - CAUSES_SHOWN);
}

static void classes(const struct package *package, struct text *out)
{
    struct table table = {0};
    text_puts(out, "\n## What failed\n\n");
    package_letter_causes(package, out);
    text_puts(out, "\n");
    table_column(&table, "code", true);
    table_column(&table, "count", false);
    table_column(&table, "phase", true);
    table_column(&table, "looks like", true);
    table_column(&table, "catalogue", true);
    for (size_t i = 0; i < package->digest.code_count && i < CODES_SHOWN; i++) {
        const struct digest_code *code = &package->digest.codes[i];
        table_put(&table, code->code);
        text_count(table_cell(&table), code->count);
        table_next(&table);
        table_put(&table, phase_name(code->phase));
        table_put(&table, domain_name(code->domain));
        table_put(&table, code->catalogue);
    }
    if (digest_lacks(&package->digest))
        text_printf(out, "The record is not whole: %s. What follows is of these.\n\n",
                    text_str(&package->digest.missing));
    if (package->digest.code_count == 0) {
        text_puts(out, digest_lacks(&package->digest) ? "No record of a failure is left.\n"
                                                      : "No failure was recorded.\n");
    } else {
        table_markdown(&table, out);
    }
    if (package->digest.code_count > CODES_SHOWN)
        text_printf(out,
                    "\n%zu more codes with fewer failures are in manifest.json and failures.csv.\n",
                    package->digest.code_count - CODES_SHOWN);
    table_free(&table);
    const struct digest *d = &package->digest;
    text_printf(out,
                "\nOf the failed responses that report usage, %llu show no tokens at all, %llu "
                "input without "
                "output, %llu both: %.0f input and %.0f output tokens that may have been billed. "
                "%llu failures "
                "struck a session's first turn, %llu a later one; %llu were retried.\n",
                (unsigned long long)d->usage_zero, (unsigned long long)d->usage_input_only,
                (unsigned long long)d->usage_full, d->failed_input_tokens, d->failed_output_tokens,
                (unsigned long long)d->first_turn, (unsigned long long)d->later_turn,
                (unsigned long long)d->retried);
    const struct counters *c = &package_cell(package, package->focus)->cell.counters;
    if (c->probes > 0)
        text_printf(
            out,
            "A session whose response had failed was tried once more %llu times, and answered %llu "
            "times.\n",
            (unsigned long long)c->probes, (unsigned long long)c->probes_recovered);
}

void package_letter_rates(const struct package *package, struct text *out)
{
    rates(package, out);
    over_time(package, out);
    classes(package, out);
}

static void p_value(struct text *out, double p)
{
    if (p < 0.0001) {
        text_puts(out, "< 0.0001");
    } else {
        text_printf(out, "%.2g", p);
    }
}

static void comparison_row(struct table *table, const struct contrast *c)
{
    table_put(table, c->subject);
    format_estimate(table_cell(table), &c->b.estimate);
    table_next(table);
    table_put(table, c->control);
    format_estimate(table_cell(table), &c->a.estimate);
    table_next(table);
    if (c->difference.valid) {
        text_printf(table_cell(table), "%+.2f points (%+.2f to %+.2f)", c->difference.value * 100,
                    c->difference.low * 100, c->difference.high * 100);
    } else {
        text_printf(table_cell(table),
                    "%+.2f points in this run; whether at such hours cannot be told",
                    c->observed.value * 100);
    }
    table_next(table);
    p_value(table_cell(table), c->adjusted);
    table_next(table);
}

void package_letter_control(const struct package *package, struct text *out)
{
    struct table table = {0};
    text_puts(out, "\n## What worked meanwhile\n\n");
    if (package->comparison_count == 0) {
        text_puts(
            out,
            "Nothing else was driven, neither another region nor another deployment, and the run "
            "has no other time to compare with. We have no control.\n");
        return;
    }
    table_column(&table, "subject", true);
    table_column(&table, "failed (95%)", false);
    table_column(&table, "control", true);
    table_column(&table, "failed (95%)", false);
    table_column(&table, "difference at such hours (95%)", false);
    table_column(&table, "p", false);
    bool others = false;
    size_t picked = 1;
    for (size_t i = 0; i < package->comparison_count; i++) {
        const struct contrast *c = &package->comparisons[i];
        comparison_row(&table, c);
        others = others || c->same_minutes;
        if (c->looked_at > picked) picked = c->looked_at;
    }
    table_markdown(&table, out);
    table_free(&table);
    text_puts(out,
              "\nRates with their intervals in this run. The difference and its p are of what the "
              "service does at such hours: blocks of time (of the same minutes, where both were "
              "driven in them) and interaction chains tell how much it varies; after Holm's "
              "correction");
    if (picked > 1)
        text_printf(
            out,
            " and, where the subject was picked afterwards, times the up to %zu that it was "
            "picked from",
            picked);
    text_puts(
        out,
        others
            ? ". Regions were driven in the same minutes, with the same load, from the same host.\n"
            : ". There is no control region: the comparison is with other times only.\n");
}
