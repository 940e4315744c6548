/*
 * Windows: what reports group by, and when a simulator rule applies. Either a width (`1m`, `1h`),
 * or a named time of day: `peak=07:00-09:00@America/Los_Angeles,mon-fri`. A rule's `during` is the
 * latter without the name.
 */
#ifndef RUSHHOUR_BASE_WINDOW_H
#define RUSHHOUR_BASE_WINDOW_H

#include "base/calendar.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct window {
    char *spec;       /* as the user wrote it */
    char *name;       /* "1m", or the name before '=' ("" for a rule's `during`) */
    int64_t width_ns; /* > 0: windows of this width, aligned to the zone's midnight; 0: a named time
                         of day */
    int start_minute; /* of the day in `zone`, 0..1439 */
    int end_minute;   /* exclusive, 1..1440; smaller than start_minute: the window ends after
                         midnight */
    unsigned
        weekdays; /* bit 0 Sunday .. bit 6 Saturday: the day on which the window starts; 0x7F is
                     every day */
    struct zone *zone; /* NULL means UTC */
};

/* Parses a report window: a width, or NAME=HH:MM-HH:MM@ZONE[,days]; days are `mon-fri`, `sat`,
 * `mon,wed,fri`. */
MUST_USE enum err_code window_parse(const char *spec, struct window *out, struct error *err);

/* Parses HH:MM-HH:MM[@ZONE][,days] without a name, for a rule's `during` key. */
MUST_USE enum err_code window_parse_during(const char *spec, struct window *out, struct error *err);
void window_free(struct window *window);

/* Whether a named time of day contains the instant (ns since 1970 UTC). A width contains every
 * instant. */
bool window_contains(const struct window *window, int64_t utc_ns);

/*
 * Start and end (ns since 1970 UTC) of the window that contains an instant: the interval of that
 * width, or this occurrence of a named time of day (DST-safe: 07:00-09:00 local follows the zone's
 * own changes). False if a named window does not contain the instant.
 */
bool window_bounds(const struct window *window, int64_t utc_ns, int64_t *start_ns, int64_t *end_ns);

/* The first instant after this one at which a window begins or ends; INT64_MAX if there is none. */
int64_t window_next_bound(const struct window *window, int64_t utc_ns);

#endif
