#include "base/units.h"
#include "figures/azure.h"
#include "figures/cells.h"
#include "figures/incidents.h"
#include "figures/judge.h"
#include "figures/load_notes.h"
#include "figures/load_private.h"
#include "figures/patterns.h"
#include "figures/plan.h"
#include "figures/preambles.h"
#include "figures/prices.h"
#include "figures/splits.h"
#include "record/shards.h"

#include <stdlib.h>
#include <string.h>

static bool remember_interval(struct results *results, int64_t start_ns, int64_t end_ns)
{
    if (results->interval_count == 0 || start_ns < results->start_ns) results->start_ns = start_ns;
    if (results->interval_count == 0 || end_ns > results->end_ns) results->end_ns = end_ns;
    if (end_ns - start_ns > results->longest_ns) results->longest_ns = end_ns - start_ns;
    int64_t *starts = results->interval_starts;
    size_t at = results->interval_count;
    while (at > 0 && starts[at - 1] > start_ns) at--;
    if (at > 0 && starts[at - 1] == start_ns) return true;
    if (results->interval_count == results->interval_capacity) {
        size_t capacity = results->interval_capacity < 64 ? 64 : results->interval_capacity * 2;
        starts = realloc(starts, capacity * sizeof *starts);
        if (starts == NULL) return false;
        results->interval_starts = starts;
        results->interval_capacity = capacity;
    }
    memmove(starts + at + 1, starts + at, (results->interval_count - at) * sizeof *starts);
    starts[at] = start_ns;
    results->interval_count++;
    return true;
}

static bool is_cut(struct results *results, int64_t start_ns, int64_t end_ns)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        if (grouping_cuts(&results->groupings[g], start_ns, end_ns)) return true;
    }
    return false;
}

/* Shards that start apart share the end of their first interval: what one had in it was beside what
 * the one before had. */
static struct cell beside_last(struct loader *loader, size_t region, const struct cell *cell,
                               int64_t length_ns, int64_t further_ns)
{
    struct concurrency *last = &loader->last[region];
    struct cell here = *cell;
    const bool known = concurrency_known(&cell->concurrency);
    if (known && further_ns < length_ns) {
        here.concurrency.known_ns = further_ns;
        for (int i = 0; i < LEVEL_COUNT; i++) here.concurrency.of[i].peak += last->of[i].peak;
    }
    *last = here.concurrency;
    return here;
}

static void visit_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                           const struct cell *cell, const struct health *health)
{
    struct loader *loader = context;
    struct results *results = loader->results;
    bool ok = !loader->no_memory && remember_interval(results, start_ns, end_ns);
    const bool cut = ok && is_cut(results, start_ns, end_ns);
    const int64_t further_ns = timeline_further(start_ns, end_ns, &loader->until_ns[region]);
    const struct cell here = beside_last(loader, region, cell, end_ns - start_ns, further_ns);
    if (cut) {
        ok = splits_take(results, region, start_ns, end_ns, &here, health);
    } else {
        ok = ok && series_add_interval(&results->series, region, start_ns, end_ns, &cell->counters);
    }
    for (size_t g = 0; ok && g < results->grouping_count; g++) {
        struct slice *slice;
        if (cut && grouping_has_bounds(&results->groupings[g])) continue; /* load_splits() will */
        ok =
            grouping_place(&results->groupings[g], start_ns, end_ns, results->region_count, &slice);
        if (ok && slice != NULL)
            ok = report_cell_add(&slice->cells[region], &here, health, further_ns);
    }
    if (ok) ok = timeline_add_interval(&loader->gather, region, start_ns, end_ns, cell, health);
    loader->no_memory = !ok;
}

static void visit_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    struct loader *loader = context;
    struct results *results = loader->results;
    struct moment moment;
    if (!results_moment(results, utc_ns, &moment)) {
        loader->failures_beyond++;
        return;
    }
    results->failure_lines++;
    if (!load_failure_line(loader, region, utc_ns, failure)) loader->no_memory = true;
    for (size_t g = 0; g < results->grouping_count; g++) {
        struct slice *slice = grouping_at(&results->groupings[g], &moment);
        if (slice == NULL) continue;
        cell_failure(&slice->cells[region].cell, failure->phase, failure->domain, failure->code,
                     failure->count);
    }
}

