#include "base/clock.h"
#include "figures/timeline_private.h"
#include "stats/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_NS (60 * NS_PER_S)
#define HEALTH_MS 60000 /* of real time, that is judged as a whole; less where that is enough */
#define HEALTH_LEAST_MS 2000
#define HEALTH_DISPATCHES 400 /* of which four may be late */

/* ---- the blocks ---- */

static int by_start(const void *left, const void *right)
{
    const struct timeline_row *a = left;
    const struct timeline_row *b = right;
    if (a->start_ns != b->start_ns) return a->start_ns < b->start_ns ? -1 : 1;
    return a->region < b->region ? -1 : a->region > b->region;
}

static void measure(const struct timeline_gather *gather, struct timeline *t)
{
    for (size_t i = 0; i < gather->row_count; i++) {
        int64_t length_ns = gather->rows[i].end_ns - gather->rows[i].start_ns;
        if (length_ns > t->longest_ns) t->longest_ns = length_ns;
    }
    int64_t minute = t->longest_ns > 0 ? (MINUTE_NS + t->longest_ns / 2) / t->longest_ns : 1;
    t->minute = minute > 1 ? (size_t)minute : 1;
}

/* Goes through the sorted rows; fills the blocks' times once there is room for them. An interval
 * within another is of the same block: shards that start apart share the end of their first. */
static void lay_out(const struct timeline_gather *gather, struct timeline *t)
{
    const struct timeline_row *rows = gather->rows;
    int64_t start_ns = 0;
    int64_t end_ns = 0;
    t->count = 0;
    for (size_t i = 0; i < gather->row_count; i++) {
        if (i == 0 || (rows[i].start_ns != start_ns && rows[i].end_ns > end_ns)) {
            t->count++;
            start_ns = rows[i].start_ns;
            end_ns = rows[i].end_ns;
        }
        if (rows[i].end_ns > end_ns) end_ns = rows[i].end_ns;
        if (t->starts == NULL) continue;
        t->starts[t->count - 1] = start_ns;
        t->ends[t->count - 1] = end_ns;
    }
}

static bool make_blocks(const struct timeline_gather *gather, struct timeline *t)
{
    lay_out(gather, t);
    size_t cells = t->count * t->region_count;
    t->starts = calloc(t->count + 1, sizeof *t->starts);
    t->ends = calloc(t->count + 1, sizeof *t->ends);
    t->after_gap = calloc(t->count + 1, sizeof *t->after_gap);
    t->band = calloc(t->count + 1, sizeof *t->band);
    t->blocks = calloc(cells + 1, sizeof *t->blocks);
    t->has_onsets = calloc(t->region_count + 1, sizeof *t->has_onsets);
    t->unhealthy_ns = calloc(t->region_count + 1, sizeof *t->unhealthy_ns);
    if (t->starts == NULL || t->ends == NULL || t->after_gap == NULL || t->band == NULL ||
        t->blocks == NULL || t->has_onsets == NULL || t->unhealthy_ns == NULL)
        return false;
    lay_out(gather, t);
    return true;
}

/* The block that holds a time, or the last one before it. */
static size_t block_at(const struct timeline *t, int64_t time_ns)
{
    size_t low = 0;
    size_t high = t->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t->starts[middle] <= time_ns) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct time_block seconds_of(const struct timeline *t, int64_t end_ns, size_t block)
{
    int64_t length_ns = t->ends[block] - t->starts[block];
    return (struct time_block){.start = (double)(end_ns - length_ns - t->starts[0]) / NS_PER_S,
                               .seconds = (double)length_ns / NS_PER_S};
}

/* Where time is missing between two blocks, which may overlap: shards' clocks differ. */
static void find_gaps(struct timeline *t)
{
    int64_t end_ns = t->ends[0];
    for (size_t i = 1; i < t->count; i++) {
        struct time_block before = seconds_of(t, end_ns, i - 1);
        struct time_block after = seconds_of(t, t->ends[i], i);
        t->after_gap[i] = time_block_gap(&before, &after);
        if (t->ends[i] > end_ns) end_ns = t->ends[i];
    }
}

