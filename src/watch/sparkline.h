/* A row of small bars. Pure. */
#ifndef RUSHHOUR_WATCH_SPARKLINE_H
#define RUSHHOUR_WATCH_SPARKLINE_H

#include "base/text.h"

#include <stdbool.h>

/* How high a bar is, in lines. */
struct sparkline_height {
    unsigned of, line; /* line 0 is the lowest */
};

/* Appends the character of one line of a bar, for a value from 0 to `most` (above 0): the lowest
 * bar is 0 alone, and a value below 0 is unknown, a blank. */
void sparkline_put(struct text *out, double value, double most,
                   const struct sparkline_height *height, bool utf8);

/* The next of 1, 2, 3, 5, 8, 10, 20, ... times `unit` that is not below a value: for scales that
 * keep still. `unit` for values below it. */
double sparkline_scale(double value, double unit);

#endif
