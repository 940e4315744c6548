/*
 * What each region did in each interval, as far as it concerns the service; the basis of
 * incidents.h and patterns.h. Built while the run folder is read.
 */
#ifndef RUSHHOUR_FIGURES_TIMELINE_H
#define RUSHHOUR_FIGURES_TIMELINE_H

#include "base/words.h"
#include "record/cell.h"
#include "record/health.h"
#include "stats/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMELINE_BANDS 8 /* of the load that was asked for, from nothing to its highest */

/* One region in one block. All is 0 where the load generator was not healthy. */
struct timeline_block {
    uint32_t attempts, failed; /* of the service, without those in left_out */
    uint32_t onsets;           /* how many of them are the first failure of an interaction chain */
    uint32_t left_out;         /* attempts failed by a quota, the configuration or credentials */
    uint32_t interactions_failed; /* after all retries */
    bool counts;                  /* it was recorded, and the load generator was healthy */
    double cluster_x, cluster_xx; /* failures of chains and their squares, for the clustering of
                                     failures */
};

/* One failure of the service, or one that is left out. */
struct timeline_failure {
    int64_t time_ns; /* when it was seen */
    uint64_t chain;  /* key of its interaction chain; 0 in a line of failures.jsonl */
    size_t block;
    uint32_t region;
    uint16_t code; /* its place in `codes` */
    bool of_service;
};

struct timeline_failures {
    struct timeline_failure *items;
    size_t count, capacity;
};

struct timeline {
    size_t region_count, count;
    /* Per block, ascending. Blocks are the run's intervals; some may be missing in between. Those
     * of shards whose clocks differ may overlap. */
    int64_t *starts, *ends;
    bool *after_gap;                   /* per block: intervals are missing before it */
    unsigned *band;                    /* of the load asked for, at the middle of the block */
    struct timeline_block *blocks;     /* [region * count + block] */
    bool *has_onsets;                  /* per region: attempts.csv is there and whole */
    int64_t *unhealthy_ns;             /* per region: time that is not counted */
    size_t minute;                     /* blocks per minute, at least 1 */
    int64_t longest_ns;                /* of a block */
    struct timeline_failures failures; /* by region, chain and time; of healthy blocks only */
    char (*codes)[64];
    size_t code_count;
};

/* What has been read so far. Zero-initialise to start; always call timeline_gather_free. */
struct timeline_gather {
    struct timeline_row *rows;
    size_t row_count, row_capacity;
    struct timeline_health *healths;
    size_t health_count, health_capacity;
    struct timeline_failures attempts, lines; /* of attempts.csv and failures.jsonl */
    char (*codes)[64];
    size_t code_count, code_capacity;
};

/* Whether failures of a domain concern the service. Those by a quota, our configuration or
 * credentials, or our own side do not. */
bool timeline_of_service(enum domain domain);

/* Adds an interval of a region. False when out of memory, as for all of these. */
bool timeline_add_interval(struct timeline_gather *gather, size_t region, int64_t start_ns,
                           int64_t end_ns, const struct cell *cell, const struct health *health);

/* Adds a failed attempt of attempts.csv (chain: a key other than 0) or a line of failures.jsonl
 * (chain 0). */
bool timeline_add_failure(struct timeline_gather *gather, size_t region, int64_t time_ns,
                          const char *code, enum domain domain, uint64_t chain);

/* The asked load: a linear ramp from the target before (0 at first) to this one. */
struct timeline_stage {
    int64_t duration_ns;
    double target;
};

/*
 * Builds the timeline. The attempts come from the intervals. attempts.csv says which failed ones
 * are left out and which begin a chain; where it is missing or torn, the shares among the lines of
 * failures.jsonl are used.
 *
 * A stretch in which the generator was unhealthy is empty as a whole. Stretches take a minute of
 * real time, or 400 attempts and two seconds: with fewer, a single late attempt would condemn them.
 */
bool timeline_build(struct timeline_gather *gather, size_t region_count,
                    const struct timeline_stage *stages, size_t stage_count, struct timeline *out);
void timeline_gather_free(struct timeline_gather *gather);
void timeline_free(struct timeline *timeline);

/* Of a stretch of time, the nanoseconds beyond *until_ns, which is moved to its end: where
 * stretches that are taken in the order of their starts overlap, no time counts twice. Begin with a
 * time before all. */
int64_t timeline_further(int64_t start_ns, int64_t end_ns, int64_t *until_ns);

/* Sums over some blocks of a region. */
struct timeline_sums {
    double attempts, failed, cluster_x, cluster_xx;
};
void timeline_sum(struct timeline_sums *sums, const struct timeline_block *block);

/* Share of attempts failed: Wilson on attempts divided by the mean cluster of a failure (sum x*x
 * / sum x), which is the design effect of rare failures. It ignores dependence in time. */
struct estimate timeline_rate(const struct timeline_sums *sums, double confidence);

/* Frees the single failures, which only the search for incidents needs. */
void timeline_drop_failures(struct timeline *timeline);

#endif