static void find_bands(struct timeline *t, const struct timeline_stage *stages, size_t count)
{
    double highest = 0;
    for (size_t s = 0; s < count; s++) highest = fmax(highest, stages[s].target);
    for (size_t i = 0; i < t->count && highest > 0; i++) {
        int64_t at_ns = t->starts[i] + (t->ends[i] - t->starts[i]) / 2 - t->starts[0];
        double target = 0;
        double before = 0;
        for (size_t s = 0; s < count; s++) {
            target = stages[s].target;
            if (at_ns < stages[s].duration_ns) {
                double along = (double)at_ns / (double)stages[s].duration_ns;
                target = before + (target - before) * along;
                break;
            }
            at_ns -= stages[s].duration_ns;
            before = target;
        }
        double band = ceil(TIMELINE_BANDS * target / highest - 1e-9) - 1;
        t->band[i] = (unsigned)fmax(0, fmin(band, TIMELINE_BANDS - 1));
    }
}

/* ---- health ---- */

static bool healthy(const struct health *generator, uint64_t ended, uint64_t own, bool single)
{
    struct health health = *generator;
    /* One interval is what the generator itself called it; own failures are another region's. */
    if (single && !health.valid && health.own_failures == 0) return false;
    health.attempts = ended;
    health.own_failures = own;
    health_judge(&health);
    return health.valid;
}

/* The rows from..to, which are judged as a whole, region by region. */
static void fill_stretch(const struct timeline_gather *gather, size_t from, size_t to,
                         const struct health *generator, bool single, struct timeline *t)
{
    for (size_t r = 0; r < t->region_count; r++) {
        uint64_t ended = 0;
        uint64_t own = 0;
        for (size_t i = from; i < to; i++) {
            if (gather->rows[i].region != r) continue;
            ended += gather->rows[i].ended;
            own += gather->rows[i].own_failures;
        }
        if (!healthy(generator, ended, own, single)) continue;
        for (size_t i = from; i < to; i++) {
            const struct timeline_row *row = &gather->rows[i];
            if (row->region != r) continue;
            struct timeline_block *block = &t->blocks[r * t->count + block_at(t, row->start_ns)];
            block->counts = true;
            block->attempts += row->attempts;
            block->failed += row->failed;
            block->interactions_failed += row->interactions_failed;
            block->cluster_x += row->cluster_x;
            block->cluster_xx += row->cluster_xx;
        }
    }
}

