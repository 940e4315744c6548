#include "base/window.h"

#include "base/calendar_internal.h"
#include "base/clock.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

#define EVERY_DAY 0x7Fu
#define DAYS_OF_WEEK 7
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static enum err_code wrong(struct error *err, const char *spec, const char *why)
{
    return error_set(
        err, ERR_USAGE,
        "window \"%.120s\": %s; write a width such as 1m or 1h, or a time of day such as "
        "peak=07:00-09:00@America/Los_Angeles,mon-fri",
        spec, why);
}

/* Reads "HH:MM" (24:00 included) at *cursor into minutes of the day. */
static bool read_clock_time(const char **cursor, int *out)
{
    const char *s = *cursor;
    for (int i = 0; i < 5; i++) {
        if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9') return false;
    }
    int hour = (s[0] - '0') * 10 + (s[1] - '0');
    int minute = (s[3] - '0') * 10 + (s[4] - '0');
    *cursor += 5;
    *out = hour * 60 + minute;
    return minute <= 59 && *out <= 1440;
}

/* The weekday whose name is at *cursor, or -1. */
static int read_day(const char **cursor)
{
    static const char names[] = "sunmontuewedthufrisat";
    for (int day = 0; day < 7; day++) {
        if (strncmp(*cursor, names + (size_t)day * 3, 3) == 0) {
            *cursor += 3;
            return day;
        }
    }
    return -1;
}

/* "mon-fri", "sat", "mon,wed,fri", "fri-mon": the whole rest of the specification. */
static bool read_days(const char *s, unsigned *out)
{
    *out = 0;
    for (;;) {
        int first = read_day(&s);
        int last = first;
        if (first < 0) return false;
        if (*s == '-') {
            s++;
            last = read_day(&s);
            if (last < 0) return false;
        }
        for (int day = first;; day = (day + 1) % 7) {
            *out |= 1u << day;
            if (day == last) break;
        }
        if (*s == '\0') return true;
        if (*s++ != ',') return false;
    }
}

/* Reads what follows the times: [@ZONE][,days]. */
static enum err_code read_zone_and_days(const char *spec, const char *s, bool zone_wanted,
                                        struct window *out, struct error *err)
{
    if (*s == '@') {
        size_t length = strcspn(++s, ",");
        char *name = strndup(s, length);
        if (name == NULL) return error_set(err, ERR_NOMEM, "no memory for window \"%.120s\"", spec);
        enum err_code code = zone_open(name, &out->zone, err);
        free(name);
        if (code != ERR_OK) {
            (void)error_prefix(err, "window \"%.120s\"", spec);
            return code;
        }
        s += length;
    } else if (zone_wanted) {
        return wrong(err, spec, "it names no time zone (@UTC for UTC)");
    }
    if (*s == '\0') return ERR_OK;
    if (*s != ',') return wrong(err, spec, "after the times come only @ZONE and days");
    if (!read_days(s + 1, &out->weekdays)) {
        return wrong(err, spec, "days are sun mon tue wed thu fri sat, in lists or ranges");
    }
    return ERR_OK;
}

static enum err_code read_times(const char *spec, const char *s, bool zone_wanted,
                                struct window *out, struct error *err)
{
    if (!read_clock_time(&s, &out->start_minute) || *s++ != '-' ||
        !read_clock_time(&s, &out->end_minute)) {
        return wrong(err, spec, "the times of day are not of the form HH:MM-HH:MM");
    }
    if (out->start_minute == 1440)
        return wrong(err, spec, "a window starts at 23:59 at the latest");
    if (out->end_minute == 0) out->end_minute = 1440;
    if (out->start_minute == out->end_minute) {
        return wrong(err, spec, "it ends when it starts (the whole day is 00:00-24:00)");
    }
    return read_zone_and_days(spec, s, zone_wanted, out, err);
}

static enum err_code finish(enum err_code code, const char *spec, struct window *out,
                            struct error *err)
{
    if (code == ERR_OK && (out->spec == NULL || out->name == NULL)) {
        code = error_set(err, ERR_NOMEM, "no memory for window \"%.120s\"", spec);
    }
    if (code != ERR_OK) window_free(out);
    return code;
}

