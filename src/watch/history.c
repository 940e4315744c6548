#include "watch/history.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A column is a sixtieth of the load, within these bounds, in real time. */
#define COLUMNS_WANTED 60
#define COLUMN_LEAST_NS NS_PER_S
#define COLUMN_MOST_NS (5 * NS_PER_S)

#define RECENT_NS (60 * NS_PER_S)
#define RECENT_REPLAY_NS (10 * NS_PER_S) /* of real time */

/* Smoothing weight: the run's figures change once per second, and are read four times per
 * second. */
#define RATE_WEIGHT 0.15

static bool begin(struct history *history, const struct run_snapshot *run)
{
    const double speed = run->clock_speed > 1 ? run->clock_speed : 1;
    double column_ns = (double)run->load_ns / speed / COLUMNS_WANTED;
    column_ns = fmin(fmax(column_ns, (double)COLUMN_LEAST_NS), (double)COLUMN_MOST_NS);
    /* whole seconds of the run's clock read better */
    const double seconds = fmax(1, round(column_ns * speed / (double)NS_PER_S));
    history->column_ns = (int64_t)seconds * NS_PER_S;
    history->recent_ns =
        speed > 1 ? (int64_t)round((double)RECENT_REPLAY_NS / (double)NS_PER_S * speed) * NS_PER_S
                  : RECENT_NS;
    history->elapsed_ns = run->elapsed_ns;
    history->looked_ns = run->at_mono_ns;
    history->regions = calloc(run->region_count + 1, sizeof *history->regions);
    if (history->regions == NULL) return false;
    history->region_count = run->region_count;
    history->begun = run->elapsed_ns > 0 ? (uint64_t)(run->elapsed_ns / history->column_ns) : 0;
    history->columns = history->begun;
    return true;
}

static uint64_t counted_between(const struct histogram *from, const struct histogram *to,
                                int64_t most)
{
    const uint64_t later = to->total - histogram_count_above(to, most);
    return from == NULL ? later : later - (from->total - histogram_count_above(from, most));
}

/* The median of what `to` has more than `from`: the smallest value that half of it does not
 * exceed. -1 if that is nothing. */
static int64_t median_between(const struct histogram *from, const struct histogram *to)
{
    const uint64_t more = to->total - (from == NULL ? 0 : from->total);
    if (more == 0) return -1;
    int64_t low = 0;
    int64_t high = histogram_max(to);
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (2 * counted_between(from, to, middle) >= more) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return histogram_highest_equivalent(to, low);
}

static int64_t take_ttft(struct history *history, struct region_history *region,
                         const struct cell *totals)
{
    const struct histogram *now = totals == NULL ? NULL : totals->latency[METRIC_TTFT];
    if (now == NULL) return -1;
    const int64_t median = median_between(region->ttft, now);
    if (region->ttft == NULL) region->ttft = histogram_new(now->lowest, now->highest, now->digits);
    if (region->ttft == NULL) {
        history->failed = true;
        return -1;
    }
    histogram_reset(region->ttft);
    histogram_add(region->ttft, now);
    return median;
}

/* Completes the columns that are over; where nobody looked for several, what happened meanwhile is
 * in the first of them. */
static void complete_columns(struct history *history, const struct run_snapshot *run)
{
    const int64_t over = run->elapsed_ns > 0 ? run->elapsed_ns / history->column_ns : 0;
    while (history->columns < (uint64_t)over) {
        for (size_t i = 0; i < history->region_count; i++) {
            struct region_history *region = &history->regions[i];
            struct history_column *column = &region->columns[history->columns % HISTORY_COLUMNS];
            *column = region->current;
            column->ttft_us = take_ttft(history, region, run->regions[i].totals);
            region->current = (struct history_column){0};
        }
        history->columns++;
    }
}

/* The code whose count has grown most since the last look is the last failure. Tallies are only
 * ever added at the end. */
