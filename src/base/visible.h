/* Characters in text from outside that must not reach a reader as they are: they move the cursor,
 * turn the direction of a line around, or hide what follows. */
#ifndef RUSHHOUR_BASE_VISIBLE_H
#define RUSHHOUR_BASE_VISIBLE_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at s, which ends with a NUL, and its length in bytes; a byte that is not UTF-8 is
 * U+FFFD of length 1. */
uint32_t visible_point(const char *s, size_t *length);

/* Controls (C0, DEL, C1), bidirectional controls, line and paragraph separators, invisible
 * characters and tags (Unicode TR36), and U+FFFD for what is not UTF-8. */
bool visible_is_hidden(uint32_t point);

/* Appends one as people can see it: \\u202e, or \\U000e0041 beyond the first plane. */
void visible_escape(struct text *out, uint32_t point);

/* Appends a string with each hidden character escaped, and nothing else changed. */
void visible_append(struct text *out, const char *string);

#endif
