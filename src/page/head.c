#include "page/head.h"

#include "base/digits.h"
#include "figures/claim.h"
#include "page/html.h"
#include "page/story.h"
#include "report/format.h"
#include "report/words.h"

#include <math.h>

/* The sentence, carrying the figures of run.json's patterns so that a test can compare the two. */
static void sentence(const struct results *results, const struct story *story, struct text *out)
{
    struct text line = {0};
    bool contrast = story->kind >= STORY_WINDOW;
    text_printf(out, "<p class=\"story\" data-kind=\"%d\"", (int)story->kind);
    if (contrast) {
        text_puts(out, " data-region=\"");
        text_html(out, results->regions[story->region]);
        text_printf(out, "\" data-rest=\"%.10g\" data-p=\"%.10g\"", story->rest.value, story->p);
    }
    text_puts(out, " data-figure=\"story\" data-value=\"");
    if (story->there.valid) text_printf(out, "%.10g", story->there.value);
    text_puts(out, "\">");
    story_sentence(results, story, &line);
    page_flush(out, &line);
    text_puts(out, "</p>\n");
    text_free(&line);
}

/* In words that need no statistics; nothing where the run bears none. */
static void plain(const struct results *results, const struct story *story, struct text *out)
{
    struct text line = {0};
    story_plain(results, story, &line);
    if (line.length > 0) {
        text_puts(out, "<p class=\"plain\">");
        page_flush(out, &line);
        text_puts(out, "</p>\n");
    }
    text_free(&line);
}

static void marks(const struct results *results, const struct story *story, struct text *out)
{
    struct text line = {0};
    text_puts(out, "<div class=\"marks\"><p class=\"mark\">");
    story_certainty(results, story, &line);
    page_flush(out, &line);
    text_puts(out, "</p>");
    if (results_simulated(results))
        text_puts(out, "<p class=\"mark\">simulated: no service was asked</p>");
    if (results->killed) text_puts(out, "<p class=\"mark\">the run did not end by itself</p>");
    text_puts(out, "</div>\n");
    text_free(&line);
}

static void warning(const struct results *results, const struct story *story, struct text *out)
{
    if (results->all.intervals == 0 || report_cell_valid(&results->all)) return;
    text_puts(out, "<p class=\"warning\">");
    text_puts(
        out,
        story_rests_on_valid(story)
            ? "The load generator was not healthy all the time. The finding above rests on windows "
              "in which it was; its own delay may be in all other figures."
            : "Do not judge the service by these figures: the load generator was not healthy, so "
              "its own delay may be in them.");
    text_puts(out, " Run again with less load, or on a machine that does nothing else.</p>\n");
}

/* Apart from the finding: what the profile's thresholds say of it. */
static void judged(const struct results *results, struct text *out)
{
    static const char *const titles[] = {"No verdict", "Pass", "Fail", "Inconclusive", "Invalid"};
    struct text line = {0};
    text_printf(out,
                "<section class=\"judged %s\" aria-label=\"Verdict\">\n<p class=\"word\" "
                "data-figure=\"verdict\">%s</p><p class=\"thresholds\">",
                verdict_name(results->verdict), titles[results->verdict]);
    words_verdict(results, &line);
    page_flush(out, &line);
    text_puts(out, ".</p>\n</section>\n");
    text_free(&line);
}

