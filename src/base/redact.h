/* The last line of defence: whatever the service sent back is scrubbed before it is kept. */
#ifndef RUSHHOUR_BASE_REDACT_H
#define RUSHHOUR_BASE_REDACT_H

#include "base/text.h"

#include <stddef.h>

/*
 * Appends `string` (at most `length` bytes) with secrets replaced by "[redacted]": each of the
 * `count` given secrets of eight characters or more, or their first sixteen characters and as many
 * more as match, also in percent-encoded, JSON-escaped, hexadecimal or base64 form; the value after
 * api-key=, Authorization: and Bearer; and anything shaped like a key or token (sk-..., ek_...,
 * eyJ... JWT).
 */
void redact(struct text *out, const char *string, size_t length, const char *const *secrets,
            size_t count);

#endif
