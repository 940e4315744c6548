#include "base/units.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* A decimal number without sign or exponent, kept exactly: digits / 10^places. */
struct decimal {
    uint64_t digits;
    int places;
};

struct unit {
    const char *name;
    uint64_t factor;
};

/* No unit needs more than eighteen digits, and 10^18 times a day in ns still fits 128 bits. */
#define MOST_DIGITS 18

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the number at *cursor and moves past it; false if there is none or it has too many
 * digits. */
static bool read_decimal(const char **cursor, struct decimal *out)
{
    const char *s = *cursor;
    *out = (struct decimal){0, 0};
    int significant = 0;
    bool any = false;
    bool fraction = false;
    for (; is_digit(*s) || (*s == '.' && !fraction && any && is_digit(s[1])); s++) {
        if (*s == '.') {
            fraction = true;
            continue;
        }
        any = true;
        if (out->digits != 0 || *s != '0') significant++;
        if (fraction) out->places++;
        if (significant > MOST_DIGITS || out->places > MOST_DIGITS) return false;
        out->digits = out->digits * 10 + (uint64_t)(*s - '0');
    }
    *cursor = s;
    return any;
}

static uint64_t power_of_ten(int exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

static double decimal_value(struct decimal decimal)
{
    return (double)decimal.digits / (double)power_of_ten(decimal.places);
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, name) == 0) return units;
    }
    return NULL;
}

/* decimal * factor, rounded to nearest; false if the result exceeds `most`. */
static bool scale_decimal(struct decimal decimal, uint64_t factor, uint64_t most, uint64_t *out)
{
    uint64_t divisor = power_of_ten(decimal.places);
    wide value = ((wide)decimal.digits * factor + divisor / 2) / divisor;
    if (value > most) return false;
    *out = (uint64_t)value;
    return true;
}

enum err_code parse_duration(const char *string, int64_t *out_ns, struct error *err)
{
    static const struct unit units[] = {{"us", 1000},
                                        {"ms", 1000000},
                                        {"s", 1000000000},
                                        {"m", UINT64_C(60) * 1000000000},
                                        {"h", UINT64_C(3600) * 1000000000},
                                        {"d", UINT64_C(86400) * 1000000000},
                                        {NULL, 0}};
    const char *cursor = string;
    struct decimal decimal;
    if (!read_decimal(&cursor, &decimal)) {
        return error_set(
            err, ERR_USAGE,
            "\"%.80s\" is not a duration: write a number and a unit, such as 250ms, 1.5s, 5m or 2h",
            string);
    }
    if (*cursor == '\0' && decimal.digits == 0) {
        *out_ns = 0;
        return ERR_OK;
    }
    if (*cursor == '\0') {
        return error_set(err, ERR_USAGE, "\"%.80s\" has no unit: write %.80ss or %.80sms", string,
                         string, string);
    }
    const struct unit *unit = find_unit(units, cursor);
    if (unit == NULL) {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is not a duration: \"%.40s\" is not a unit; write us, ms, s, "
                         "m, h or d right after one number, such as 90s",
                         string, cursor);
    }
    uint64_t ns;
    if (!scale_decimal(decimal, unit->factor, INT64_MAX, &ns)) {
        return error_set(err, ERR_USAGE, "\"%.80s\" is too long: a duration is at most 106751d",
                         string);
    }
    *out_ns = (int64_t)ns;
    return ERR_OK;
}

enum err_code parse_rate(const char *string, double *out_per_s, struct error *err)
{
    static const struct unit units[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}, {NULL, 0}};
    const char *cursor = string;
    struct decimal decimal;
    if (!read_decimal(&cursor, &decimal)) {
        return error_set(
            err, ERR_USAGE,
            "\"%.80s\" is not a rate: write a number per time, such as 5/s, 300/m or 893/h",
            string);
    }
    if (*cursor == '\0') {
        return error_set(err, ERR_USAGE, "\"%.80s\" has no time: write %.80s/s or %.80s/m", string,
                         string, string);
    }
    const struct unit *unit = find_unit(units, cursor);
    if (unit == NULL) {
        return error_set(
            err, ERR_USAGE,
            "\"%.80s\" is not a rate: after the number comes /s, /m or /h, such as 5/s", string);
    }
    *out_per_s = decimal_value(decimal) / (double)unit->factor;
    return ERR_OK;
}

enum err_code parse_fraction(const char *string, double *out, struct error *err)
{
    const char *cursor = string;
    struct decimal decimal;
    if (!read_decimal(&cursor, &decimal)) {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is not a share: write a number and %%, such as 1%% or 0.4%%",
                         string);
    }
    if (*cursor == '\0') {
        return error_set(
            err, ERR_USAGE,
            "\"%.80s\" has no %%: write %.80s%%, or %.10g%% if a fraction of 1 was meant", string,
            string, decimal_value(decimal) * 100.0);
    }
    if (strcmp(cursor, "%") != 0) {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is not a share: after the number comes only %%, such as 0.4%%",
                         string);
    }
    double fraction = decimal_value(decimal) / 100.0;
    if (fraction > 1.0) {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is more than everything: a share is 0%% to 100%%", string);
    }
    *out = fraction;
    return ERR_OK;
}

