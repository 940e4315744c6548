#include "figures/incidents.h"

#include "base/clock.h"
#include "base/text.h"
#include "figures/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_LEAST 4 /* with attempts: the scan looks at no more than half of a run */
#define HOUR (3600 * (double)NS_PER_S)

/* ---- the search ---- */

/* Blocks and series of all regions, as the scan wants them. */
struct scan_input {
    struct incident_block *blocks;
    struct incident_series *series;
};

static double cluster_of(const struct timeline *t, size_t region)
{
    double x = 0;
    double xx = 0;
    for (size_t i = 0; i < t->count; i++) {
        x += t->blocks[region * t->count + i].cluster_x;
        xx += t->blocks[region * t->count + i].cluster_xx;
    }
    return x > 0 ? fmax(1, xx / x) : 1;
}

static bool make_input(const struct timeline *t, struct scan_input *input)
{
    input->blocks = calloc(t->region_count * t->count + 1, sizeof *input->blocks);
    input->series = calloc(t->region_count + 1, sizeof *input->series);
    if (input->blocks == NULL || input->series == NULL) return false;
    for (size_t r = 0; r < t->region_count; r++) {
        struct incident_block *blocks = input->blocks + r * t->count;
        for (size_t i = 0; i < t->count; i++) {
            const struct timeline_block *block = &t->blocks[r * t->count + i];
            blocks[i] = (struct incident_block){
                .attempts = block->attempts, .failed = block->failed, .onsets = block->onsets};
        }
        input->series[r] = (struct incident_series){.blocks = blocks,
                                                    .cluster = cluster_of(t, r),
                                                    .has_onsets = t->has_onsets[r],
                                                    .after_gap = t->after_gap};
    }
    return true;
}

/* Blocks in which any region has attempts. */
static size_t blocks_used(const struct timeline *t)
{
    size_t used = 0;
    for (size_t i = 0; i < t->count; i++) {
        bool any = false;
        for (size_t r = 0; r < t->region_count; r++)
            any = any || t->blocks[r * t->count + i].attempts > 0;
        used += any;
    }
    return used;
}

/* ---- what was found ---- */

static void own(const struct timeline *t, const struct incident *found, size_t number,
                struct run_incidents *out)
{
    for (size_t s = 0; s < found->struck_count; s++) {
        uint32_t *owner = out->owner + found->struck[s].region * t->count;
        for (size_t i = found->start; i < found->start + found->length; i++) {
            if (owner[i] == 0) owner[i] = (uint32_t)(number + 1);
        }
    }
}

static void interactions(const struct timeline *t, const struct incident *found,
                         struct incident_region *region)
{
    for (size_t i = found->start; i < found->start + found->length; i++)
        region->interactions_failed += t->blocks[region->region * t->count + i].interactions_failed;
}

/* How long the regions struck were driven during an incident: intervals may be missing in it, or
 * empty, or not counted. */
static int64_t recorded(const struct timeline *t, const struct incident *found)
{
    int64_t sum_ns = 0;
    int64_t until_ns = INT64_MIN;
    for (size_t i = found->start; i < found->start + found->length; i++) {
        bool any = false;
        for (size_t s = 0; s < found->struck_count; s++)
            any = any || t->blocks[found->struck[s].region * t->count + i].attempts > 0;
        if (any) sum_ns += timeline_further(t->starts[i], t->ends[i], &until_ns);
    }
    return sum_ns;
}

