#include "figures/earlier.h"

#include "base/clock.h"
#include "record/run_reader.h"

#include <stdlib.h>
#include <string.h>

#define CONFIDENCE_OF_A_RATE 0.95

/* What is gathered of one region; blocks in the order of the file, that is of time. */
struct gathered {
    struct time_block *blocks;
    size_t count, capacity;
    struct cluster_sums chains;
};

struct gathering {
    struct gathered *regions;
    bool failed; /* memory ran out */
};

static bool add_block(struct gathered *g, const struct time_block *block)
{
    if (g->count == g->capacity) {
        size_t capacity = g->capacity == 0 ? 256 : 2 * g->capacity;
        struct time_block *blocks = realloc(g->blocks, capacity * sizeof *blocks);
        if (blocks == NULL) return false;
        g->blocks = blocks;
        g->capacity = capacity;
    }
    g->blocks[g->count++] = *block;
    return true;
}

static void on_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                        const struct cell *cell, const struct health *health)
{
    struct gathering *gathering = context;
    struct gathered *g = &gathering->regions[region];
    const struct counters *c = &cell->counters;
    const struct time_block block = {
        .start = (double)start_ns / (double)NS_PER_S,
        .seconds = (double)(end_ns - start_ns) / (double)NS_PER_S,
        .attempts = (double)(c->attempts_ok + c->attempts_failed),
        .failures = (double)c->attempts_failed,
    };
    (void)health;
    cluster_merge(&g->chains, &cell->clusters);
    if (!add_block(g, &block)) gathering->failed = true;
}

static enum err_code fill(struct earlier_run *out, const struct run_reader *reader,
                          const struct gathering *gathering, struct error *err)
{
    double attempts = 0;
    for (size_t i = 0; i < out->count; i++) {
        const struct gathered *g = &gathering->regions[i];
        const struct block_totals totals = block_totals(g->blocks, g->count);
        struct earlier_region *region = &out->regions[i];
        region->name = strdup(run_reader_region(reader, i));
        if (region->name == NULL) return error_set(err, ERR_NOMEM, "no memory for a run");
        region->attempts = totals.attempts;
        region->failures = totals.failures;
        region->dependence =
            service_rate(g->blocks, g->count, &g->chains, CONFIDENCE_OF_A_RATE).dependence;
        region->burstiness =
            burstiness_of_run(g->blocks, g->count, cluster_design_effect(&g->chains));
        attempts += totals.attempts;
    }
    if (attempts <= 0) return error_set(err, ERR_FORMAT, "no attempt has ended in it");
    return ERR_OK;
}

static enum err_code gather(struct run_reader *reader, struct earlier_run *out, struct error *err)
{
    struct gathering gathering = {0};
    size_t count = run_reader_region_count(reader);
    out->regions = calloc(count + 1, sizeof *out->regions);
    gathering.regions = calloc(count + 1, sizeof *gathering.regions);
    enum err_code code = ERR_OK;
    if (out->regions == NULL || gathering.regions == NULL) {
        code = error_set(err, ERR_NOMEM, "no memory for a run");
    } else {
        out->count = count;
        code = run_reader_intervals(reader, on_interval, &gathering, err);
    }
    if (code == ERR_OK && gathering.failed) code = error_set(err, ERR_NOMEM, "no memory for a run");
    if (code == ERR_OK) code = fill(out, reader, &gathering, err);
    for (size_t i = 0; gathering.regions != NULL && i < count; i++)
        free(gathering.regions[i].blocks);
    free(gathering.regions);
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
