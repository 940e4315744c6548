#include "watch/sparkline.h"

#include <math.h>

#define LEVELS 8 /* of one line */

void sparkline_put(struct text *out, double value, double most,
                   const struct sparkline_height *height, bool utf8)
{
    /* the blocks of an eighth to eight eighths */
    static const char *const blocks[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const letters[] = {" ", "_", ".", ":", "-", "=", "+", "*", "#"};
    if (value < 0) {
        text_puts(out, " ");
        return;
    }
    const double levels = 1 + ceil((double)(LEVELS * height->of - 1) * fmin(value / most, 1));
    const double above = fmin(fmax(levels - LEVELS * (double)height->line, 0), LEVELS);
    text_puts(out, (utf8 ? blocks : letters)[(int)above]);
}

double sparkline_scale(double value, double unit)
{
    static const double steps[] = {1, 2, 3, 5, 8};
    double power = unit;
    for (size_t i = 0;; i++) {
        if (i == sizeof steps / sizeof *steps) {
            power *= 10;
            i = 0;
        }
        if (steps[i] * power >= value || power > 1e300) return steps[i] * power;
    }
}