static struct health health_at(const struct timeline_gather *gather, int64_t start_ns)
{
    size_t low = 0;
    size_t high = gather->health_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (gather->healths[middle].start_ns < start_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct health health = {0};
    memcpy(&health, gather->healths[low].counts, sizeof gather->healths[low].counts);
    return health;
}

static int health_by_start(const void *left, const void *right)
{
    const struct timeline_health *a = left;
    const struct timeline_health *b = right;
    return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

/* How long a stretch took of real time; of an older file that does not say so, of the run's. */
static uint64_t real_ms(const struct health *health, const struct timeline_row *row)
{
    return health->wall_ms > 0 ? health->wall_ms
                               : (uint64_t)((row->end_ns - row->start_ns) / NS_PER_MS);
}

/* A stretch long enough for its share of late attempts and loops to mean something. */
static bool is_enough(uint64_t ms, uint64_t dispatches)
{
    return ms >= HEALTH_MS || (ms >= HEALTH_LEAST_MS && dispatches >= HEALTH_DISPATCHES);
}

/* Whether rows[i] and what follows can be a stretch of their own. */
static bool enough_left(const struct timeline_gather *gather, size_t i)
{
    uint64_t ms = 0;
    uint64_t dispatches = 0;
    for (; i < gather->row_count && !is_enough(ms, dispatches); i++) {
        if (i > 0 && gather->rows[i].start_ns == gather->rows[i - 1].start_ns) continue;
        const struct health health = health_at(gather, gather->rows[i].start_ns);
        ms += real_ms(&health, &gather->rows[i]);
        dispatches += health.dispatches;
    }
    return is_enough(ms, dispatches);
}

static void fill_blocks(const struct timeline_gather *gather, struct timeline *t)
{
    size_t from = 0;
    size_t intervals = 0;
    uint64_t ms = 0;
    struct health generator = {0};
    for (size_t i = 0; i < gather->row_count; i++) {
        const struct timeline_row *row = &gather->rows[i];
        if (i > 0 && row->start_ns == gather->rows[i - 1].start_ns) continue;
        const struct health health = health_at(gather, row->start_ns);
        const bool begins = t->starts[block_at(t, row->start_ns)] == row->start_ns;
        if (begins && is_enough(ms, generator.dispatches) && enough_left(gather, i)) {
            fill_stretch(gather, from, i, &generator, intervals == 1, t);
            from = i;
            intervals = 0;
            ms = 0;
        }
        if (intervals++ == 0) {
            generator = health;
        } else {
            health_merge(&generator, &health);
        }
        ms += real_ms(&health, row);
    }
    if (intervals > 0) fill_stretch(gather, from, gather->row_count, &generator, intervals == 1, t);
}

static void count_unhealthy(const struct timeline_gather *gather, struct timeline *t)
{
    for (size_t r = 0; r < t->region_count; r++) {
        int64_t until_ns = INT64_MIN;
        for (size_t i = 0; i < gather->row_count; i++) {
            const struct timeline_row *row = &gather->rows[i];
            if (row->region != r) continue;
            if (t->blocks[r * t->count + block_at(t, row->start_ns)].counts) continue;
            t->unhealthy_ns[r] += timeline_further(row->start_ns, row->end_ns, &until_ns);
        }
    }
}

/* ---- failures ---- */

/* What the files say of a region's failures, to hold them together. */
struct source {
    uint64_t rows;     /* attempts that failed, by attempts.csv */
    uint64_t counted;  /* the same by intervals.csv */
    bool use_attempts; /* they agree */
};

static void place(const struct timeline *t, struct timeline_failures *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->items[i].block = block_at(t, list->items[i].time_ns);
}

/* A run that was cut off lost a few rows of either file; more is another matter. */
static bool agree(uint64_t a, uint64_t b)
{
    uint64_t apart = a > b ? a - b : b - a;
    return apart <= 2 || (double)apart <= 0.02 * (double)b;
}

static struct source *find_sources(const struct timeline_gather *gather, const struct timeline *t)
{
    struct source *sources = calloc(t->region_count + 1, sizeof *sources);
    if (sources == NULL) return NULL;
    for (size_t i = 0; i < gather->row_count; i++)
        sources[gather->rows[i].region].counted += gather->rows[i].failed;
    for (size_t i = 0; i < gather->attempts.count; i++)
        sources[gather->attempts.items[i].region].rows++;
    for (size_t r = 0; r < t->region_count; r++)
        sources[r].use_attempts = (gather->attempts.count > 0 || sources[r].counted == 0) &&
                                  agree(sources[r].rows, sources[r].counted);
    return sources;
}

/* Takes the failures in healthy blocks of the regions that this file covers. */
static void take(const struct timeline *t, struct timeline_failures *from, const bool *wanted,
                 struct timeline_failures *into)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct timeline_failure *failure = &from->items[i];
        if (!wanted[failure->region]) continue;
        if (t->blocks[failure->region * t->count + failure->block].attempts == 0) continue;
        into->items[into->count++] = *failure;
    }
}

static int by_chain(const void *left, const void *right)
{
    const struct timeline_failure *a = left;
    const struct timeline_failure *b = right;
    if (a->region != b->region) return a->region < b->region ? -1 : 1;
    if (a->chain != b->chain) return a->chain < b->chain ? -1 : 1;
    if (a->time_ns != b->time_ns) return a->time_ns < b->time_ns ? -1 : 1;
    return 0;
}

static bool take_failures(struct timeline_gather *gather, const struct source *sources,
                          struct timeline *t)
{
    size_t room = gather->attempts.count + gather->lines.count;
    bool *wanted = calloc(t->region_count + 1, sizeof *wanted);
    t->failures.items = calloc(room + 1, sizeof *t->failures.items);
    if (wanted == NULL || t->failures.items == NULL) {
        free(wanted);
        return false;
    }
    place(t, &gather->attempts);
    place(t, &gather->lines);
    for (size_t r = 0; r < t->region_count; r++) wanted[r] = sources[r].use_attempts;
    take(t, &gather->attempts, wanted, &t->failures);
    for (size_t r = 0; r < t->region_count; r++) wanted[r] = !sources[r].use_attempts;
    take(t, &gather->lines, wanted, &t->failures);
    free(wanted);
    if (t->failures.count > 1)
        qsort(t->failures.items, t->failures.count, sizeof *t->failures.items, by_chain);
    return true;
}

