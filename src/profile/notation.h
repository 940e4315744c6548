/* Values written the way a profile writes them, exactly: what is read back is what was there. */
#ifndef RUSHHOUR_PROFILE_NOTATION_H
#define RUSHHOUR_PROFILE_NOTATION_H

#include "base/text.h"
#include "profile/keys.h"

#include <stdint.h>

/* Appends `90s`, `1500ms`: the largest unit that leaves a whole number. */
void notation_duration(struct text *out, int64_t ns);

/* Appends a number with as many digits as it needs (12 at most). */
void notation_number(struct text *out, double number);

/* Appends the default or a bound of a key as JSON: quoted, unless its notation is JSON itself. */
void notation_json(struct text *out, const struct key *key, const char *text);

/* Appends a comma unless an object or list has just been opened. */
void notation_comma(struct text *out);

#endif