/* Makes a run's number into a key that no other region has; 0 means none. */
static uint64_t key_of(uint64_t number, size_t region, size_t regions)
{
    uint64_t key = number * regions + region + 1;
    return key == 0 ? 1 : key;
}

/* In a file without chains each session is a chain. */
static struct gathered_attempt gathered(const struct attempt_row *row, size_t region,
                                        size_t regions)
{
    uint64_t session = session_number_of(row);
    return (struct gathered_attempt){
        .chain = key_of(row->chain > 0 ? row->chain : session, region, regions),
        .session = key_of(session, region, regions),
        .failed = row->outcome == OUTCOME_FAILED,
        .time_ns = row->end_utc_ns,
    };
}

static void visit_attempt(void *context, size_t region, const struct attempt_row *row)
{
    struct loader *loader = context;
    struct results *results = loader->results;
    if (row->outcome == OUTCOME_CANCELLED) {
        loader->cancelled_rows++;
        return;
    }
    struct moment moment;
    if (!results_moment(results, row->end_utc_ns, &moment)) {
        loader->attempts_beyond++;
        return;
    }
    loader->attempt_rows++;
    loader->untimed_rows += row->outcome == OUTCOME_OK && row->response_us < 0;
    const struct gathered_attempt attempt = gathered(row, region, results->region_count);
    for (size_t g = 0; g < results->grouping_count; g++) {
        struct slice *slice = grouping_at(&results->groupings[g], &moment);
        loader->places[g] = (struct session_place){0};
        if (slice == NULL) continue;
        struct report_cell *cell = &slice->cells[region];
        loader->places[g] = (struct session_place){&cell->recorded, &cell->recorded_sessions};
    }
    ages_places(&results->ages[region], row, loader->places + results->grouping_count);
    if (!session_map_add(&loader->sessions, &attempt, loader->places)) loader->no_memory = true;
    if (!ages_answer(&results->ages[region], row)) loader->no_memory = true;
    if (attempt.failed && !load_attempt_failure(loader, region, row, attempt.chain))
        loader->no_memory = true;
    const struct series_attempt timed = {.end_ns = row->end_utc_ns,
                                         .ttft_us = row->ttft_us,
                                         .response_us = row->response_us,
                                         .region = region,
                                         .failed = row->outcome == OUTCOME_FAILED};
    if (!loader->no_memory) loader->no_memory = !series_add_attempt(&results->series, &timed);
}

/* If attempts.csv has all attempts of a slice, its sums are those of the attempts inside it. */
static void adopt_recorded(struct loader *loader)
{
    struct results *results = loader->results;
    session_map_finish(&loader->sessions);
    for (size_t g = 0; g < results->grouping_count; g++) {
        struct grouping *grouping = &results->groupings[g];
        for (size_t i = 0; i < grouping->slice_count; i++) {
            for (size_t r = 0; r < results->region_count; r++) {
                struct report_cell *cell = &grouping->slices[i].cells[r];
                if (!results->has_attempts) continue;
                if (grouping->kind == GROUP_TOTAL)
                    load_note_clusters(results, cell, results->regions[r]);
                if (!report_cell_agrees(cell)) continue; /* rows were lost: not a share of some */
                cell->cell.clusters = cell->recorded;
                cell->cell.counters.sessions_with_attempts = cell->recorded_sessions.all;
                cell->cell.counters.sessions_with_failure = cell->recorded_sessions.with_failure;
            }
        }
    }
    if (results->has_attempts && loader->sessions.forgotten > 0) {
        text_printf(&results->notes,
                    "%llu chains that were silent for two hours were taken as ended.\n",
                    (unsigned long long)loader->sessions.forgotten);
    }
}

static enum err_code load_attempts(struct loader *loader, struct error *err)
{
    struct results *results = loader->results;
    enum err_code code = run_reader_attempts(loader->reader, visit_attempt, loader, err);
    results->has_attempts = loader->attempt_rows > 0;
    adopt_recorded(loader);
    for (size_t g = 0; g < results->grouping_count; g++)
        grouping_trim(&results->groupings[g], results->region_count);
    return code;
}

/* Failures on our own side are counted by region. */
static void add_own_failures(struct results *results)
{
    struct health *health = &results->all.health;
    health->attempts = health->own_failures = 0;
    for (size_t r = 0; r < results->region_count; r++) {
        const struct report_cell *cell = results_region(results, r);
        health->attempts += cell->health.attempts;
        health->own_failures += cell->health.own_failures;
    }
    health_judge(health);
}

