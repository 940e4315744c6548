#include "profile/layout.h"

#include <string.h>

#define WIDTH 110

/* The position after the string whose opening quote is at s. */
static const char *skip_string(const char *s)
{
    for (s++; *s != '"' && *s != '\0'; s++) {
        if (*s == '\\' && s[1] != '\0') s++;
    }
    return *s == '"' ? s + 1 : s;
}

/* The position after the value at s: a bracket with its contents, or a scalar. */
static const char *skip_value(const char *s)
{
    int depth = 0;
    do {
        if (*s == '"') {
            s = skip_string(s);
            continue;
        }
        if (*s == '{' || *s == '[') depth++;
        if (*s == '}' || *s == ']') depth--;
        s++;
    } while (*s != '\0' && (depth > 0 || (*s != ',' && *s != '}' && *s != ']')));
    return s;
}

static void line_break(struct text *out, int depth)
{
    text_printf(out, "\n%*s", depth * 2, "");
}

/* On one line, with a space after each colon and comma. */
static void append_flat(struct text *out, const char *s, const char *end)
{
    while (s < end) {
        const char *next = *s == '"' ? skip_string(s) : s + 1;
        text_append(out, s, (size_t)(next - s));
        if (*s == ':' || *s == ',') text_puts(out, " ");
        s = next;
    }
}

/* Appends the value at s, whose first line begins at `column`; returns the position after it. */
static const char *append_value(struct text *out, const char *s, int depth, size_t column)
{
    const char *end = skip_value(s);
    if ((*s != '{' && *s != '[') || column + (size_t)(end - s) <= WIDTH) {
        append_flat(out, s, end);
        return end;
    }
    bool object = *s == '{';
    text_append(out, s, 1);
    do {
        s++;
        line_break(out, depth + 1);
        const char *key = s;
        if (object) {
            s = skip_string(s) + 1; /* past the colon, too */
            append_flat(out, key, s);
        }
        s = append_value(out, s, depth + 1, (size_t)(depth + 1) * 2 + (size_t)(s - key));
        if (*s == ',') text_puts(out, ",");
    } while (*s == ',');
    line_break(out, depth);
    text_append(out, s, 1);
    return s + 1;
}

void layout_json(struct text *out, const char *compact)
{
    (void)append_value(out, compact, 0, 0);
    text_puts(out, "\n");
}
