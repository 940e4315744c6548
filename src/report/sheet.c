#include "report/sheet.h"

#include "base/calendar.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_harmless(const char *string)
{
    if (string[0] != '\0' && strchr("=+-@", string[0]) != NULL) return false;
    while (*string != '\0' && !is_control(*string)) string++;
    return *string == '\0';
}

void sheet_field(struct text *out, const char *string)
{
    if (is_harmless(string)) {
        text_csv(out, string);
        return;
    }
    struct text safe = {0};
    if (strchr("=+-@\t\r", string[0]) != NULL) text_puts(&safe, "'");
    for (const char *s = string; *s != '\0'; s++) text_append(&safe, is_control(*s) ? " " : s, 1);
    text_csv(out, text_str(&safe));
    if (safe.failed) out->failed = true;
    text_free(&safe);
}

void sheet_next(struct text *out, const char *string)
{
    text_puts(out, ",");
    sheet_field(out, string);
}

void sheet_number(struct text *out, double value)
{
    text_puts(out, ",");
    if (isfinite(value)) text_printf(out, "%.10g", value);
}

void sheet_time(struct text *out, int64_t utc_ns)
{
    char stamp[32];
    format_utc_ms(utc_ns, stamp);
    text_printf(out, ",%s", stamp);
}