/* The health of an interval is the generator's and is repeated in the row of every region, so for
 * all regions together it counts only once. */
static void count_intervals_once(struct results *results)
{
    struct report_cell *all = &results->all;
    all->intervals = 0;
    for (size_t r = 0; r < results->region_count; r++) {
        const struct report_cell *cell = results_region(results, r);
        if (cell->intervals <= all->intervals) continue;
        all->intervals = cell->intervals;
        all->invalid_intervals = cell->invalid_intervals;
        all->health = cell->health;
    }
    add_own_failures(results);
}

/* The regions' cells were added up as if they were one after the other. */
static void add_concurrency(struct results *results)
{
    struct concurrency *all = &results->all.cell.concurrency;
    for (size_t r = 0; r < results->region_count; r++) {
        const struct concurrency *one = &results_region(results, r)->cell.concurrency;
        r == 0 ? (void)(*all = *one) : concurrency_beside(all, one);
    }
}

static bool settle_rest(struct loader *loader)
{
    struct results *results = loader->results;
    for (size_t g = 0; g < results->grouping_count; g++) {
        struct grouping *grouping = &results->groupings[g];
        for (size_t i = 0; i < grouping->slice_count; i++) {
            if (!grouping->slices[i].settled) load_settle(loader, grouping, &grouping->slices[i]);
        }
    }
    const struct grouping *total = &results->groupings[0];
    bool ok = true;
    for (size_t r = 0; total->slice_count > 0 && r < results->region_count; r++) {
        ok = ok && report_cell_merge(&results->all, &total->slices[0].cells[r]);
    }
    count_intervals_once(results);
    add_concurrency(results);
    report_cell_settle(&results->all);
    const struct clock_resolution resolution = results_resolution(results);
    report_cell_resolve(&results->all, &resolution);
    results->verdict = judge_run(results->judged, results->judged_count);
    if (results_rule_failed(results)) results->verdict = VERDICT_FAIL;
    /* Part of the load is missing from the figures: the requested load was not reached. */
    if (!shards_whole(results->manifest)) results->verdict = VERDICT_INVALID;
    return ok;
}

static enum err_code load_files(struct loader *loader, struct error *err)
{
    struct results *results = loader->results;
    enum err_code code = run_reader_intervals(loader->reader, visit_interval, loader, err);
    if (code != ERR_OK) return code;
    if (loader->no_memory || !grouping_coarsen(&results->groupings[1], results->region_count)) {
        return error_set(err, ERR_NOMEM, "no memory to group the intervals of the run");
    }
    code = load_splits(loader, err);
    if (code == ERR_OK) code = run_reader_failures(loader->reader, visit_failure, loader, err);
    if (code == ERR_OK) code = load_attempts(loader, err);
    if (code == ERR_OK && (loader->no_memory || !load_incidents(loader)))
        return error_set(err, ERR_NOMEM, "no memory to find the incidents of the run");
    if (code == ERR_OK) code = load_latencies(loader, err);
    if (code != ERR_OK) return code;
    if (!settle_rest(loader)) loader->no_memory = true;
    histogram_pool_free(&loader->pool); /* what comes next needs as much */
    results->patterns = patterns_find(results);
    if (results->patterns == NULL) loader->no_memory = true;
    load_note_losses(results,
                     &(struct load_losses){.reader_notes = run_reader_notes(loader->reader),
                                           .attempts_beyond = loader->attempts_beyond,
                                           .failures_beyond = loader->failures_beyond,
                                           .cancelled_rows = loader->cancelled_rows,
                                           .untimed_rows = loader->untimed_rows});
    load_note_splits(results);
    load_note_regions(results);
    preambles_note(results);
    prices_note(results);
    load_note_dials(results);
    load_note_routing(results);
    load_note_replay(results);
    load_note_peaks(results);
    if (loader->no_memory || results->notes.failed)
        return error_set(err, ERR_NOMEM, "no memory to group the run");
    return ERR_OK;
}

static void free_loader(struct loader *loader)
{
    const struct results *results = loader->results;
    session_map_finish(&loader->sessions);
    for (size_t r = 0; loader->pending != NULL && r < results->region_count; r++)
        report_cell_free(&loader->pending[r]);
    timeline_gather_free(&loader->gather);
    histogram_pool_free(&loader->pool);
    splits_forget(results->splits);
    free(loader->places);
    free(loader->until_ns);
    free(loader->last);
    free(loader->first_open);
    free(loader->pending);
    free(loader->slices);
}

