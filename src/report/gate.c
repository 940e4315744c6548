#include "report/gate.h"

#include "base/visible.h"
#include "figures/model.h"
#include "report/format.h"
#include "report/words.h"

/* What was seen and where, and why there is no verdict: one line, into an empty text. */
static void put_reason(const struct results *results, const struct judged *judged, struct text *out)
{
    struct text words = {0};
    if (judged->of.observed_known) {
        text_puts(out, "observed ");
        format_judged(out, judged);
        text_puts(out, ", ");
        format_judged_where(out, results, judged);
        if (!judged->of.about_run) {
            text_puts(out, "; at such hours ");
            format_judged_service(out, judged);
        }
    }
    words_threshold(judged, &words);
    if (judged->of.verdict == VERDICT_INVALID) text_puts(&words, judged->of.why);
    if (words.length > 0) text_printf(out, "%s%s", out->length > 0 ? "; " : "", text_str(&words));
    text_free(&words);
}

/* ---- JUnit ---- */

/* XML 1.0 has no place for most control characters, not even escaped. */
static void put_xml(struct text *out, const char *string)
{
    struct text shown = {0};
    visible_append(&shown, string);
    text_html(out, text_str(&shown)); /* whose entities are XML's */
    text_free(&shown);
}

static size_t count(const struct results *results, enum verdict verdict)
{
    size_t same = 0;
    for (size_t i = 0; i < results->judged_count; i++)
        same += results->judged[i].of.verdict == verdict;
    return same;
}

static void put_case(const struct results *results, const struct judged *judged, struct text *out)
{
    static const char *const elements[] = {[VERDICT_FAIL] = "failure",
                                           [VERDICT_INVALID] = "error",
                                           [VERDICT_INCONCLUSIVE] = "skipped"};
    const enum verdict verdict = judged->of.verdict;
    struct text reason = {0};
    put_reason(results, judged, &reason);
    text_puts(out, "    <testcase classname=\"");
    put_xml(out, results_fact(results, "run", "profile"));
    text_puts(out, "\" name=\"");
    put_xml(out, judged->expression);
    text_puts(out, "\">");
    if (verdict == VERDICT_PASS || verdict == VERDICT_NONE) {
        text_puts(out, "\n      <system-out>");
        put_xml(out, text_str(&reason));
        text_puts(out, "</system-out>");
    } else {
        text_printf(out, "\n      <%s message=\"%s: ", elements[verdict], verdict_name(verdict));
        put_xml(out, text_str(&reason));
        text_puts(out, "\"/>");
    }
    text_puts(out, "\n    </testcase>\n");
    text_free(&reason);
}

void gate_junit(const struct results *results, struct text *out)
{
    text_puts(out,
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    put_xml(out, results_fact(results, "run", "profile"));
    text_printf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
                results->judged_count, count(results, VERDICT_FAIL),
                count(results, VERDICT_INVALID), count(results, VERDICT_INCONCLUSIVE));
    const char *started = results_fact(results, "run", "started");
    if (*started != '\0') {
        text_puts(out, " timestamp=\"");
        put_xml(out, started);
        text_puts(out, "\"");
    }
    text_puts(out, ">\n    <properties>\n      <property name=\"verdict\" value=\"");
    text_puts(out, verdict_name(results->verdict));
    text_puts(out, "\"/>\n      <property name=\"run\" value=\"");
    put_xml(out, results_fact(results, "run", "id"));
    text_puts(out, "\"/>\n    </properties>\n");
    for (size_t i = 0; i < results->judged_count; i++) put_case(results, &results->judged[i], out);
    text_puts(out, "  </testsuite>\n</testsuites>\n");
}

/* ---- GitHub ---- */

/* As the workflow commands want it: a value of the title has more to escape than the message. */
static void put_command(struct text *out, const char *string, bool is_title)
{
    struct text shown = {0};
    visible_append(&shown, string);
    for (const char *s = text_str(&shown); *s != '\0'; s++) {
        if (*s == '%' || (is_title && (*s == ':' || *s == ','))) {
            text_printf(out, "%%%02X", (unsigned char)*s);
        } else {
            text_append(out, s, 1);
        }
    }
    text_free(&shown);
}

static void annotate(const char *level, const char *title, const char *message, struct text *out)
{
    text_printf(out, "::%s title=", level);
    put_command(out, title, true);
    text_puts(out, "::");
    put_command(out, message, false);
    text_puts(out, "\n");
}

void gate_github(const struct results *results, struct text *out)
{
    struct text line = {0};
    struct text reason = {0};
    for (size_t i = 0; i < results->judged_count; i++) {
        const struct judged *judged = &results->judged[i];
        if (judged->of.verdict == VERDICT_PASS || judged->of.verdict == VERDICT_NONE) continue;
        text_clear(&line);
        text_clear(&reason);
        put_reason(results, judged, &reason);
        text_printf(&line, "%s: %s", verdict_name(judged->of.verdict), text_str(&reason));
        annotate(judged->of.verdict == VERDICT_FAIL ? "error" : "warning", judged->expression,
                 text_str(&line), out);
    }
    text_clear(&line);
    text_printf(&line, "%s: ", verdict_name(results->verdict));
    words_verdict(results, &line);
    annotate("notice", results_fact(results, "run", "profile"), text_str(&line), out);
    text_free(&reason);
    text_free(&line);
}
