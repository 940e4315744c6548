#include "compare/resolution.h"

#include "figures/cells.h"
#include "report/format.h"

#include <math.h>

#define ANY_CONFIDENCE 0.95 /* only the value is looked at */

static int64_t least_us_of(const struct report_cell *cell, const struct threshold *what)
{
    if (what->kind != THRESHOLD_SHARE) return 0;
    return report_cell_least_us(cell, what->metric, 1);
}

static double share_above(const struct report_cell *cell, const struct threshold *what,
                          double limit_us)
{
    double n;
    return report_cell_share(cell, what->metric, (int64_t)limit_us, ANY_CONFIDENCE, &n).value;
}

double resolution_of_share(const struct report_cell *cell, const struct threshold *what)
{
    const int64_t least_us = least_us_of(cell, what);
    if (least_us <= 0) return 0;
    return fmax(0, share_above(cell, what, what->slower_than_us) -
                       share_above(cell, what, what->slower_than_us + (double)least_us));
}

void resolution_widen(struct difference *d, double of_a, double of_b)
{
    if (of_a > 0) d->high = fmin(1, d->high + of_a);
    if (of_b > 0) d->low = fmax(-1, d->low - of_b);
}

void resolution_words(const struct report_cell *cell, const struct threshold *what,
                      struct text *out)
{
    const int64_t least_us = least_us_of(cell, what);
    if (least_us <= 0) return;
    text_puts(out, "; in this replay up to ");
    format_us(out, (double)least_us);
    text_puts(out, " of a latency may be this machine's own");
}
