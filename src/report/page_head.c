#include "report/page_head.h"

#include "report/format.h"
#include "report/words.h"

#include <math.h>

void page_verdict(const struct results *results, struct text *out)
{
    static const char *const titles[] = {"No verdict", "Pass", "Fail", "Inconclusive", "Invalid"};
    struct text line = {0};
    text_printf(
        out,
        "<section class=\"verdict %s\" aria-label=\"Verdict\">\n<p class=\"word\" data-figure=\"verdict\">",
        verdict_name(results->verdict));
    text_printf(out, "%s</p>\n<p>", titles[results->verdict]);
    words_verdict(results, &line);
    text_html(out, text_str(&line));
    text_clear(&line);
    text_puts(out, ".</p>\n<p class=\"generator\">Load generator: ");
    words_generator(results, &line);
    text_html(out, text_str(&line));
    text_puts(out, ".</p>\n</section>\n");
    text_free(&line);
}

/* Opens <TAG data-figure data-value>: the value exactly as run.json has it, or empty. */
static void open_figure(struct text *out, const char *tag, const char *figure, double value)
{
    text_printf(out, "<%s data-figure=\"%s\" data-value=\"", tag, figure);
    if (isfinite(value)) text_printf(out, "%.10g", value);
    text_puts(out, "\">");
}

static void format_html(struct text *out, struct text *plain)
{
    text_html(out, text_str(plain));
    text_clear(plain);
}

static void rate_card(const struct report_cell *cell, enum rate_kind kind, const char *title,
                      const char *figure, struct text *out)
{
    struct rate rate = report_cell_rate(cell, kind);
    struct text plain = {0};
    text_printf(out, "<div class=\"card\"><dt>%s</dt>", title);
    open_figure(out, "dd", figure, rate.estimate.valid ? rate.estimate.value : NAN);
    if (rate.estimate.valid) {
        format_percent(&plain, rate.estimate.value);
    } else {
        text_puts(&plain, "-");
    }
    format_html(out, &plain);
    text_puts(out, "</dd><dd class=\"sub\">");
    format_count(&plain, (uint64_t)rate.failed);
    text_puts(&plain, " of ");
    format_count(&plain, (uint64_t)rate.trials);
    if (rate.estimate.valid) {
        text_puts(&plain, "; 95%: ");
        format_percent(&plain, rate.estimate.low);
        text_puts(&plain, " to ");
        format_percent(&plain, rate.estimate.high);
    }
    format_html(out, &plain);
    text_puts(out, "</dd></div>\n");
    text_free(&plain);
}

static void latency_card(const struct report_cell *cell, enum metric metric, const char *title,
                         struct text *out)
{
    const struct latency_figures *latency = &cell->latency[metric];
    struct text plain = {0};
    text_printf(out, "<div class=\"card\"><dt>%s</dt><dd>", title);
    format_latency(&plain, latency, latency->p50);
    format_html(out, &plain);
    text_puts(out, "</dd><dd class=\"sub\">P99 ");
    format_tail(&plain, latency);
    if (latency->count >= P99_MIN_SAMPLES) {
        text_puts(&plain, "; 95%: ");
        format_us(&plain, (double)latency->tail.low);
        text_puts(&plain, " to ");
        format_us(&plain, (double)latency->tail.high);
    }
    format_html(out, &plain);
    text_puts(out, "</dd></div>\n");
    text_free(&plain);
}

static void cost_card(const struct report_cell *cell, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    struct text plain = {0};
    text_puts(out, "<div class=\"card\"><dt>Cost</dt>");
    open_figure(out, "dd", "totals.cost_usd", c->cost_usd);
    if (c->cost_usd <= 0 && c->input_tokens + c->output_tokens > 0) {
        text_puts(&plain, "no price");
    } else {
        format_usd(&plain, c->cost_usd);
    }
    format_html(out, &plain);
    text_puts(out, "</dd><dd class=\"sub\">");
    format_count(&plain, c->input_tokens + c->output_tokens);
    text_puts(&plain, " tokens; ");
    format_count(&plain, c->retries);
    text_puts(&plain, c->retries == 1 ? " retry" : " retries");
    format_html(out, &plain);
    text_puts(out, "</dd></div>\n");
    text_free(&plain);
}