static enum err_code read_width(const char *spec, struct window *out, struct error *err)
{
    if (parse_duration(spec, &out->width_ns, NULL) != ERR_OK)
        return wrong(err, spec, "it is not a width and has no NAME=");
    if (out->width_ns < NS_PER_S) return wrong(err, spec, "a window is at least 1s wide");
    return ERR_OK;
}

enum err_code window_parse(const char *spec, struct window *out, struct error *err)
{
    const char *equals = strchr(spec, '=');
    *out = (struct window){.weekdays = EVERY_DAY, .spec = strdup(spec)};
    if (equals == NULL) {
        out->name = strdup(spec);
        return finish(read_width(spec, out, err), spec, out, err);
    }
    size_t length = (size_t)(equals - spec);
    out->name = strndup(spec, length);
    if (length == 0 || length > 40 || strspn(spec, NAME_CHARACTERS) != length) {
        return finish(wrong(err, spec, "its name is not 1 to 40 letters, digits, '_', '.' or '-'"),
                      spec, out, err);
    }
    return finish(read_times(spec, equals + 1, true, out, err), spec, out, err);
}

enum err_code window_parse_during(const char *spec, struct window *out, struct error *err)
{
    *out = (struct window){.weekdays = EVERY_DAY, .spec = strdup(spec), .name = strdup("")};
    return finish(read_times(spec, spec, false, out, err), spec, out, err);
}

void window_free(struct window *window)
{
    free(window->spec);
    free(window->name);
    zone_free(window->zone);
    *window = (struct window){0};
}

/*
 * The occurrence that starts on a local day. Its bounds are the first instants at which the zone's
 * clock shows the time or a later one. A time that daylight saving skips thus becomes the instant
 * of the jump, one that occurs twice is the first, and windows that touch on the clock neither
 * overlap nor leave a gap.
 */
static void occurrence(const struct window *window, int64_t day, int64_t *start_ns, int64_t *end_ns)
{
    int64_t end_day = window->end_minute <= window->start_minute ? day + 1 : day;
    *start_ns = zone_instant(window->zone, day, window->start_minute);
    *end_ns = zone_instant(window->zone, end_day, window->end_minute);
}

bool window_bounds(const struct window *window, int64_t utc_ns, int64_t *start_ns, int64_t *end_ns)
{
    if (window->width_ns > 0) {
        *start_ns = floor_divide(utc_ns, window->width_ns) * window->width_ns;
        *end_ns = *start_ns + window->width_ns;
        return true;
    }
    struct civil civil;
    zone_civil(window->zone, utc_ns, &civil);
    int64_t today = days_from_date(civil.year, civil.month, civil.day);
    /* Yesterday's may extend past midnight; tomorrow's may have begun if the clock was set back
     * across midnight. */
    for (int64_t day = today - 1; day <= today + 1; day++) {
        if ((window->weekdays & 1u << weekday_of_days(day)) == 0) continue;
        int64_t start;
        int64_t end;
        occurrence(window, day, &start, &end);
        if (utc_ns >= start && utc_ns < end) {
            *start_ns = start;
            *end_ns = end;
            return true;
        }
    }
    return false;
}

bool window_contains(const struct window *window, int64_t utc_ns)
{
    int64_t start;
    int64_t end;
    return window_bounds(window, utc_ns, &start, &end);
}

int64_t window_next_bound(const struct window *window, int64_t utc_ns)
{
    if (window->width_ns > 0) {
        int64_t start_ns = floor_divide(utc_ns, window->width_ns) * window->width_ns;
        return start_ns + window->width_ns;
    }
    struct civil civil;
    int64_t next_ns = INT64_MAX;
    zone_civil(window->zone, utc_ns, &civil);
    int64_t today = days_from_date(civil.year, civil.month, civil.day);
    /* Days are in order of time, and so are their windows: the first one with a bound has it. */
    for (int64_t day = today - 1; next_ns == INT64_MAX && day <= today + DAYS_OF_WEEK; day++) {
        if ((window->weekdays & 1u << weekday_of_days(day)) == 0) continue;
        int64_t start;
        int64_t end;
        occurrence(window, day, &start, &end);
        if (end > utc_ns) next_ns = end;
        if (start > utc_ns) next_ns = start;
    }
    return next_ns;
}
