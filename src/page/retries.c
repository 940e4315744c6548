#include "page/parts.h"

#include "base/digits.h"
#include "figures/cells.h"
#include "figures/retries.h"
#include "page/html.h"
#include "report/format.h"

#include <math.h>

/* The three outcomes of an interaction. */
struct ends {
    double first, recovered, failed, all;
};

static struct ends ends_of(const struct report_cell *cell)
{
    const struct counters *c = &cell->cell.counters;
    double recovered = (double)c->recovered;
    double ok = (double)c->interactions_ok;
    struct ends ends = {.first = ok > recovered ? ok - recovered : 0,
                        .recovered = recovered,
                        .failed = (double)c->interactions_failed};
    ends.all = ends.first + ends.recovered + ends.failed;
    return ends;
}

static void piece(struct text *out, const char *class, double part, double all)
{
    if (part > 0)
        text_printf(out, "<i class=\"%s\" style=\"width:%.3f%%\"></i>", class, 100 * part / all);
}

/* The bar spans `from` to 100%, because in most runs nearly all succeed at once. */
static void bar(const char *name, const struct ends *ends, double from, struct text *out)
{
    struct text plain = {0};
    double span = ends->all * (1 - from);
    text_puts(out, "<tr><th scope=\"row\">");
    text_html(out, name);
    text_puts(out, "</th>");
    const double parts[] = {ends->first, ends->recovered, ends->failed};
    for (size_t i = 0; i < 3; i++) {
        text_count(&plain, (uint64_t)parts[i]);
        text_puts(&plain, " (");
        format_percent(&plain, ends->all > 0 ? parts[i] / ends->all : 0);
        text_puts(&plain, ")");
        text_puts(out, "<td class=\"number\">");
        page_flush(out, &plain);
        text_puts(out, "</td>");
    }
    text_puts(out, "<td class=\"split\"><div class=\"stack\" aria-hidden=\"true\">");
    if (ends->all > 0) {
        piece(out, "good", fmax(0, ends->first - ends->all * from), span);
        piece(out, "saved", ends->recovered, span);
        piece(out, "lost", ends->failed, span);
    }
    text_puts(out, "</div></td></tr>\n");
    text_free(&plain);
}

/* Where the bars begin: a round share below the worst region's share of first-try answers. */
static double bars_from(const struct results *results)
{
    static const double starts[] = {0.95, 0.9, 0.8, 0.5};
    double least = 1;
    for (size_t r = 0; r < results->region_count; r++) {
        struct ends ends = ends_of(results_region(results, r));
        if (ends.all > 0) least = fmin(least, ends.first / ends.all);
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (least > starts[i] + 0.01) return starts[i];
    }
    return 0;
}

static void bars(const struct results *results, struct text *out)
{
    double from = bars_from(results);
    text_printf(out,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Ends of "
                "interactions\"><table "
                "class=\"ends\"><caption>How interactions ended</caption>\n<thead><tr><th "
                "scope=\"col\">region</th><th scope=\"col\" class=\"number\"><i class=\"key "
                "good\"></i>answered "
                "at once</th><th scope=\"col\" class=\"number\"><i class=\"key "
                "saved\"></i>answered after a "
                "retry</th><th scope=\"col\" class=\"number\"><i class=\"key lost\"></i>not "
                "answered</th><th "
                "scope=\"col\" data-sort=\"no\">%g%% to 100%%</th></tr></thead>\n<tbody>\n",
                100 * from);
    for (size_t r = 0; r < results->region_count; r++) {
        struct ends ends = ends_of(results_region(results, r));
        bar(results->regions[r], &ends, from, out);
    }
    if (results->region_count > 1) {
        struct ends ends = ends_of(&results->all);
        bar("all regions", &ends, from, out);
    }
    text_puts(out, "</tbody></table></div>\n");
}

static void card(struct text *out, const char *title, const char *figure, double value,
                 struct text *plain, const char *sub)
{
    text_printf(out, "<div class=\"card\"><dt>%s</dt>", title);
    page_open_figure(out, "dd", figure, value);
    page_flush(out, plain);
    text_printf(out, "</dd><dd class=\"sub\">%s</dd></div>\n", sub);
}

/* Interactions that met a failure, of the regions whose waiting is known: not of those that
 * answered none (report_cell_settle). *left_out: there are such. */
