/* Writes JSON into a text, token by token. Commas are added automatically: a value gets one unless
 * it follows '{', '[', ':' or a newline (JSON Lines). */
#ifndef RUSHHOUR_BASE_JSON_H
#define RUSHHOUR_BASE_JSON_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

void json_key(struct text *out, const char *key);
void json_open(struct text *out, char bracket);  /* '{' or '[' */
void json_close(struct text *out, char bracket); /* '}' or ']' */
void json_null(struct text *out);
void json_bool(struct text *out, bool value);
void json_string(struct text *out, const char *value);
void json_whole(struct text *out, uint64_t value);
void json_signed(struct text *out, int64_t value);

/* A number in the shortest form that keeps 10 digits; null if not finite. */
void json_number(struct text *out, double value);

/* A number with this many decimals; null if not finite. */
void json_decimal(struct text *out, double value, int decimals);

/* Microseconds as milliseconds with three decimals. */
void json_ms(struct text *out, int64_t us);

/* Key and value in one call. json_put_known writes null for NULL and ""; json_put_lines writes an
 * array with one string per line. */
void json_put_known(struct text *out, const char *key, const char *value);
void json_put_bool(struct text *out, const char *key, bool value);
void json_put_lines(struct text *out, const char *key, const char *lines);
void json_put_string(struct text *out, const char *key, const char *value);
void json_put_count(struct text *out, const char *key, uint64_t value);
void json_put_number(struct text *out, const char *key, double value);
void json_put_ms(struct text *out, const char *key, int64_t us);

#endif
