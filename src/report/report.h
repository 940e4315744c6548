/* The report formats made here; for the page see page/page.h. Each appends. */
#ifndef RUSHHOUR_REPORT_REPORT_H
#define RUSHHOUR_REPORT_REPORT_H

#include "base/text.h"
#include "figures/results.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

void results_text(const struct results *results, bool colour, struct text *out);
/* What a run's end shows: the verdict, the regions, what struck them worst, and what qualifies it;
 * about 20 lines of so many columns. */
void results_brief(const struct results *results, bool colour, size_t width, struct text *out);
/* Whether the figures are to be believed: appends nothing, or one sentence that says why not. */
void results_warning(const struct results *results, bool colour, size_t width, struct text *out);
void results_markdown(const struct results *results, struct text *out);
void results_csv(const struct results *results, struct text *out);
void results_json(const struct results *results, struct text *out);

/* Adds `totals`, `regions`, `thresholds`, `verdict` and `generator` to a manifest, as specified by
 * the contract. */
MUST_USE enum err_code results_complete_manifest(const struct results *results, cJSON *manifest,
                                                 struct error *err);

#endif