static double struck(const struct results *results, bool *left_out)
{
    double sum = 0;
    *left_out = false;
    for (size_t r = 0; r < results->region_count; r++) {
        const struct ends ends = ends_of(results_region(results, r));
        const bool answered = results_region(results, r)->cell.counters.interactions_ok > 0;
        if (answered)
            sum += ends.recovered + ends.failed;
        else
            *left_out = *left_out || ends.failed > 0;
    }
    return sum;
}

/* Runs of earlier versions do not tell. */
static void where_recovered(const struct counters *c, struct text *out)
{
    const uint64_t counts[] = {c->recovered_same_session, c->recovered_new_session,
                               c->recovered_other_region};
    static const char *const words[] = {" in the same session", " in a new session",
                                        " in another region"};
    const char *before = ": ";
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i] == 0) continue;
        text_puts(out, before);
        text_count(out, counts[i]);
        text_puts(out, words[i]);
        before = ", ";
    }
}

static void cards(const struct results *results, struct text *out)
{
    const struct report_cell *all = &results->all;
    const struct counters *c = &all->cell.counters;
    struct ends ends = ends_of(all);
    struct text plain = {0};
    struct text sub = {0};
    text_puts(out, "<dl class=\"cards\">\n");
    text_count(&plain, c->recovered);
    text_puts(&sub, "interactions that failed at first and were answered after a retry");
    where_recovered(c, &sub);
    card(out, "Hidden by retries", "totals.interactions.recovered", (double)c->recovered, &plain,
         text_str(&sub));
    double factor = retry_figures_of(all).attempts_per_interaction;
    if (isfinite(factor)) text_printf(&plain, "%.3f", factor);
    text_clear(&sub);
    text_count(&sub, c->retries);
    text_puts(&sub, c->retries == 1 ? " retry on top of " : " retries on top of ");
    text_count(&sub, (uint64_t)ends.all);
    text_puts(&sub, " interactions");
    card(out, "Attempts per interaction", "amplification", factor, &plain, text_str(&sub));
    bool left_out;
    const double hit = struck(results, &left_out);
    const double seconds = hit > 0 || !left_out ? retry_figures_of(all).added_seconds : NAN;
    isfinite(seconds) ? format_us(&plain, seconds * 1e6) : text_puts(&plain, "-");
    text_clear(&sub);
    text_puts(&sub, "of waiting on failed attempts and between tries");
    if (isfinite(seconds) && hit > 0) {
        text_puts(&sub, ": ");
        format_us(&sub, seconds * 1e6 / hit);
        text_puts(&sub, " for each interaction that met a failure");
        if (left_out) text_puts(&sub, ", regions that answered nothing left out");
    }
    card(out, "Time added", "added_seconds", seconds, &plain, text_str(&sub));
    format_cost(&plain, c, c->failed_cost_usd);
    text_clear(&sub);
    text_puts(&sub, "and ");
    text_count(&sub, c->failed_tokens);
    text_puts(&sub, " tokens on failed attempts: possibly billed");
    card(out, "Spent on failures", "totals.failed_cost_usd",
         counters_unpriced(c) ? NAN : c->failed_cost_usd, &plain, text_str(&sub));
    text_puts(out, "</dl>\n");
    text_free(&plain);
    text_free(&sub);
}

/* Attempts per interaction, where any were added. */
static void over_time(const struct results *results, struct text *out)
{
    if (results->all.cell.counters.retries == 0 || results->groupings[1].slice_count == 0) return;
    text_printf(out, "<div class=\"charts%s\">\n", results->region_count == 1 ? " wide" : "");
    for (size_t r = 0; r < results->region_count; r++)
        page_chart(out, "amplification", r, results->regions[r], "attempts per interaction");
    text_puts(out, "</div>\n");
}

void page_retries(const struct results *results, struct text *out)
{
    if (report_cell_attempts(&results->all) == 0) return;
    page_section(out, "retries", "What retries hid, and what they cost");
    cards(results, out);
    bars(results, out);
    page_put_table(results,
                   "Second attempts in another region (hedged), those that answered first, and "
                   "what answers that were not used cost",
                   tables_hedges, out);
    over_time(results, out);
    page_explain(
        out, "Attempt or interaction?",
        "An attempt is one try; an interaction is what a user asked for, with all its retries. The "
        "failure rate of attempts is the service's, that of interactions is what users were left "
        "with. "
        "A retry that helps still costs: the user waits longer, the service gets more load just "
        "when "
        "it fails, and tokens of a failed response may be billed.");
    text_puts(out, "</section>\n");
}
