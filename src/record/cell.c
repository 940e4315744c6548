#include "record/cell.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

void counters_merge(struct counters *into, const struct counters *from)
{
#define X(name) into->name += from->name;
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    into->cost_usd += from->cost_usd;
    into->failed_cost_usd += from->failed_cost_usd;
    into->hedge_cost_usd += from->hedge_cost_usd;
}

void told_limit_add(struct told_limit *limit, double value)
{
    if (!(value >= 1) || value > 1e15) return;
    const uint64_t whole = (uint64_t)value;
    if (limit->low == 0 || whole < limit->low) limit->low = whole;
    if (whole > limit->high) limit->high = whole;
}

void told_limits_merge(struct told_limits *into, const struct told_limits *from)
{
    told_limit_add(&into->requests, (double)from->requests.low);
    told_limit_add(&into->requests, (double)from->requests.high);
    told_limit_add(&into->tokens, (double)from->tokens.low);
    told_limit_add(&into->tokens, (double)from->tokens.high);
}

void cell_free(struct cell *cell)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) histogram_free(cell->latency[i]);
    histogram_free(cell->ttft_of_service);
    free(cell->tallies);
    *cell = (struct cell){0};
}

void cell_reset(struct cell *cell)
{
    cell->counters = (struct counters){0};
    cell->clusters = (struct cluster_sums){0};
    cell->limits = (struct told_limits){0};
    cell->concurrency = (struct concurrency){0};
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (cell->latency[i] != NULL) histogram_reset(cell->latency[i]);
    }
    if (cell->ttft_of_service != NULL) histogram_reset(cell->ttft_of_service);
    cell->tally_count = 0;
    cell->failed = false;
}

static bool reserve(struct histogram **histogram)
{
    if (*histogram == NULL)
        *histogram = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    return *histogram != NULL;
}

/* One that is too long for the histogram is a long one all the same. */
static void count_value(struct cell *cell, struct histogram **histogram, int64_t us)
{
    if (reserve(histogram)) {
        (void)histogram_record(*histogram, us < METRIC_HIGHEST_US ? us : METRIC_HIGHEST_US, 1);
    } else {
        cell->failed = true;
    }
}

void cell_latency(struct cell *cell, enum metric metric, int64_t ns)
{
    if (ns < 0) {
        cell->counters.clipped++;
        return;
    }
    cell->counters.clipped += whole_us(ns) > METRIC_HIGHEST_US;
    count_value(cell, &cell->latency[metric], whole_us(ns));
}

void cell_ttft_of_service(struct cell *cell, int64_t ns)
{
    count_value(cell, &cell->ttft_of_service, ns > 0 ? whole_us(ns) : 0);
}

static bool reserve_tallies(struct cell *cell, size_t more)
{
    if (more <= cell->tally_capacity - cell->tally_count) return true;
    size_t capacity = cell->tally_capacity < 8 ? 8 : cell->tally_capacity;
    while (capacity < cell->tally_count + more) capacity *= 2;
    struct tally *tallies = realloc(cell->tallies, capacity * sizeof *tallies);
    if (tallies == NULL) return false;
    cell->tallies = tallies;
    cell->tally_capacity = capacity;
    return true;
}

void cell_failure(struct cell *cell, enum phase phase, enum domain domain, const char *code,
                  uint64_t count)
{
    struct tally wanted = {.phase = phase, .domain = domain, .count = count};
    size_t length = strnlen(code, sizeof wanted.code - 1);
    memcpy(wanted.code, code, length);
    for (size_t i = 0; i < cell->tally_count; i++) {
        struct tally *tally = &cell->tallies[i];
        if (tally->phase != phase || tally->domain != domain) continue;
        if (strcmp(tally->code, wanted.code) != 0) continue;
        tally->count += count;
        return;
    }
    if (!reserve_tallies(cell, 1)) {
        cell->failed = true;
        return;
    }
    cell->tallies[cell->tally_count++] = wanted;
}

static bool has_values(const struct histogram *histogram)
{
    return histogram != NULL && histogram->total > 0;
}

/* Allocates everything first, so that a cell is never half merged. */
static bool reserve_merge(struct cell *into, const struct cell *from)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (has_values(from->latency[i]) && !reserve(&into->latency[i])) return false;
    }
    if (has_values(from->ttft_of_service) && !reserve(&into->ttft_of_service)) return false;
    return reserve_tallies(into, from->tally_count);
}

bool cell_merge(struct cell *into, const struct cell *from)
{
    if (into->failed || from->failed || !reserve_merge(into, from)) return false;
    counters_merge(&into->counters, &from->counters);
    cluster_merge(&into->clusters, &from->clusters);
    told_limits_merge(&into->limits, &from->limits);
    concurrency_follow(&into->concurrency, &from->concurrency);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (has_values(from->latency[i])) histogram_add(into->latency[i], from->latency[i]);
    }
    if (has_values(from->ttft_of_service))
        histogram_add(into->ttft_of_service, from->ttft_of_service);
    for (size_t i = 0; i < from->tally_count; i++) {
        const struct tally *tally = &from->tallies[i];
        cell_failure(into, tally->phase, tally->domain, tally->code, tally->count);
    }
    return true;
}
