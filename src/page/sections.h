/* The sections of report.html below its head, in page order; each appends nothing if it has nothing
 * to show. */
#ifndef RUSHHOUR_PAGE_SECTIONS_H
#define RUSHHOUR_PAGE_SECTIONS_H

#include "figures/model.h"

void page_incidents(const struct results *results, struct text *out);
void page_thresholds(const struct results *results, struct text *out);
void page_over_time(const struct results *results, struct text *out);
void page_failures(const struct results *results, struct text *out);
void page_ages(const struct results *results, struct text *out);
void page_latency(const struct results *results, struct text *out);
void page_windows(const struct results *results, struct text *out);
void page_patterns(const struct results *results, struct text *out);
void page_holds(const struct results *results, struct text *out);
void page_limits(const struct results *results, struct text *out);
void page_azure(const struct results *results, struct text *out);

#endif
