#include "stats/incident_search.h"

#include <math.h>
#include <stdlib.h>

#define STRUCK_LEVEL 0.02 /* for a region that does not stand out by itself */

struct incident_block incident_sum(const struct incident_series *series, size_t start, size_t end)
{
    struct incident_block sum = {0};
    for (size_t i = start; i < end; i++) {
        sum.attempts += series->blocks[i].attempts;
        sum.failed += series->blocks[i].failed;
        sum.onsets += series->blocks[i].onsets;
    }
    return sum;
}

static struct incident_outside outside_of(const struct incident_search *search, size_t region)
{
    const size_t *owner = search->owner + region * search->count;
    const struct incident_block *blocks = search->series[region].blocks;
    struct incident_outside outside = {0};
    for (size_t i = 0; i < search->count; i++) {
        if (owner[i] != 0) continue;
        outside.attempts += blocks[i].attempts;
        outside.failed += blocks[i].failed;
    }
    return outside;
}

/* What a region did during an incident, excluding blocks owned by its other incidents. */
static struct incident_struck during(const struct incident_search *search, size_t k, size_t region,
                                     bool *by_itself)
{
    const struct incident *incident = &search->out->list[k];
    const size_t *owner = search->owner + region * search->count;
    const struct incident_block *blocks = search->series[region].blocks;
    struct incident_struck struck = {.region = region};
    *by_itself = false;
    for (size_t i = incident->start; i < incident->start + incident->length; i++) {
        if (owner[i] != 0 && owner[i] != k + 1) continue;
        *by_itself = *by_itself || owner[i] == k + 1;
        struck.attempts += blocks[i].attempts;
        struck.failed += blocks[i].failed;
    }
    return struck;
}

/* How far a region's failures during an incident exceed what its rate outside predicts: the
 * logarithm of Chernoff's bound for a Poisson count of clusters, at most 0. */
static double log_excess(const struct incident_search *search, const struct incident_struck *struck)
{
    const struct incident_outside *outside = &search->out->outside[struck->region];
    double cluster = fmax(1, search->series[struck->region].cluster);
    double rate = (outside->failed + 0.5) / (outside->attempts + 1);
    double x = struck->failed / cluster;
    double expected = rate * struck->attempts / cluster;
    if (!(struck->failed >= INCIDENT_LEAST_RATIO * rate * struck->attempts) || !(x > 0)) return 0;
    return -(x * log(x / expected) - x + expected);
}

/* The regions that an incident struck: those that stand out, and the others that fail with them. */
static bool find_struck(struct incident_search *search, size_t k)
{
    struct incident *incident = &search->out->list[k];
    struct incident_struck most = {0};
    double least = INFINITY;
    incident->struck = calloc(search->region_count + 1, sizeof *incident->struck);
    if (incident->struck == NULL) return false;
    for (size_t r = 0; r < search->region_count; r++) {
        bool by_itself;
        struct incident_struck struck = during(search, k, r, &by_itself);
        double excess = log_excess(search, &struck);
        if (struck.failed > 0 && excess < least) {
            least = excess;
            most = struck;
        }
        if (!by_itself && excess > log(STRUCK_LEVEL)) continue;
        incident->struck[incident->struck_count++] = struck;
    }
    if (incident->struck_count == 0) incident->struck[incident->struck_count++] = most;
    return true;
}

/* Drops incidents that all regions seemed to suffer together but that none of them did. */
static void drop_empty(struct incidents *out)
{
    size_t kept = 0;
    for (size_t k = 0; k < out->count; k++) {
        if (out->list[k].failed > 0) {
            out->list[kept++] = out->list[k];
        } else {
            free(out->list[k].struck);
        }
    }
    out->count = kept;
}

/* Marks the blocks of those regions as no longer outside. */
static void own_struck(struct incident_search *search, size_t k)
{
    const struct incident *incident = &search->out->list[k];
    for (size_t s = 0; s < incident->struck_count; s++) {
        size_t *owner = search->owner + incident->struck[s].region * search->count;
        for (size_t i = incident->start; i < incident->start + incident->length; i++) {
            if (owner[i] == 0) owner[i] = k + 1;
        }
    }
}

/* Totals of the struck regions in a block, where it belongs to this incident. */
static struct incident_block in_block(const struct incident_search *search, size_t k, size_t block)
{
    const struct incident *incident = &search->out->list[k];
    struct incident_block sum = {0};
    for (size_t s = 0; s < incident->struck_count; s++) {
        size_t region = incident->struck[s].region;
        if (search->owner[region * search->count + block] != k + 1) continue;
        sum.attempts += search->series[region].blocks[block].attempts;
        sum.failed += search->series[region].blocks[block].failed;
    }
    return sum;
}

static void find_worst_minute(const struct incident_search *search, size_t k)
{
    struct incident *incident = &search->out->list[k];
    size_t width = search->minute < incident->length ? search->minute : incident->length;
    struct incident_block sum = {0};
    incident->worst_start = incident->start;
    for (size_t i = 0; i < incident->length; i++) {
        struct incident_block in = in_block(search, k, incident->start + i);
        sum.attempts += in.attempts;
        sum.failed += in.failed;
        if (i >= width) {
            struct incident_block gone = in_block(search, k, incident->start + i - width);
            sum.attempts -= gone.attempts;
            sum.failed -= gone.failed;
        }
        if (i + 1 < width || sum.failed <= incident->worst_failed) continue;
        incident->worst_start = incident->start + i + 1 - width;
        incident->worst_attempts = sum.attempts;
        incident->worst_failed = sum.failed;
    }
}

static void sum_up(const struct incident_search *search, size_t k, double all_failed)
{
    struct incident *incident = &search->out->list[k];
    for (size_t s = 0; s < incident->struck_count; s++) {
        incident->attempts += incident->struck[s].attempts;
        incident->failed += incident->struck[s].failed;
    }
    incident->share_of_failures = all_failed > 0 ? incident->failed / all_failed : 0;
    find_worst_minute(search, k);
}

bool incident_effects(struct incident_search *search)
{
    struct incidents *out = search->out;
    double all_failed = 0;
    for (size_t r = 0; r < search->region_count; r++) {
        all_failed += incident_sum(&search->series[r], 0, search->count).failed;
        out->outside[r] = outside_of(search, r);
    }
    for (size_t k = 0; k < out->count; k++) {
        if (!find_struck(search, k)) return false;
        own_struck(search, k);
        sum_up(search, k, all_failed);
    }
    drop_empty(out);
    for (size_t r = 0; r < search->region_count; r++) out->outside[r] = outside_of(search, r);
    return true;
}
