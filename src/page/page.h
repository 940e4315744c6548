/* A run as one self-contained page: report.html. */
#ifndef RUSHHOUR_PAGE_PAGE_H
#define RUSHHOUR_PAGE_PAGE_H

#include "base/text.h"
#include "figures/results.h"

/* Appends the page. */
void results_html(const struct results *results, struct text *out);

#endif
