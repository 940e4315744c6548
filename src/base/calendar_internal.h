/* Internals of a time zone, shared only by calendar*.c, their tests and their fuzz target. */
#ifndef RUSHHOUR_BASE_CALENDAR_INTERNAL_H
#define RUSHHOUR_BASE_CALENDAR_INTERNAL_H

#include "base/calendar.h"

#include <stdbool.h>

#define ABBREVIATION_SIZE 12

/* A local time type of a zone: its offset east of UTC in seconds, and its abbreviation. */
struct local_type {
    int32_t offset_s;
    char abbreviation[ABBREVIATION_SIZE];
};

/* The day of the year on which daylight saving changes, and the second of that day (which may lie
 * outside it). */
struct rule_date {
    enum { DATE_JULIAN, DATE_ZERO_BASED, DATE_MONTH_WEEK_DAY } kind;
    int day; /* J1-365 without 29 February; 0-365 with it; or a weekday 0-6 */
    int month, week;
    int32_t second;
};

/* The rule that applies after the last transition: a POSIX TZ string with the extensions of RFC
 * 8536 section 3.3.1. */
struct zone_rule {
    struct local_type standard, daylight;
    bool has_daylight;
    struct rule_date start, end; /* of daylight saving; start in standard time, end in daylight
                                    time */
};

struct zone {
    char *name;
    size_t transition_count, type_count;
    int64_t *transitions; /* s since 1970 UTC, ascending */
    unsigned char *type_of;
    struct local_type *types; /* at least one; the first holds before the first transition */
    bool has_rule;
    struct zone_rule rule;
};

/*
 * Reads TZif data (RFC 8536, versions 1 to 4) from memory and hands the zone to the caller
 * (zone_free). Never reads past length; ERR_FORMAT names what is wrong.
 */
MUST_USE enum err_code zone_from_tzif(const char *name, const unsigned char *bytes, size_t length,
                                      struct zone **out, struct error *err);

/* Reads a POSIX TZ string of `length` bytes ("PST8PDT,M3.2.0,M11.1.0"); false if it is
 * malformed. */
bool zone_rule_parse(const char *string, size_t length, struct zone_rule *out);

/* The type in force at an instant according to a rule; *end_s is the next change after it
 * (INT64_MAX: none). */
const struct local_type *zone_rule_at(const struct zone_rule *rule, int64_t utc_s, int64_t *end_s);

/* The same for the whole zone. */
const struct local_type *zone_type_at(const struct zone *zone, int64_t utc_s, int64_t *end_s);

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar, and back. */
int64_t days_from_date(int64_t year, int month, int day);
void date_from_days(int64_t days, int64_t *year, int *month, int *day);

/* 0 Sunday .. 6 Saturday. */
int weekday_of_days(int64_t days);

/* Division that rounds towards negative infinity. */
int64_t floor_divide(int64_t value, int64_t divisor);

#endif
