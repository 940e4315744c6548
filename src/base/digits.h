/* Numbers as people read them. */
#ifndef RUSHHOUR_BASE_DIGITS_H
#define RUSHHOUR_BASE_DIGITS_H

#include "base/text.h"

#include <stdint.h>

/* Appends a count with its thousands apart: 1,234,567. */
void text_count(struct text *text, uint64_t count);

struct digits {
    char text[48];
};

/* A number with so many decimals, or as many more (up to 15) as tell it from another one that it is
 * said to be above or below: 1.0% is not more than 1%, 1.0004% is. */
struct digits digits_apart(double number, double other, int decimals);

#endif
