#include "figures/earlier.h"

#include "base/clock.h"
#include "figures/incidents.h"
#include "figures/model.h"
#include "record/run_reader.h"

#include <stdlib.h>
#include <string.h>

/* The intervals that count, of a run that is read already. */
struct counting {
    const struct results *results;
    struct series series;
    struct cluster_sums *chains; /* one per region */
    bool failed;                 /* memory ran out */
};

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory for a run");
}

/* Whether a region's attempts in an interval count: none do while the load generator was not
 * healthy (timeline.h). */
static bool counts(const struct timeline *t, size_t region, int64_t start_ns)
{
    size_t low = 0;
    size_t high = t->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t->starts[middle] <= start_ns) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return t->count > 0 && t->blocks[region * t->count + low].counts;
}

static void on_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                        const struct cell *cell, const struct health *health)
{
    struct counting *counting = context;
    (void)health;
    if (!counts(counting->results->timeline, region, start_ns)) return;
    cluster_merge(&counting->chains[region], &cell->clusters);
    if (!series_add_interval(&counting->series, region, start_ns, end_ns, &cell->counters))
        counting->failed = true;
}

/* False without memory. */
static bool fill_region(struct earlier_region *region, const struct counting *counting,
                        size_t index)
{
    static const struct series_cut whole = {.grouping = NULL};
    static const struct series_what attempts = {.of = SERIES_OF_ATTEMPTS};
    const struct incident_rates *rates = &counting->results->incidents->regions[index];
    const struct cluster_sums *chains = &counting->chains[index];
    struct series_blocks blocks = {0};
    if (!series_blocks(&counting->series, &whole, index, &attempts, &blocks)) return false;
    const struct block_totals totals = block_totals(blocks.list, blocks.count);
    region->attempts = totals.attempts;
    region->failures = totals.failures;
    region->unhealthy_hours = rates->unhealthy_hours;
    region->searched = counting->results->incidents->searched;
    region->incidents = rates->incidents;
    region->incidents_per_hour = rates->per_hour;
    region->dependence = service_rate(blocks.list, blocks.count, chains, CONFIDENCE).dependence;
    if (results_rule_failed(counting->results)) region->dependence.why = DEPENDENCE_STOPPED;
    region->burstiness =
        burstiness_of_run(blocks.list, blocks.count, cluster_design_effect(chains));
    series_blocks_free(&blocks);
    return true;
}

static enum err_code fill(struct earlier_region *regions, const struct counting *counting,
                          struct error *err)
{
    double attempts = 0;
    double unhealthy_hours = 0;
    for (size_t i = 0; i < counting->results->region_count; i++) {
        struct earlier_region *region = &regions[i];
        region->name = strdup(counting->results->regions[i]);
        if (region->name == NULL || !fill_region(region, counting, i)) return no_memory(err);
        attempts += region->attempts;
        unhealthy_hours += region->unhealthy_hours;
    }
    if (attempts <= 0 && unhealthy_hours > 0)
        return error_set(err, ERR_FORMAT,
                         "its load generator was not healthy, so nothing in it counts");
    if (attempts <= 0) return error_set(err, ERR_FORMAT, "no attempt has ended in it");
    return ERR_OK;
}

static enum err_code gather(struct run_reader *reader, const struct results *results,
                            struct earlier_run *out, struct error *err)
{
    const size_t count = results->region_count;
    struct counting counting = {.results = results, .series = {.regions = count}};
    struct earlier_region *regions = calloc(count + 1, sizeof *regions);
    counting.chains = calloc(count + 1, sizeof *counting.chains);
    if (regions == NULL || counting.chains == NULL) {
        free(regions);
        free(counting.chains);
        return no_memory(err);
    }
    *out = (struct earlier_run){.regions = regions, .count = count};
    enum err_code code = run_reader_intervals(reader, on_interval, &counting, err);
    if (code == ERR_OK && counting.failed) code = no_memory(err);
    if (code == ERR_OK) code = fill(regions, &counting, err);
    series_free(&counting.series);
    free(counting.chains);
    return code;
}

enum err_code earlier_run_read(const char *folder, struct earlier_run *out, struct error *err)
{
    struct results *results = NULL;
    struct run_reader *reader = NULL;
    *out = (struct earlier_run){0};
    enum err_code code = results_load(folder, NULL, 0, &results, err);
    if (code == ERR_OK) code = run_reader_open(folder, &reader, err);
    if (code == ERR_OK) {
        code = gather(reader, results, out, err);
        run_reader_close(reader);
        if (code == ERR_FORMAT) code = error_prefix(err, "%s", folder);
    }
    results_free(results);
    return code;
}

void earlier_run_free(struct earlier_run *run)
{
    for (size_t i = 0; i < run->count; i++) free(run->regions[i].name);
    free(run->regions);
    *run = (struct earlier_run){0};
}

const struct earlier_region *earlier_run_region(const struct earlier_run *run, const char *name)
{
    const struct earlier_region *worst = NULL;
    for (size_t i = 0; i < run->count; i++) {
        const struct earlier_region *region = &run->regions[i];
        if (strcmp(region->name, name) == 0) return region;
        if (worst == NULL || region->burstiness.design_effect > worst->burstiness.design_effect)
            worst = region;
    }
    return worst;
}
