#include "base/text.h"

#include "base/visible.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct text *text, size_t more)
{
    if (text->failed) return false;
    if (more < text->capacity - text->length) return true;
    if (more > SIZE_MAX / 4) {
        text->failed = true;
        return false;
    }
    size_t capacity = text->capacity < 64 ? 64 : text->capacity;
    while (capacity <= text->length + more) capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_append(struct text *text, const char *bytes, size_t length)
{
    if (length == 0 || !reserve(text, length)) return;
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string)
{
    text_append(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) text->failed = true;
    if (length > 0 && reserve(text, (size_t)length)) {
        (void)vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

/* Length of the valid UTF-8 sequence at s, or 0 (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) return (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        unsigned char low = s[0] == 0xE0 ? 0xA0 : 0x80;
        unsigned char high = s[0] == 0xED ? 0x9F : 0xBF;
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 ? 3 : 0;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        unsigned char low = s[0] == 0xF0 ? 0x90 : 0x80;
        unsigned char high = s[0] == 0xF4 ? 0x8F : 0xBF;
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80 ? 4
                                                                                             : 0;
    }
    return 0;
}

static void json_character(struct text *text, unsigned char c)
{
    switch (c) {
    case '"':
        text_puts(text, "\\\"");
        break;
    case '\\':
        text_puts(text, "\\\\");
        break;
    case '\n':
        text_puts(text, "\\n");
        break;
    case '\r':
        text_puts(text, "\\r");
        break;
    case '\t':
        text_puts(text, "\\t");
        break;
    default:
        text_printf(text, "\\u%04x", c);
        break;
    }
}

/* As JSON escapes it, in UTF-16: the same string for a program, and harmless for a terminal. */
static void json_hidden(struct text *text, uint32_t point)
{
    if (point > 0xFFFF) {
        const uint32_t rest = point - 0x10000;
        text_printf(text, "\\u%04x\\u%04x", (unsigned)(0xD800 + (rest >> 10)),
                    (unsigned)(0xDC00 + (rest & 0x3FF)));
    } else {
        text_printf(text, "\\u%04x", (unsigned)point);
    }
}

void text_json(struct text *text, const char *string)
{
    if (string == NULL) {
        text_puts(text, "null");
        return;
    }
    text_puts(text, "\"");
    const unsigned char *s = (const unsigned char *)string;
    while (*s != '\0') {
        size_t length = utf8_length(s);
        if (length == 0) {
            text_puts(text, "\xEF\xBF\xBD");
            length = 1;
        } else if (length == 1 && (*s < 0x20 || *s == '"' || *s == '\\' || *s == 0x7F)) {
            json_character(text, *s);
        } else if (length > 1 && visible_is_hidden(visible_point((const char *)s, &length))) {
            json_hidden(text, visible_point((const char *)s, &length));
        } else {
            text_append(text, (const char *)s, length);
        }
        s += length;
    }
    text_puts(text, "\"");
}

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void text_html(struct text *text, const char *string)
{
    while (*string != '\0') {
        size_t length;
        const uint32_t point = visible_point(string, &length);
        const char *entity = html_entity(*string);
        if (entity != NULL) {
            text_puts(text, entity);
        } else if (visible_is_hidden(point) && point != '\n' && point != '\t') {
            visible_escape(text, point);
        } else {
            text_append(text, string, length);
        }
        string += length;
    }
}

void text_csv(struct text *text, const char *field)
{
    if (strpbrk(field, ",\"\r\n") == NULL) {
        text_puts(text, field);
        return;
    }
    text_puts(text, "\"");
    for (const char *s = field; *s != '\0'; s++) {
        if (*s == '"') text_puts(text, "\"");
        text_append(text, s, 1);
    }
    text_puts(text, "\"");
}

void text_percent(struct text *text, const char *string)
{
    for (const char *s = string; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved) {
            text_append(text, s, 1);
        } else {
            text_printf(text, "%%%02X", c);
        }
    }
}

void text_copy(char *out, size_t size, const char *string)
{
    size_t length = strnlen(string, size);
    if (length == size) {
        length--;
        while (length > 0 && ((unsigned char)string[length] & 0xC0) == 0x80) length--;
    }
    memcpy(out, string, length);
    out[length] = '\0';
}

const char *text_str(const struct text *text)
{
    return text->length == 0 ? "" : text->data;
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->data != NULL) text->data[0] = '\0';
}

void text_wipe(struct text *text)
{
    if (text->data != NULL) explicit_bzero(text->data, text->capacity);
    text_free(text);
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

char *text_take(struct text *text)
{
    if (text->data == NULL && !text->failed) (void)reserve(text, 1);
    if (text->data != NULL) text->data[text->length] = '\0';
    char *string = text->failed ? NULL : text->data;
    if (text->failed) free(text->data);
    *text = (struct text){0};
    return string;
}
