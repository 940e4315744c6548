#include "page/story.h"

#include "base/digits.h"
#include "base/units.h"
#include "figures/claim.h"
#include "figures/grouping.h"
#include "figures/incidents.h"
#include "report/format.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define HINT 0.05       /* a smaller p is worth a sentence */
#define FEW_ATTEMPTS 30 /* fewer prove nothing */
#define MUCH_CLEARER                                                                               \
    1e-3 /* a later kind of finding replaces a window only if its p is smaller by this factor */

static struct cluster_sums less(const struct cluster_sums *all, const struct cluster_sums *part)
{
    return (struct cluster_sums){.count = all->count > part->count ? all->count - part->count : 0,
                                 .with_failure = all->with_failure > part->with_failure
                                                     ? all->with_failure - part->with_failure
                                                     : 0,
                                 .m = all->m - part->m,
                                 .x = all->x - part->x,
                                 .mm = all->mm - part->mm,
                                 .mx = all->mx - part->mx,
                                 .xx = all->xx - part->xx};
}

/* ---- which part of it holds at such hours ---- */

/* All regions except one, over the whole run. */
static struct claim_of other_regions(const struct results *results, size_t region,
                                     struct report_cell *together)
{
    for (size_t o = 0; o < results->region_count; o++) {
        const struct report_cell *cell = results_region(results, o);
        if (o == region) continue;
        cluster_merge(&together->cell.clusters, &cell->cell.clusters);
        counters_merge(&together->cell.counters, &cell->cell.counters);
    }
    return (struct claim_of){
        .results = results, .cell = together, .region = SERIES_ALL_BUT(region)};
}

/* The claims inside and outside a window, or all occurrences of a named one. */
static void inside_and_outside(const struct results *results, const struct story *story,
                               struct claim_of of[2], struct report_cell cells[2])
{
    const struct grouping *grouping = story->grouping;
    const struct report_cell *all = results_region(results, story->region);
    for (size_t i = 0; i < grouping->slice_count; i++) {
        if (story->kind == STORY_WINDOW && &grouping->slices[i] != story->slice) continue;
        const struct report_cell *cell = &grouping->slices[i].cells[story->region];
        cluster_merge(&cells[0].cell.clusters, &cell->cell.clusters);
    }
    cells[1].cell.clusters = less(&all->cell.clusters, &cells[0].cell.clusters);
    for (size_t i = 0; i < 2; i++) {
        of[i] =
            (struct claim_of){.results = results,
                              .cell = &cells[i],
                              .cut = {.grouping = grouping,
                                      .slice = story->kind == STORY_WINDOW ? story->slice : NULL,
                                      .outside = i == 1},
                              .region = story->region};
    }
}

static bool holds(const struct story *story)
{
    return service_verdict(&story->service) == DIFFERENCE_WORSE;
}

/* Whether it holds at such hours: the only question that the top sentence may answer. */
static void claim(const struct results *results, struct story *story)
{
    static const struct threshold rate = {.kind = THRESHOLD_ATTEMPT_RATE};
    struct report_cell cells[2] = {0};
    struct claim_of of[2];
    struct text why = {0};
    bool region = story->kind == STORY_REGION;
    if (region) {
        of[0] = claim_of_region(results, story->region);
        of[1] = other_regions(results, story->region, &cells[1]);
    } else {
        inside_and_outside(results, story, of, cells);
    }
    double confidence = 1 - (1 - CONFIDENCE) / fmax(1, story->looked);
    story->service = claim_difference(&of[1], &of[0], &rate, region, confidence);
    if (holds(story) && story->kind != STORY_WINDOW)
        story->p = fmin(1, story->looked * service_difference_p(&story->service, confidence));
    if (story->service.dependence.why != DEPENDENCE_KNOWN) {
        claim_why(&of[0], &story->service.dependence, &why);
    } else {
        text_puts(&why, "so large a difference comes by chance as well");
    }
    (void)snprintf(story->why, sizeof story->why, "%s", text_str(&why));
    text_free(&why);
}

/* ---- what stands out ---- */

/*
 * Keeps the clearer of two findings. What holds at such hours goes before what only happened in
 * this run, and that is worth a sentence only where the run cannot tell: where it can, and sees no
 * difference, failures that come together in time explain it. Windows of a width were held against
 * that already (stats/standout.h).
 */
