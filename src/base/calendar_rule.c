#include "base/calendar_internal.h"

#include <string.h>

#define DAY_S 86400

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c) return false;
    cursor->at++;
    return true;
}

/* Reads digits up to `most`; false if there are none or the number is larger. */
static bool read_number(struct cursor *cursor, int most, int *out)
{
    int value = 0;
    const char *first = cursor->at;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        value = value * 10 + (*cursor->at - '0');
        if (value > most) return false;
        cursor->at++;
    }
    *out = value;
    return cursor->at > first;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(struct cursor *cursor, int most_hours, int32_t *out)
{
    bool negative = take(cursor, '-');
    if (!negative) (void)take(cursor, '+');
    int hours;
    int minutes = 0;
    int seconds = 0;
    if (!read_number(cursor, most_hours, &hours)) return false;
    if (take(cursor, ':')) {
        if (!read_number(cursor, 59, &minutes)) return false;
        if (take(cursor, ':') && !read_number(cursor, 59, &seconds)) return false;
    }
    int32_t value = hours * 3600 + minutes * 60 + seconds;
    *out = negative ? -value : value;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_quoted_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

/* "PST", or "<+1030>" when it holds more than letters. */
static bool read_name(struct cursor *cursor, char out[ABBREVIATION_SIZE])
{
    bool quoted = take(cursor, '<');
    const char *first = cursor->at;
    while (cursor->at < cursor->end &&
           (quoted ? is_quoted_name(*cursor->at) : is_letter(*cursor->at))) {
        cursor->at++;
    }
    size_t length = (size_t)(cursor->at - first);
    if (length < 3 || (quoted && !take(cursor, '>'))) return false;
    if (length > ABBREVIATION_SIZE - 1) length = ABBREVIATION_SIZE - 1;
    memcpy(out, first, length);
    out[length] = '\0';
    return true;
}

/* ",M3.2.0/2", ",J60", ",59/-1". */
static bool read_date(struct cursor *cursor, struct rule_date *out)
{
    *out = (struct rule_date){.second = 7200};
    if (!take(cursor, ',')) return false;
    if (take(cursor, 'M')) {
        out->kind = DATE_MONTH_WEEK_DAY;
        if (!read_number(cursor, 12, &out->month) || !take(cursor, '.') ||
            !read_number(cursor, 5, &out->week) || !take(cursor, '.') ||
            !read_number(cursor, 6, &out->day)) {
            return false;
        }
        if (out->month < 1 || out->week < 1) return false;
    } else if (take(cursor, 'J')) {
        out->kind = DATE_JULIAN;
        if (!read_number(cursor, 365, &out->day) || out->day < 1) return false;
    } else {
        out->kind = DATE_ZERO_BASED;
        if (!read_number(cursor, 365, &out->day)) return false;
    }
    return !take(cursor, '/') || read_time(cursor, 167, &out->second);
}

bool zone_rule_parse(const char *string, size_t length, struct zone_rule *out)
{
    struct cursor cursor = {string, string + length};
    *out = (struct zone_rule){0};
    int32_t west;
    if (!read_name(&cursor, out->standard.abbreviation) || !read_time(&cursor, 24, &west))
        return false;
    out->standard.offset_s = -west; /* POSIX offsets are positive to the west */
    if (cursor.at == cursor.end) return true;

    out->has_daylight = true;
    if (!read_name(&cursor, out->daylight.abbreviation)) return false;
    out->daylight.offset_s = out->standard.offset_s + 3600;
    if (cursor.at < cursor.end && *cursor.at != ',') {
        if (!read_time(&cursor, 24, &west)) return false;
        out->daylight.offset_s = -west;
    }
    return read_date(&cursor, &out->start) && read_date(&cursor, &out->end) &&
           cursor.at == cursor.end;
}

static bool is_leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* When a rule's change happens in a year: seconds since 1970 in the local time in force before
 * it. */
static int64_t change_in_year(const struct rule_date *date, int64_t year)
{
    int64_t days = days_from_date(year, 1, 1);
    switch (date->kind) {
    case DATE_JULIAN:
        days += date->day - 1 + (is_leap_year(year) && date->day >= 60 ? 1 : 0);
        break;
    case DATE_ZERO_BASED:
        days += date->day;
        break;
    case DATE_MONTH_WEEK_DAY: {
        int64_t first = days_from_date(year, date->month, 1);
        int64_t next_month = date->month == 12 ? days_from_date(year + 1, 1, 1)
                                               : days_from_date(year, date->month + 1, 1);
        days = first + (date->day - weekday_of_days(first) + 7) % 7 + (int64_t)(date->week - 1) * 7;
        while (days >= next_month) days -= 7; /* week 5 means the last one */
        break;
    }
    }
    return days * DAY_S + date->second;
}

const struct local_type *zone_rule_at(const struct zone_rule *rule, int64_t utc_s, int64_t *end_s)
{
    *end_s = INT64_MAX;
    if (!rule->has_daylight) return &rule->standard;
    int64_t year;
    int month;
    int day;
    date_from_days(floor_divide(utc_s, DAY_S), &year, &month, &day);

    /* The last change at or before the instant decides. Look at two years on either side, because
     * changes may cross the end of a year. */
    const struct local_type *type = &rule->standard;
    int64_t latest = INT64_MIN;
    for (int64_t y = year - 2; y <= year + 2; y++) {
        int64_t start = change_in_year(&rule->start, y) - rule->standard.offset_s;
        int64_t end = change_in_year(&rule->end, y) - rule->daylight.offset_s;
        if (end <= utc_s && end > latest) {
            latest = end;
            type = &rule->standard;
        }
        /* Year-round daylight saving ends and starts at the same instant: the start wins. */
        if (start <= utc_s && start >= latest) {
            latest = start;
            type = &rule->daylight;
        }
        if (start > utc_s && start < *end_s) *end_s = start;
        if (end > utc_s && end < *end_s) *end_s = end;
    }
    return type;
}
