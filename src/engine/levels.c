#include "engine/levels.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

bool level_changes_add(struct level_changes *changes, const struct level_change *change)
{
    if (changes->count == changes->capacity) {
        const size_t capacity = changes->capacity == 0 ? 64 : changes->capacity * 2;
        struct level_change *list = realloc(changes->list, capacity * sizeof *list);
        if (list == NULL) return false;
        changes->list = list;
        changes->capacity = capacity;
    }
    changes->list[changes->count++] = *change;
    return true;
}

void level_changes_free(struct level_changes *changes)
{
    free(changes->list);
    *changes = (struct level_changes){0};
}

/* Of one worker: what is not measured yet begins at `next`. */
struct told {
    struct level_changes changes;
    size_t next;
    bool final;
};

struct levels {
    struct interval_grid grid;
    unsigned workers;
    size_t regions;
    int64_t measured_ns; /* up to here */
    struct told *told;   /* per worker */
    uint64_t *now[LEVEL_COUNT];
    /* per region, at measured_ns or at its last change in the stretch that is being measured */
    struct region_levels {
        uint64_t count[LEVEL_COUNT];
        int64_t since_ns[LEVEL_COUNT];
    } * at;
    struct concurrency *stretch; /* per region */
};

struct levels *levels_new(unsigned workers, size_t regions, const struct interval_grid *grid)
{
    struct levels *levels = calloc(1, sizeof *levels);
    if (levels == NULL) return NULL;
    *levels = (struct levels){.grid = *grid, .workers = workers, .regions = regions};
    levels->told = calloc(workers, sizeof *levels->told);
    levels->at = calloc(regions, sizeof *levels->at);
    levels->stretch = calloc(regions, sizeof *levels->stretch);
    bool made = levels->told != NULL && levels->at != NULL && levels->stretch != NULL;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        levels->now[i] = calloc(regions, sizeof *levels->now[i]);
        made = made && levels->now[i] != NULL;
    }
    if (made) return levels;
    levels_free(levels);
    return NULL;
}

void levels_free(struct levels *levels)
{
    if (levels == NULL) return;
    for (unsigned i = 0; levels->told != NULL && i < levels->workers; i++)
        level_changes_free(&levels->told[i].changes);
    for (int i = 0; i < LEVEL_COUNT; i++) free(levels->now[i]);
    free(levels->told);
    free(levels->at);
    free(levels->stretch);
    free(levels);
}

/* ---- taking ---- */

bool levels_take(struct levels *levels, unsigned worker, const struct level_changes *changes,
                 bool final)
{
    struct told *told = &levels->told[worker];
    struct level_changes *mine = &told->changes;
    mine->count -= told->next;
    if (told->next > 0 && mine->count > 0)
        memmove(mine->list, mine->list + told->next, mine->count * sizeof *mine->list);
    told->next = 0;
    for (size_t i = 0; i < changes->count; i++) {
        const struct level_change *change = &changes->list[i];
        if (!level_changes_add(mine, change)) return false;
        levels->now[change->level][change->region] += (uint64_t)change->by;
    }
    mine->until_ns = changes->until_ns;
    told->final = told->final || final;
    return true;
}

const uint64_t *levels_now(const struct levels *levels, enum level level)
{
    return levels->now[level];
}

/* ---- measuring ---- */

/* Up to when every worker that still works has told; of those that have ended, the last. */
static int64_t known_ns(const struct levels *levels)
{
    int64_t least_ns = INT64_MAX;
    int64_t last_ns = 0;
    for (unsigned i = 0; i < levels->workers; i++) {
        const struct told *told = &levels->told[i];
        const int64_t until_ns = told->changes.until_ns;
        if (!told->final && until_ns < least_ns) least_ns = until_ns;
        if (until_ns > last_ns) last_ns = until_ns;
    }
    return least_ns < INT64_MAX ? least_ns : last_ns;
}

/* The earliest change before a time, taken off; NULL: there is none. */
static const struct level_change *take_earliest(struct levels *levels, int64_t before_ns)
{
    struct told *first = NULL;
    for (unsigned i = 0; i < levels->workers; i++) {
        struct told *told = &levels->told[i];
        if (told->next == told->changes.count) continue;
        const int64_t at_ns = told->changes.list[told->next].at_ns;
        if (at_ns >= before_ns) continue;
        if (first == NULL || at_ns < first->changes.list[first->next].at_ns) first = told;
    }
    return first == NULL ? NULL : &first->changes.list[first->next++];
}

/* Counts the time for which a level has stood. */
static void count_until(struct levels *levels, size_t region, int level, int64_t at_ns)
{
    struct region_levels *at = &levels->at[region];
    const double passed_s = (double)(at_ns - at->since_ns[level]) / (double)NS_PER_S;
    levels->stretch[region].of[level].sum_s += passed_s * (double)at->count[level];
    at->since_ns[level] = at_ns;
}

static void measure(struct levels *levels, int64_t until_ns)
{
    for (size_t r = 0; r < levels->regions; r++) {
        struct concurrency *stretch = &levels->stretch[r];
        *stretch = (struct concurrency){.known_ns = until_ns - levels->measured_ns};
        for (int i = 0; i < LEVEL_COUNT; i++) stretch->of[i].peak = levels->at[r].count[i];
    }
    const struct level_change *change;
    while ((change = take_earliest(levels, until_ns)) != NULL) {
        struct region_levels *at = &levels->at[change->region];
        uint64_t *peak = &levels->stretch[change->region].of[change->level].peak;
        count_until(levels, change->region, change->level, change->at_ns);
        at->count[change->level] += (uint64_t)change->by;
        if (at->count[change->level] > *peak) *peak = at->count[change->level];
    }
    for (size_t r = 0; r < levels->regions; r++) {
        for (int i = 0; i < LEVEL_COUNT; i++) count_until(levels, r, i, until_ns);
    }
    levels->measured_ns = until_ns;
}

const struct concurrency *levels_next(struct levels *levels, uint64_t *interval)
{
    const int64_t known = known_ns(levels);
    if (levels->measured_ns >= known) return NULL;
    *interval = interval_grid_at(&levels->grid, levels->measured_ns);
    const int64_t end_ns = interval_grid_end_ns(&levels->grid, *interval);
    measure(levels, known < end_ns ? known : end_ns);
    return levels->stretch;
}
