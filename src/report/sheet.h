/* Fields of CSV files that people open in spreadsheets. */
#ifndef RUSHHOUR_REPORT_SHEET_H
#define RUSHHOUR_REPORT_SHEET_H

#include "base/text.h"

#include <stdint.h>

/*
 * Appends a field from an external source: control characters become spaces, so that a row stays on
 * one line, and anything a spreadsheet would take for a formula gets a leading apostrophe. Quoted
 * if necessary (RFC 4180).
 */
void sheet_field(struct text *out, const char *string);

/* As sheet_field, preceded by a comma. */
void sheet_next(struct text *out, const char *string);

/* A comma and a number in the shortest form that keeps 10 digits; an empty field if not finite. */
void sheet_number(struct text *out, double value);

/* A comma and a time, RFC 3339 in UTC with ms. */
void sheet_time(struct text *out, int64_t utc_ns);

#endif
