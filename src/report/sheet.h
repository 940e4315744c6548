/* Fields of CSV files that people open in spreadsheets. */
#ifndef RUSHHOUR_REPORT_SHEET_H
#define RUSHHOUR_REPORT_SHEET_H

#include "base/text.h"

#include <stdint.h>

/*
 * Appends a field that came from outside: control characters become spaces, so that a row stays a
 * line, and what a spreadsheet would take for a formula gets an apostrophe before it. Quoted when
 * it must be (RFC 4180).
 */
void sheet_field(struct text *out, const char *string);

/* The same with a comma before it. */
void sheet_next(struct text *out, const char *string);

/* A comma and a number in its shortest form that keeps 10 digits; an empty field when it is not
 * finite. */
void sheet_number(struct text *out, double value);

/* A comma and a time, RFC 3339 in UTC with ms. */
void sheet_time(struct text *out, int64_t utc_ns);

#endif
