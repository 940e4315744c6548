#include "watch/region_values.h"

#include <math.h>

double region_requested(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)region;
    return run->requested;
}

double region_sessions_open(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return (double)region->sessions_open;
}

double region_in_flight(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return (double)region->in_flight;
}

double region_held(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return region->hold.on;
}

double region_held_seconds(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return region->totals == NULL ? 0 : (double)region->totals->counters.held_ms / 1e3;
}

double region_driven_seconds(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return region->totals == NULL ? 0 : (double)region->totals->counters.driven_ms / 1e3;
}

static double sum_of(const struct region_snapshot *region, enum level level)
{
    return region->totals == NULL ? 0 : region->totals->concurrency.of[level].sum_s;
}

static double peak_of(const struct region_snapshot *region, enum level level)
{
    return region->totals == NULL ? 0 : (double)region->totals->concurrency.of[level].peak;
}

double region_open_seconds(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return sum_of(region, LEVEL_OPEN);
}

double region_flight_seconds(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return sum_of(region, LEVEL_FLIGHT);
}

double region_open_peak(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return peak_of(region, LEVEL_OPEN);
}

double region_flight_peak(const struct run_snapshot *run, const struct region_snapshot *region)
{
    (void)run;
    return peak_of(region, LEVEL_FLIGHT);
}

/* Without a price there is no sample, from the first page on: a counter must not vanish. */
static bool is_priced(const struct run_snapshot *run, const struct region_snapshot *region)
{
    return prices_find(&run->profile->prices, region->region->model) != NULL;
}

double region_cost(const struct run_snapshot *run, const struct region_snapshot *region)
{
    if (!is_priced(run, region)) return NAN;
    return region->totals == NULL ? 0 : region->totals->counters.cost_usd;
}

double region_failed_cost(const struct run_snapshot *run, const struct region_snapshot *region)
{
    if (!is_priced(run, region)) return NAN;
    return region->totals == NULL ? 0 : region->totals->counters.failed_cost_usd;
}
