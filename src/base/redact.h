/* The last line of defence: whatever the service sent back is scrubbed before it is kept. */
#ifndef RUSHHOUR_BASE_REDACT_H
#define RUSHHOUR_BASE_REDACT_H

#include "base/text.h"

#include <stddef.h>

/* Shorter secrets are not looked for: they would hide ordinary words. */
#define REDACT_SHORTEST 8

/* Secrets that are too many for a list. Borrows them; NULL when out of memory. */
struct redact_index;
struct redact_index *redact_index_new(const char *const *secrets, size_t count);
void redact_index_free(struct redact_index *index);

/*
 * Appends `string` (at most `length` bytes) with secrets replaced by "[redacted]": each of the
 * `count` given secrets of eight characters or more, or their first sixteen characters and as many
 * more as match, also in percent-encoded, JSON-escaped, hexadecimal or base64 form; the value after
 * api-key=, Authorization: and Bearer; and anything shaped like a key or token (sk-..., ek_...,
 * eyJ... JWT).
 */
void redact(struct text *out, const char *string, size_t length, const char *const *secrets,
            size_t count);

/* The same, also with the secrets of an index (NULL: none). */
void redact_many(struct text *out, const char *string, size_t length, const char *const *secrets,
                 size_t count, const struct redact_index *index);

#endif
