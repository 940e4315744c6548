/* Pretty-prints compact JSON. */
#ifndef RUSHHOUR_PROFILE_LAYOUT_H
#define RUSHHOUR_PROFILE_LAYOUT_H

#include "base/text.h"

/* Appends well-formed compact JSON, indented by two spaces; a list or object that fits stays on one
 * line. Ends with a newline. */
void layout_json(struct text *out, const char *compact);

#endif
