#include "record/csv_field.h"

#include "base/calendar.h"
#include "base/visible.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* printf would take most of the time of a row, and most fields are whole numbers. */
static void write_count(struct text *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    text_append(out, digits + at, sizeof digits - at);
}

static void write_real(struct text *out, double value)
{
    if (!isfinite(value)) return;
    if (value >= 0 && value < 1e15 && value == floor(value)) {
        write_count(out, (uint64_t)value);
        return;
    }
    char form[32];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(form, sizeof form, "%.*g", digits, value);
        if (strtod(form, NULL) == value) break;
    }
    text_puts(out, form);
}

/* A control character would break the rule of one row per line, and others what a reader sees. */
static void write_string(struct text *out, const char *string)
{
    struct text clean = {0};
    visible_append(&clean, string);
    if (clean.failed) out->failed = true;
    text_csv(out, text_str(&clean));
    text_free(&clean);
}

static void write_time(struct text *out, int64_t utc_ns)
{
    char stamp[40];
    format_utc_ms(utc_ns, stamp);
    text_puts(out, stamp);
}

static int64_t signed_at(const void *member)
{
    int64_t value;
    memcpy(&value, member, sizeof value);
    return value;
}

static uint64_t count_at(const void *member)
{
    uint64_t value;
    memcpy(&value, member, sizeof value);
    return value;
}

static double real_at(const void *member)
{
    double value;
    memcpy(&value, member, sizeof value);
    return value;
}

static const char *string_at(const void *member)
{
    const char *value;
    memcpy(&value, member, sizeof value);
    return value == NULL ? "" : value;
}

static bool bool_at(const void *member)
{
    bool value;
    memcpy(&value, member, sizeof value);
    return value;
}

static const char *word_at(const struct csv_column *column, const void *member)
{
    unsigned value;
    memcpy(&value, member, sizeof value);
    return value < column->size ? column->words[value] : "";
}

void csv_field_write(struct text *out, const struct csv_column *column, const void *row)
{
    const char *member = (const char *)row + column->offset;
    switch (column->kind) {
    case CSV_TIME:
        write_time(out, signed_at(member));
        break;
    case CSV_STRING:
        write_string(out, string_at(member));
        break;
    case CSV_CHARS:
        write_string(out, member);
        break;
    case CSV_COUNT:
        write_count(out, count_at(member));
        break;
    case CSV_OPTIONAL:
        if (signed_at(member) >= 0) write_count(out, (uint64_t)signed_at(member));
        break;
    case CSV_REAL:
        write_real(out, real_at(member));
        break;
    case CSV_NS_AS_US:
        write_real(out, (double)signed_at(member) / 1e3);
        break;
    case CSV_WORD:
        text_puts(out, word_at(column, member));
        break;
    case CSV_BOOL:
        text_puts(out, bool_at(member) ? "true" : "false");
        break;
    }
}

static bool read_count(const char *field, uint64_t *out)
{
    uint64_t value = 0;
    if (*field == '\0') return false;
    for (const char *s = field; *s != '\0'; s++) {
        if (*s < '0' || *s > '9') return false;
        unsigned digit = (unsigned)(*s - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

static bool read_optional(const char *field, int64_t *out)
{
    *out = -1;
    if (*field == '\0') return true;
    uint64_t value;
    if (!read_count(field, &value) || value > INT64_MAX) return false;
    *out = (int64_t)value;
    return true;
}

/* Decimal only: strtod alone would also accept hexadecimal, "inf" and leading blanks. */
static bool read_real(const char *field, double *out)
{
    *out = 0;
    if (*field == '\0') return true;
    if (field[strspn(field, "0123456789+-.eE")] != '\0') return false;
    char *end = NULL;
    *out = strtod(field, &end);
    return *end == '\0' && isfinite(*out);
}

static bool read_us(const char *field, int64_t *out_ns)
{
    double us;
    if (!read_real(field, &us) || fabs(us) > 9e15) return false;
    *out_ns = (int64_t)llround(us * 1e3);
    return true;
}

static bool read_word(const struct csv_column *column, const char *field, unsigned *out)
{
    for (size_t i = 0; i < column->size; i++) {
        if (strcmp(field, column->words[i]) != 0) continue;
        *out = (unsigned)i;
        return true;
    }
    return false;
}

static bool read_bool(const char *field, bool *out)
{
    *out = strcmp(field, "true") == 0;
    return *out || strcmp(field, "false") == 0;
}

static void read_chars(const struct csv_column *column, const char *field, char *out)
{
    size_t length = strnlen(field, column->size - 1);
    memcpy(out, field, length);
    out[length] = '\0';
}

/* A value of any type that a column may have; the one that was read is copied into the row. */
union value {
    int64_t number;
    uint64_t count;
    double real;
    const char *string;
    unsigned word;
    bool truth;
};

static bool read_value(const struct csv_column *column, const char *field, union value *value,
                       size_t *size)
{
    *size = sizeof value->number;
    switch (column->kind) {
    case CSV_TIME:
        return parse_time(field, &value->number, NULL) == ERR_OK;
    case CSV_COUNT:
        return read_count(field, &value->count);
    case CSV_OPTIONAL:
        return read_optional(field, &value->number);
    case CSV_REAL:
        return read_real(field, &value->real);
    case CSV_NS_AS_US:
        return read_us(field, &value->number);
    case CSV_STRING:
        *size = sizeof value->string;
        return true;
    case CSV_WORD:
        *size = sizeof value->word;
        return read_word(column, field, &value->word);
    case CSV_BOOL:
        *size = sizeof value->truth;
        return read_bool(field, &value->truth);
    case CSV_CHARS:
        break;
    }
    return false;
}

bool csv_field_read(const struct csv_column *column, char *field, void *row)
{
    char *member = (char *)row + column->offset;
    if (column->kind == CSV_CHARS) {
        read_chars(column, field, member);
        return true;
    }
    union value value = {.string = field};
    size_t size;
    if (!read_value(column, field, &value, &size)) return false;
    memcpy(member, &value, size);
    return true;
}