void page_headline(const struct results *results, struct text *out)
{
    const struct report_cell *all = &results->all;
    text_puts(out, "<section aria-labelledby=\"headline\">\n<h2 id=\"headline\" class=\"quiet\">All regions "
                   "together</h2>\n"
                   "<dl class=\"cards\">\n");
    rate_card(all, RATE_ATTEMPT, "Attempts failed", "failure_rate.attempt", out);
    rate_card(all, RATE_INTERACTION, "Interactions failed after retries", "failure_rate.interaction", out);
    rate_card(all, RATE_SESSION, "Sessions with a failed attempt", "failure_rate.session", out);
    latency_card(all, METRIC_TTFT, "Time to first token, P50", out);
    latency_card(all, METRIC_RESPONSE, "Response, P50", out);
    cost_card(all, out);
    text_puts(out, "</dl>\n</section>\n");
}

/* The upper end of the scale that all regions' intervals share. */
static double scale_of(const struct results *results)
{
    static const double ends[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5};
    double high = 0;
    for (size_t r = 0; r < results->region_count; r++) {
        struct rate rate = report_cell_rate(results_region(results, r), RATE_ATTEMPT);
        if (rate.estimate.valid) high = fmax(high, rate.estimate.high);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (high <= ends[i]) return ends[i];
    }
    return 1;
}

static void interval_bar(const struct estimate *estimate, double scale, struct text *out)
{
    if (!estimate->valid) return;
    text_printf(out,
                "<div class=\"bar\" aria-hidden=\"true\"><i style=\"left:%.2f%%;width:%.2f%%\"></i>"
                "<b style=\"left:%.2f%%\"></b></div>",
                100 * estimate->low / scale, 100 * (estimate->high - estimate->low) / scale,
                100 * estimate->value / scale);
}

static void region_fact(struct text *out, const char *label, struct text *plain)
{
    text_printf(out, "<div><dt>%s</dt><dd>", label);
    format_html(out, plain);
    text_puts(out, "</dd></div>");
}

static void region_facts(const struct report_cell *cell, struct text *out)
{
    const struct latency_figures *ttft = &cell->latency[METRIC_TTFT];
    struct rate interactions = report_cell_rate(cell, RATE_INTERACTION);
    struct text plain = {0};
    text_puts(out, "<dl>");
    format_count(&plain, cell->cell.counters.attempts_failed);
    text_puts(&plain, " of ");
    format_count(&plain, report_cell_attempts(cell));
    region_fact(out, "attempts failed", &plain);
    format_latency(&plain, ttft, ttft->p50);
    region_fact(out, "ttft P50", &plain);
    format_tail(&plain, ttft);
    region_fact(out, "ttft P99", &plain);
    if (interactions.estimate.valid) {
        format_percent(&plain, interactions.estimate.value);
    } else {
        text_puts(&plain, "-");
    }
    region_fact(out, "interactions failed", &plain);
    text_puts(out, "</dl>");
    text_free(&plain);
}

static void region_card(const struct results *results, size_t region, double scale, struct text *out)
{
    const struct report_cell *cell = results_region(results, region);
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    struct text plain = {0};
    text_printf(out, "<article class=\"region r%zu\" data-region=\"", region % 8);
    text_html(out, results->regions[region]);
    text_puts(out, "\">\n<h3>");
    text_html(out, results->regions[region]);
    if (!report_cell_valid(cell)) text_puts(out, " <span class=\"mark invalid\">invalid</span>");
    text_puts(out, "</h3>\n<p class=\"where\">");
    text_html(out, results_region_fact(results, region, "host"));
    text_puts(out, "</p>\n");
    open_figure(out, "p class=\"rate\"", "failure_rate.attempt",
                rate.estimate.valid ? rate.estimate.value : NAN);
    format_estimate(&plain, &rate.estimate);
    format_html(out, &plain);
    text_puts(out, "</p>\n");
    interval_bar(&rate.estimate, scale, out);
    region_facts(cell, out);
    text_puts(out, "\n</article>\n");
    text_free(&plain);
}

void page_regions(const struct results *results, struct text *out)
{
    double scale = scale_of(results);
    text_puts(out,
              "<section aria-labelledby=\"regions\">\n<h2 id=\"regions\">Regions</h2>\n"
              "<p class=\"hint\">Failure rate of attempts with its 95% interval; every bar goes from 0 to ");
    text_printf(out, "%g%%.</p>\n<div class=\"regions\">\n", 100 * scale);
    for (size_t r = 0; r < results->region_count; r++) region_card(results, r, scale, out);
    text_puts(out, "</div>\n</section>\n");
}