void page_verdict(const struct results *results, struct text *out)
{
    struct text line = {0};
    struct story story = story_find(results);
    text_puts(out, "<section class=\"verdict\" aria-label=\"What this run found\">\n");
    plain(results, &story, out);
    marks(results, &story, out);
    sentence(results, &story, out);
    story_when(results, &story, &line);
    if (line.length > 0) {
        text_puts(out, "<p class=\"when\">");
        page_flush(out, &line);
        text_puts(out, "</p>\n");
    }
    warning(results, &story, out);
    text_puts(out, "<p class=\"generator\">Load generator: ");
    words_generator(results, &line);
    page_flush(out, &line);
    text_puts(out, ".</p>\n");
    page_explain(
        out, "How sure is that?",
        "There are two questions. What happened in this run is the figure in brackets, a 95% "
        "interval that knows that attempts of one session fail together. What the service does at "
        "such hours, also when nobody measures, is asked by thresholds and comparisons: an "
        "incident strikes all sessions at once, so that only more hours make that surer, and where "
        "the run is too short for an answer it says so. What stands out is the most striking of "
        "all windows and regions; whether it stands out at such hours, too, is decided at a "
        "confidence that pays for having been picked (Bonferroni).");
    text_puts(out, "</section>\n");
    judged(results, out);
    text_free(&line);
}

static void rate_card(const struct claim_of *of, enum rate_kind kind, const char *title,
                      const char *figure, struct text *out)
{
    struct rate rate = report_cell_rate(of->cell, kind);
    struct service_rate service = claim_failure_rate(of, kind);
    struct text plain = {0};
    text_printf(out, "<div class=\"card\"><dt>%s</dt>", title);
    page_open_figure(out, "dd", figure, rate.estimate.valid ? rate.estimate.value : NAN);
    if (rate.estimate.valid) {
        format_percent(&plain, rate.estimate.value);
    } else {
        text_puts(&plain, "-");
    }
    page_flush(out, &plain);
    text_puts(out, "</dd><dd class=\"sub\">");
    text_count(&plain, (uint64_t)rate.failed);
    text_puts(&plain, " of ");
    text_count(&plain, (uint64_t)rate.trials);
    if (rate.estimate.valid) {
        text_puts(&plain, "; 95%: ");
        format_percent(&plain, rate.estimate.low);
        text_puts(&plain, " to ");
        format_percent(&plain, rate.estimate.high);
        text_puts(&plain, " in this run; at such hours ");
        format_service(&plain, &service);
    }
    page_flush(out, &plain);
    text_puts(out, "</dd></div>\n");
    text_free(&plain);
}

/* P99 at such hours, of all regions: those of the whole run keep their histograms. */
static void put_claimed_tail(const struct claim_of *of, enum metric metric, struct text *out)
{
    struct service_rate above;
    struct quantile tail = claim_quantile(of, metric, 0.99, CONFIDENCE, &above);
    if (!tail.valid) {
        text_puts(out, above.dependence.why == DEPENDENCE_KNOWN ? "n too small" : "cannot tell");
        return;
    }
    format_us(out, (double)tail.low);
    text_puts(out, " to ");
    format_us(out, (double)tail.high);
}

static void latency_card(const struct claim_of *of, enum metric metric, const char *title,
                         struct text *out)
{
    const struct latency_figures *latency = &of->cell->latency[metric];
    struct text plain = {0};
    text_printf(out, "<div class=\"card\"><dt>%s</dt><dd>", title);
    format_latency(&plain, latency, latency->p50);
    page_flush(out, &plain);
    text_puts(out, "</dd><dd class=\"sub\">P99 ");
    format_tail(&plain, latency);
    if (latency->count >= P99_MIN_SAMPLES) {
        text_puts(&plain, "; 95%: ");
        format_us(&plain, (double)latency->tail.low);
        text_puts(&plain, " to ");
        format_us(&plain, (double)latency->tail.high);
        text_puts(&plain, " in this run; at such hours ");
        put_claimed_tail(of, metric, &plain);
    }
    page_flush(out, &plain);
    text_puts(out, "</dd></div>\n");
    text_free(&plain);
}

static void cost_card(const struct report_cell *cell, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    struct text plain = {0};
    text_puts(out, "<div class=\"card\"><dt>Cost</dt>");
    page_open_figure(out, "dd", "totals.cost_usd", counters_unpriced(c) ? NAN : c->cost_usd);
    format_cost(&plain, c, c->cost_usd);
    page_flush(out, &plain);
    text_puts(out, "</dd><dd class=\"sub\">");
    text_count(&plain, c->input_tokens + c->output_tokens);
    text_puts(&plain, " tokens; ");
    text_count(&plain, c->retries);
    text_puts(&plain, c->retries == 1 ? " retry" : " retries");
    page_flush(out, &plain);
    text_puts(out, "</dd></div>\n");
    text_free(&plain);
}

