#include "profile/notation.h"

#include <inttypes.h>

void notation_duration(struct text *out, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{INT64_C(3600000000000), "h"},
                 {INT64_C(60000000000), "m"},
                 {1000000000, "s"},
                 {1000000, "ms"},
                 {1000, "us"}};
    for (size_t i = 0; ns != 0 && i < sizeof units / sizeof units[0]; i++) {
        if (ns % units[i].ns != 0) continue;
        text_printf(out, "%" PRId64 "%s", ns / units[i].ns, units[i].name);
        return;
    }
    if (ns == 0)
        text_puts(out, "0s");
    else
        text_printf(out, "%" PRId64 ".%03" PRId64 "us", ns / 1000, ns % 1000);
}

void notation_number(struct text *out, double number)
{
    text_printf(out, "%.12g", number);
}

void notation_json(struct text *out, const struct key *key, const char *text)
{
    switch (key->type) {
    case KEY_BOOL:
    case KEY_COUNT:
    case KEY_NUMBER:
    case KEY_STRINGS:
    case KEY_PROMPTS:
    case KEY_FRACTIONS:
    case KEY_WINDOWS:
    case KEY_OBJECTS:
    case KEY_HEADERS:
    case KEY_JSON:
    case KEY_MAP:
        text_puts(out, text);
        break;
    default:
        text_json(out, text);
        break;
    }
}

void notation_comma(struct text *out)
{
    if (out->length == 0) return;
    char last = out->data[out->length - 1];
    if (last != '{' && last != '[') text_puts(out, ",");
}
