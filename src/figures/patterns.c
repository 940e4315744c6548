#include "figures/patterns.h"

#include "base/clock.h"
#include "figures/cells.h"
#include "figures/grouping.h"
#include "figures/incidents.h"
#include "stats/standout.h"

#include <math.h>
#include <stdlib.h>

#define HOUR_NS (3600 * NS_PER_S)
#define EXPECTED_MIN                                                                               \
    5 /* failures in a window: with fewer the score test raises false alarms (Cochran 1954) */

static struct estimate rate_of(const struct cluster_sums *sums)
{
    return rate_clustered(sums, CONFIDENCE, NULL);
}

/* ---- hours ---- */

/* A run of at most a day has each hour once, and its windows show the same. NULL then. */
static const struct grouping *hours_of(const struct results *results)
{
    if (results->end_ns - results->start_ns <= DAY_HOURS * HOUR_NS) return NULL;
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (results->groupings[g].kind == GROUP_HOURS) return &results->groupings[g];
    }
    return NULL;
}

static bool find_hours(const struct grouping *hours, const struct results *results,
                       struct patterns *out)
{
    size_t count = results->region_count * DAY_HOURS;
    out->hours = calloc(count, sizeof *out->hours);
    if (out->hours == NULL) return false;
    for (size_t i = 0; i < hours->slice_count; i++) {
        size_t hour = (size_t)(hours->slices[i].start_ns / HOUR_NS);
        for (size_t r = 0; r < results->region_count; r++) {
            const struct cluster_sums *sums = &hours->slices[i].cells[r].cell.clusters;
            out->hours[r * DAY_HOURS + hour] = (struct hour_figures){
                .attempts = sums->m, .failed = sums->x, .rate = rate_of(sums)};
        }
    }
    return true;
}

/* ---- a part against the rest ---- */

/* The effective sizes of two groups, and the score test between them. */
struct contrast {
    double x1, n1, x2, n2, z, p;
};

static struct contrast score_of(const struct cluster_sums *part, const struct cluster_sums *rest)
{
    double of_part = cluster_design_effect(part);
    double of_rest = cluster_design_effect(rest);
    struct contrast c = {
        rest->x / of_rest, rest->m / of_rest, part->x / of_part, part->m / of_part, 0, 1};
    c.p = rate_score_test(c.x1, c.n1, c.x2, c.n2, &c.z);
    return c;
}

static double exact_where_few(const struct contrast *c)
{
    if (c->n2 * (c->x1 + c->x2) / (c->n1 + c->n2) >= EXPECTED_MIN || c->p >= 1) return c->p;
    return fisher_exact((uint64_t)llround(c->x1), (uint64_t)llround(c->n1),
                        (uint64_t)llround(c->x2), (uint64_t)llround(c->n2));
}

double patterns_contrast(const struct cluster_sums *part, const struct cluster_sums *rest,
                         double *p)
{
    struct contrast c = score_of(part, rest);
    *p = exact_where_few(&c);
    return c.z;
}

/* ---- the window that stands out ---- */

/* The windows of a width as the test wants them. */
struct width {
    const struct results *results;
    const struct grouping *grouping;
    size_t *windows; /* of each block: its slice, or STANDOUT_NO_WINDOW */
    struct standout_block *blocks;
};

static bool width_start(struct width *width)
{
    const struct timeline *t = width->results->timeline;
    width->windows = calloc(t->count + 1, sizeof *width->windows);
    width->blocks = calloc(t->count + 1, sizeof *width->blocks);
    if (width->windows == NULL || width->blocks == NULL) return false;
    for (size_t i = 0; i < t->count; i++) {
        const struct slice *slice = grouping_find(width->grouping, t->starts[i]);
        width->windows[i] =
            slice == NULL ? STANDOUT_NO_WINDOW : (size_t)(slice - width->grouping->slices);
    }
    return true;
}

