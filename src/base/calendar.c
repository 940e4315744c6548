#include "base/calendar.h"

#include "base/calendar_internal.h"
#include "base/clock.h"
#include "base/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S 86400
#define ZONE_FILE_LIMIT 1048576

static bool name_is_safe(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t length = strlen(name);
    return length > 0 && length < 64 && name[0] != '/' && strspn(name, allowed) == length;
}

static bool is_kind(const char *path, mode_t kind)
{
    struct stat status;
    return stat(path, &status) == 0 && (status.st_mode & S_IFMT) == kind;
}

/* A zone with a single type, for UTC on a machine without tzdata. */
static enum err_code open_utc(struct zone **out, struct error *err)
{
    struct zone *zone = calloc(1, sizeof *zone);
    char *name = strdup("UTC");
    struct local_type *types = calloc(1, sizeof *types);
    if (zone == NULL || name == NULL || types == NULL) {
        free(zone);
        free(name);
        free(types);
        return error_set(err, ERR_NOMEM, "no memory for time zone \"UTC\"");
    }
    memcpy(types->abbreviation, "UTC", sizeof "UTC");
    zone->name = name;
    zone->types = types;
    zone->type_count = 1;
    *out = zone;
    return ERR_OK;
}

enum err_code zone_open(const char *name, struct zone **out, struct error *err)
{
    *out = NULL;
    if (strcmp(name, "UTC") == 0) return open_utc(out, err);
    if (!name_is_safe(name)) {
        return error_set(err, ERR_USAGE,
                         "\"%.80s\" is not the name of a time zone: write an IANA name such as "
                         "America/Los_Angeles or UTC",
                         name);
    }
    const char *folder = getenv("TZDIR");
    if (folder == NULL || folder[0] == '\0') folder = "/usr/share/zoneinfo";
    if (!is_kind(folder, S_IFDIR)) {
        return error_set(err, ERR_IO,
                         "time zone \"%s\": there is no folder %.200s: install tzdata, or use UTC",
                         name, folder);
    }
    struct text path = {0};
    struct text bytes = {0};
    text_printf(&path, "%s/%s", folder, name);
    enum err_code code;
    if (path.failed) {
        code = error_set(err, ERR_NOMEM, "no memory for time zone \"%s\"", name);
    } else if (!is_kind(path.data, S_IFREG)) {
        code =
            error_set(err, ERR_USAGE,
                      "time zone \"%s\" is not known (no file %.300s): write an IANA name such as "
                      "America/Los_Angeles, or install tzdata if this one is right",
                      name, path.data);
    } else {
        code = file_read(path.data, ZONE_FILE_LIMIT, &bytes, err);
        if (code == ERR_OK) {
            code = zone_from_tzif(name, (const unsigned char *)text_str(&bytes), bytes.length, out,
                                  err);
        }
    }
    text_free(&path);
    text_free(&bytes);
    return code;
}

const char *zone_name(const struct zone *zone)
{
    return zone == NULL ? "UTC" : zone->name;
}

/* Fills everything in *out except the offset and the abbreviation. */
static void civil_of_local(int64_t local_s, struct civil *out)
{
    int64_t days = floor_divide(local_s, DAY_S);
    int second_of_day = (int)(local_s - days * DAY_S);
    int64_t year;
    date_from_days(days, &year, &out->month, &out->day);
    out->year = (int)year;
    out->hour = second_of_day / 3600;
    out->minute = second_of_day / 60 % 60;
    out->second = second_of_day % 60;
    out->weekday = weekday_of_days(days);
}

void zone_civil(const struct zone *zone, int64_t utc_ns, struct civil *out)
{
    static const struct local_type utc = {0, "UTC"};
    int64_t utc_s = floor_divide(utc_ns, NS_PER_S);
    int64_t end;
    const struct local_type *type = zone == NULL ? &utc : zone_type_at(zone, utc_s, &end);
    *out = (struct civil){.utc_offset_s = type->offset_s};
    memcpy(out->abbreviation, type->abbreviation, sizeof out->abbreviation);
    civil_of_local(utc_s + type->offset_s, out);
}

int64_t zone_instant(const struct zone *zone, int64_t days, int minute)
{
    int64_t local_s = days * DAY_S + (int64_t)minute * 60;
    if (zone == NULL) return local_s * NS_PER_S;
    /* No offset exceeds 26 hours, so here the zone's clock certainly shows an earlier time. */
    int64_t from = local_s - (int64_t)26 * 3600 - 1;
    for (;;) {
        int64_t end;
        int64_t candidate = local_s - zone_type_at(zone, from, &end)->offset_s;
        if (candidate < from) candidate = from; /* the clock jumped over the time */
        if (candidate < end) return candidate * NS_PER_S;
        from = end;
    }
}

int64_t zone_days_before(const struct zone *zone, int64_t utc_ns, int64_t days)
{
    struct civil civil;
    zone_civil(zone, utc_ns, &civil);
    const int64_t today = days_from_date(civil.year, civil.month, civil.day);
    const int64_t rest_ns = utc_ns - floor_divide(utc_ns, 60 * NS_PER_S) * 60 * NS_PER_S;
    return zone_instant(zone, today - days, civil.hour * 60 + civil.minute) + rest_ns;
}

static char *put_digits(char *out, int value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

/* Writes "2026-04-14T15:00:00.123" for a zone at this offset, unterminated; returns its end. The
 * year has four digits: an int64 of ns spans 1677 to 2262. */
static char *put_civil_ms(char *out, int64_t utc_ns, int offset_minutes)
{
    int64_t utc_s = floor_divide(utc_ns, NS_PER_S);
    int64_t ns = utc_ns % NS_PER_S;
    if (ns < 0) ns += NS_PER_S;
    struct civil civil = {0};
    civil_of_local(utc_s + (int64_t)offset_minutes * 60, &civil);
    out = put_digits(out, civil.year, 4);
    *out++ = '-';
    out = put_digits(out, civil.month, 2);
    *out++ = '-';
    out = put_digits(out, civil.day, 2);
    *out++ = 'T';
    out = put_digits(out, civil.hour, 2);
    *out++ = ':';
    out = put_digits(out, civil.minute, 2);
    *out++ = ':';
    out = put_digits(out, civil.second, 2);
    *out++ = '.';
    return put_digits(out, (int)(ns / NS_PER_MS), 3);
}

void format_utc_ms(int64_t utc_ns, char *out)
{
    out = put_civil_ms(out, utc_ns, 0);
    *out++ = 'Z';
    *out = '\0';
}

void format_local_ms(const struct zone *zone, int64_t utc_ns, char *out)
{
    struct civil civil;
    zone_civil(zone, utc_ns, &civil);
    /* RFC 3339 offsets have no seconds. For old zones that do, dropping them from both the time and
     * the offset keeps the timestamp correct. */
    int minutes = civil.utc_offset_s / 60;
    out = put_civil_ms(out, utc_ns, minutes);
    *out++ = minutes < 0 ? '-' : '+';
    if (minutes < 0) minutes = -minutes;
    out = put_digits(out, minutes / 60, 2);
    *out++ = ':';
    out = put_digits(out, minutes % 60, 2);
    *out = '\0';
}
