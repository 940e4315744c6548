/* A growing text buffer, with the escaping that our output formats need. */
#ifndef RUSHHOUR_BASE_TEXT_H
#define RUSHHOUR_BASE_TEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Zero-initialise ({0}). `data` is NUL-terminated once anything has been appended; use text_str()
 * for a string that is never NULL. Running out of memory sets `failed` and turns later appends into
 * no-ops: check it once, at the end.
 */
struct text {
    char *data;
    size_t length; /* bytes, without the NUL */
    size_t capacity;
    bool failed;
};

void text_append(struct text *text, const char *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. NULL becomes
 * null. */
void text_json(struct text *text, const char *string);

/* Appends text for HTML content or a quoted attribute; hidden characters (base/visible.h) other
 * than white space are shown escaped. */
void text_html(struct text *text, const char *string);

/* Appends one CSV field, quoted if necessary (RFC 4180). */
void text_csv(struct text *text, const char *field);

/* Appends the string percent-encoded for a URL's query value or path segment (RFC 3986: unreserved
 * characters stay). */
void text_percent(struct text *text, const char *string);

/* Copies a string into out[size]; if it is too long, cuts it between UTF-8 characters. */
void text_copy(char *out, size_t size, const char *string);

/* The text as a C string: "" when empty. Valid until the next append. */
const char *text_str(const struct text *text);

/* Empties the text and keeps its memory. */
void text_clear(struct text *text);
void text_free(struct text *text);

/* Like text_free, for a text that held a secret: overwrites its memory first. Copies left behind
 * when an append reallocated are out of reach: append a secret in one piece. */
void text_wipe(struct text *text);

/* Hands the string over to the caller, who frees it with free(); NULL if memory ran out. The text
 * is empty afterwards. */
char *text_take(struct text *text);

#endif
