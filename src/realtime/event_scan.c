#include "realtime/event.h"

#include <string.h>

/*
 * Walks the top level of a JSON object (RFC 8259) only as far as needed to separate its values;
 * skipped values are not validated. It stops at the key "type", so a message that has it first,
 * like the service's, costs the same at any length.
 */

/* The bytes between the quotes of a JSON string. */
struct raw_string {
    const char *start;
    size_t length;
    bool escaped; /* contains a backslash */
};

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
    return p;
}

/* The closing quote of the string that begins at `start` (after its opening quote), or NULL. */
static const char *closing_quote(const char *start, const char *end)
{
    const char *p = start;
    while (p < end) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        if (quote == NULL) return NULL;
        const char *before = quote;
        while (before > start && before[-1] == '\\') before--;
        if ((quote - before) % 2 == 0) return quote;
        p = quote + 1;
    }
    return NULL;
}

/* Reads the string whose opening quote is at p; returns the position after it, or NULL if it is
 * incomplete. */
static const char *read_string(const char *p, const char *end, struct raw_string *out)
{
    if (p == end || *p != '"') return NULL;
    const char *quote = closing_quote(p + 1, end);
    if (quote == NULL) return NULL;
    out->start = p + 1;
    out->length = (size_t)(quote - p) - 1;
    out->escaped = memchr(out->start, '\\', out->length) != NULL;
    return quote + 1;
}

/* Skips the object or array that begins at p; NULL if it does not end. */
static const char *skip_nested(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        char c = *p++;
        if (c == '"') {
            p = closing_quote(p, end);
            if (p == NULL) return NULL;
            p++;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) return p;
        }
    }
    return NULL;
}

/* Skips any value; NULL if there is none or it does not end. */
static const char *skip_value(const char *p, const char *end)
{
    if (p == end) return NULL;
    if (*p == '{' || *p == '[') return skip_nested(p, end);
    if (*p == '"') {
        const char *quote = closing_quote(p + 1, end);
        return quote == NULL ? NULL : quote + 1;
    }
    const char *first = p;
    while (p < end && *p != ',' && *p != '}' && *p != ' ' && *p != '\n' && *p != '\r' &&
           *p != '\t') {
        if (*p == '"' || *p == '{' || *p == '[' || *p == ']' || *p == ':') return NULL;
        p++;
    }
    return p == first ? NULL : p;
}

/* The value of four hexadecimal digits, or -1. */
static int hex4(const char *p, const char *end)
{
    int value = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Decodes the escape of one character at *p and moves past it. Types are ASCII: any other escaped
 * character becomes a '?', which no known type contains. NULL if the escape is invalid. */
static const char *unescape_one(const char *p, const char *end, char *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (*p != '\\') {
        *out = *p;
        return p + 1;
    }
    if (++p == end) return NULL;
    if (*p == 'u') {
        int code = hex4(p + 1, end);
        *out = code > 0 && code < 0x80 ? (char)code : '?';
        return code < 0 ? NULL : p + 5;
    }
    const char *letter = memchr(letters, *p, sizeof letters - 1);
    if (letter == NULL) return NULL;
    *out = meanings[letter - letters];
    return p + 1;
}

/* Copies a string with its escapes decoded, truncated to size-1 bytes, and terminates it; false if
 * an escape is invalid. */
static bool unescape(const struct raw_string *raw, char *out, size_t size, size_t *length)
{
    const char *p = raw->start;
    const char *end = p + raw->length;
    *length = 0;
    while (p < end) {
        char c;
        p = unescape_one(p, end, &c);
        if (p == NULL) return false;
        if (*length < size - 1) out[*length] = c;
        (*length)++;
    }
    out[*length < size - 1 ? *length : size - 1] = '\0';
    return true;
}

static bool is_type_key(const struct raw_string *key)
{
    if (!key->escaped) return key->length == 4 && memcmp(key->start, "type", 4) == 0;
    char plain[8];
    size_t length;
    return unescape(key, plain, sizeof plain, &length) && strcmp(plain, "type") == 0;
}

/* The string value of the first top-level key "type"; false if there is none. */
static bool find_type(const char *message, size_t length, struct raw_string *out)
{
    const char *end = message + length;
    const char *p = skip_space(message, end);
    if (p == end || *p != '{') return false;
    do {
        struct raw_string key;
        p = read_string(skip_space(p + 1, end), end, &key);
        if (p == NULL) return false;
        p = skip_space(p, end);
        if (p == end || *p != ':') return false;
        p = skip_space(p + 1, end);
        if (is_type_key(&key)) return read_string(p, end, out) != NULL;
        p = skip_value(p, end);
        if (p == NULL) return false;
        p = skip_space(p, end);
    } while (p < end && *p == ',');
    return false;
}

enum event_kind event_scan(const char *message, size_t length, char type[EVENT_TYPE_SIZE])
{
    struct raw_string value;
    type[0] = '\0';
    if (length == 0 || !find_type(message, length, &value)) return EVENT_INVALID;
    if (value.escaped) {
        size_t plain;
        if (!unescape(&value, type, EVENT_TYPE_SIZE, &plain)) {
            type[0] = '\0';
            return EVENT_INVALID;
        }
        return plain < EVENT_TYPE_SIZE ? event_kind_of(type, plain) : EVENT_UNKNOWN;
    }
    size_t copied = value.length < EVENT_TYPE_SIZE ? value.length : EVENT_TYPE_SIZE - 1;
    memcpy(type, value.start, copied);
    type[copied] = '\0';
    return event_kind_of(value.start, value.length);
}

uint64_t event_audio_bytes(const char *message, size_t length)
{
    static const char key[] = "\"delta\":";
    const char *end = message + length;
    const char *p = memmem(message, length, key, sizeof key - 1);
    if (p == NULL) return 0;
    p = skip_space(p + sizeof key - 1, end);
    if (p == end || *p != '"') return 0;
    p++;
    const char *close = memchr(p, '"', (size_t)(end - p));
    if (close == NULL) return 0;
    const size_t digits = (size_t)(close - p);
    if (digits < 4) return 0;
    return digits / 4 * 3 - (close[-1] == '=') - (close[-2] == '=');
}
