/* The run folders of one path as blocks of time. */
#include "compare/recover_model.h"

#include "base/clock.h"
#include "figures/timeline.h"
#include "record/run_reader.h"

#include <stdlib.h>
#include <string.h>

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory to read the runs");
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

void recover_path_free(struct recover_path *path)
{
    for (size_t i = 0; path->runs != NULL && i < path->run_count; i++) results_free(path->runs[i]);
    for (size_t i = 0; path->labels != NULL && i < path->run_count; i++) free(path->labels[i]);
    for (size_t r = 0; path->regions != NULL && r < path->region_count; r++) free(path->regions[r]);
    for (size_t r = 0; path->series != NULL && r <= path->region_count; r++) {
        free(path->series[r].blocks);
        free(path->series[r].chains);
    }
    free(path->runs);
    free(path->labels);
    free(path->regions);
    free(path->series);
    *path = (struct recover_path){0};
}

static size_t region_of(const struct recover_path *path, const char *name)
{
    size_t r = 0;
    while (r < path->region_count && strcmp(path->regions[r], name) != 0) r++;
    return r;
}

const struct recover_series *recover_series_of(const struct recover_path *path, const char *region)
{
    size_t r = region_of(path, region);
    return r < path->region_count ? &path->series[r] : NULL;
}

/* ---- the runs ---- */

struct opened {
    const char *folder;
    struct results *results;
};

static int by_start(const void *a, const void *b)
{
    const struct opened *x = a;
    const struct opened *y = b;
    int64_t at_x = x->results->start_ns;
    int64_t at_y = y->results->start_ns;
    return at_x < at_y ? -1 : at_x > at_y;
}

static enum err_code check_apart(const struct opened *opened, size_t count, struct error *err)
{
    for (size_t i = 1; i < count; i++) {
        if (opened[i].results->start_ns >= opened[i - 1].results->end_ns) continue;
        return error_set(err, ERR_USAGE,
                         "%s and %s overlap in time: merge them first (rushhour merge), or name "
                         "the path that worked with --beside",
                         opened[i - 1].folder, opened[i].folder);
    }
    return ERR_OK;
}

/* Opens all runs in order of time. What was opened is in *list even after an error. */
static enum err_code open_all(const char *const *folders, size_t count, struct opened *list,
                              struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < count; i++) {
        list[i].folder = folders[i];
        code = results_load(folders[i], NULL, 0, &list[i].results, err);
        if (code == ERR_OK && list[i].results->interval_count == 0)
            code = error_set(err, ERR_FORMAT,
                             "%s/intervals.csv: holds no interval: nothing can "
                             "be judged",
                             folders[i]);
    }
    if (code != ERR_OK) return code;
    qsort(list, count, sizeof *list, by_start);
    return check_apart(list, count, err);
}

static bool add_regions(struct recover_path *path, const struct results *results)
{
    for (size_t r = 0; r < results->region_count; r++) {
        if (region_of(path, results->regions[r]) < path->region_count) continue;
        char **regions = realloc(path->regions, (path->region_count + 1) * sizeof *regions);
        if (regions == NULL) return false;
        path->regions = regions;
        regions[path->region_count] = strdup(results->regions[r]);
        if (regions[path->region_count] == NULL) return false;
        path->region_count++;
    }
    return true;
}

/* ---- their intervals ---- */

struct walk {
    struct recover_path *path;
    const struct results *results;
    const size_t *place; /* of each of the run's regions in the path */
    double since;
    bool failed;
};

static bool grow(struct recover_series *series)
{
    if (series->count < series->capacity) return true;
    size_t capacity = series->capacity == 0 ? 512 : series->capacity * 2;
    struct time_block *blocks = realloc(series->blocks, capacity * sizeof *blocks);
    if (blocks != NULL) series->blocks = blocks;
    struct cluster_sums *chains = realloc(series->chains, capacity * sizeof *chains);
    if (chains != NULL) series->chains = chains;
    if (blocks == NULL || chains == NULL) return false;
    series->capacity = capacity;
    return true;
}

/* Intervals come by time. Those that begin together are one: of several regions, or
 * shards. */
