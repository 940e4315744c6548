/* Decodes a JSON string. */
#ifndef RUSHHOUR_PROFILE_JSONC_STRING_H
#define RUSHHOUR_PROFILE_JSONC_STRING_H

struct jsonc_string {
    char *decoded;       /* UTF-8, owned by the caller; NULL if there is a problem or no memory */
    const char *problem; /* what is wrong and how to fix it, or NULL */
    const char *at;      /* after the closing quote, or where the problem is */
};

/* Reads a string whose opening quote is at `start` (start < end): handles escapes and surrogate
 * pairs, checks UTF-8, rejects U+0000. */
void jsonc_string_read(const char *start, const char *end, struct jsonc_string *out);

#endif
