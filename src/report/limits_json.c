#include "report/limits_json.h"

#include "base/json.h"

#include <math.h>

static void told_json(const struct told_limit *told, double quota, const char *key,
                      struct text *out)
{
    json_key(out, key);
    json_open(out, '{');
    json_put_number(out, "low", told->low > 0 ? (double)told->low : NAN);
    json_put_number(out, "high", told->high > 0 ? (double)told->high : NAN);
    json_put_number(out, "quota", quota > 0 ? quota : NAN);
    json_close(out, '}');
}

void limits_json(const struct results *results, size_t region, const struct report_cell *cell,
                 struct text *out)
{
    const struct told_limits *told = &cell->cell.limits;
    json_key(out, "limits");
    json_open(out, '{');
    told_json(&told->requests, results_region_quota(results, region, "rpm"), "requests", out);
    told_json(&told->tokens, results_region_quota(results, region, "tpm"), "tokens", out);
    json_close(out, '}');
}
