/*
 * Base64 with padding (RFC 4648, section 4), as histogram logs carry their payloads. Decoding is
 * piecewise and bounded.
 */
#ifndef RUSHHOUR_STATS_BASE64_H
#define RUSHHOUR_STATS_BASE64_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the base64 form of `length` bytes. */
void base64_encode(struct text *out, const unsigned char *bytes, size_t length);

/*
 * Decodes one piece, whose length is a multiple of four, into out (length/4*3 bytes) and sets
 * *decoded. Padding is allowed at the end of the `last` piece only. False for anything that is not
 * canonical base64.
 */
bool base64_decode(const char *piece, size_t length, bool last, unsigned char *out,
                   size_t *decoded);

/* How many bytes a whole base64 string stands for; false when its length or padding cannot be
 * right. */
bool base64_decoded_length(const char *string, size_t length, size_t *decoded);

#endif
