/* The last line of defence: what the service sent back is scrubbed before it is kept. */
#ifndef RUSHHOUR_BASE_REDACT_H
#define RUSHHOUR_BASE_REDACT_H

#include "base/text.h"

#include <stddef.h>

/*
 * Appends `string` (at most `length` bytes) with secrets replaced by "[redacted]": each of the
 * `count` given secrets of eight characters or more, or their first sixteen and what follows of
 * them, also when only the percent-encoded, JSON-escaped, hexadecimal or base64 form stands there;
 * the value of api-key=, Authorization: and Bearer forms; and what is shaped like a key or token
 * (sk-..., ek_..., eyJ... JWT).
 */
void redact(struct text *out, const char *string, size_t length, const char *const *secrets,
            size_t count);

#endif
