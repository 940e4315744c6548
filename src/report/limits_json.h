/* The limits of a region as JSON. */
#ifndef RUSHHOUR_REPORT_LIMITS_JSON_H
#define RUSHHOUR_REPORT_LIMITS_JSON_H

#include "base/text.h"
#include "figures/model.h"

/* Appends the member "limits": what the service told per minute, and what the profile says was
 * bought. */
void limits_json(const struct results *results, size_t region, const struct report_cell *cell,
                 struct text *out);

#endif
