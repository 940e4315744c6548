#include "page/sections.h"

#include "page/html.h"
#include "page/parts.h"
#include "report/azure_tables.h"
#include "report/incidents_show.h"
#include "report/patterns_show.h"
#include "report/words.h"

#include <string.h>

/* Rows of all window tables together: with this many the page of a long run stays below a
 * megabyte. */
#define MAX_ROWS 600

/* What each verdict rests on. */
static void threshold_words(const struct results *results, struct text *out)
{
    struct text words = {0};
    text_puts(out, "<ul class=\"hint\">\n");
    for (size_t i = 0; i < results->judged_count; i++) {
        words_threshold(&results->judged[i], &words);
        if (words.length == 0) continue;
        text_puts(out, "<li>");
        text_html(out, results->judged[i].expression);
        text_puts(out, ": ");
        page_flush(out, &words);
        text_puts(out, "</li>\n");
    }
    text_puts(out, "</ul>\n");
    text_free(&words);
}

void page_thresholds(const struct results *results, struct text *out)
{
    if (results->judged_count == 0) return;
    text_puts(out,
              "<section aria-labelledby=\"thresholds\">\n<h2 id=\"thresholds\">Thresholds</h2>\n");
    page_put_table(results, "Thresholds of the profile and their verdicts", tables_thresholds, out);
    threshold_words(results, out);
    text_puts(out, "</section>\n");
}

/* The load, under a chart over time. */
static void load_chart(struct text *out, const char *kind, size_t region, const char *name)
{
    if (strcmp(kind, "rate") != 0 && strcmp(kind, "ttft") != 0 && strcmp(kind, "codes") != 0)
        return;
    text_printf(out,
                "<div class=\"chart load\"><canvas role=\"img\" data-chart=\"load\" "
                "data-region=\"%zu\" data-under=\"%s\" aria-label=\"",
                region, kind);
    text_html(out, name);
    text_puts(out, name[0] == '\0' ? "Chart: load" : ", chart: load");
    text_puts(out, "; its figures are in the table below\"></canvas></div>\n");
}

void page_chart(struct text *out, const char *kind, size_t region, const char *name,
                const char *caption)
{
    text_printf(out, "<figure class=\"r%zu\">\n<figcaption>", region % 8);
    text_html(out, name);
    text_puts(out, name[0] == '\0' ? "" : ": ");
    text_html(out, caption);
    text_printf(out,
                "</figcaption>\n<div class=\"chart %s\"><canvas role=\"img\" data-chart=\"%s\" "
                "data-region=\"%zu\" "
                "aria-label=\"",
                kind, kind, region);
    text_html(out, name);
    text_puts(out, name[0] == '\0' ? "Chart: " : ", chart: ");
    text_html(out, caption);
    text_puts(out, "; the figures are in the table below it\"></canvas></div>\n");
    load_chart(out, kind, region, name);
    text_puts(out, "<details><summary>Figures of this chart</summary><div "
                   "class=\"scroll\"></div></details>\n</figure>\n");
}

static void panels(const struct results *results, const char *kind, const char *caption,
                   struct text *out)
{
    text_printf(out, "<div class=\"charts%s\">\n", results->region_count == 1 ? " wide" : "");
    for (size_t r = 0; r < results->region_count; r++)
        page_chart(out, kind, r, results->regions[r], caption);
    text_puts(out, "</div>\n");
}

static void lines(const struct results *results, struct text *out)
{
    panels(results, "rate", "failure rate", out);
    page_explain(out, "What is the band?",
                 "The 95% interval of the failure rate at each point. Where bands of two points "
                 "overlap widely, "
                 "the difference between them may be chance; where few attempts were made, the "
                 "band is wide.");
    panels(results, "ttft", "time to first token", out);
    page_explain(out, "Why is a P99 point hollow?",
                 "A P99 needs 368 values before its interval is finite. A point with fewer shows "
                 "the slowest "
                 "value instead, and is hollow. Attempts that failed before their first token are "
                 "not in these "
                 "lines; the table of all attempts under Latency counts them as infinitely slow.");
}

void page_over_time(const struct results *results, struct text *out)
{
    page_section(out, "time", "Over time");
    text_puts(out, "<noscript><p>The charts need JavaScript; every figure is also in the "
                   "tables.</p></noscript>\n"
                   "<p class=\"hint\" id=\"steps\"></p>\n");
    if (results->groupings[1].slice_count > 0) lines(results, out);
    text_puts(out, "</section>\n");
}

