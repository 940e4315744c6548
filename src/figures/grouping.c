#include "figures/grouping.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "figures/cells.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_NS (3600 * NS_PER_S)

/* How many slices start at or before a time. */
static size_t slices_before(const struct grouping *grouping, int64_t time_ns)
{
    size_t low = 0;
    size_t high = grouping->slices == NULL ? 0 : grouping->slice_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (grouping->slices[middle].start_ns <= time_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The hour of the day as a duration, which is how slices of GROUP_HOURS are stored. */
static int64_t hour_of(const struct grouping *grouping, int64_t utc_ns)
{
    struct civil civil;
    zone_civil(grouping->zone, utc_ns, &civil);
    return civil.hour * HOUR_NS;
}

struct slice *grouping_find(const struct grouping *grouping, int64_t interval_start_ns)
{
    if (grouping->kind == GROUP_HOURS) interval_start_ns = hour_of(grouping, interval_start_ns);
    if (grouping->kind == GROUP_POOLED) {
        bool inside = window_contains(grouping->window, interval_start_ns) != grouping->rest;
        return inside && grouping->slice_count > 0 ? &grouping->slices[0] : NULL;
    }
    if (grouping->kind == GROUP_TOTAL)
        return grouping->slice_count > 0 ? &grouping->slices[0] : NULL;
    size_t before = slices_before(grouping, interval_start_ns);
    if (before == 0) return NULL;
    struct slice *slice = &grouping->slices[before - 1];
    return interval_start_ns < slice->end_ns ? slice : NULL;
}

struct slice *grouping_at(const struct grouping *grouping, const struct moment *moment)
{
    bool whole = grouping->kind == GROUP_SERIES;
    return grouping_find(grouping, whole ? moment->interval_ns : moment->part_ns);
}

bool grouping_has_bounds(const struct grouping *grouping)
{
    return grouping->kind == GROUP_WINDOW || grouping->kind == GROUP_POOLED ||
           grouping->kind == GROUP_HOURS;
}

/* Where the zone's clock shows the next full hour. */
static int64_t next_hour(const struct zone *zone, int64_t utc_ns)
{
    struct civil civil;
    zone_civil(zone, utc_ns, &civil);
    int64_t fraction_ns = utc_ns % NS_PER_S;
    if (fraction_ns < 0) fraction_ns += NS_PER_S;
    int64_t into_ns = (civil.minute * INT64_C(60) + civil.second) * NS_PER_S + fraction_ns;
    return utc_ns - into_ns + HOUR_NS;
}

int64_t grouping_next_bound(const struct grouping *grouping, int64_t utc_ns)
{
    if (grouping->kind == GROUP_HOURS) return next_hour(grouping->zone, utc_ns);
    return grouping->window == NULL ? INT64_MAX : window_next_bound(grouping->window, utc_ns);
}

bool grouping_cuts(struct grouping *grouping, int64_t start_ns, int64_t end_ns)
{
    if (!grouping_has_bounds(grouping)) return false;
    if (start_ns < grouping->bounds_from_ns || start_ns >= grouping->bound_ns) {
        grouping->bounds_from_ns = start_ns;
        grouping->bound_ns = grouping_next_bound(grouping, start_ns);
    }
    return grouping->bound_ns < end_ns;
}

static bool insert(struct grouping *grouping, int64_t start_ns, int64_t end_ns, size_t regions,
                   struct slice **out)
{
    size_t at = slices_before(grouping, start_ns);
    if (grouping->slices == NULL || grouping->slice_count == grouping->slice_capacity) {
        size_t capacity = grouping->slice_capacity < 16 ? 16 : grouping->slice_capacity * 2;
        struct slice *slices = realloc(grouping->slices, capacity * sizeof *slices);
        if (slices == NULL) return false;
        grouping->slices = slices;
        grouping->slice_capacity = capacity;
    }
    struct report_cell *cells = calloc(regions, sizeof *cells);
    if (cells == NULL) return false;
    struct slice *slice = &grouping->slices[at];
    memmove(slice + 1, slice, (grouping->slice_count - at) * sizeof *slice);
    *slice = (struct slice){.start_ns = start_ns, .end_ns = end_ns, .cells = cells};
    grouping->slice_count++;
    *out = slice;
    return true;
}

/* Bounds of the slice that would contain an interval; false if none would. */
static bool bounds_of(const struct grouping *grouping, int64_t start_ns, int64_t end_ns,
                      int64_t *from_ns, int64_t *to_ns)
{
    *from_ns = start_ns;
    *to_ns = end_ns;
    switch (grouping->kind) {
    case GROUP_TOTAL:
        return true;
    case GROUP_POOLED:
        return window_contains(grouping->window, start_ns) != grouping->rest;
    case GROUP_WINDOW:
        return window_bounds(grouping->window, start_ns, from_ns, to_ns);
    case GROUP_HOURS:
        *from_ns = hour_of(grouping, start_ns);
        *to_ns = *from_ns + HOUR_NS;
        return true;
    case GROUP_SERIES:
        break;
    }
    if (grouping->slice_count == 0) return true;
    int64_t origin_ns = grouping->slices[0].start_ns;
    int64_t steps = (start_ns - origin_ns) / grouping->step_ns - (start_ns < origin_ns ? 1 : 0);
    *from_ns = origin_ns + steps * grouping->step_ns;
    *to_ns = *from_ns + grouping->step_ns;
    return true;
}

static void widen(struct grouping *grouping, struct slice *slice, int64_t start_ns, int64_t end_ns)
{
    if (grouping->kind != GROUP_TOTAL && grouping->kind != GROUP_POOLED) return;
    if (start_ns < slice->start_ns) slice->start_ns = start_ns;
    if (end_ns > slice->end_ns) slice->end_ns = end_ns;
}

static bool merge_slices(struct slice *into, struct slice *from, size_t regions)
{
    bool ok = true;
    for (size_t r = 0; r < regions; r++) {
        ok = ok && report_cell_merge(&into->cells[r], &from->cells[r]);
        report_cell_free(&from->cells[r]);
    }
    free(from->cells);
    from->cells = NULL;
    return ok;
}

/* The next longer step that people use and that is a multiple of this one; twice as long if there
 * is none. */
static int64_t next_step(int64_t step_ns)
{
    static const int64_t seconds[] = {1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 86400};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        int64_t longer_ns = seconds[i] * NS_PER_S;
        if (longer_ns > step_ns && longer_ns % step_ns == 0) return longer_ns;
    }
    return step_ns * 2;
}

/* Merges slices whose start falls into the same longer step. */
static bool lengthen(struct grouping *grouping, int64_t step_ns, size_t regions)
{
    int64_t origin_ns = grouping->slices[0].start_ns;
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 0; i < grouping->slice_count; i++) {
        struct slice slice = grouping->slices[i];
        slice.start_ns = origin_ns + (slice.start_ns - origin_ns) / step_ns * step_ns;
        slice.end_ns = slice.start_ns + step_ns;
        if (kept > 0 && grouping->slices[kept - 1].start_ns == slice.start_ns) {
            ok = merge_slices(&grouping->slices[kept - 1], &slice, regions) && ok;
        } else {
            grouping->slices[kept++] = slice;
        }
    }
    grouping->slice_count = kept;
    grouping->step_ns = step_ns;
    return ok;
}