void page_headline(const struct results *results, struct text *out)
{
    const struct report_cell *all = &results->all;
    text_puts(
        out,
        "<section aria-labelledby=\"headline\">\n<h2 id=\"headline\" class=\"quiet\">All regions "
        "together</h2>\n"
        "<dl class=\"cards\">\n");
    const struct claim_of of = claim_of_all(results);
    rate_card(&of, RATE_ATTEMPT, "Attempts failed", "failure_rate.attempt", out);
    rate_card(&of, RATE_INTERACTION, "Interactions failed after retries",
              "failure_rate.interaction", out);
    rate_card(&of, RATE_SESSION, "Sessions with a failed attempt", "failure_rate.session", out);
    latency_card(&of, METRIC_TTFT, "Time to first token, P50", out);
    latency_card(&of, METRIC_RESPONSE, "Response, P50", out);
    cost_card(all, out);
    text_puts(out, "</dl>\n</section>\n");
}

/* The upper end of the scale shared by all regions' intervals. */
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
    page_flush(out, plain);
    text_puts(out, "</dd></div>");
}

static void region_facts(const struct report_cell *cell, struct text *out)
{
    const struct latency_figures *ttft = &cell->latency[METRIC_TTFT];
    struct rate interactions = report_cell_rate(cell, RATE_INTERACTION);
    struct text plain = {0};
    text_puts(out, "<dl>");
    text_count(&plain, cell->cell.counters.attempts_failed);
    text_puts(&plain, " of ");
    text_count(&plain, report_cell_attempts(cell));
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

static void region_card(const struct results *results, size_t region, double scale,
                        struct text *out)
{
    const struct claim_of of = claim_of_region(results, region);
    const struct report_cell *cell = of.cell;
    struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
    struct service_rate service = claim_failure_rate(&of, RATE_ATTEMPT);
    struct text plain = {0};
    text_printf(out, "<article class=\"region r%zu\" data-region=\"", region % 8);
    text_html(out, results->regions[region]);
    text_puts(out, "\">\n<h3>");
    text_html(out, results->regions[region]);
    if (!report_cell_valid(cell)) text_puts(out, " <span class=\"mark invalid\">invalid</span>");
    text_puts(out, "</h3>\n<p class=\"where\">");
    text_html(out, results_region_fact(results, region, "host"));
    text_puts(out, "</p>\n");
    page_open_figure(out, "p class=\"rate\"", "failure_rate.attempt",
                     rate.estimate.valid ? rate.estimate.value : NAN);
    format_estimate(&plain, &rate.estimate);
    page_flush(out, &plain);
    text_puts(out, "</p>\n");
    interval_bar(&rate.estimate, scale, out);
    text_puts(out, "<p class=\"hint\">at such hours: ");
    format_service(&plain, &service);
    page_flush(out, &plain);
    text_puts(out, "</p>\n");
    region_facts(cell, out);
    text_puts(out, "\n</article>\n");
    text_free(&plain);
}

void page_regions(const struct results *results, struct text *out)
{
    double scale = scale_of(results);
    text_puts(out,
              "<section aria-labelledby=\"regions\">\n<h2 id=\"regions\">Regions</h2>\n"
              "<p class=\"hint\">Failure rate of attempts in this run with its 95% interval, and "
              "below it what it says of such hours; every bar goes from 0 to ");
    text_printf(out, "%g%%.</p>\n<div class=\"regions\">\n", 100 * scale);
    for (size_t r = 0; r < results->region_count; r++) region_card(results, r, scale, out);
    text_puts(out, "</div>\n</section>\n");
}