static void offer(struct story *best, struct story found, double handicap)
{
    bool worse = found.there.valid && found.rest.valid && found.there.value > found.rest.value;
    bool tells = found.service.dependence.why == DEPENDENCE_KNOWN;
    if (!worse || (found.kind != STORY_WINDOW && tells && !holds(&found))) return;
    bool known = best->kind != STORY_LEVEL && best->kind != STORY_WINDOW;
    if (known && found.kind != STORY_WINDOW && holds(best) != holds(&found)) {
        if (holds(&found) && found.p < HINT) *best = found;
        return;
    }
    if (found.p < best->p * handicap) *best = found;
}

/* Of a part against the rest within this run, picked from so many. */
static struct story contrast(enum story_kind kind, size_t region, double looked,
                             const struct cluster_sums *part, const struct cluster_sums *rest)
{
    struct story story = {.kind = kind, .region = region, .looked = looked, .p = 1};
    if (!(part->m > 0) || !(rest->m > 0) || part->count < 2 || rest->count < 2) return story;
    (void)patterns_contrast(part, rest, &story.p);
    story.p = fmin(1, story.p * looked);
    story.there = rate_clustered(part, CONFIDENCE, NULL);
    story.rest = rate_clustered(rest, CONFIDENCE, NULL);
    return story;
}

#define ANY_REGION SIZE_MAX

static void offer_widths(const struct results *results, size_t only, struct story *best)
{
    for (size_t r = 0; r < results->region_count; r++) {
        const struct concentration *found = &results->patterns->concentration[r];
        if (!found->known || (only != ANY_REGION && r != only)) continue;
        struct story story = {.kind = STORY_WINDOW,
                              .region = r,
                              .grouping = results->patterns->grouping,
                              .slice = found->worst,
                              .there = found->there,
                              .rest = found->rest,
                              .p = found->p,
                              .looked = (double)(found->windows * results->region_count)};
        claim(results, &story);
        offer(best, story, 1);
    }
}

static bool overlaps(const struct grouping *named, const struct slice *slice)
{
    for (size_t i = 0; i < named->slice_count; i++) {
        const struct slice *other = &named->slices[i];
        if (slice->start_ns < other->end_ns && other->start_ns < slice->end_ns) return true;
    }
    return false;
}

/* A region's clusters in the windows beside a named time of day, without the invalid ones. */
static struct cluster_sums beside(const struct results *results, const struct grouping *named,
                                  size_t region, const struct cluster_sums *part)
{
    const struct grouping *widths = results->patterns->grouping;
    if (widths == NULL) return less(&results_region(results, region)->cell.clusters, part);
    struct cluster_sums rest = {0};
    for (size_t i = 0; i < widths->slice_count; i++) {
        const struct report_cell *cell = &widths->slices[i].cells[region];
        if (report_cell_valid(cell) && !overlaps(named, &widths->slices[i]))
            cluster_merge(&rest, &cell->cell.clusters);
    }
    return rest;
}

/* All occurrences of a named time of day in a region against the rest of the run. */
static struct story named_story(const struct results *results, const struct grouping *named,
                                size_t region, double looked)
{
    struct cluster_sums part = {0};
    bool valid = named->slice_count > 0;
    if (results->patterns->grouping == NULL)
        valid = valid && report_cell_valid(results_region(results, region));
    for (size_t i = 0; i < named->slice_count; i++) {
        cluster_merge(&part, &named->slices[i].cells[region].cell.clusters);
        valid = valid && report_cell_valid(&named->slices[i].cells[region]);
    }
    struct cluster_sums rest = beside(results, named, region, &part);
    struct story story = contrast(STORY_NAMED, region, looked, &part, &rest);
    story.there.valid = story.there.valid && valid;
    story.grouping = named;
    story.slice = named->slices;
    claim(results, &story);
    return story;
}

static void offer_named(const struct results *results, size_t only, struct story *best)
{
    double looked = only == ANY_REGION ? (double)results->region_count : 1;
    for (size_t g = 2; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        if (grouping->kind != GROUP_WINDOW || !grouping->shown || grouping->window->width_ns > 0)
            continue;
        for (size_t r = 0; r < results->region_count; r++) {
            if (only != ANY_REGION && r != only) continue;
            double handicap = best->kind == STORY_WINDOW ? MUCH_CLEARER : 1;
            offer(best, named_story(results, grouping, r, looked), handicap);
        }
    }
}