/* Where a block's failures are known from lines of failures.jsonl, their share not of the
 * service is left out. */
static uint32_t left_out_of(uint32_t failed, uint32_t lines, uint32_t not_of_service)
{
    if (lines == 0) return 0;
    double share = (double)not_of_service / (double)lines;
    return (uint32_t)llround(share * (double)failed);
}

static bool leave_out(const struct source *sources, struct timeline *t)
{
    size_t cells = t->region_count * t->count;
    uint32_t *lines = calloc(cells + 1, sizeof *lines);
    uint32_t *not_of_service = calloc(cells + 1, sizeof *not_of_service);
    bool ok = lines != NULL && not_of_service != NULL;
    for (size_t i = 0; ok && i < t->failures.count; i++) {
        const struct timeline_failure *failure = &t->failures.items[i];
        size_t cell = failure->region * t->count + failure->block;
        lines[cell]++;
        not_of_service[cell] += !failure->of_service;
    }
    for (size_t cell = 0; ok && cell < cells; cell++) {
        struct timeline_block *block = &t->blocks[cell];
        uint32_t out = sources[cell / t->count].use_attempts
                           ? not_of_service[cell]
                           : left_out_of(block->failed, lines[cell], not_of_service[cell]);
        block->left_out = out < block->failed ? out : block->failed;
        block->failed -= block->left_out;
        block->attempts -= block->left_out;
    }
    free(lines);
    free(not_of_service);
    return ok;
}

/* Each chain counts once, in the block of its first failure. */
static void find_onsets(const struct source *sources, struct timeline *t)
{
    for (size_t r = 0; r < t->region_count; r++) {
        t->has_onsets[r] = sources[r].use_attempts;
        for (size_t i = 0; i < t->count && t->has_onsets[r]; i++)
            t->blocks[r * t->count + i].cluster_x = t->blocks[r * t->count + i].cluster_xx = 0;
    }
    const struct timeline_failure *items = t->failures.items;
    for (size_t i = 0; i < t->failures.count;) {
        const struct timeline_failure *first = &items[i];
        double failed = 0;
        for (; i < t->failures.count && items[i].region == first->region &&
               items[i].chain == first->chain;
             i++) {
            if (failed == 0 && items[i].of_service) first = &items[i];
            failed += items[i].of_service;
        }
        if (!t->has_onsets[first->region] || failed == 0) continue;
        struct timeline_block *block = &t->blocks[first->region * t->count + first->block];
        block->onsets++;
        block->cluster_x += failed;
        block->cluster_xx += failed * failed;
    }
}

static bool find_failures(struct timeline_gather *gather, struct timeline *t)
{
    struct source *sources = find_sources(gather, t);
    bool ok = sources != NULL && take_failures(gather, sources, t) && leave_out(sources, t);
    if (ok) find_onsets(sources, t);
    free(sources);
    t->codes = gather->codes;
    t->code_count = gather->code_count;
    gather->codes = NULL;
    gather->code_count = gather->code_capacity = 0;
    return ok;
}

bool timeline_build(struct timeline_gather *gather, size_t region_count,
                    const struct timeline_stage *stages, size_t stage_count, struct timeline *out)
{
    *out = (struct timeline){.region_count = region_count};
    if (gather->row_count > 1)
        qsort(gather->rows, gather->row_count, sizeof *gather->rows, by_start);
    if (gather->health_count > 1)
        qsort(gather->healths, gather->health_count, sizeof *gather->healths, health_by_start);
    measure(gather, out);
    bool ok = make_blocks(gather, out);
    if (ok && out->count > 0) {
        find_gaps(out);
        find_bands(out, stages, stage_count);
        fill_blocks(gather, out);
        count_unhealthy(gather, out);
        ok = find_failures(gather, out);
    }
    if (!ok) timeline_free(out);
    return ok;
}
