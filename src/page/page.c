#include "page/page.h"

#include "page/assets.h"
#include "page/data.h"
#include "page/head.h"
#include "page/parts.h"
#include "page/sections.h"
#include "report/words.h"

#include <string.h>

static void asset(struct text *out, struct asset asset)
{
    text_append(out, asset.bytes, asset.length);
}

static void head(const struct results *results, struct text *out)
{
    text_puts(
        out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
             "'unsafe-inline'; "
             "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
             "<link rel=\"icon\" href=\"data:,\">\n<title>");
    text_html(out, results_fact(results, "run", "profile"));
    text_printf(out, ": %s, ", verdict_name(results->verdict));
    text_html(out, results_fact(results, "run", "id"));
    text_puts(out, "</title>\n<style>\n");
    asset(out, asset_css());
    text_puts(out, "</style>\n</head>\n");
}

static void title(const struct results *results, struct text *out)
{
    struct text line = {0};
    text_puts(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n<header>\n"
                   "<p class=\"brand\">rushhour report</p>\n<h1>");
    text_html(out, results_fact(results, "run", "profile"));
    text_puts(out, "</h1>\n<p class=\"run\"><span>");
    text_html(out, results_fact(results, "run", "id"));
    text_puts(out, "</span> ");
    words_run(results, &line);
    text_html(out, text_str(&line));
    text_free(&line);
    text_puts(out, "</p>\n</header>\n");
}

static void navigation(const char *main, struct text *out)
{
    static const struct {
        const char *id, *title;
    } sections[] = {{"matrix", "Where and when"},
                    {"incidents", "Incidents"},
                    {"regions", "Regions"},
                    {"time", "Over time"},
                    {"retries", "Retries"},
                    {"failures", "Failures"},
                    {"ages", "Age"},
                    {"latency", "Latency"},
                    {"windows", "Windows"},
                    {"patterns", "Patterns"},
                    {"holds", "Held back"},
                    {"limits", "Limits"},
                    {"azure", "Azure"},
                    {"read", "How to read this"}};
    struct text id = {0};
    text_puts(out, "<nav aria-label=\"Sections\">\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        text_clear(&id);
        text_printf(&id, "<h2 id=\"%s\"", sections[i].id);
        if (strstr(main, text_str(&id)) == NULL) continue;
        text_printf(out, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].title);
    }
    text_puts(out, "</nav>\n");
    text_free(&id);
}

static void notes(const struct results *results, struct text *out)
{
    const char *line = text_str(&results->notes);
    if (*line == '\0') return;
    text_puts(out,
              "<section class=\"notes\" aria-labelledby=\"notes\">\n<h2 id=\"notes\">Notes on this "
              "run</h2>\n<ul>\n");
    while (*line != '\0') {
        struct text one = {0};
        size_t length = 0;
        while (line[length] != '\0' && line[length] != '\n') length++;
        text_append(&one, line, length);
        text_puts(out, "<li>");
        text_html(out, text_str(&one));
        text_puts(out, "</li>\n");
        text_free(&one);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    text_puts(out, "</ul>\n</section>\n");
}

static void definition(struct text *out, const char *word, const char *meaning)
{
    text_puts(out, "<div><dt>");
    text_html(out, word);
    text_puts(out, "</dt><dd>");
    text_html(out, meaning);
    text_puts(out, "</dd></div>\n");
}

static void how_to_read(const struct results *results, struct text *out)
{
    size_t count;
    const struct definition *list = words_definitions(&count);
    text_puts(out, "<section aria-labelledby=\"read\">\n<h2 id=\"read\">How to read this</h2>\n<dl "
                   "class=\"words\">\n");
    for (size_t i = 0; i < count; i++) definition(out, list[i].word, list[i].meaning);
    for (int m = 0; m < METRIC_COUNT; m++) {
        enum metric metric = (enum metric)m;
        if (words_metric_used(results, metric))
            definition(out, metric_name(metric), metric_meaning(metric));
    }
    text_puts(out, "</dl>\n</section>\n");
}

static void foot(const struct results *results, struct text *out)
{
    text_puts(out, "</main>\n<footer><p>Made by rushhour " RUSHHOUR_VERSION
                   " from the run folder alone. Charts: Chart.js, "
                   "MIT licence.</p></footer>\n<script type=\"application/json\" id=\"figures\">");
    page_data(results, out);
    text_puts(out, "</script>\n<script>\n");
    asset(out, asset_chartjs());
    text_puts(out, "\n</script>\n<script>\n");
    asset(out, asset_js());
    text_puts(out, "</script>\n</body>\n</html>\n");
}

/* Everything between the navigation and the footer; the navigation's links depend on it. */
static void sections(const struct results *results, struct text *out)
{
    page_verdict(results, out);
    page_matrix(results, out);
    page_incidents(results, out);
    page_headline(results, out);
    page_thresholds(results, out);
    page_regions(results, out);
    page_over_time(results, out);
    page_retries(results, out);
    page_failures(results, out);
    page_ages(results, out);
    page_latency(results, out);
    page_windows(results, out);
    page_patterns(results, out);
    page_holds(results, out);
    page_limits(results, out);
    page_azure(results, out);
    notes(results, out);
    how_to_read(results, out);
}

void results_html(const struct results *results, struct text *out)
{
    struct text main = {0};
    sections(results, &main);
    if (main.failed) out->failed = true;
    head(results, out);
    title(results, out);
    navigation(text_str(&main), out);
    text_puts(out, "<main id=\"main\">\n");
    text_append(out, text_str(&main), main.length);
    foot(results, out);
    text_free(&main);
}