static void offer_regions(const struct results *results, struct story *best)
{
    for (size_t r = 0; r < results->region_count && results->region_count > 1; r++) {
        struct cluster_sums rest = {0};
        const struct report_cell *cell = results_region(results, r);
        for (size_t o = 0; o < results->region_count; o++) {
            const struct report_cell *other = results_region(results, o);
            if (o != r && report_cell_valid(other)) cluster_merge(&rest, &other->cell.clusters);
        }
        struct story story =
            contrast(STORY_REGION, r, (double)results->region_count, &cell->cell.clusters, &rest);
        bool windowed = best->kind == STORY_WINDOW || best->kind == STORY_NAMED;
        claim(results, &story);
        if (report_cell_valid(cell)) offer(best, story, windowed ? MUCH_CLEARER : 1);
    }
}

struct story story_find(const struct results *results)
{
    const struct report_cell *all = &results->all;
    struct estimate whole = report_cell_rate(all, RATE_ATTEMPT).estimate;
    struct story story = {.kind = STORY_LEVEL, .there = whole, .p = HINT};
    if (report_cell_attempts(all) == 0) {
        story.kind = STORY_NOTHING;
    } else if (report_cell_attempts(all) < FEW_ATTEMPTS) {
        story.kind = STORY_FEW;
    } else if (all->cell.counters.attempts_failed == 0) {
        story.kind = STORY_FLAWLESS;
    } else if (!story_find_incident(results, &story)) {
        offer_widths(results, ANY_REGION, &story);
        offer_named(results, ANY_REGION, &story);
        offer_regions(results, &story);
    }
    if (story.kind <= STORY_LEVEL) story.p = NAN;
    return story;
}

struct story story_worst(const struct results *results, size_t region)
{
    struct story story = {.kind = STORY_LEVEL, .p = HINT};
    offer_widths(results, region, &story);
    offer_named(results, region, &story);
    return story;
}

static void put_interval(const struct estimate *estimate, struct text *out)
{
    struct text low = {0};
    format_percent(&low, estimate->low);
    text_printf(out, " (%.*s-", low.length > 0 ? (int)low.length - 1 : 0, text_str(&low));
    format_percent(out, estimate->high);
    text_puts(out, ")");
    text_free(&low);
}

/* Appends what all regions together say of the service, as the end of a sentence. */
static void put_service(const struct results *results, struct text *out)
{
    const struct claim_of of = claim_of_all(results);
    struct service_rate rate = claim_failure_rate(&of, RATE_ATTEMPT);
    if (rate.dependence.why != DEPENDENCE_KNOWN) {
        text_puts(out, "what the service does at such hours this run cannot tell: ");
        claim_why(&of, &rate.dependence, out);
        return;
    }
    text_puts(out, "at such hours it is ");
    format_range(out, &rate.estimate);
    text_puts(out, ", up to ");
    format_percent(out, claim_room(&rate));
    text_puts(out, " with room for an incident that a run of ");
    text_needed_time(out, rate.dependence.seconds / 60);
    text_puts(out, " does not show");
}

static void level(const struct results *results, const struct story *story, struct text *out)
{
    const struct report_cell *all = &results->all;
    format_percent(out, story->there.value);
    text_puts(out, " of all attempts failed");
    put_interval(&story->there, out);
    text_puts(out, ", ");
    text_count(out, all->cell.counters.attempts_failed);
    text_puts(out, " of ");
    text_count(out, report_cell_attempts(all));
    text_puts(out, "; ");
    put_service(results, out);
    if (!report_cell_valid(all)) {
        text_puts(out, "; windows in which the load generator was not healthy were not compared.");
    } else if (results->region_count > 1) {
        text_puts(out, "; no region and no window stands out.");
    } else {
        text_puts(out, "; no window stands out.");
    }
}

static void few(const struct results *results, const struct story *story, struct text *out)
{
    text_puts(out, "Too little to say anything: ");
    text_count(out, results->all.cell.counters.attempts_failed);
    text_puts(out, " of ");
    text_count(out, report_cell_attempts(&results->all));
    text_puts(out, " attempts failed, so the failure rate lies anywhere between ");
    format_percent(out, story->there.low);
    text_puts(out, " and ");
    format_percent(out, story->there.high);
    text_puts(out, ".");
}

