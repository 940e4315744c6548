/* JSON parts shared by run.json and `report --format json`. */
#ifndef RUSHHOUR_REPORT_FIGURES_JSON_H
#define RUSHHOUR_REPORT_FIGURES_JSON_H

#include "figures/claim.h"

/* Each appends one JSON value. */
void figures_totals_json(const struct results *results, struct text *out);
void figures_regions_json(const struct results *results, struct text *out);

/* One region in one window, with the members of `regions` plus `valid` and `why`. */
void figures_cell_json(const struct claim_of *of, struct text *out);

/* Adds to an open object "value", "low" and "high" of an estimate: null unless valid and finite. */
void figures_estimate_members_json(const struct estimate *estimate, struct text *out);

/* The same as an object of its own, under a key. */
void figures_estimate_json(const char *key, const struct estimate *estimate, struct text *out);

/* As figures_estimate_json, but null as a whole when the estimate is not valid. */
void figures_interval_json(const char *key, const struct estimate *estimate, struct text *out);

/* Adds to an open object the members for an interval at such hours; bounds are null unless
 * known. */
void figures_service_bounds_json(const struct service_rate *rate, bool known, struct text *out);
void figures_generator_json(const struct results *results, struct text *out);

#endif
