/* How turns were taken where users speak, as JSON. */
#ifndef RUSHHOUR_REPORT_VOICE_JSON_H
#define RUSHHOUR_REPORT_VOICE_JSON_H

#include "base/text.h"
#include "figures/cells.h"

/* Appends the member "voice" of a region or of the totals; nothing where nobody spoke. */
void voice_json(const struct report_cell *cell, struct text *out);

#endif