/* Average number of attempts per slice and region. */
static double attempts_per_cell(const struct grouping *grouping, size_t regions)
{
    double attempts = 0;
    for (size_t i = 0; i < grouping->slice_count; i++) {
        for (size_t r = 0; r < regions; r++)
            attempts += (double)report_cell_attempts(&grouping->slices[i].cells[r]);
    }
    return grouping->slice_count == 0 ? 0
                                      : attempts / (double)grouping->slice_count / (double)regions;
}

bool grouping_coarsen(struct grouping *grouping, size_t regions)
{
    bool ok = true;
    while (ok && grouping->slice_count > SERIES_POINTS)
        ok = lengthen(grouping, next_step(grouping->step_ns), regions);
    while (ok && grouping->slice_count > 0 &&
           attempts_per_cell(grouping, regions) < P99_MIN_SAMPLES) {
        int64_t step_ns = next_step(grouping->step_ns);
        if (grouping->slice_count / (size_t)(step_ns / grouping->step_ns) < SERIES_POINTS_FEW)
            break;
        ok = lengthen(grouping, step_ns, regions);
    }
    return ok;
}

bool grouping_place(struct grouping *grouping, int64_t start_ns, int64_t end_ns, size_t regions,
                    struct slice **out)
{
    if (grouping->kind == GROUP_SERIES) {
        if (grouping->step_ns <= 0)
            grouping->step_ns = end_ns > start_ns ? end_ns - start_ns : NS_PER_S;
        if (grouping->slice_count >= 2 * (size_t)SERIES_POINTS &&
            !grouping_coarsen(grouping, regions))
            return false;
    }
    *out = grouping_find(grouping, start_ns);
    if (*out == NULL) {
        int64_t from_ns;
        int64_t to_ns;
        if (!bounds_of(grouping, start_ns, end_ns, &from_ns, &to_ns)) return true;
        if (!insert(grouping, from_ns, to_ns, regions, out)) return false;
    }
    widen(grouping, *out, start_ns, end_ns);
    return true;
}

