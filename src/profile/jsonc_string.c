#include "profile/jsonc_string.h"

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at s, or 0 (Unicode 15, table 3-7). */
static size_t utf8_length(const char *string, const char *end)
{
    const unsigned char *s = (const unsigned char *)string;
    if (s[0] < 0x80) return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
    size_t length = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if ((size_t)(end - string) < length) return 0;
    unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
    }
    return length;
}

static void append_utf8(struct text *text, uint32_t point)
{
    char bytes[4];
    size_t length = 0;
    if (point < 0x80) {
        bytes[length++] = (char)point;
    } else if (point < 0x800) {
        bytes[length++] = (char)(0xC0 | (point >> 6));
        bytes[length++] = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        bytes[length++] = (char)(0xE0 | (point >> 12));
        bytes[length++] = (char)(0x80 | ((point >> 6) & 0x3F));
        bytes[length++] = (char)(0x80 | (point & 0x3F));
    } else {
        bytes[length++] = (char)(0xF0 | (point >> 18));
        bytes[length++] = (char)(0x80 | ((point >> 12) & 0x3F));
        bytes[length++] = (char)(0x80 | ((point >> 6) & 0x3F));
        bytes[length++] = (char)(0x80 | (point & 0x3F));
    }
    text_append(text, bytes, length);
}

/* The four hexadecimal digits at s, or UINT32_MAX. */
static uint32_t hex4(const char *s, const char *end)
{
    if (end - s < 4) return UINT32_MAX;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)s[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;
        if (digit == 16) return UINT32_MAX;
        value = value * 16 + digit;
    }
    return value;
}

/* Decodes \uXXXX, or a surrogate pair; `s` is at the u. Returns the position after it, or NULL. */
static const char *unicode_escape(struct text *text, const char *s, const char *end)
{
    uint32_t point = hex4(s + 1, end);
    s += 5;
    if (point == UINT32_MAX || point == 0 || (point >= 0xDC00 && point <= 0xDFFF)) return NULL;
    if (point >= 0xD800 && point <= 0xDBFF) {
        if (end - s < 6 || s[0] != '\\' || s[1] != 'u') return NULL;
        uint32_t low = hex4(s + 2, end);
        if (low < 0xDC00 || low > 0xDFFF) return NULL;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        s += 6;
    }
    append_utf8(text, point);
    return s;
}

/* `s` is after the backslash. Returns the position after the escape, or NULL. */
static const char *escape(struct text *text, const char *s, const char *end)
{
    static const char codes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (s == end || *s == '\0') return NULL;
    if (*s == 'u') return unicode_escape(text, s, end);
    const char *code = strchr(codes, *s);
    if (code == NULL) return NULL;
    text_append(text, &meanings[code - codes], 1);
    return s + 1;
}

/* Appends the character at *s and moves past it; returns what is wrong, or NULL. */
static const char *read_character(struct text *text, const char **s, const char *end)
{
    if (**s == '\\') {
        const char *next = escape(text, *s + 1, end);
        if (next == NULL) return "not an escape of JSON: write \\\\ for a backslash, or \\uXXXX";
        *s = next;
        return NULL;
    }
    if ((unsigned char)**s < 0x20) {
        return "a line break or control character inside text: close the quote, or write \\n, \\t "
               "or \\uXXXX";
    }
    size_t length = utf8_length(*s, end);
    if (length == 0) return "not UTF-8: save the file as UTF-8";
    text_append(text, *s, length);
    *s += length;
    return NULL;
}

void jsonc_string_read(const char *start, const char *end, struct jsonc_string *out)
{
    *out = (struct jsonc_string){0};
    struct text text = {0};
    const char *s = start + 1;
    while (s < end && *s != '"' && out->problem == NULL)
        out->problem = read_character(&text, &s, end);
    out->at = s;
    if (out->problem == NULL && s == end) {
        out->problem = "this text has no closing quote";
        out->at = start;
    }
    if (out->problem != NULL) {
        text_free(&text);
        return;
    }
    out->at = s + 1;
    out->decoded = text_take(&text);
}