static enum err_code load(struct run_reader *reader, const struct results_wish *wish,
                          struct results *results, struct error *err)
{
    enum err_code code = plan_results(reader, wish, results, err);
    if (code != ERR_OK) return code;
    const size_t ways = results->grouping_count + AGES_KINDS;
    struct loader loader = {.reader = reader,
                            .results = results,
                            .sessions = {.ways = ways},
                            .places = calloc(ways, sizeof *loader.places),
                            .first_open =
                                calloc(results->grouping_count, sizeof *loader.first_open),
                            .until_ns = calloc(results->region_count + 1, sizeof *loader.until_ns),
                            .last = calloc(results->region_count + 1, sizeof *loader.last),
                            .pending = calloc(results->region_count, sizeof *loader.pending),
                            .slices = calloc(results->grouping_count, sizeof(struct slice *))};
    results->ages =
        calloc(results->region_count > 0 ? results->region_count : 1, sizeof *results->ages);
    results->killed = strcmp(results_fact(results, "run", "state"), "running") == 0;
    if (loader.places == NULL || loader.first_open == NULL || loader.until_ns == NULL ||
        loader.last == NULL || loader.pending == NULL || loader.slices == NULL ||
        results->ages == NULL) {
        code = error_set(err, ERR_NOMEM, "no memory to group the run");
    } else {
        code = load_files(&loader, err);
    }
    free_loader(&loader);
    return code;
}

void results_free(struct results *results)
{
    if (results == NULL) return;
    for (size_t g = 0; g < results->grouping_count; g++)
        grouping_free(&results->groupings[g], results->region_count);
    free(results->groupings);
    report_cell_free(&results->all);
    for (size_t r = 0; r < results->region_count; r++) {
        if (results->ages != NULL) ages_free(&results->ages[r]);
        free(results->regions[r]);
    }
    free(results->regions);
    for (size_t w = 0; w < results->own_window_count; w++) window_free(&results->own_windows[w]);
    free(results->own_windows);
    for (size_t j = 0; j < results->judged_count; j++) free(results->judged[j].expression);
    free(results->judged);
    patterns_free(results->patterns);
    if (results->incidents != NULL) run_incidents_free(results->incidents);
    if (results->timeline != NULL) timeline_free(results->timeline);
    free(results->incidents);
    free(results->timeline);
    series_free(&results->series);
    splits_free(results->splits);
    free(results->interval_starts);
    free(results->ages);
    azure_free(results->azure);
    text_free(&results->window_notes);
    text_free(&results->notes);
    cJSON_Delete(results->manifest);
    free(results);
}

static enum err_code load_folder(const char *folder, const struct results_wish *wish,
                                 struct results **out, struct error *err)
{
    *out = NULL;
    struct run_reader *reader;
    enum err_code code = run_reader_open(folder, &reader, err);
    if (code != ERR_OK) return code;
    struct results *results = calloc(1, sizeof *results);
    code = results == NULL ? error_set(err, ERR_NOMEM, "%s: no memory to read it", folder)
                           : load(reader, wish, results, err);
    run_reader_close(reader);
    if (code == ERR_OK) {
        *out = results;
    } else {
        results_free(results);
    }
    return code;
}

enum err_code results_load(const char *folder, const struct window *windows, size_t window_count,
                           struct results **out, struct error *err)
{
    const struct results_wish wish = {.windows = windows, .window_count = window_count};
    return load_folder(folder, &wish, out, err);
}

enum err_code results_load_compared(const char *folder, const bool *latencies, struct results **out,
                                    struct error *err)
{
    const struct results_wish wish = {.compared = latencies};
    return load_folder(folder, &wish, out, err);
}

enum err_code results_load_pair(const char *folder, const char *first, const char *second,
                                const bool *latencies, struct results **out, struct error *err)
{
    const struct results_wish wish = {.first = first, .second = second, .compared = latencies};
    return load_folder(folder, &wish, out, err);
}

enum err_code results_load_split(const char *folder, const struct window *windows,
                                 size_t window_count, const struct window *split,
                                 struct results **out, struct error *err)
{
    const struct results_wish wish = {
        .windows = windows, .window_count = window_count, .split = split};
    return load_folder(folder, &wish, out, err);
}
