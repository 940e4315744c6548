#include "report/concurrency_json.h"

#include "base/json.h"

#include <math.h>

void concurrency_json(const struct report_cell *cell, const char *peak, struct text *out)
{
    const struct concurrency *of = &cell->cell.concurrency;
    json_key(out, "concurrency");
    if (!concurrency_known(of)) {
        json_null(out);
        return;
    }
    json_open(out, '{');
    for (int i = 0; i < LEVEL_COUNT; i++) {
        json_key(out, level_name((enum level)i));
        json_open(out, '{');
        json_put_number(out, "mean", round(concurrency_mean(of, (enum level)i) * 1e6) / 1e6);
        json_put_count(out, peak, of->of[i].peak);
        json_close(out, '}');
    }
    json_close(out, '}');
}
