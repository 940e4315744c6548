#include "figures/splits.h"

#include "figures/grouping.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MOST 30000 /* parts times regions: about 100 MB */

enum split_metric split_metric_of(enum metric metric)
{
    if (metric == METRIC_TTFT) return SPLIT_TTFT;
    if (metric == METRIC_FIRST_ANSWER) return SPLIT_FIRST_ANSWER;
    return metric == METRIC_RESPONSE ? SPLIT_RESPONSE : SPLIT_METRICS;
}

/* How many start at or before a time. */
static size_t starts_before(const struct splits *splits, int64_t time_ns)
{
    size_t low = 0;
    size_t high = splits->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (splits->list[middle].start_ns <= time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct split *splits_find(const struct splits *splits, int64_t start_ns, bool sure)
{
    if (splits == NULL) return NULL;
    size_t before = starts_before(splits, start_ns);
    struct split *split = before == 0 ? NULL : &splits->list[before - 1];
    if (split == NULL || split->start_ns != start_ns) return NULL;
    return sure && split->doubt != SPLIT_SURE ? NULL : split;
}

size_t splits_from(const struct splits *splits, int64_t time_ns)
{
    return splits == NULL ? 0 : starts_before(splits, time_ns - splits->longest_ns);
}

size_t split_part_at(const struct split *split, int64_t utc_ns)
{
    size_t low = 0;
    size_t high = split->part_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (split->starts[middle] <= utc_ns) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t split_part_end(const struct split *split, size_t part)
{
    return part + 1 < split->part_count ? split->starts[part + 1] : split->end_ns;
}

struct split_tally *split_tally(const struct splits *splits, const struct split *split, size_t part,
                                size_t region)
{
    return &split->tallies[part * splits->regions + region];
}

int64_t splits_part_start(const struct splits *splits, int64_t start_ns, int64_t utc_ns)
{
    const struct split *split = splits_find(splits, start_ns, true);
    return split == NULL ? start_ns : split->starts[split_part_at(split, utc_ns)];
}

/* The interval's entry, made when it is not there yet; NULL without memory. */
static struct split *place(struct splits *splits, int64_t start_ns, int64_t end_ns)
{
    size_t at = starts_before(splits, start_ns);
    if (at > 0 && splits->list[at - 1].start_ns == start_ns) return &splits->list[at - 1];
    if (splits->count == splits->capacity) {
        size_t capacity = splits->capacity == 0 ? 16 : splits->capacity * 2;
        struct split *list = realloc(splits->list, capacity * sizeof *list);
        if (list == NULL) return NULL;
        splits->list = list;
        splits->capacity = capacity;
    }
    struct split_whole *wholes = calloc(splits->regions, sizeof *wholes);
    if (wholes == NULL) return NULL;
    struct split *split = &splits->list[at];
    memmove(split + 1, split, (splits->count - at) * sizeof *split);
    *split = (struct split){.start_ns = start_ns, .end_ns = end_ns, .wholes = wholes};
    splits->count++;
    return split;
}

bool splits_take(struct results *results, size_t region, int64_t start_ns, int64_t end_ns,
                 const struct cell *cell, const struct health *health)
{
    if (results->splits == NULL) results->splits = calloc(1, sizeof *results->splits);
    if (results->splits == NULL) return false;
    results->splits->regions = results->region_count;
    struct split *split = place(results->splits, start_ns, end_ns);
    if (split == NULL) return false;
    struct split_whole *whole = &split->wholes[region];
    if (end_ns > split->end_ns) split->end_ns = end_ns;
    if (end_ns - start_ns > results->splits->longest_ns)
        results->splits->longest_ns = end_ns - start_ns;
    if (!whole->present) {
        whole->health = *health;
        whole->present = true;
    } else {
        health_merge(&whole->health, health);
    }
    return cell_merge(&whole->cell, cell);
}

/* ---- parts ---- */

static int64_t next_bound(const struct results *results, int64_t utc_ns)
{
    int64_t next_ns = INT64_MAX;
    for (size_t g = 0; g < results->grouping_count; g++) {
        int64_t bound_ns = grouping_next_bound(&results->groupings[g], utc_ns);
        if (bound_ns < next_ns) next_ns = bound_ns;
    }
    return next_ns;
}

/* Fills the starts, if there is room for them; returns their number, `most` and no more. */
static size_t find_starts(const struct results *results, const struct split *split, size_t most)
{
    size_t count = 0;
    int64_t at_ns = split->start_ns;
    do {
        if (split->starts != NULL) split->starts[count] = at_ns;
        count++;
        at_ns = next_bound(results, at_ns);
    } while (at_ns < split->end_ns && count < most);
    return count;
}

bool splits_lay_out(struct results *results)
{
    struct splits *splits = results->splits;
    size_t room = CELLS_MOST / splits->regions;
    for (size_t i = 0; i < splits->count; i++) {
        struct split *split = &splits->list[i];
        split->part_count = find_starts(results, split, room + 1);
        if (split->part_count > room) {
            split->doubt = SPLIT_CROWDED;
            split->part_count = 0;
            continue;
        }
        room -= split->part_count;
        split->starts = calloc(split->part_count + 1, sizeof *split->starts);
        split->tallies = calloc(split->part_count * splits->regions + 1, sizeof *split->tallies);
        if (split->starts == NULL || split->tallies == NULL) return false;
        (void)find_starts(results, split, split->part_count);
    }
    return true;
}

/* ---- the end ---- */

void splits_forget(struct splits *splits)
{
    for (size_t i = 0; splits != NULL && i < splits->count; i++) {
        struct split *split = &splits->list[i];
        size_t tallies = split->tallies == NULL ? 0 : split->part_count * splits->regions;
        for (size_t t = 0; t < tallies; t++) {
            for (size_t m = 0; m < SPLIT_METRICS; m++) values_free(&split->tallies[t].values[m]);
        }
        free(split->tallies);
        split->tallies = NULL;
    }
}

void splits_free(struct splits *splits)
{
    if (splits == NULL) return;
    splits_forget(splits);
    splits_end_count(splits);
    for (size_t i = 0; i < splits->count; i++) {
        for (size_t r = 0; r < splits->regions; r++) cell_free(&splits->list[i].wholes[r].cell);
        free(splits->list[i].wholes);
        free(splits->list[i].starts);
    }
    free(splits->list);
    free(splits);
}
