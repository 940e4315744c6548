#include "figures/timeline.h"

#include "base/text.h"
#include "figures/timeline_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CODES_MOST 4096 /* more than the failure table has many times over: foreign files */

bool timeline_of_service(enum domain domain)
{
    switch (domain) {
    case DOMAIN_NETWORK:
    case DOMAIN_SERVICE:
    case DOMAIN_CONTENT:
        return true;
    case DOMAIN_NONE:
    case DOMAIN_CONFIG:
    case DOMAIN_AUTH:
    case DOMAIN_QUOTA:
    case DOMAIN_CLIENT:
        return false;
    }
    return false;
}

/* An array with room for one more; NULL without memory, and the array is then as before. */
static void *with_room(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return items;
    size_t wanted = *capacity < 64 ? 64 : *capacity * 2;
    void *grown = realloc(items, wanted * size);
    if (grown != NULL) *capacity = wanted;
    return grown;
}

/* The generator's health is repeated in every region's row, so one of them is enough. */
static bool add_health(struct timeline_gather *gather, int64_t start_ns,
                       const struct health *health)
{
    if (gather->health_count > 0 && gather->healths[gather->health_count - 1].start_ns == start_ns)
        return true;
    struct timeline_health *healths =
        with_room(gather->healths, gather->health_count, &gather->health_capacity, sizeof *healths);
    if (healths == NULL) return false;
    gather->healths = healths;
    struct timeline_health *added = &gather->healths[gather->health_count++];
    added->start_ns = start_ns;
    memcpy(added->counts, health, sizeof added->counts);
    return true;
}

bool timeline_add_interval(struct timeline_gather *gather, size_t region, int64_t start_ns,
                           int64_t end_ns, const struct cell *cell, const struct health *health)
{
    if (!add_health(gather, start_ns, health)) return false;
    struct timeline_row *rows =
        with_room(gather->rows, gather->row_count, &gather->row_capacity, sizeof *rows);
    if (rows == NULL) return false;
    gather->rows = rows;
    const struct counters *counters = &cell->counters;
    gather->rows[gather->row_count++] = (struct timeline_row){
        .start_ns = start_ns,
        .end_ns = end_ns,
        .region = (uint32_t)region,
        .attempts = (uint32_t)(counters->attempts_ok + counters->attempts_failed),
        .failed = (uint32_t)counters->attempts_failed,
        .interactions_failed = (uint32_t)counters->interactions_failed,
        .ended = (uint32_t)health->attempts,
        .own_failures = (uint32_t)health->own_failures,
        .cluster_x = cell->clusters.x,
        .cluster_xx = cell->clusters.xx,
    };
    return true;
}

static bool code_place(struct timeline_gather *gather, const char *code, uint16_t *out)
{
    const size_t most = sizeof *gather->codes - 1;
    size_t i = 0;
    while (i < gather->code_count && strncmp(gather->codes[i], code, most) != 0) i++;
    if (i == gather->code_count && i < CODES_MOST) {
        char(*codes)[64] = with_room(gather->codes, i, &gather->code_capacity, sizeof *codes);
        if (codes == NULL) return false;
        gather->codes = codes;
        text_copy(gather->codes[i], sizeof *codes, code);
        gather->code_count++;
    }
    *out = (uint16_t)(i < CODES_MOST ? i : CODES_MOST - 1);
    return true;
}

static bool append(struct timeline_failures *list, struct timeline_failure failure)
{
    struct timeline_failure *items =
        with_room(list->items, list->count, &list->capacity, sizeof *items);
    if (items == NULL) return false;
    list->items = items;
    list->items[list->count++] = failure;
    return true;
}

bool timeline_add_failure(struct timeline_gather *gather, size_t region, int64_t time_ns,
                          const char *code, enum domain domain, uint64_t chain)
{
    struct timeline_failure failure = {.time_ns = time_ns,
                                       .chain = chain,
                                       .region = (uint32_t)region,
                                       .of_service = timeline_of_service(domain)};
    if (!code_place(gather, code, &failure.code)) return false;
    return chain != 0 ? append(&gather->attempts, failure) : append(&gather->lines, failure);
}

int64_t timeline_further(int64_t start_ns, int64_t end_ns, int64_t *until_ns)
{
    const int64_t from_ns = start_ns > *until_ns ? start_ns : *until_ns;
    if (end_ns <= from_ns) return 0;
    *until_ns = end_ns;
    return end_ns - from_ns;
}

void timeline_sum(struct timeline_sums *sums, const struct timeline_block *block)
{
    sums->attempts += block->attempts;
    sums->failed += block->failed;
    sums->cluster_x += block->cluster_x;
    sums->cluster_xx += block->cluster_xx;
}

struct estimate timeline_rate(const struct timeline_sums *sums, double confidence)
{
    double cluster = sums->cluster_x > 0 ? fmax(1, sums->cluster_xx / sums->cluster_x) : 1;
    return rate_wilson(sums->failed / cluster, sums->attempts / cluster, confidence);
}

void timeline_gather_free(struct timeline_gather *gather)
{
    free(gather->rows);
    free(gather->healths);
    free(gather->attempts.items);
    free(gather->lines.items);
    free(gather->codes);
    *gather = (struct timeline_gather){0};
}

void timeline_drop_failures(struct timeline *timeline)
{
    free(timeline->failures.items);
    free(timeline->codes);
    timeline->failures = (struct timeline_failures){0};
    timeline->codes = NULL;
    timeline->code_count = 0;
}

void timeline_free(struct timeline *timeline)
{
    timeline_drop_failures(timeline);
    free(timeline->starts);
    free(timeline->ends);
    free(timeline->after_gap);
    free(timeline->band);
    free(timeline->blocks);
    free(timeline->has_onsets);
    free(timeline->unhealthy_ns);
    *timeline = (struct timeline){0};
}
