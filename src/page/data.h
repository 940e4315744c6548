/* The figures behind the page's charts, as JSON for its script. */
#ifndef RUSHHOUR_PAGE_DATA_H
#define RUSHHOUR_PAGE_DATA_H

#include "figures/model.h"

/* Appends JSON that is safe inside a <script> element: <, >, &, U+2028 and U+2029 are escaped. */
void page_data(const struct results *results, struct text *out);

#endif