static bool describe(const struct timeline *t, const struct incident *found,
                     struct run_incident *out)
{
    size_t last = found->start + found->length - 1;
    *out = (struct run_incident){
        .start_ns = t->starts[found->start],
        .end_ns = t->ends[last],
        .attempts = found->attempts,
        .failed = found->failed,
        .share_of_failures = found->share_of_failures,
        .worst_start_ns = t->starts[found->worst_start],
        .worst_attempts = found->worst_attempts,
        .worst_failed = found->worst_failed,
        .chance = fmin(1, exp(found->log_p)),
        .regions = calloc(found->struck_count + 1, sizeof *out->regions),
    };
    size_t worst_last =
        found->worst_start + (t->minute < found->length ? t->minute : found->length);
    out->worst_end_ns = t->ends[worst_last - 1 < last ? worst_last - 1 : last];
    out->seen_ns = recorded(t, found);
    if (out->regions == NULL) return false;
    for (size_t s = 0; s < found->struck_count; s++) {
        const struct incident_struck *struck = &found->struck[s];
        struct incident_region *region = &out->regions[out->region_count++];
        *region = (struct incident_region){
            .region = struck->region, .attempts = struck->attempts, .failed = struck->failed};
        interactions(t, found, region);
        out->interactions_failed += region->interactions_failed;
    }
    return true;
}

/* ---- codes ---- */

static int by_count(const void *left, const void *right)
{
    const struct incident_code *a = left;
    const struct incident_code *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return strcmp(a->code, b->code);
}

static bool copy_codes(const struct timeline *t, struct run_incidents *out)
{
    out->codes = calloc(t->code_count + 1, sizeof *out->codes);
    if (out->codes == NULL) return false;
    for (size_t c = 0; c < t->code_count; c++)
        text_copy(out->codes[c], sizeof *out->codes, t->codes[c]);
    return true;
}

/* The failures of each incident by code: one pass over all of them. */
static bool count_codes(const struct timeline *t, struct run_incidents *out)
{
    uint64_t *counts = calloc(out->count * t->code_count + 1, sizeof *counts);
    if (counts == NULL || !copy_codes(t, out)) {
        free(counts);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < t->failures.count; i++) {
        const struct timeline_failure *failure = &t->failures.items[i];
        size_t owner = out->owner[failure->region * t->count + failure->block];
        if (owner > 0 && failure->of_service) counts[(owner - 1) * t->code_count + failure->code]++;
    }
    for (size_t k = 0; ok && k < out->count; k++) {
        struct run_incident *incident = &out->list[k];
        incident->codes = calloc(t->code_count + 1, sizeof *incident->codes);
        ok = incident->codes != NULL;
        for (size_t c = 0; ok && c < t->code_count; c++) {
            uint64_t count = counts[k * t->code_count + c];
            if (count > 0)
                incident->codes[incident->code_count++] =
                    (struct incident_code){out->codes[c], count};
        }
        if (ok && incident->code_count > 1)
            qsort(incident->codes, incident->code_count, sizeof *incident->codes, by_count);
    }
    free(counts);
    return ok;
}

/* ---- rates ---- */

static void add_region(const struct run_incidents *incidents, const struct timeline *t,
                       size_t region, incidents_part *part, const void *context,
                       struct incident_rates *rates, struct timeline_sums *outside)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct timeline_block *block = &t->blocks[region * t->count + i];
        if (part != NULL && !part(context, t->starts[i])) continue;
        rates->failed += block->failed;
        rates->left_out += block->left_out;
        if (incidents->owner[region * t->count + i] == 0) timeline_sum(outside, block);
    }
}

/* Whether a region (region_count: any of them) has attempts in a block. */
static bool has_attempts(const struct timeline *t, size_t region, size_t block)
{
    if (region < t->region_count) return t->blocks[region * t->count + block].attempts > 0;
    for (size_t r = 0; r < t->region_count; r++) {
        if (t->blocks[r * t->count + block].attempts > 0) return true;
    }
    return false;
}

static void count_hours(const struct timeline *t, size_t region, incidents_part *part,
                        const void *context, struct incident_rates *rates)
{
    int64_t until_ns = INT64_MIN;
    for (size_t i = 0; i < t->count; i++) {
        if (part != NULL && !part(context, t->starts[i])) continue;
        if (!has_attempts(t, region, i)) continue;
        rates->hours += (double)timeline_further(t->starts[i], t->ends[i], &until_ns) / HOUR;
    }
}

