#include "report/retries_json.h"

#include "base/json.h"
#include "figures/retries.h"

#include <math.h>

void retries_counts_json(const struct report_cell *cell, struct text *out)
{
    json_put_count(out, "retries", cell->cell.counters.retries);
    json_put_number(out, "attempts_per_interaction",
                    retry_figures_of(cell).attempts_per_interaction);
    const struct counters *c = &cell->cell.counters;
    json_key(out, "hedges");
    json_open(out, '{');
    json_put_count(out, "begun", c->hedges);
    json_put_count(out, "won", c->hedges_won);
    json_put_count(out, "cancelled", c->hedges_cancelled);
    json_put_count(out, "tokens", c->hedge_tokens);
    json_put_number(out, "cost_usd", counters_unpriced(c) ? NAN : c->hedge_cost_usd);
    json_close(out, '}');
}

void retries_json(const struct report_cell *cell, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    json_key(out, "recovered");
    json_open(out, '{');
    json_put_count(out, "same_session", c->recovered_same_session);
    json_put_count(out, "new_session", c->recovered_new_session);
    json_put_count(out, "other_region", c->recovered_other_region);
    json_close(out, '}');
    json_put_number(out, "added_seconds", retry_figures_of(cell).added_seconds);
}