static void find_failure(struct history *history, struct region_history *region,
                         const struct cell *totals, int64_t elapsed_ns)
{
    uint64_t most = 0;
    if (totals->tally_count > region->tally_count) {
        uint64_t *more = realloc(region->tallies, totals->tally_count * sizeof *more);
        history->failed |= more == NULL;
        if (more == NULL) return;
        memset(more + region->tally_count, 0,
               (totals->tally_count - region->tally_count) * sizeof *more);
        region->tallies = more;
        region->tally_count = totals->tally_count;
    }
    for (size_t i = 0; i < totals->tally_count; i++) {
        const struct tally *tally = &totals->tallies[i];
        const uint64_t grown =
            tally->count > region->tallies[i] ? tally->count - region->tallies[i] : 0;
        region->tallies[i] = tally->count;
        if (tally->domain == DOMAIN_NONE || grown <= most) continue; /* DOMAIN_NONE: no failure */
        most = grown;
        text_copy(region->last_code, sizeof region->last_code, tally->code);
        region->last_ns = elapsed_ns;
    }
}

/* What was before the first look is in no column. */
static void begin_region(struct history *history, size_t index, const struct run_snapshot *run)
{
    struct region_history *region = &history->regions[index];
    const struct cell *totals = run->regions[index].totals;
    (void)take_ttft(history, region, totals);
    if (totals == NULL) return;
    region->failed = totals->counters.attempts_failed;
    region->ended = totals->counters.attempts_ok + region->failed;
}

static void look_at_region(struct history *history, size_t index, const struct run_snapshot *run,
                           double passed_s)
{
    struct region_history *region = &history->regions[index];
    const struct cell *totals = run->regions[index].totals;
    if (totals == NULL) return;
    const struct counters *counters = &totals->counters;
    const uint64_t ended = counters->attempts_ok + counters->attempts_failed;
    const double now = passed_s > 0 ? (double)(ended - region->ended) / passed_s : 0;
    region->ended_per_s += (now - region->ended_per_s) * RATE_WEIGHT;
    region->current.ended += ended - region->ended;
    region->current.failed += counters->attempts_failed - region->failed;
    region->ended = ended;
    region->failed = counters->attempts_failed;
    find_failure(history, region, totals, run->elapsed_ns);
}

bool history_look(struct history *history, const struct run_snapshot *run)
{
    const bool first = history->regions == NULL;
    if (history->failed || (first && !begin(history, run))) return false;
    for (size_t i = 0; first && i < history->region_count; i++) begin_region(history, i, run);
    const double passed_s = (double)(run->at_mono_ns - history->looked_ns) / (double)NS_PER_S;
    for (size_t i = 0; i < history->region_count; i++) look_at_region(history, i, run, passed_s);
    complete_columns(history, run);
    history->looked_ns = run->at_mono_ns;
    history->elapsed_ns = run->elapsed_ns;
    return !history->failed;
}

void history_free(struct history *history)
{
    for (size_t i = 0; i < history->region_count; i++) {
        histogram_free(history->regions[i].ttft);
        free(history->regions[i].tallies);
    }
    free(history->regions);
    *history = (struct history){0};
}

const struct history_column *history_at(const struct history *history, size_t region, size_t back)
{
    if (back == 0 || back > HISTORY_COLUMNS || back > history->columns - history->begun)
        return NULL;
    return &history->regions[region].columns[(history->columns - back) % HISTORY_COLUMNS];
}

struct history_column history_recent(const struct history *history, size_t region)
{
    struct history_column sum = history->regions[region].current;
    const int64_t begun_ns = (int64_t)history->columns * history->column_ns;
    const int64_t from_ns = history->elapsed_ns - history->recent_ns;
    for (size_t back = 1;; back++) {
        const struct history_column *column = history_at(history, region, back);
        if (column == NULL || begun_ns - (int64_t)back * history->column_ns < from_ns) break;
        sum.ended += column->ended;
        sum.failed += column->failed;
    }
    return sum;
}