static void flawless(const struct results *results, const struct story *story, struct text *out)
{
    text_puts(out, "No attempt of ");
    text_count(out, report_cell_attempts(&results->all));
    text_puts(out, " failed, which leaves a failure rate of at most ");
    format_percent(out, story->there.high);
    text_puts(out, " in this run; ");
    put_service(results, out);
    text_puts(out, ".");
}

static void put_when(const struct results *results, const struct story *story, struct text *out)
{
    if (story->kind == STORY_WINDOW) {
        text_puts(out, " at ");
        grouping_label(results, story->grouping, story->slice, out);
    } else if (story->kind == STORY_NAMED) {
        text_printf(out, " in the window %s", grouping_name(story->grouping));
        if (story->grouping->slice_count > 1) return;
        text_puts(out, ", ");
        grouping_label(results, story->grouping, story->slice, out);
    }
}

static void put_contrast(const struct story *story, struct text *out)
{
    put_interval(&story->there, out);
    text_puts(out, ", against ");
    format_percent(out, story->rest.value);
    text_puts(out, story->kind == STORY_WINDOW  ? " in all other windows"
                   : story->kind == STORY_NAMED ? " at all other times"
                                                : " in the other regions");
    if (story->kind <= STORY_LEVEL) return;
    const struct difference *d = &story->service.difference;
    if (holds(story)) {
        text_printf(out, "; it fails more at such hours, too, by %.1f to %.1f points.",
                    100 * d->low, 100 * d->high);
    } else {
        text_printf(out, ". Whether it does so at other such hours this run cannot tell: %s.",
                    story->why);
    }
}

static void standing_out(const struct results *results, const struct story *story, struct text *out)
{
    text_printf(out, "%s%s failed ", holds(story) ? "" : "In this run ",
                results->regions[story->region]);
    format_percent(out, story->there.value);
    text_puts(out, " of attempts");
    put_when(results, story, out);
    put_contrast(story, out);
}

void story_when(const struct results *results, const struct story *story, struct text *out)
{
    if (story->kind != STORY_REGION) return;
    struct story when = story_worst(results, story->region);
    if (when.kind == STORY_LEVEL) {
        text_puts(out, "No window of it stands out.");
        return;
    }
    text_puts(out, "It was at its worst");
    put_when(results, &when, out);
    text_puts(out, ": ");
    format_percent(out, when.there.value);
    put_contrast(&when, out);
}

void story_sentence(const struct results *results, const struct story *story, struct text *out)
{
    switch (story->kind) {
    case STORY_NOTHING:
        text_puts(out, "No attempt was recorded, so nothing can be said.");
        return;
    case STORY_FEW:
        few(results, story, out);
        return;
    case STORY_FLAWLESS:
        flawless(results, story, out);
        return;
    case STORY_LEVEL:
        level(results, story, out);
        return;
    case STORY_WINDOW:
    case STORY_NAMED:
    case STORY_REGION:
        standing_out(results, story, out);
        return;
    case STORY_INCIDENT:
        story_incident(results, story, out);
        return;
    }
}

bool story_rests_on_valid(const struct story *story)
{
    return story->kind == STORY_WINDOW || story->kind == STORY_NAMED ||
           story->kind == STORY_INCIDENT;
}

void story_certainty(const struct results *results, const struct story *story, struct text *out)
{
    if (results->all.intervals > 0 && !report_cell_valid(&results->all)) {
        text_puts(out, story_rests_on_valid(story)
                           ? "certain for valid windows only"
                           : "not certain: the load generator was not healthy");
    } else if (story->kind == STORY_INCIDENT) {
        text_printf(out, "at most %.0f%% of runs without an incident show one",
                    100 * INCIDENT_FALSE_ALARM);
    } else if (story->kind <= STORY_FEW) {
        text_puts(out, "nothing is certain yet");
    } else if (story->kind <= STORY_LEVEL) {
        text_puts(out, story->kind == STORY_FLAWLESS ? "as far as this run shows"
                                                     : "no difference beyond chance");
    } else {
        text_puts(out, holds(story) ? "the difference is more than chance, at such hours, too"
                                    : "the difference is one of this run");
    }
}
