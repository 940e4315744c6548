/* The top of the page: verdict, headline figures, one card per region. */
#ifndef RUSHHOUR_PAGE_HEAD_H
#define RUSHHOUR_PAGE_HEAD_H

#include "figures/model.h"

/* Each appends one section. Figures carry data-figure and data-value, so that a script can compare
 * them with run.json. */
void page_verdict(const struct results *results, struct text *out);
void page_headline(const struct results *results, struct text *out);
void page_regions(const struct results *results, struct text *out);

#endif
