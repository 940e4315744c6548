/* Writes values in profile notation, exactly: reading them back gives the same value. */
#ifndef RUSHHOUR_PROFILE_NOTATION_H
#define RUSHHOUR_PROFILE_NOTATION_H

#include "base/text.h"
#include "profile/keys.h"

#include <stdint.h>

/* Appends `90s`, `1500ms`: the largest unit that gives a whole number. */
void notation_duration(struct text *out, int64_t ns);

/* Appends a number with as many digits as needed (at most 12). */
void notation_number(struct text *out, double number);

/* Appends the default or a bound of a key as JSON: quoted, unless its notation is already JSON. */
void notation_json(struct text *out, const struct key *key, const char *text);

/* Appends a comma unless an object or list has just been opened. */
void notation_comma(struct text *out);

#endif
