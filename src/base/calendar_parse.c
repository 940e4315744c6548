#include "base/calendar.h"

#include "base/calendar_internal.h"
#include "base/clock.h"

/* The fields of a timestamp as written. */
struct stamp {
    int year, month, day, hour, minute, second;
    int64_t fraction_ns;
    int offset_minutes;
};

/* Reads exactly `width` digits. */
static bool read_digits(const char **cursor, int width, int *out)
{
    int value = 0;
    for (int i = 0; i < width; i++) {
        char c = (*cursor)[i];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    *cursor += width;
    *out = value;
    return true;
}

static bool skip(const char **cursor, char c)
{
    if (**cursor != c) return false;
    (*cursor)++;
    return true;
}

/* ".123456": any number of decimals; those beyond the ninth are dropped. */
static bool read_fraction(const char **cursor, int64_t *out_ns)
{
    *out_ns = 0;
    if (!skip(cursor, '.')) return true;
    int64_t weight = NS_PER_S / 10;
    const char *first = *cursor;
    for (; **cursor >= '0' && **cursor <= '9'; (*cursor)++) {
        *out_ns += weight * (**cursor - '0');
        weight /= 10;
    }
    return *cursor > first;
}

static bool read_offset(const char **cursor, int *out_minutes)
{
    *out_minutes = 0;
    if (skip(cursor, 'Z') || skip(cursor, 'z')) return true;
    bool west = **cursor == '-';
    int hours;
    int minutes;
    if (!skip(cursor, '+') && !skip(cursor, '-')) return false;
    if (!read_digits(cursor, 2, &hours) || !skip(cursor, ':') || !read_digits(cursor, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59) return false;
    *out_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static bool read_stamp(const char *string, struct stamp *out)
{
    const char *at = string;
    if (!read_digits(&at, 4, &out->year) || !skip(&at, '-') || !read_digits(&at, 2, &out->month) ||
        !skip(&at, '-') || !read_digits(&at, 2, &out->day)) {
        return false;
    }
    if (!skip(&at, 'T') && !skip(&at, 't') && !skip(&at, ' ')) return false;
    if (!read_digits(&at, 2, &out->hour) || !skip(&at, ':') || !read_digits(&at, 2, &out->minute) ||
        !skip(&at, ':') || !read_digits(&at, 2, &out->second)) {
        return false;
    }
    return read_fraction(&at, &out->fraction_ns) && read_offset(&at, &out->offset_minutes) &&
           *at == '\0';
}

static bool stamp_exists(const struct stamp *stamp)
{
    if (stamp->month < 1 || stamp->month > 12 || stamp->day < 1) return false;
    if (stamp->day > 28) {
        int64_t year;
        int month;
        int day;
        /* A day that is too large comes back as a day of the next month. */
        date_from_days(days_from_date(stamp->year, stamp->month, stamp->day), &year, &month, &day);
        if (month != stamp->month) return false;
    }
    /* A leap second counts as the first of the next minute. */
    return stamp->hour <= 23 && stamp->minute <= 59 && stamp->second <= 60;
}

enum err_code parse_time(const char *string, int64_t *out_utc_ns, struct error *err)
{
    struct stamp stamp;
    if (!read_stamp(string, &stamp) || !stamp_exists(&stamp)) {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is not a time: write it with its offset, such as "
                         "2026-04-14T08:00:00-07:00 or "
                         "2026-04-14T15:00:00Z",
                         string);
    }
    if (stamp.year < 1678 || stamp.year > 2261) {
        return error_set(err, ERR_USAGE, "\"%.80s\" is out of range: years are 1678 to 2261",
                         string);
    }
    int64_t seconds = days_from_date(stamp.year, stamp.month, stamp.day) * 86400 +
                      (int64_t)stamp.hour * 3600 +
                      ((int64_t)stamp.minute - stamp.offset_minutes) * 60 + stamp.second;
    *out_utc_ns = seconds * NS_PER_S + stamp.fraction_ns;
    return ERR_OK;
}