static void describe(const struct width *width, size_t region, const struct standout *test,
                     struct concentration *out)
{
    const struct timeline *t = width->results->timeline;
    const uint32_t *owner = width->results->incidents->owner + region * t->count;
    struct timeline_sums there = {0};
    struct timeline_sums rest = {0};
    for (size_t i = 0; i < t->count; i++) {
        if (width->windows[i] == STANDOUT_NO_WINDOW) continue;
        if (owner[i] != 0 && !test->by_incidents) continue;
        timeline_sum(width->windows[i] == test->window ? &there : &rest,
                     &t->blocks[region * t->count + i]);
    }
    double failed = there.failed + rest.failed;
    double attempts = there.attempts + rest.attempts;
    double p = fmin(1, test->p * (double)width->results->region_count);
    bool stands_out = p < STANDS_OUT;
    *out = (struct concentration){
        .known = true,
        .stands_out = stands_out,
        .worst = &width->grouping->slices[test->window],
        .by_incidents = test->by_incidents,
        .there = timeline_rate(&there, CONFIDENCE),
        .rest = timeline_rate(&rest, CONFIDENCE),
        .p = p,
        .windows = test->windows,
        .failed = test->failed,
        .expected = test->expected,
        .incidents = test->incidents,
        .all_incidents = test->all_incidents,
        .share_failed = failed > 0 ? there.failed / failed : 0,
        .share_attempts = attempts > 0 ? there.attempts / attempts : 0,
    };
    out->difference = rate_newcombe(&out->rest, &out->there);
}

static bool find_concentration(const struct width *width, size_t region, struct concentration *out)
{
    const struct timeline *t = width->results->timeline;
    const uint32_t *owner = width->results->incidents->owner + region * t->count;
    struct standout test;
    *out = (struct concentration){.p = 1};
    for (size_t i = 0; i < t->count; i++) {
        const struct timeline_block *block = &t->blocks[region * t->count + i];
        width->blocks[i] = (struct standout_block){.attempts = block->attempts,
                                                   .failed = block->failed,
                                                   .window = width->windows[i],
                                                   .stage = t->band[i],
                                                   .incident = owner[i]};
    }
    if (!standout_find(width->blocks, t->count, width->grouping->slice_count, t->minute, &test))
        return false;
    if (test.known) describe(width, region, &test, out);
    return true;
}

/* The windows of one width; *any: something can be said of a region. */
static bool try_width(const struct results *results, const struct grouping *grouping,
                      struct patterns *out, bool *any)
{
    struct width width = {.results = results, .grouping = grouping};
    bool ok = width_start(&width);
    *any = false;
    for (size_t r = 0; ok && r < results->region_count; r++) {
        ok = find_concentration(&width, r, &out->concentration[r]);
        *any = *any || out->concentration[r].known;
    }
    free(width.windows);
    free(width.blocks);
    return ok;
}

static bool find_concentrations(const struct results *results, struct patterns *out)
{
    bool any = false;
    for (size_t g = 2; !any && g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_WINDOW || !grouping->shown || grouping->window->width_ns <= 0)
            continue;
        if (!try_width(results, grouping, out, &any)) return false;
        if (any || out->grouping == NULL) out->grouping = grouping;
    }
    return true;
}

/* ---- together ---- */

static bool find_together(const struct results *results, struct patterns *out)
{
    const struct timeline *t = results->timeline;
    size_t regions = t->region_count;
    struct together_block *blocks = calloc(regions * t->count + 1, sizeof *blocks);
    const struct together_block **of_regions = calloc(regions + 1, sizeof *of_regions);
    bool ok = blocks != NULL && of_regions != NULL;
    for (size_t r = 0; ok && r < regions; r++) {
        of_regions[r] = blocks + r * t->count;
        for (size_t i = 0; i < t->count; i++) {
            const struct timeline_block *block = &t->blocks[r * t->count + i];
            blocks[r * t->count + i] = (struct together_block){block->attempts, block->failed};
        }
    }
    ok = ok && together_find(of_regions, regions, t->count, t->band, out->together);
    if (ok && regions > 1) out->together_count = regions * (regions - 1) / 2;
    free(blocks);
    free(of_regions);
    return ok;
}

struct patterns *patterns_find(const struct results *results)
{
    struct patterns *found = calloc(1, sizeof *found);
    if (found == NULL) return NULL;
    size_t regions = results->region_count;
    found->concentration = calloc(regions + 1, sizeof *found->concentration);
    found->together = calloc(regions * regions / 2 + 1, sizeof *found->together);
    bool ok = found->concentration != NULL && found->together != NULL;
    const struct grouping *hours = hours_of(results);
    if (ok && hours != NULL) ok = find_hours(hours, results, found);
    ok = ok && find_concentrations(results, found) && find_together(results, found);
    if (ok) return found;
    patterns_free(found);
    return NULL;
}

void patterns_free(struct patterns *patterns)
{
    if (patterns == NULL) return;
    free(patterns->hours);
    free(patterns->concentration);
    free(patterns->together);
    free(patterns);
}