void page_windows(const struct results *results, struct text *out)
{
    size_t shown = 0;
    for (size_t g = 0; g < results->grouping_count; g++) shown += results->groupings[g].shown;
    if (shown == 0) return;
    text_puts(out, "<section aria-labelledby=\"windows\">\n<h2 id=\"windows\">Windows</h2>\n");
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (!results->groupings[g].shown) continue;
        struct text caption = {0};
        struct table rows = {0};
        text_puts(&caption, "By window, ");
        words_grouping(&results->groupings[g], &caption);
        size_t left_out =
            tables_windows(results, &results->groupings[g], MAX_ROWS / shown, true, &rows);
        table_html(&rows, text_str(&caption), out);
        if (left_out > 0) {
            text_clear(&caption);
            words_left_out(left_out, &caption);
            text_puts(out, "<p class=\"hint\">");
            text_html(out, text_str(&caption));
            text_puts(out, "</p>\n");
        }
        table_free(&rows);
        text_free(&caption);
    }
    text_puts(out, "</section>\n");
}

static bool any_failure(const struct report_cell *cell)
{
    for (size_t i = 0; i < cell->cell.tally_count; i++) {
        if (cell->cell.tallies[i].domain != DOMAIN_NONE) return true;
    }
    return false;
}

void page_incidents(const struct results *results, struct text *out)
{
    struct text line = {0};
    page_section(out, "incidents", "Incidents");
    incidents_summary(results, &line);
    text_puts(out, "<p>");
    page_flush(out, &line);
    text_puts(out, "</p>\n");
    page_put_table(results, "Incidents, those with the most failures", incidents_table, out);
    if (results->incidents->count > 0)
        page_put_table(results, "Outside of incidents", incidents_outside_table, out);
    page_explain(
        out, "What is an incident?",
        "A stretch of time in which one or several regions failed far oftener than in the rest of "
        "the run: twice as often at least, and so much that in 95 of 100 runs without an incident "
        "no stretch does. Failures of one session count once, so a session gone bad is none. "
        "Failures by a quota, the configuration or credentials, and all that happened while the "
        "load generator was not healthy, are left out.");
    text_puts(out, "</section>\n");
    text_free(&line);
}

