#include "base/json.h"

#include <math.h>
#include <string.h>

/* A value needs a comma before it unless it is the first in its container or on its line, or
 * follows its key. */
static void separate(struct text *out)
{
    if (out->failed || out->length == 0) return;
    char last = out->data[out->length - 1];
    if (last != '{' && last != '[' && last != ':' && last != '\n') text_puts(out, ",");
}

void json_key(struct text *out, const char *key)
{
    separate(out);
    text_json(out, key);
    text_puts(out, ":");
}

void json_open(struct text *out, char bracket)
{
    separate(out);
    text_append(out, &bracket, 1);
}

void json_close(struct text *out, char bracket)
{
    text_append(out, &bracket, 1);
}

void json_null(struct text *out)
{
    separate(out);
    text_puts(out, "null");
}

void json_bool(struct text *out, bool value)
{
    separate(out);
    text_puts(out, value ? "true" : "false");
}

void json_string(struct text *out, const char *value)
{
    separate(out);
    text_json(out, value);
}

void json_whole(struct text *out, uint64_t value)
{
    separate(out);
    text_printf(out, "%llu", (unsigned long long)value);
}

void json_signed(struct text *out, int64_t value)
{
    separate(out);
    text_printf(out, "%lld", (long long)value);
}

void json_number(struct text *out, double value)
{
    if (!isfinite(value)) {
        json_null(out);
        return;
    }
    separate(out);
    text_printf(out, "%.10g", value);
}

void json_decimal(struct text *out, double value, int decimals)
{
    if (!isfinite(value)) {
        json_null(out);
        return;
    }
    separate(out);
    text_printf(out, "%.*f", decimals, value);
}

void json_ms(struct text *out, int64_t us)
{
    separate(out);
    text_printf(out, "%.15g", (double)us / 1e3);
}

void json_put_known(struct text *out, const char *key, const char *value)
{
    json_put_string(out, key, value != NULL && *value != '\0' ? value : NULL);
}

void json_put_bool(struct text *out, const char *key, bool value)
{
    json_key(out, key);
    json_bool(out, value);
}

void json_put_string(struct text *out, const char *key, const char *value)
{
    json_key(out, key);
    json_string(out, value);
}

void json_put_count(struct text *out, const char *key, uint64_t value)
{
    json_key(out, key);
    json_whole(out, value);
}

void json_put_number(struct text *out, const char *key, double value)
{
    json_key(out, key);
    json_number(out, value);
}

void json_put_ms(struct text *out, const char *key, int64_t us)
{
    json_key(out, key);
    json_ms(out, us);
}

void json_put_lines(struct text *out, const char *key, const char *lines)
{
    json_key(out, key);
    json_open(out, '[');
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        struct text one = {0};
        text_append(&one, lines, length);
        if (length > 0) json_string(out, text_str(&one));
        text_free(&one);
        lines += length + (lines[length] == '\n');
    }
    json_close(out, ']');
}
