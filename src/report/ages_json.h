/* Failure rates by turn and by socket age as JSON, for the report and the page's charts. */
#ifndef RUSHHOUR_REPORT_AGES_JSON_H
#define RUSHHOUR_REPORT_AGES_JSON_H

#include "figures/model.h"

/* Appends one array with an object per region. */
void ages_json(const struct results *results, struct text *out);

#endif
