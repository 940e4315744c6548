#include "report/sheet.h"

#include "base/calendar.h"
#include "base/visible.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A cell that begins so is a formula, or becomes one when a program trims it. */
static bool is_formula(const char *string)
{
    return string[0] != '\0' && strchr("=+-@\t\r", string[0]) != NULL;
}

void sheet_field(struct text *out, const char *string)
{
    struct text safe = {0};
    if (is_formula(string)) text_puts(&safe, "'");
    visible_append(&safe, string);
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
