/* Civil time: RFC 3339 timestamps and IANA time zones, read from the system's zoneinfo (TZif, RFC
 * 8536). */
#ifndef RUSHHOUR_BASE_CALENDAR_H
#define RUSHHOUR_BASE_CALENDAR_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct zone; /* opaque; immutable once opened, so threads may share it */

/*
 * Opens an IANA zone ("America/Los_Angeles", "UTC") and hands it to the caller (zone_free). Reads
 * $TZDIR or /usr/share/zoneinfo; "UTC" needs no file. An unknown or unsafe name ("../x") is
 * ERR_USAGE and names the zone.
 */
MUST_USE enum err_code zone_open(const char *name, struct zone **out, struct error *err);
void zone_free(struct zone *zone);
const char *zone_name(const struct zone *zone);

struct civil {
    int year, month, day;     /* month 1-12, day 1-31 */
    int hour, minute, second; /* 0-23, 0-59, 0-59 */
    int weekday;              /* 0 Sunday .. 6 Saturday */
    int32_t utc_offset_s;     /* east of UTC is positive */
    char abbreviation[12];    /* "PDT" */
};

/* The civil time of an instant (ns since 1970 UTC) in a zone, daylight saving included; NULL means
 * UTC. */
void zone_civil(const struct zone *zone, int64_t utc_ns, struct civil *out);

/*
 * The first instant (ns since 1970 UTC) at which the zone's clock shows this minute of this local
 * day (days since 1970-01-01) or a later time. If daylight saving skips the time, that is the
 * instant of the jump; if the time occurs twice, the first one. minute may be 1440 (the end of the
 * day); NULL means UTC.
 */
int64_t zone_instant(const struct zone *zone, int64_t days, int minute);

/* The instant so many local days before another at which the zone's clock shows the same time, as
 * zone_instant finds it: an hour more or less than whole days where daylight saving changes. */
int64_t zone_days_before(const struct zone *zone, int64_t utc_ns, int64_t days);

/* Writes "2026-04-14T15:00:00.123Z" (UTC, ms). out holds at least 25 bytes. */
void format_utc_ms(int64_t utc_ns, char *out);

/* Writes "2026-04-14T08:00:00.123-07:00" for a zone (NULL: UTC). out holds at least 30 bytes. */
void format_local_ms(const struct zone *zone, int64_t utc_ns, char *out);

/* Reads an RFC 3339 timestamp with an offset or Z and any number of decimals into ns since 1970
 * UTC; ERR_USAGE if it is not one. */
MUST_USE enum err_code parse_time(const char *string, int64_t *out_utc_ns, struct error *err);

#endif
