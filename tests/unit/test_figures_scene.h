/* Runs whose counts are known by hand, through the timeline and the search for incidents. */
#ifndef RUSHHOUR_TESTS_FIGURES_SCENE_H
#define RUSHHOUR_TESTS_FIGURES_SCENE_H

#include "figures/incidents.h"

#include "base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START INT64_C(1776171600000000000)
#define BLOCK (10 * NS_PER_S)
#define HOUR_BLOCKS 360
#define REGIONS 3

/* A run under construction: three regions, blocks of 10 s, 8 attempts in each. */
struct scene {
    struct timeline_gather gather;
    struct timeline timeline;
    struct run_incidents found;
    uint64_t chain;
    int64_t now_ns;
    bool lines; /* failures.jsonl alone: no attempts.csv */
};

static inline struct health good_health(void)
{
    struct health health = {.loops = 1000, .wall_ms = 10000, .cpu = 0.1};
    health_judge(&health);
    return health;
}

/* Failures of one region in the block under way, each of a chain of its own or all of one. */
static inline void fail_in(struct scene *scene, size_t region, int count, const char *code,
                           enum domain domain, uint64_t chain)
{
    for (int i = 0; i < count; i++) {
        uint64_t key = chain != 0 ? chain : ++scene->chain;
        assert_true(timeline_add_failure(&scene->gather, region, scene->now_ns + i, code, domain,
                                         scene->lines ? 0 : key));
    }
}

static inline void interval(struct scene *scene, size_t region, int64_t length_ns, int attempts,
                            int failed, const struct health *health)
{
    struct cell cell = {0};
    cell.counters.attempts_ok = (uint64_t)(attempts - failed);
    cell.counters.attempts_failed = (uint64_t)failed;
    cell.counters.interactions_failed = (uint64_t)failed / 2;
    cell.clusters.x = cell.clusters.xx = failed;
    assert_true(timeline_add_interval(&scene->gather, region, scene->now_ns,
                                      scene->now_ns + length_ns, &cell, health));
}

/* How many of 8 attempts fail in a block of a region. */
typedef int failing(size_t region, size_t block);

static inline void drive(struct scene *scene, size_t blocks, failing *how)
{
    struct health health = good_health();
    for (size_t i = 0; i < blocks; i++) {
        for (size_t r = 0; r < REGIONS; r++) {
            int failed = how(r, i);
            interval(scene, r, BLOCK, 8, failed, &health);
            fail_in(scene, r, failed, "server_error", DOMAIN_SERVICE, 0);
        }
        scene->now_ns += BLOCK;
    }
}

static inline struct scene *begin(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->now_ns = START;
    return scene;
}

static inline void find(struct scene *scene)
{
    assert_true(timeline_build(&scene->gather, REGIONS, NULL, 0, &scene->timeline));
    assert_true(run_incidents_find(&scene->timeline, &scene->found));
}

static inline void end(struct scene *scene)
{
    run_incidents_free(&scene->found);
    timeline_free(&scene->timeline);
    timeline_gather_free(&scene->gather);
    free(scene);
}

static inline void is_near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6 * fmax(1, fabs(wanted))))
        fail_msg("%.10g is not %.10g", got, wanted);
}

/* One failure in each 40th block, at another time in each region. */
static inline int calm(size_t region, size_t block)
{
    return (block + 13 * region) % 40 == 0;
}

#endif