enum err_code parse_size(const char *string, uint64_t *out_bytes, struct error *err)
{
    static const struct unit units[] = {{"", 1},
                                        {"B", 1},
                                        {"kB", 1000},
                                        {"KB", 1000},
                                        {"MB", 1000000},
                                        {"GB", 1000000000},
                                        {"KiB", UINT64_C(1) << 10},
                                        {"MiB", UINT64_C(1) << 20},
                                        {"GiB", UINT64_C(1) << 30},
                                        {NULL, 0}};
    const char *cursor = string;
    struct decimal decimal;
    const struct unit *unit = read_decimal(&cursor, &decimal) ? find_unit(units, cursor) : NULL;
    if (unit == NULL) {
        return error_set(
            err, ERR_USAGE,
            "\"%.80s\" is not a size: write bytes or a number and KB, MB, GB, KiB, MiB or GiB, "
            "such as 64KiB",
            string);
    }
    if (unit->factor == 1 && decimal.places > 0) {
        return error_set(err, ERR_USAGE, "\"%.80s\" is not a whole number of bytes", string);
    }
    if (!scale_decimal(decimal, unit->factor, INT64_MAX, out_bytes)) {
        return error_set(err, ERR_USAGE, "\"%.80s\" is too large for a size", string);
    }
    return ERR_OK;
}

enum err_code parse_count(const char *string, uint64_t *out, struct error *err)
{
    uint64_t value = 0;
    const char *s = string;
    for (; is_digit(*s); s++) {
        uint64_t digit = (uint64_t)(*s - '0');
        if (value > (INT64_MAX - digit) / 10) {
            return error_set(err, ERR_USAGE, "\"%.80s\" is too large: the most is %lld", string,
                             (long long)INT64_MAX);
        }
        value = value * 10 + digit;
    }
    if (s == string || *s != '\0') {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is not a whole number: write digits only, such as 20", string);
    }
    *out = value;
    return ERR_OK;
}

/* At most three significant digits, whole numbers without decimals; false if it rounds up to
 * `limit`. */
static bool duration_in_unit(struct text *text, double value, double limit, const char *unit)
{
    int places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    double step = places == 2 ? 100.0 : places == 1 ? 10.0 : 1.0;
    double rounded = round(value * step) / step;
    if (rounded >= limit) return false;
    if (rounded == floor(rounded)) places = 0;
    text_printf(text, "%.*f%s", places, rounded, unit);
    return true;
}

/* From a minute up: two adjacent units, rounded to the smaller one. */
static void duration_in_pair(struct text *text, uint64_t seconds)
{
    static const struct unit units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
    uint64_t small_unit = 1;
    if (seconds >= 3600) small_unit = 60;
    if (seconds >= 86400) small_unit = 3600;
    seconds = (seconds + small_unit / 2) / small_unit * small_unit;
    const struct unit *unit = units;
    while (seconds < unit->factor) unit++;
    text_printf(text, "%llu%s", (unsigned long long)(seconds / unit->factor), unit->name);
    uint64_t rest = seconds % unit->factor / unit[1].factor;
    if (rest > 0) text_printf(text, " %llu%s", (unsigned long long)rest, unit[1].name);
}

void text_duration(struct text *text, int64_t ns)
{
    uint64_t size = ns < 0 ? UINT64_C(0) - (uint64_t)ns : (uint64_t)ns;
    if (ns < 0) text_puts(text, "-");
    if (size == 0) {
        text_puts(text, "0s");
        return;
    }
    double value = (double)size;
    if (size < 1000) {
        text_printf(text, "%lluns", (unsigned long long)size);
    } else if (!duration_in_unit(text, value / 1e3, 1000.0, "us") &&
               !duration_in_unit(text, value / 1e6, 1000.0, "ms") &&
               !duration_in_unit(text, value / 1e9, 60.0, "s")) {
        duration_in_pair(text, (size + (uint64_t)NS_PER_S / 2) / (uint64_t)NS_PER_S);
    }
}

void text_needed_time(struct text *text, double minutes)
{
    const double year = 365.25 * 1440;
    if (isnan(minutes)) {
        text_puts(text, "unknown");
    } else if (isinf(minutes)) {
        text_puts(text, "never");
    } else if (minutes >= year) {
        text_printf(text, "%.*f years", minutes < 100 * year ? 1 : 0, minutes / year);
    } else {
        text_duration(text, (int64_t)ceil(minutes * 60) * NS_PER_S);
    }
}
