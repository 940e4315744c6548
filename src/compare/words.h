/* Sentences and tables shared by every form of a comparison. */
#ifndef RUSHHOUR_COMPARE_WORDS_H
#define RUSHHOUR_COMPARE_WORDS_H

#include "compare/model.h"
#include "report/table.h"

/* Each appends plain text without a newline. */
/* the verdict in one sentence */
void compare_headline(const struct compared *comparison, struct text *out);
/* what was done, and how often */
void compare_method(const struct compared *comparison, struct text *out);

/* Appends a row's value with its interval, "0.80% (0.41-1.58)", or "-" when it is unknown. */
void compare_value_words(const struct compare_row *row, const struct compare_value *value,
                         struct text *out);

/* Appends the row's difference at such hours with its interval, "+14.3 points (+12.0 to +16.8)",
 * or "+14.3 points seen, no interval" when the runs cannot tell. */
void compare_difference_words(const struct compare_row *row, struct text *out);

/* Each fills a zeroed table; without rows the table holds only its headings. */
void compare_table_changes(const struct compared *comparison, struct table *table);
void compare_table_metrics(const struct compared *comparison, struct table *table);
void compare_table_needed(const struct compared *comparison, struct table *table);
void compare_table_codes(const struct compared *comparison, struct table *table);
void compare_table_beyond(const struct compared *comparison, struct table *table);

/* Adds what differs between the manifests as a member of an open object. */
void compare_changes_json(const char *key, const struct compared *comparison, struct text *out);

#endif
