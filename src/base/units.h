/* The units of profiles and flags: `250ms`, `5/s`, `3%`, `64KiB`. One parser for both. */
#ifndef RUSHHOUR_BASE_UNITS_H
#define RUSHHOUR_BASE_UNITS_H

#include "base/error.h"
#include "base/text.h"

#include <stdint.h>

/*
 * Each parser takes the whole string. If it is malformed, it returns ERR_USAGE, fills err with a
 * sentence that quotes the string and says what would be right ("5 has no unit: write 5s or 5ms"),
 * and leaves *out alone.
 */

/* `250ms`, `1.5s`, `5m`, `2h`, `1d`, `40us`: nanoseconds, never negative. A bare `0` is allowed. */
MUST_USE enum err_code parse_duration(const char *string, int64_t *out_ns, struct error *err);

/* `5/s`, `300/m`, `893/h`: events per second, never negative. */
MUST_USE enum err_code parse_rate(const char *string, double *out_per_s, struct error *err);

/* `3%`, `0.4%`: a fraction, 0 to 1. */
MUST_USE enum err_code parse_fraction(const char *string, double *out, struct error *err);

/* `64KiB`, `1MB`, `512`: bytes. */
MUST_USE enum err_code parse_size(const char *string, uint64_t *out_bytes, struct error *err);

/* A whole decimal number, 0 to 2^63-1. */
MUST_USE enum err_code parse_count(const char *string, uint64_t *out, struct error *err);

/* Appends a duration in the largest unit that keeps it readable: `40us`, `250ms`, `1.50s`, `5m`,
 * `2h 5m`. */
void text_duration(struct text *text, int64_t ns);

/* Appends an estimated time, given in minutes: `45s`, `2h 5m`, `1d 9h`, `2.3 years`; `never` if
 * infinite, `unknown` for NaN. */
void text_needed_time(struct text *text, double minutes);

#endif
