/* A string of JSON, decoded. */
#ifndef RUSHHOUR_PROFILE_JSONC_STRING_H
#define RUSHHOUR_PROFILE_JSONC_STRING_H

struct jsonc_string {
    char *decoded;       /* UTF-8, the caller's; NULL when there is a problem, or no memory */
    const char *problem; /* what is wrong and the fix, or NULL */
    const char *at;      /* behind the closing quote, or where the problem is */
};

/* Reads a string whose opening quote is at `start` (start < end): escapes, surrogate pairs, UTF-8
 * checked; no U+0000. */
void jsonc_string_read(const char *start, const char *end, struct jsonc_string *out);

#endif