static bool add_block(struct recover_series *series, const struct time_block *block,
                      const struct cluster_sums *chains)
{
    size_t last = series->count - 1;
    if (series->count > 0 && series->blocks[last].start == block->start) {
        series->blocks[last].attempts += block->attempts;
        series->blocks[last].failures += block->failures;
        cluster_merge(&series->chains[last], chains);
        return true;
    }
    if (!grow(series)) return false;
    series->blocks[series->count] = *block;
    series->chains[series->count++] = *chains;
    return true;
}

/* Whether the load generator was healthy, as the timeline judges it over a minute. */
static bool counts(const struct results *results, size_t region, int64_t start_ns)
{
    const struct timeline *timeline = results->timeline;
    size_t low = 0;
    size_t high = timeline->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (timeline->starts[middle] < start_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < timeline->count && timeline->starts[low] == start_ns &&
           timeline->blocks[region * timeline->count + low].counts;
}

static void see(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                const struct cell *cell, const struct health *health)
{
    struct walk *walk = context;
    struct recover_path *path = walk->path;
    struct recover_series *own = &path->series[walk->place[region]];
    struct recover_series *all = &path->series[path->region_count];
    const struct time_block block = {
        .start = (double)start_ns / (double)NS_PER_S,
        .seconds = (double)(end_ns - start_ns) / (double)NS_PER_S,
        .attempts = (double)(cell->counters.attempts_ok + cell->counters.attempts_failed),
        .failures = (double)cell->counters.attempts_failed};
    (void)health;
    if (walk->failed || !(block.seconds > 0)) return;
    if (!counts(walk->results, region, start_ns)) {
        *(block.start < walk->since ? &own->unhealthy_before : &own->unhealthy_since) +=
            block.seconds;
        return;
    }
    walk->failed =
        !add_block(own, &block, &cell->clusters) || !add_block(all, &block, &cell->clusters);
}

static enum err_code read_intervals(struct recover_path *path, const struct opened *opened,
                                    double since, struct error *err)
{
    const struct results *results = opened->results;
    size_t *place = calloc(results->region_count + 1, sizeof *place);
    struct walk walk = {.path = path, .results = results, .place = place, .since = since};
    struct run_reader *reader;
    if (place == NULL) return no_memory(err);
    for (size_t r = 0; r < results->region_count; r++)
        place[r] = region_of(path, results->regions[r]);
    enum err_code code = run_reader_open(opened->folder, &reader, err);
    if (code == ERR_OK) {
        code = run_reader_intervals(reader, see, &walk, err);
        run_reader_close(reader);
    }
    if (code == ERR_OK && walk.failed) code = no_memory(err);
    free(place);
    return code;
}

/* Hands the opened runs to the path, and reads their intervals. */
static enum err_code take(struct opened *opened, size_t count, double since,
                          struct recover_path *out, struct error *err)
{
    enum err_code code = ERR_OK;
    bool ok = true;
    out->runs = calloc(count, sizeof(struct results *));
    out->labels = calloc(count, sizeof(char *));
    if (out->runs == NULL || out->labels == NULL) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        out->runs[i] = opened[i].results;
        opened[i].results = NULL;
        out->labels[i] = strdup(last_part(opened[i].folder));
        ok = ok && out->labels[i] != NULL && add_regions(out, out->runs[i]);
        out->run_count++;
    }
    out->series = ok ? calloc(out->region_count + 1, sizeof *out->series) : NULL;
    if (out->series == NULL) return no_memory(err);
    for (size_t i = 0; code == ERR_OK && i < count; i++) {
        const struct opened one = {opened[i].folder, out->runs[i]};
        code = read_intervals(out, &one, since, err);
    }
    return code;
}

enum err_code recover_read(const char *const *folders, size_t count, double since,
                           struct recover_path *out, struct error *err)
{
    struct opened *opened = calloc(count + 1, sizeof *opened);
    if (opened == NULL) return no_memory(err);
    enum err_code code = open_all(folders, count, opened, err);
    if (code == ERR_OK) code = take(opened, count, since, out, err);
    for (size_t i = 0; i < count; i++) results_free(opened[i].results);
    free(opened);
    return code;
}
