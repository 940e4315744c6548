#include "page/html.h"

#include <math.h>

void page_put_table(const struct results *results, const char *caption, page_table *build,
                    struct text *out)
{
    struct table rows = {0};
    build(results, &rows);
    if (rows.failed || rows.count > rows.columns) table_html(&rows, caption, out);
    table_free(&rows);
}

void page_open_figure(struct text *out, const char *tag, const char *figure, double value)
{
    text_printf(out, "<%s data-figure=\"%s\" data-value=\"", tag, figure);
    if (isfinite(value)) text_printf(out, "%.10g", value);
    text_puts(out, "\">");
}

void page_flush(struct text *out, struct text *plain)
{
    text_html(out, text_str(plain));
    if (plain->failed) out->failed = true;
    text_clear(plain);
}

void page_explain(struct text *out, const char *question, const char *answer)
{
    text_printf(out, "<details class=\"why\"><summary>%s</summary><p>%s</p></details>\n", question,
                answer);
}

void page_section(struct text *out, const char *id, const char *title)
{
    text_printf(out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, title);
}