void page_failures(const struct results *results, struct text *out)
{
    text_puts(out, "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">Failures</h2>\n");
    page_put_table(results, "Failures by region", tables_failures, out);
    if (any_failure(&results->all)) {
        text_puts(out, "<div class=\"pick\"></div>\n");
        page_chart(out, "codes", 0, "", "Failures by code over time");
        page_explain(out, "What does a code say?",
                     "Where the failure was seen and as what: an HTTP status, an error event of "
                     "the service, a "
                     "close frame, a silence. The table below says of each what it usually means "
                     "and what to "
                     "do.");
        page_put_table(results, "Failures by code, and what to do", tables_advice, out);
        page_put_table(results, "Failures by region and code", tables_codes, out);
    } else {
        text_puts(out, "<p class=\"hint\">No failure was recorded.</p>\n");
    }
    page_put_table(results, "Ends that are not failures", tables_lifecycle, out);
    page_put_table(results, "Sessions that were tried once more after a failed response",
                   tables_probes, out);
    text_puts(out, "</section>\n");
}

void page_holds(const struct results *results, struct text *out)
{
    struct text line = {0};
    words_holds(results, &line);
    if (line.length > 0) {
        page_section(out, "holds", "Held back");
        text_puts(out, "<p>");
        text_html(out, text_str(&line));
        text_puts(out, "</p>\n");
        page_put_table(results, "Regions whose load was held back", tables_holds, out);
        text_puts(out, "</section>\n");
    }
    text_free(&line);
}

void page_limits(const struct results *results, struct text *out)
{
    struct text table = {0};
    page_put_table(results, "By headers of the upgrade and by rate_limits.updated", tables_limits,
                   &table);
    if (table.failed) out->failed = true;
    if (table.length > 0) {
        page_section(out, "limits", "Limits that the service told, against the quota");
        text_append(out, text_str(&table), table.length);
        text_puts(out, "</section>\n");
    }
    text_free(&table);
}

void page_azure(const struct results *results, struct text *out)
{
    if (results->azure == NULL) return;
    struct text line = {0};
    words_azure(results, &line);
    text_puts(out,
              "<section aria-labelledby=\"azure\">\n<h2 id=\"azure\">What Azure says</h2>\n<p>");
    text_html(out, text_str(&line));
    text_puts(out, "</p>\n");
    page_put_table(results, "Service health", tables_health, out);
    page_put_table(results, "Beside our windows", tables_azure, out);
    text_puts(out, "</section>\n");
    text_free(&line);
}

void page_ages(const struct results *results, struct text *out)
{
    double attempts = 0;
    double contexts = 0; /* runs of earlier versions do not say */
    for (size_t r = 0; r < results->region_count; r++) {
        attempts += ages_attempts(&results->ages[r], AGES_TURN);
        contexts += ages_attempts(&results->ages[r], AGES_CONTEXT);
    }
    if (!(attempts > 0)) return;
    page_section(out, "ages", "Does it come with age?");
    text_puts(out, "<div class=\"charts wide\">\n");
    page_chart(out, "turns", 0, "", "Failure rate by turn of the session");
    page_chart(out, "sockets", 0, "", "Failure rate by age of the connection");
    if (contexts > 0)
        page_chart(out, "contexts", 0, "",
                   "Failure rate by tokens of the conversation before the turn");
    text_puts(out, "</div>\n");
    page_put_table(results, "By the size of the conversation before the turn, in tokens",
                   tables_context, out);
    page_explain(
        out, "How to read this",
        "A rate that rises to the right says that sessions or connections wear out: reconnect "
        "earlier. A "
        "rate that is high only on the left says that opening is the trouble. Whiskers are the 95% "
        "interval; where they overlap widely, there is nothing to see. A hollow point at the top "
        "lies beyond "
        "the scale, out of few attempts. Attempts whose session never "
        "opened have neither turn nor age and are not in these charts. A conversation is read "
        "again "
        "for every turn: where long ones are slow or fail, cut or replace them "
        "(session.history).");
    text_puts(out, "</section>\n");
}

void page_patterns(const struct results *results, struct text *out)
{
    struct text tables = {0};
    page_put_table(results, "The window that stands out most, by region",
                   patterns_concentration_table, &tables);
    page_put_table(results, "Failure rate by hour of the day", patterns_hours_table, &tables);
    page_put_table(results, "Do regions fail at the same times?", patterns_together_table, &tables);
    if (tables.failed) out->failed = true;
    if (tables.length > 0) {
        page_section(out, "patterns", "Patterns");
        text_append(out, text_str(&tables), tables.length);
        page_explain(
            out, "How to read this",
            "A window stands out when it has more failures than its load lets expect, outside of "
            "incidents, or more incidents than its share; p is the chance of such a window among "
            "all of them, and knows that failures come together. Two regions fail together when "
            "they do so in the same intervals more often than if one had been shifted in time; p "
            "is corrected for the number of pairs. That does not say why.");
        text_puts(out, "</section>\n");
    }
    text_free(&tables);
}

void page_latency(const struct results *results, struct text *out)
{
    text_puts(out, "<section aria-labelledby=\"latency\">\n<h2 id=\"latency\">Latency</h2>\n");
    page_put_table(results, "Attempts that got an answer (interactions: to their end)",
                   tables_latency, out);
    page_put_table(results, "All attempts: one that failed counts as infinitely slow",
                   tables_all_attempts, out);
    text_puts(out, "<div class=\"charts wide\">\n");
    page_chart(out, "curve-ttft", 0, "",
               "Time to first token by percentile, attempts that got an answer");
    page_chart(out, "curve-response", 0, "", "Response by percentile, attempts that got an answer");
    text_puts(out, "</div>\n");
    page_explain(
        out, "How to read these curves",
        "To the right the rarest, slowest answers: each step of the axis is ten times rarer (it "
        "goes by "
        "1/(1-q), as HdrHistogram draws it). A curve that stays flat and then jumps has a tail of "
        "stalls. The last point is the slowest answer of all.");
    text_puts(out, "<details><summary>Every metric of every region</summary>\n");
    page_put_table(results, "Every metric of every region", tables_metrics, out);
    page_put_table(results, "Voice: how turns were taken, and the silence that users felt",
                   tables_voice, out);
    page_put_table(
        results,
        "Voice: how answers were heard (rtf: time to come over time to play; gaps by prebuffer)",
        tables_heard, out);
    text_puts(out, "</details>\n</section>\n");
}
