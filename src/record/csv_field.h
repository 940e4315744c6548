/* Converts one field of a CSV row to and from the struct member that its column names. */
#ifndef RUSHHOUR_RECORD_CSV_FIELD_H
#define RUSHHOUR_RECORD_CSV_FIELD_H

#include "base/text.h"
#include "record/csv.h"

#include <stdbool.h>

/* Appends the field of `row` that the column describes, quoted if necessary. */
void csv_field_write(struct text *out, const struct csv_column *column, const void *row);

/* Reads a field, already unquoted, into the row. False if it does not match the column's kind. */
bool csv_field_read(const struct csv_column *column, char *field, void *row);

#endif
