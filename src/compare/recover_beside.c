/* Two paths side by side, in the time that both were driven. */
#include "compare/recover_model.h"

#include <math.h>

#define NEARLY 0.999 /* of a block: times are rounded to milliseconds */

static double end_of(const struct time_block *block)
{
    return block->start + block->seconds;
}

struct summed {
    double attempts, failures;
    struct cluster_sums chains;
};

/* Whether the other path was driven all through a block. The blocks come by time: those before
 * *from lie before it. */
static bool is_covered(const struct recover_series *by, const struct time_block *block,
                       size_t *from)
{
    const double end = end_of(block);
    double covered = 0;
    while (*from < by->count && end_of(&by->blocks[*from]) <= block->start) (*from)++;
    for (size_t i = *from; i < by->count && by->blocks[i].start < end; i++) {
        const struct time_block *one = &by->blocks[i];
        covered += fmax(0, fmin(end, end_of(one)) - fmax(block->start, one->start));
    }
    return covered >= NEARLY * block->seconds;
}

/* Where one of the two paused, was not healthy or had not begun, neither counts. */
static struct summed sum_between(const struct recover_series *series,
                                 const struct recover_series *by, double from, double to)
{
    struct summed sums = {0};
    size_t first = 0;
    for (size_t i = 0; i < series->count; i++) {
        const struct time_block *block = &series->blocks[i];
        if (block->start < from || end_of(block) > to || !is_covered(by, block, &first)) continue;
        sums.attempts += block->attempts;
        sums.failures += block->failures;
        cluster_merge(&sums.chains, &series->chains[i]);
    }
    return sums;
}

/* The part of [from, to) in which both were driven. */
static void beside_between(const struct recover_series *own, const struct recover_series *other,
                           double from, double to, double confidence, struct recover_beside *out)
{
    if (own->count == 0 || other->count == 0) return;
    const struct recover_series *both[] = {own, other};
    for (size_t i = 0; i < 2; i++) {
        const struct time_block *last = &both[i]->blocks[both[i]->count - 1];
        from = fmax(from, both[i]->blocks[0].start);
        to = fmin(to, last->start + last->seconds);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct summed sums = sum_between(both[i], both[1 - i], from, to);
        out->attempts[i] = sums.attempts;
        out->failures[i] = sums.failures;
        out->rate[i] = rate_in_sessions(sums.failures, sums.attempts, &sums.chains, confidence);
    }
    out->start = from;
    out->end = to;
    out->known = to > from && out->attempts[0] > 0 && out->attempts[1] > 0;
    out->difference = rate_newcombe(&out->rate[1], &out->rate[0]);
}

static void lay_beside(const struct recovered *recovered, const struct recover_series *own,
                       const struct recover_series *other, struct recover_region *region)
{
    const struct recovery *found = &region->found;
    double confidence = recovered->confidence;
    if (found->incident.attempts > 0)
        beside_between(own, other, found->incident.start, found->incident.end, confidence,
                       &region->during);
    beside_between(own, other, found->since.attempts > 0 ? found->since.start : recovered->since,
                   INFINITY, confidence, &region->since);
}

void recover_find_beside(struct recovered *recovered)
{
    const struct recover_path *other = &recovered->beside;
    bool any = false;
    if (other->run_count == 0) return;
    for (size_t i = 0; i < recovered->region_count; i++) {
        struct recover_region *region = &recovered->regions[i];
        const struct recover_series *theirs = recover_series_of(other, region->name);
        if (theirs == NULL) continue;
        any = true;
        lay_beside(recovered, recover_series_of(&recovered->path, region->name), theirs, region);
    }
    if (any) return;
    recovered->together = recovered->regions[recovered->deciding];
    recovered->together.name = "all regions";
    recovered->beside_together = true;
    lay_beside(recovered, &recovered->path.series[recovered->path.region_count],
               &other->series[other->region_count], &recovered->together);
}
