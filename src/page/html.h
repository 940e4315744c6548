/* Helpers shared by the parts of report.html. */
#ifndef RUSHHOUR_PAGE_HTML_H
#define RUSHHOUR_PAGE_HTML_H

#include "base/text.h"
#include "report/table.h"
#include "report/tables.h"

typedef void page_table(const struct results *results, struct table *table);

/* Draws a table with its caption, or nothing if it has no rows. */
void page_put_table(const struct results *results, const char *caption, page_table *build,
                    struct text *out);

/* Opens <TAG data-figure data-value>: the value as in run.json (10 digits), or empty if not
 * finite. */
void page_open_figure(struct text *out, const char *tag, const char *figure, double value);

/* Appends plain text, escaped, and empties it. */
void page_flush(struct text *out, struct text *plain);

/* A question that expands to its answer, next to the figure that it explains. Only for HTML of our
 * own. */
void page_explain(struct text *out, const char *question, const char *answer);

/* A section with its heading; the caller closes it with </section>. */
void page_section(struct text *out, const char *id, const char *title);

#endif