struct incident_rates run_incidents_rates(const struct run_incidents *incidents,
                                          const struct timeline *timeline, size_t region,
                                          incidents_part *part, const void *context)
{
    struct incident_rates rates = {0};
    struct timeline_sums outside = {0};
    for (size_t r = 0; r < timeline->region_count; r++) {
        if (region == r || region == timeline->region_count)
            add_region(incidents, timeline, r, part, context, &rates, &outside);
    }
    count_hours(timeline, region, part, context, &rates);
    for (size_t k = 0; k < incidents->count; k++) {
        const struct run_incident *incident = &incidents->list[k];
        if (part != NULL && !part(context, incident->start_ns)) continue;
        rates.incidents +=
            region == timeline->region_count || run_incident_struck(incident, region);
    }
    rates.per_hour = incidents_per_hour(rates.incidents, rates.hours, CONFIDENCE);
    rates.outside_attempts = outside.attempts;
    rates.outside_failed = outside.failed;
    rates.outside = timeline_rate(&outside, CONFIDENCE);
    return rates;
}

static bool find_rates(const struct timeline *t, struct run_incidents *out)
{
    out->regions = calloc(t->region_count + 1, sizeof *out->regions);
    if (out->regions == NULL) return false;
    out->region_count = t->region_count;
    struct incident_rates *all = &out->regions[t->region_count];
    double unhealthy_hours = 0;
    for (size_t r = 0; r <= t->region_count; r++)
        out->regions[r] = run_incidents_rates(out, t, r, NULL, NULL);
    for (size_t r = 0; r < t->region_count; r++) {
        out->regions[r].unhealthy_hours = (double)t->unhealthy_ns[r] / HOUR;
        unhealthy_hours = fmax(unhealthy_hours, out->regions[r].unhealthy_hours);
    }
    all->unhealthy_hours = unhealthy_hours;
    return true;
}

static bool adopt(const struct timeline *t, const struct incidents *found,
                  struct run_incidents *out)
{
    out->list = calloc(found->count + 1, sizeof *out->list);
    if (out->list == NULL) return false;
    for (size_t k = 0; k < found->count; k++) {
        own(t, &found->list[k], k, out);
        out->count++;
        if (!describe(t, &found->list[k], &out->list[k])) return false;
    }
    return count_codes(t, out);
}

bool run_incidents_find(const struct timeline *timeline, struct run_incidents *out)
{
    struct scan_input input = {0};
    struct incidents found = {0};
    *out = (struct run_incidents){.searched = blocks_used(timeline) >= BLOCKS_LEAST,
                                  .by_onsets = true};
    out->owner = calloc(timeline->region_count * timeline->count + 1, sizeof *out->owner);
    bool ok = out->owner != NULL;
    for (size_t r = 0; r < timeline->region_count; r++)
        out->by_onsets = out->by_onsets && timeline->has_onsets[r];
    if (ok && out->searched) {
        ok = make_input(timeline, &input) &&
             incidents_find(input.series, timeline->region_count, timeline->count, timeline->minute,
                            &found) &&
             adopt(timeline, &found, out);
        incidents_free(&found);
    }
    free(input.blocks);
    free(input.series);
    if (ok) ok = find_rates(timeline, out);
    if (!ok) run_incidents_free(out);
    return ok;
}

void run_incidents_free(struct run_incidents *incidents)
{
    for (size_t k = 0; incidents->list != NULL && k < incidents->count; k++) {
        free(incidents->list[k].regions);
        free(incidents->list[k].codes);
    }
    free(incidents->list);
    free(incidents->owner);
    free(incidents->regions);
    free(incidents->codes);
    *incidents = (struct run_incidents){0};
}

bool run_incident_struck(const struct run_incident *incident, size_t region)
{
    for (size_t s = 0; s < incident->region_count; s++) {
        if (incident->regions[s].region == region) return true;
    }
    return false;
}

const struct run_incident *run_incidents_gravest(const struct run_incidents *incidents,
                                                 size_t region)
{
    const struct run_incident *gravest = NULL;
    for (size_t k = 0; k < incidents->count; k++) {
        const struct run_incident *incident = &incidents->list[k];
        if (region < incidents->region_count && !run_incident_struck(incident, region)) continue;
        if (gravest == NULL || incident->failed > gravest->failed) gravest = incident;
    }
    return gravest;
}