/* Whether anything happened that a table or a file counts; time that passed and sessions that ended
 * as they were asked to are nothing. */
static bool has_content(const struct report_cell *cell)
{
    struct counters rest = cell->cell.counters;
    uint64_t counted = 0;
    rest.driven_ms = rest.held_ms = rest.open_ms = rest.sessions_ended = 0;
#define X(name) counted |= rest.name;
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    return counted != 0 || rest.cost_usd > 0 || cell->cell.tally_count > 0;
}

void grouping_trim(struct grouping *grouping, size_t regions)
{
    while (grouping->kind == GROUP_WINDOW && grouping->slice_count > 1) {
        struct slice *last = &grouping->slices[grouping->slice_count - 1];
        for (size_t r = 0; r < regions; r++) {
            if (has_content(&last->cells[r])) return;
        }
        for (size_t r = 0; r < regions; r++) report_cell_free(&last->cells[r]);
        free(last->cells);
        grouping->slice_count--;
    }
}

const char *grouping_name(const struct grouping *grouping)
{
    return grouping->window == NULL ? "" : grouping->window->name;
}

const struct zone *results_zone(const struct results *results)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct window *window = results->groupings[g].window;
        if (window != NULL && window->zone != NULL) return window->zone;
    }
    for (size_t w = 0; w < results->own_window_count; w++) {
        if (results->own_windows[w].zone != NULL) return results->own_windows[w].zone;
    }
    return NULL;
}

static bool one_day(const struct results *results, const struct zone *zone)
{
    struct civil first;
    struct civil last;
    zone_civil(zone, results->start_ns, &first);
    zone_civil(zone, results->end_ns - 1, &last);
    return first.year == last.year && first.month == last.month && first.day == last.day;
}

void grouping_label(const struct results *results, const struct grouping *grouping,
                    const struct slice *slice, struct text *out)
{
    const struct window *window = grouping->window;
    const struct zone *zone =
        window == NULL || window->zone == NULL ? results_zone(results) : window->zone;
    struct civil start;
    struct civil end;
    zone_civil(zone, slice->start_ns, &start);
    zone_civil(zone, slice->end_ns, &end);
    bool seconds = window == NULL || window->width_ns % (60 * NS_PER_S) != 0;
    if (!one_day(results, zone)) text_printf(out, "%02d-%02d ", start.month, start.day);
    text_printf(out, "%02d:%02d", start.hour, start.minute);
    if (seconds) text_printf(out, ":%02d", start.second);
    bool changes = zone != NULL && strcmp(start.abbreviation, end.abbreviation) != 0;
    if (changes) text_printf(out, " %s", start.abbreviation); /* the clock changes in between */
    text_printf(out, "-%02d:%02d", end.hour, end.minute);
    if (seconds) text_printf(out, ":%02d", end.second);
    if (zone != NULL) text_printf(out, " %s", end.abbreviation);
}

void grouping_free(struct grouping *grouping, size_t regions)
{
    for (size_t i = 0; i < grouping->slice_count; i++) {
        for (size_t r = 0; r < regions; r++) report_cell_free(&grouping->slices[i].cells[r]);
        free(grouping->slices[i].cells);
    }
    free(grouping->slices);
    *grouping = (struct grouping){0};
}
