/* Thresholds and their verdicts in JSON, as run.json and `report --format json` have them. */
#ifndef RUSHHOUR_REPORT_THRESHOLDS_JSON_H
#define RUSHHOUR_REPORT_THRESHOLDS_JSON_H

#include "figures/model.h"

/* Appends an array with one object per threshold. */
void thresholds_json(const struct results *results, struct text *out);

#endif
