#include "compare/resolution.h"

#include "figures/cells.h"
#include "report/format.h"

#include <math.h>

#define ANY_CONFIDENCE 0.95 /* only the value is looked at */

static double share_above(const struct report_cell *cell, const struct threshold *what)
{
    double n;
    return report_cell_share(cell, what->metric, (int64_t)what->slower_than_us, ANY_CONFIDENCE, &n)
        .value;
}

double resolution_of_share(const struct report_cell *cell, const struct threshold *what)
{
    struct threshold surely;
    if (!report_cell_surely_over(cell, what, &surely)) return 0;
    return fmax(0, share_above(cell, what) - share_above(cell, &surely));
}

void resolution_widen(struct difference *d, double of_a, double of_b)
{
    if (of_a > 0) d->high = fmin(1, d->high + of_a);
    if (of_b > 0) d->low = fmax(-1, d->low - of_b);
}

void resolution_words(const struct report_cell *cell, const struct threshold *what,
                      struct text *out)
{
    struct threshold surely;
    if (!report_cell_surely_over(cell, what, &surely)) return;
    text_puts(out, "; in this replay up to ");
    format_us(out, surely.slower_than_us - what->slower_than_us);
    text_puts(out, " of a latency may be this machine's own");
}
