#include "figures/retries.h"

#include "figures/cells.h"

#include <math.h>

static double sum_us(const struct histogram *histogram)
{
    if (histogram == NULL || histogram->total == 0) return 0;
    return histogram_mean(histogram) * (double)histogram->total;
}

struct retry_figures retry_figures_of(const struct report_cell *cell)
{
    const struct counters *c = &cell->cell.counters;
    const struct histogram *whole = cell->cell.latency[METRIC_INTERACTION];
    const struct histogram *answers = cell->cell.latency[METRIC_RESPONSE];
    struct retry_figures figures = {
        .interactions = (double)c->interactions_ok + (double)c->interactions_failed,
        .struck = (double)c->recovered + (double)c->interactions_failed,
        .attempts_per_interaction = NAN,
        .added_seconds = NAN,
    };
    if (figures.interactions > 0)
        figures.attempts_per_interaction =
            (double)(report_cell_attempts(cell) + c->hedges_cancelled) / figures.interactions;
    if (whole != NULL && whole->total > 0)
        figures.added_seconds = fmax(0, sum_us(whole) - sum_us(answers)) / 1e6;
    return figures;
}
