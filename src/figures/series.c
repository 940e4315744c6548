#include "figures/series.h"

#include "base/clock.h"
#include "figures/grouping.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- gathering ---- */

/* How many intervals start at or before a time. */
static size_t starts_before(const struct series *series, int64_t time_ns)
{
    size_t low = 0;
    size_t high = series->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->intervals[middle].start_ns <= time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool grow(struct series *series)
{
    if (series->count < series->capacity) return true;
    size_t capacity = series->capacity == 0 ? 64 : series->capacity * 2;
    struct series_interval *intervals =
        realloc(series->intervals, capacity * sizeof *series->intervals);
    if (intervals == NULL) return false;
    series->intervals = intervals;
    struct series_counts *counts =
        realloc(series->counts, capacity * series->regions * sizeof *series->counts);
    if (counts == NULL) return false;
    series->counts = counts;
    series->capacity = capacity;
    return true;
}

/* The number of an interval, or of one around it (shards that start apart share the end of their
 * first), made when it is not there yet; SIZE_MAX without memory. */
static size_t place(struct series *series, const struct series_interval *interval)
{
    const size_t before = starts_before(series, interval->start_ns);
    const size_t regions = series->regions;
    if (before > 0) {
        struct series_interval *known = &series->intervals[before - 1];
        const bool same = known->start_ns == interval->start_ns;
        if (same && interval->end_ns > known->end_ns) known->end_ns = interval->end_ns;
        if (same || known->end_ns >= interval->end_ns) return before - 1;
    }
    if (!grow(series)) return SIZE_MAX;
    const size_t behind = series->count - before;
    memmove(series->intervals + before + 1, series->intervals + before,
            behind * sizeof *series->intervals);
    memmove(series->counts + (before + 1) * regions, series->counts + before * regions,
            behind * regions * sizeof *series->counts);
    memset(series->counts + before * regions, 0, regions * sizeof *series->counts);
    series->intervals[before] = *interval;
    series->count++;
    series->parts += interval->start_ns != interval->whole_ns;
    return before;
}

bool series_add_part(struct series *series, size_t region, const struct series_interval *part,
                     const struct counters *c)
{
    size_t at = place(series, part);
    if (at == SIZE_MAX) return false;
    struct series_counts *counts = &series->counts[at * series->regions + region];
    counts->attempts += (uint32_t)(c->attempts_ok + c->attempts_failed);
    counts->attempts_failed += (uint32_t)c->attempts_failed;
    counts->interactions += (uint32_t)(c->interactions_ok + c->interactions_failed);
    counts->interactions_failed += (uint32_t)c->interactions_failed;
    counts->sessions += (uint32_t)c->sessions_with_attempts;
    counts->sessions_failed += (uint32_t)c->sessions_with_failure;
    return true;
}

bool series_add_attempt(struct series *series, const struct series_attempt *attempt)
{
    if (series->count - series->parts >= SERIES_FEW_INTERVALS) return true;
    if (series->attempt_count == series->attempt_capacity) {
        size_t capacity = series->attempt_capacity == 0 ? 256 : series->attempt_capacity * 2;
        struct series_attempt *attempts = realloc(series->attempts, capacity * sizeof *attempts);
        if (attempts == NULL) return false;
        series->attempts = attempts;
        series->attempt_capacity = capacity;
    }
    series->attempts[series->attempt_count++] = *attempt;
    return true;
}

/* The same values in the layout that all metrics have; the caller's, NULL without memory. */
static struct histogram *in_our_layout(const struct histogram *from)
{
    struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    if (h != NULL) histogram_add(h, from);
    return h;
}

bool series_add_latency(struct series *series, size_t region, enum metric metric, int64_t start_ns,
                        const struct histogram *histogram)
{
    if (!series->wanted[metric]) return true;
    if (histogram->lowest != METRIC_LOWEST_US || histogram->digits != METRIC_DIGITS) {
        struct histogram *ours = in_our_layout(histogram);
        bool added = ours != NULL && series_add_latency(series, region, metric, start_ns, ours);
        histogram_free(ours);
        return added;
    }
    const size_t before = starts_before(series, start_ns);
    return before == 0 ||
           series_values_add(&series->latency[metric], (before - 1) * series->regions + region,
                             series->count * series->regions, histogram);
}

void series_forget_latencies(struct series *series)
{
    for (int m = 0; m < METRIC_COUNT; m++) series_values_free(&series->latency[m]);
}

void series_free(struct series *series)
{
    series_forget_latencies(series);
    free(series->intervals);
    free(series->counts);
    free(series->attempts);
    *series = (struct series){0};
}

/* ---- blocks ---- */

static bool inside(const struct series_cut *cut, int64_t start_ns)
{
    if (cut->grouping == NULL) return !cut->outside;
    const struct slice *slice = grouping_find(cut->grouping, start_ns);
    bool in = cut->slice == NULL ? slice != NULL : slice == cut->slice;
    return in != cut->outside;
}

/* Whether a region is the one wanted, or one of those. */
static bool is_wanted(size_t wanted, size_t region)
{
    if (wanted == SERIES_ALL_REGIONS || wanted == region) return true;
    return wanted > SIZE_MAX / 2 && wanted != SERIES_ALL_BUT(region);
}

/* The intervals among which those of a cut are: few where it is one slice of many. */
static void range_of(const struct series *series, const struct series_cut *cut, size_t *from,
                     size_t *to)
{
    *from = 0;
    *to = series->count;
    if (cut->slice == NULL || cut->outside || cut->grouping->kind != GROUP_WINDOW) return;
    *from = starts_before(series, cut->slice->start_ns - 1);
    *to = starts_before(series, cut->slice->end_ns - 1);
}

/* Where the block of this interval ends, which is inside the cut: if windows split the interval,
 * its further parts that are inside belong to the same block. */
static size_t stretch_end(const struct series *series, const struct series_cut *cut, size_t first,
                          size_t to)
{
    const struct series_interval *of = series->intervals;
    size_t end = first + 1;
    while (end < to && of[end].whole_ns == of[first].whole_ns && inside(cut, of[end].start_ns))
        end++;
    return end;
}

/* The places of one region in `counts`, of an interval or of consecutive parts of one. */
struct stretch {
    size_t first, end; /* end exclusive */
    size_t step;       /* from one part's place to the next one's */
};

static void count_slower(const struct series *series, const struct stretch *stretch,
                         const struct series_what *what, size_t limit_block,
                         struct time_block *into)
{
    double attempts = 0;
    double failed = 0;
    double above = 0;
    double all = 0;
    for (size_t place = stretch->first; place < stretch->end; place += stretch->step) {
        attempts += series->counts[place].attempts;
        failed += series->counts[place].attempts_failed;
        series_values_count(&series->latency[what->metric], place, limit_block, &above, &all);
    }
    if (what->of == SERIES_OF_SLOWER) {
        double missing = fmin(fmax(0, attempts - all), failed);
        above += missing;
        all += missing;
    }
    into->attempts += all;
    into->failures += above;
}

/* Adds what one region counted. */
static void count_stretch(const struct series *series, const struct stretch *stretch,
                          const struct series_what *what, size_t limit_block,
                          struct time_block *into)
{
    if (what->of == SERIES_OF_SLOWER || what->of == SERIES_OF_ABOVE) {
        count_slower(series, stretch, what, limit_block, into);
        return;
    }
    for (size_t place = stretch->first; place < stretch->end; place += stretch->step) {
        const struct series_counts *counts = &series->counts[place];
        if (what->of == SERIES_OF_INTERACTIONS) {
            into->attempts += counts->interactions;
            into->failures += counts->interactions_failed;
        } else if (what->of == SERIES_OF_SESSIONS) {
            into->attempts += counts->sessions;
            into->failures += counts->sessions_failed;
        } else {
            into->attempts += counts->attempts;
            into->failures += counts->attempts_failed;
        }
    }
}

static size_t block_of_limit(const struct series_what *what)
{
    if (what->of != SERIES_OF_SLOWER && what->of != SERIES_OF_ABOVE) return 0;
    struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    if (h == NULL) return SIZE_MAX;
    size_t block = histogram_block_at(h, what->limit_us + 1);
    histogram_free(h);
    return block;
}

static double seconds_between(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / (double)NS_PER_S;
}

bool series_blocks(const struct series *series, const struct series_cut *cut, size_t region,
                   const struct series_what *what, struct series_blocks *out)
{
    size_t from;
    size_t to;
    *out = (struct series_blocks){0};
    range_of(series, cut, &from, &to);
    if (from >= to) return true;
    size_t limit_block = block_of_limit(what);
    out->list = calloc(to - from, sizeof *out->list);
    if (out->list == NULL || limit_block == SIZE_MAX) {
        series_blocks_free(out);
        return false;
    }
    size_t end;
    for (size_t i = from; i < to; i = end) {
        end = i + 1;
        if (!inside(cut, series->intervals[i].start_ns)) continue;
        end = stretch_end(series, cut, i, to);
        struct time_block *block = &out->list[out->count++];
        const int64_t start_ns = series->intervals[i].start_ns;
        block->start = seconds_between(series->intervals[0].start_ns, start_ns);
        block->seconds = seconds_between(start_ns, series->intervals[end - 1].end_ns);
        for (size_t r = 0; r < series->regions; r++) {
            const struct stretch stretch = {i * series->regions + r, end * series->regions,
                                            series->regions};
            if (is_wanted(region, r)) count_stretch(series, &stretch, what, limit_block, block);
        }
    }
    return true;
}

/* ---- finer blocks, from attempts ---- */

static bool attempts_tell(const struct series_what *what)
{
    bool latency = what->of == SERIES_OF_SLOWER || what->of == SERIES_OF_ABOVE;
    bool kept = what->metric == METRIC_TTFT || what->metric == METRIC_RESPONSE;
    return what->of == SERIES_OF_ATTEMPTS || (latency && kept);
}

/* A tenth of an interval, in whole seconds. */
static int64_t fine_step(const struct series *series)
{
    int64_t longest_ns = 0;
    for (size_t i = 0; i < series->count; i++) {
        int64_t length_ns = series->intervals[i].end_ns - series->intervals[i].whole_ns;
        if (length_ns > longest_ns) longest_ns = length_ns;
    }
    int64_t seconds = longest_ns / 10 / NS_PER_S;
    return (seconds < 1 ? 1 : seconds) * NS_PER_S;
}

static void count_attempt(const struct series_attempt *attempt, const struct series_what *what,
                          struct time_block *into)
{
    int64_t value_us = what->metric == METRIC_TTFT ? attempt->ttft_us : attempt->response_us;
    bool bad = attempt->failed;
    if (what->of == SERIES_OF_ABOVE && value_us < 0) return;
    if (what->of != SERIES_OF_ATTEMPTS) bad = value_us < 0 || value_us > what->limit_us;
    into->attempts += 1;
    into->failures += bad;
}

/* Cuts the intervals of a cut into steps; out has room. */
static void cut_finely(const struct series *series, const struct series_cut *cut, int64_t step_ns,
                       struct series_blocks *out)
{
    size_t end;
    for (size_t i = 0; i < series->count; i = end) {
        end = i + 1;
        if (!inside(cut, series->intervals[i].start_ns)) continue;
        end = stretch_end(series, cut, i, series->count);
        const int64_t last_ns = series->intervals[end - 1].end_ns;
        for (int64_t at = series->intervals[i].start_ns; at < last_ns; at += step_ns) {
            int64_t end_ns = at + step_ns < last_ns ? at + step_ns : last_ns;
            struct time_block *block = &out->list[out->count++];
            block->start = seconds_between(series->intervals[0].start_ns, at);
            block->seconds = seconds_between(at, end_ns);
        }
    }
}

/* The block that holds a time in seconds, or the last one before it. */
static struct time_block *block_at(const struct series_blocks *blocks, double seconds)
{
    size_t low = 0;
    size_t high = blocks->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (blocks->list[middle].start <= seconds) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &blocks->list[low];
}

static size_t fine_room(const struct series *series, int64_t step_ns)
{
    size_t room = 0;
    for (size_t i = 0; i < series->count; i++) {
        int64_t length_ns = series->intervals[i].end_ns - series->intervals[i].start_ns;
        room += (size_t)(length_ns / step_ns) + 1;
    }
    return room;
}

bool series_fine_blocks(const struct series *series, const struct series_cut *cut, size_t region,
                        const struct series_what *what, struct series_blocks *out)
{
    *out = (struct series_blocks){0};
    if (series->attempt_count == 0 || series->count == 0 || !attempts_tell(what)) return true;
    int64_t step_ns = fine_step(series);
    out->list = calloc(fine_room(series, step_ns), sizeof *out->list);
    if (out->list == NULL) return false;
    cut_finely(series, cut, step_ns, out);
    for (size_t i = 0; out->count > 0 && i < series->attempt_count; i++) {
        const struct series_attempt *attempt = &series->attempts[i];
        if (!is_wanted(region, attempt->region)) continue;
        size_t before = starts_before(series, attempt->end_ns);
        if (before == 0 || !inside(cut, series->intervals[before - 1].start_ns)) continue;
        double at = seconds_between(series->intervals[0].start_ns, attempt->end_ns);
        count_attempt(attempt, what, block_at(out, at));
    }
    return true;
}

void series_blocks_free(struct series_blocks *blocks)
{
    free(blocks->list);
    *blocks = (struct series_blocks){0};
}
