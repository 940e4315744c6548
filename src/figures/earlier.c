#include "figures/earlier.h"

#include "figures/model.h"
#include "figures/series.h"
#include "record/run_reader.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
    struct series series;
    struct cluster_sums *chains; /* one per region */
    bool failed;                 /* memory ran out */
};

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory for a run");
}

static void on_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                        const struct cell *cell, const struct health *health)
{
    struct gathering *gathering = context;
    (void)health;
    cluster_merge(&gathering->chains[region], &cell->clusters);
    if (!series_add_interval(&gathering->series, region, start_ns, end_ns, &cell->counters))
        gathering->failed = true;
}

/* False without memory. */
static bool fill_region(struct earlier_region *region, const struct gathering *gathering,
                        size_t index)
{
    static const struct series_cut whole = {.grouping = NULL};
    static const struct series_what attempts = {.of = SERIES_OF_ATTEMPTS};
    const struct cluster_sums *chains = &gathering->chains[index];
    struct series_blocks blocks = {0};
    if (!series_blocks(&gathering->series, &whole, index, &attempts, &blocks)) return false;
    const struct block_totals totals = block_totals(blocks.list, blocks.count);
    region->attempts = totals.attempts;
    region->failures = totals.failures;
    region->dependence = service_rate(blocks.list, blocks.count, chains, CONFIDENCE).dependence;
    region->burstiness =
        burstiness_of_run(blocks.list, blocks.count, cluster_design_effect(chains));
    series_blocks_free(&blocks);
    return true;
}

static enum err_code fill(struct earlier_run *out, const struct run_reader *reader,
                          const struct gathering *gathering, struct error *err)
{
    double attempts = 0;
    for (size_t i = 0; i < out->count; i++) {
        struct earlier_region *region = &out->regions[i];
        region->name = strdup(run_reader_region(reader, i));
        if (region->name == NULL || !fill_region(region, gathering, i)) return no_memory(err);
        attempts += region->attempts;
    }
    if (attempts <= 0) return error_set(err, ERR_FORMAT, "no attempt has ended in it");
    return ERR_OK;
}

static enum err_code gather(struct run_reader *reader, struct earlier_run *out, struct error *err)
{
    const size_t count = run_reader_region_count(reader);
    struct gathering gathering = {.series = {.regions = count}};
    out->regions = calloc(count + 1, sizeof *out->regions);
    gathering.chains = calloc(count + 1, sizeof *gathering.chains);
    enum err_code code = ERR_OK;
    if (out->regions == NULL || gathering.chains == NULL) {
        code = no_memory(err);
    } else {
        out->count = count;
        code = run_reader_intervals(reader, on_interval, &gathering, err);
    }
    if (code == ERR_OK && gathering.failed) code = no_memory(err);
    if (code == ERR_OK) code = fill(out, reader, &gathering, err);
    series_free(&gathering.series);
    free(gathering.chains);
    return code;
}

enum err_code earlier_run_read(const char *folder, struct earlier_run *out, struct error *err)
{
    struct run_reader *reader = NULL;
    *out = (struct earlier_run){0};
    enum err_code code = run_reader_open(folder, &reader, err);
    if (code != ERR_OK) return code;
    code = gather(reader, out, err);
    run_reader_close(reader);
    return code == ERR_FORMAT ? error_prefix(err, folder) : code;
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
