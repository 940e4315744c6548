#include "record/interval.h"

#include "base/clock.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(struct interval_row, member)
#define COUNT(name, required) #name, CSV_COUNT, required, AT(counters.name), 0, NULL
#define CONTRACT_COUNT(name) {COUNT(name, true)},
#define MORE_COUNT(name) {COUNT(name, false)},
#define CLUSTER(name, kind) "cluster_" #name, kind, false, AT(clusters.name), 0, NULL
#define HEALTH(name, kind) #name, kind, false, AT(health.name), 0, NULL
#define DELAY(name) #name "_us", CSV_NS_AS_US, false, AT(health.name##_ns), 0, NULL
#define MEAN(name, level) name, CSV_REAL, false, AT(levels[level].mean), 0, NULL
#define PEAK(name, level) name "_peak", CSV_OPTIONAL, false, AT(levels[level].peak), 0, NULL

/* In file order. The contract's columns are required; those to their right may be missing. */
static const struct csv_column columns[] = {
    {"start", CSV_TIME, true, AT(start_utc_ns), 0, NULL},
    {"end", CSV_TIME, true, AT(end_utc_ns), 0, NULL},
    {"region", CSV_STRING, true, AT(region), 0, NULL},
    COUNTER_MAP(CONTRACT_COUNT) /* each with its comma */
    {"cost_usd", CSV_REAL, true, AT(counters.cost_usd), 0, NULL},
    COUNTER_MAP_MORE(MORE_COUNT) /* each with its comma */
    {"failed_cost_usd", CSV_REAL, false, AT(counters.failed_cost_usd), 0, NULL},
    {"hedge_cost_usd", CSV_REAL, false, AT(counters.hedge_cost_usd), 0, NULL},
    {"cluster_chains", CSV_COUNT, false, AT(clusters.count), 0, NULL},
    {CLUSTER(with_failure, CSV_COUNT)},
    {CLUSTER(m, CSV_REAL)},
    {CLUSTER(x, CSV_REAL)},
    {CLUSTER(mm, CSV_REAL)},
    {CLUSTER(mx, CSV_REAL)},
    {CLUSTER(xx, CSV_REAL)},
    {CLUSTER(at_risk, CSV_COUNT)},
    {CLUSTER(first_failures, CSV_COUNT)},
    {"limit_requests", CSV_COUNT, false, AT(limits.requests.low), 0, NULL},
    {"limit_tokens", CSV_COUNT, false, AT(limits.tokens.low), 0, NULL},
    {DELAY(loop_delay_p99)},
    {DELAY(loop_delay_max)},
    {DELAY(lag_p99)},
    {DELAY(lag_max)},
    {HEALTH(loops, CSV_COUNT)},
    {HEALTH(loops_late, CSV_COUNT)},
    {HEALTH(dispatches, CSV_COUNT)},
    {HEALTH(dispatches_late, CSV_COUNT)},
    {HEALTH(wall_ms, CSV_COUNT)},
    {HEALTH(cpu, CSV_REAL)},
    {HEALTH(cpu_quota, CSV_REAL)},
    {HEALTH(cpu_periods, CSV_COUNT)},
    {HEALTH(cpu_throttled, CSV_COUNT)},
    {HEALTH(requested, CSV_COUNT)},
    {HEALTH(achieved, CSV_COUNT)},
    {HEALTH(achieved_late, CSV_COUNT)},
    {HEALTH(held, CSV_COUNT)},
    {HEALTH(displaced, CSV_COUNT)},
    {HEALTH(pauses, CSV_COUNT)},
    {HEALTH(paused_ms, CSV_COUNT)},
    {HEALTH(stamps_kernel, CSV_COUNT)},
    {HEALTH(stamps_loop, CSV_COUNT)},
    {HEALTH(answers, CSV_COUNT)},
    {HEALTH(answers_off, CSV_COUNT)},
    {HEALTH(dials, CSV_COUNT)},
    {HEALTH(dials_off, CSV_COUNT)},
    {HEALTH(simulator_loops, CSV_COUNT)},
    {HEALTH(simulator_loops_late, CSV_COUNT)},
    {HEALTH(valid, CSV_BOOL)},
    {"why", CSV_CHARS, false, AT(health.why), sizeof((struct health){0}).why, NULL},
    {MEAN("sessions_open", LEVEL_OPEN)},
    {PEAK("sessions_open", LEVEL_OPEN)},
    {MEAN("in_flight", LEVEL_FLIGHT)},
    {PEAK("in_flight", LEVEL_FLIGHT)},
};

static const struct csv_former former[] = {
    {"lag_p99_us", "dispatch_delay_p99_us"},
    {"lag_max_us", "dispatch_delay_max_us"},
    {"cluster_chains", "cluster_sessions"}, /* each session was then a chain of its own */
};

static const struct csv_table table = {
    .columns = columns,
    .count = sizeof columns / sizeof *columns,
    .former = former,
    .former_count = sizeof former / sizeof *former,
};
_Static_assert(sizeof columns / sizeof *columns <= CSV_COLUMNS_MAX, "a csv_map holds every column");

void interval_csv_header(struct text *out)
{
    csv_write_header(out, &table);
}

/* Six decimals: over an interval of 10 s, a session that was open for 10 us. */
static void write_levels(struct interval_row *row)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const bool known = concurrency_known(&row->concurrency);
        const double mean = concurrency_mean(&row->concurrency, (enum level)i);
        row->levels[i].mean = round(mean * 1e6) / 1e6;
        row->levels[i].peak = known ? (int64_t)row->concurrency.of[i].peak : -1;
    }
}

/* Older files have no such columns; what was merged with one has empty fields. */
static void read_levels(struct interval_row *row)
{
    const int64_t length_ns = row->end_utc_ns - row->start_utc_ns;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (row->levels[i].peak < 0) return;
    }
    row->concurrency.known_ns = length_ns;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        row->concurrency.of[i].sum_s = row->levels[i].mean * (double)length_ns / (double)NS_PER_S;
        row->concurrency.of[i].peak = (uint64_t)row->levels[i].peak;
    }
}

void interval_csv_row(struct text *out, const struct interval_row *row)
{
    struct interval_row written = *row;
    write_levels(&written);
    csv_write_row(out, &table, &written);
}

enum err_code interval_csv_columns(char *header, struct csv_map *map, struct error *err)
{
    return csv_read_header(&table, header, map, err);
}

/* Older files count sessions only as clusters, which they were then, and show attempts without a
 * price as tokens that cost nothing. */
static void count_as_formerly(struct interval_row *row)
{
    struct counters *counters = &row->counters;
    if (counters->unpriced_attempts == UINT64_MAX) {
        bool free = counters->cost_usd <= 0;
        bool used = counters->input_tokens + counters->output_tokens > 0;
        counters->unpriced_attempts = free && used ? counters->attempts_started : 0;
    }
    if (counters->sessions_with_attempts == UINT64_MAX)
        counters->sessions_with_attempts = row->clusters.count;
    if (counters->sessions_with_failure == UINT64_MAX)
        counters->sessions_with_failure = row->clusters.with_failure;
}

/* Sums over a run of rows as full as this overflow nothing, and one row cannot be fuller. */
#define EVENTS_MOST UINT64_C(1000000000)
#define AMOUNT_MOST UINT64_C(1000000000000000) /* tokens, milliseconds */
#define SUM_MOST 1e18
#define LENGTH_MOST (INT64_C(86400) * NS_PER_S)

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), size = strlen(end);
    return length >= size && strcmp(name + length - size, end) == 0;
}

static bool counters_can_be(const struct counters *c)
{
#define X(name)                                                                                    \
    if (c->name >                                                                                  \
        (ends_in(#name, "_tokens") || ends_in(#name, "_ms") ? AMOUNT_MOST : EVENTS_MOST))          \
        return false;
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    return c->cost_usd >= 0 && c->cost_usd < SUM_MOST && c->failed_cost_usd >= 0 &&
           c->failed_cost_usd < SUM_MOST && c->hedge_cost_usd >= 0 && c->hedge_cost_usd < SUM_MOST;
}

static bool clusters_can_be(const struct cluster_sums *sums)
{
    const double real[] = {sums->m, sums->x, sums->mm, sums->mx, sums->xx};
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        if (!(real[i] >= 0 && real[i] <= SUM_MOST)) return false;
    }
    return sums->count <= EVENTS_MOST && sums->with_failure <= sums->count &&
           sums->at_risk <= AMOUNT_MOST && sums->first_failures <= sums->at_risk;
}

static bool health_can_be(const struct health *health)
{
    const uint64_t counts[] = {health->loops,
                               health->loops_late,
                               health->dispatches,
                               health->dispatches_late,
                               health->wall_ms,
                               health->requested,
                               health->achieved,
                               health->achieved_late,
                               health->held,
                               health->cpu_periods,
                               health->cpu_throttled,
                               health->answers,
                               health->answers_off,
                               health->dials,
                               health->dials_off,
                               health->simulator_loops,
                               health->simulator_loops_late};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i] > AMOUNT_MOST) return false;
    }
    return health->cpu >= 0 && health->cpu <= SUM_MOST && health->cpu_quota >= 0 &&
           health->cpu_quota <= SUM_MOST;
}

static bool levels_can_be(const struct level_row *levels)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        const double mean = levels[i].mean;
        if (levels[i].peak > (int64_t)EVENTS_MOST) return false;
        if (levels[i].peak >= 0 && !(mean >= 0 && mean <= (double)levels[i].peak)) return false;
    }
    return true;
}

/* The gate for what other programs, or a damaged disk, may have written: no figure is made of
 * numbers that cannot be. */
static bool row_can_be(const struct interval_row *row)
{
    return row->start_utc_ns >= 0 && row->end_utc_ns >= row->start_utc_ns &&
           row->end_utc_ns - row->start_utc_ns <= LENGTH_MOST && counters_can_be(&row->counters) &&
           clusters_can_be(&row->clusters) && health_can_be(&row->health) &&
           levels_can_be(row->levels);
}

void interval_own_failures(struct interval_row *row)
{
    const struct counters *counters = &row->counters;
    row->health.own_failures = counters->own_failures;
    row->health.attempts =
        counters->attempts_ok + counters->attempts_failed + counters->own_failures;
}

enum err_code interval_csv_read(const struct csv_map *map, char *line, struct interval_row *row,
                                struct error *err)
{
    *row = (struct interval_row){.region = "",
                                 .health = {.valid = true},
                                 .counters = {.sessions_with_attempts = UINT64_MAX,
                                              .sessions_with_failure = UINT64_MAX,
                                              .unpriced_attempts = UINT64_MAX},
                                 .levels = {{.peak = -1}, {.peak = -1}}};
    enum err_code code = csv_read_row(&table, map, line, row, err);
    count_as_formerly(row);
    if (code == ERR_OK && !row_can_be(row))
        code = error_set(err, ERR_FORMAT, "the row has a time or a count that cannot be");
    /* a part of the others, whatever a service says */
    if (row->counters.cached_tokens > row->counters.input_tokens)
        row->counters.cached_tokens = row->counters.input_tokens;
    row->limits.requests.high = row->limits.requests.low;
    row->limits.tokens.high = row->limits.tokens.low;
    interval_own_failures(row);
    if (code == ERR_OK) read_levels(row);
    return code;
}
