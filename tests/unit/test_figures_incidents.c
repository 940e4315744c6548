/* Incidents of runs whose counts are known by hand, over the kinds of runs that there are. */
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

static struct health good_health(void)
{
    struct health health = {.loops = 1000, .wall_ms = 10000, .cpu = 0.1};
    health_judge(&health);
    return health;
}

/* Failures of one region in the block under way, each of a chain of its own or all of one. */
static void fail_in(struct scene *scene, size_t region, int count, const char *code,
                    enum domain domain, uint64_t chain)
{
    for (int i = 0; i < count; i++) {
        uint64_t key = chain != 0 ? chain : ++scene->chain;
        assert_true(timeline_add_failure(&scene->gather, region, scene->now_ns + i, code, domain,
                                         scene->lines ? 0 : key));
    }
}

static void interval(struct scene *scene, size_t region, int64_t length_ns, int attempts,
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

static void drive(struct scene *scene, size_t blocks, failing *how)
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

static struct scene *begin(void)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->now_ns = START;
    return scene;
}

static void find(struct scene *scene)
{
    assert_true(timeline_build(&scene->gather, REGIONS, NULL, 0, &scene->timeline));
    assert_true(run_incidents_find(&scene->timeline, &scene->found));
}

static void end(struct scene *scene)
{
    run_incidents_free(&scene->found);
    timeline_free(&scene->timeline);
    timeline_gather_free(&scene->gather);
    free(scene);
}

static void is_near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6 * fmax(1, fabs(wanted))))
        fail_msg("%.10g is not %.10g", got, wanted);
}

/* One failure in each 40th block, at another time in each region. */
static int calm(size_t region, size_t block)
{
    return (block + 13 * region) % 40 == 0;
}

static bool struck(size_t block)
{
    return block >= 120 && block < 132;
}

static int one_alone(size_t region, size_t block)
{
    return region == 1 && struck(block) ? (block == 125 ? 8 : 5) : calm(region, block);
}

static int two_together(size_t region, size_t block)
{
    return region != 1 && struck(block) ? 5 : calm(region, block);
}

static bool first_half_hour(const void *context, int64_t start_ns)
{
    (void)context;
    return start_ns < START + HOUR_BLOCKS / 2 * BLOCK;
}

static void one_region_alone(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, HOUR_BLOCKS, one_alone);
    find(scene);
    assert_true(scene->found.searched);
    assert_true(scene->found.by_onsets);
    assert_int_equal(scene->found.count, 1);
    const struct run_incident *incident = &scene->found.list[0];
    assert_int_equal(incident->start_ns, START + 120 * BLOCK);
    assert_int_equal(incident->end_ns, START + 132 * BLOCK);
    assert_int_equal(incident->seen_ns, 12 * BLOCK);
    assert_int_equal(incident->region_count, 1);
    assert_int_equal(incident->regions[0].region, 1);
    is_near(incident->attempts, 96);
    is_near(incident->failed, 63);
    is_near(incident->interactions_failed, 11 * 2 + 4); /* half of each block's, rounded down */
    is_near(incident->share_of_failures, 63.0 / (63 + 27));
    is_near(incident->worst_failed, 33); /* six blocks with that of eight among them */
    is_near(incident->worst_attempts, 48);
    assert_int_equal(incident->worst_end_ns - incident->worst_start_ns, 6 * BLOCK);
    assert_int_equal(incident->code_count, 1);
    assert_string_equal(incident->codes[0].code, "server_error");
    assert_int_equal(incident->codes[0].count, 63);
    assert_true(incident->chance < 1e-9);
    const struct incident_rates *rates = &scene->found.regions[1];
    assert_int_equal(rates->incidents, 1);
    is_near(rates->hours, 1);
    is_near(rates->per_hour.value, 1);
    is_near(rates->per_hour.low, 0.025317807984);  /* scipy: chi2.ppf(0.025, 2) / 2 */
    is_near(rates->per_hour.high, 5.571643390939); /* chi2.ppf(0.975, 4) / 2 */
    is_near(rates->outside_attempts, 2880 - 96);
    is_near(rates->outside_failed, 9);
    assert_int_equal(scene->found.regions[0].incidents, 0);
    is_near(scene->found.regions[0].outside_failed, 9);
    assert_int_equal(scene->found.regions[REGIONS].incidents, 1);
    struct incident_rates half =
        run_incidents_rates(&scene->found, &scene->timeline, 1, first_half_hour, NULL);
    assert_int_equal(half.incidents, 1);
    is_near(half.hours, 0.5);
    is_near(half.outside_attempts, 8 * (180 - 12));
    end(scene);
}

static void two_regions_together(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, HOUR_BLOCKS, two_together);
    find(scene);
    assert_int_equal(scene->found.count, 1);
    const struct run_incident *incident = &scene->found.list[0];
    assert_int_equal(incident->start_ns, START + 120 * BLOCK);
    assert_int_equal(incident->end_ns, START + 132 * BLOCK);
    assert_int_equal(incident->region_count, 2);
    assert_true(run_incident_struck(incident, 0));
    assert_false(run_incident_struck(incident, 1));
    assert_true(run_incident_struck(incident, 2));
    is_near(incident->failed, 120);
    assert_ptr_equal(run_incidents_gravest(&scene->found, 2), incident);
    assert_null(run_incidents_gravest(&scene->found, 1));
    assert_int_equal(scene->found.regions[REGIONS].incidents, 1);
    end(scene);
}

static void none(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, HOUR_BLOCKS, calm);
    find(scene);
    assert_true(scene->found.searched);
    assert_int_equal(scene->found.count, 0);
    const struct incident_rates *all = &scene->found.regions[REGIONS];
    is_near(all->per_hour.value, 0);
    is_near(all->per_hour.high, 3.688879454114); /* -ln(0.025) */
    is_near(all->outside_failed, 27);
    end(scene);
}

static int never(size_t region, size_t block)
{
    (void)region;
    (void)block;
    return 0;
}

/* What has no failure needs no rows to tell its failures apart. */
static void nothing_failed(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, HOUR_BLOCKS, never);
    find(scene);
    assert_true(scene->found.searched);
    assert_true(scene->found.by_onsets);
    assert_int_equal(scene->found.count, 0);
    end(scene);
}

/* Without attempts.csv the incident is found by the counts, and its codes by failures.jsonl. */
static void by_failure_lines(void **state)
{
    (void)state;
    struct scene *scene = begin();
    scene->lines = true;
    drive(scene, HOUR_BLOCKS, one_alone);
    find(scene);
    assert_false(scene->found.by_onsets);
    assert_int_equal(scene->found.count, 1);
    assert_int_equal(scene->found.list[0].start_ns, START + 120 * BLOCK);
    assert_int_equal(scene->found.list[0].end_ns, START + 132 * BLOCK);
    assert_int_equal(scene->found.list[0].codes[0].count, 63);
    end(scene);
}

/* A load step that runs into the quota, our own credentials, the configuration: half of all
 * attempts fail for 20 minutes, and it is no incident of the service. */
static void no_failures_of_the_service(void **state)
{
    (void)state;
    static const enum domain domains[] = {DOMAIN_QUOTA, DOMAIN_AUTH, DOMAIN_CONFIG, DOMAIN_CLIENT};
    for (size_t d = 0; d < 2 * sizeof domains / sizeof *domains; d++) {
        struct scene *scene = begin();
        struct health health = good_health();
        scene->lines = d % 2 == 1;
        for (size_t i = 0; i < HOUR_BLOCKS; i++) {
            int refused = i >= 240 ? 4 : 0;
            for (size_t r = 0; r < REGIONS; r++) {
                interval(scene, r, BLOCK, 8, refused + calm(r, i), &health);
                fail_in(scene, r, refused, "some_code", domains[d / 2], 0);
                fail_in(scene, r, calm(r, i), "server_error", DOMAIN_SERVICE, 0);
            }
            scene->now_ns += BLOCK;
        }
        find(scene);
        assert_int_equal(scene->found.count, 0);
        is_near(scene->found.regions[0].left_out, 480);
        is_near(scene->found.regions[0].outside_attempts, 2880 - 480);
        is_near(scene->found.regions[0].outside_failed, 9);
        end(scene);
    }
}

/* The load grows from nothing, one region never fails, and the first interval is short. */
static void ramp_with_zero_counts(void **state)
{
    (void)state;
    struct scene *scene = begin();
    struct health health = good_health();
    interval(scene, 0, 3 * NS_PER_S, 1, 1, &health);
    interval(scene, 1, 3 * NS_PER_S, 1, 0, &health);
    fail_in(scene, 0, 1, "server_error", DOMAIN_SERVICE, 0);
    scene->now_ns += 3 * NS_PER_S;
    for (size_t i = 0; i < HOUR_BLOCKS; i++) {
        int attempts = (int)(i / 10);
        int failed = i % 4 == 0 && attempts > 0 ? (attempts + 11) / 12 : 0; /* 2% or so of all */
        interval(scene, 0, BLOCK, attempts, failed, &health);
        fail_in(scene, 0, failed, "server_error", DOMAIN_SERVICE, 0);
        interval(scene, 1, BLOCK, attempts, 0, &health);
        scene->now_ns += BLOCK;
    }
    find(scene);
    assert_true(scene->found.searched);
    assert_int_equal(scene->found.count, 0);
    assert_int_equal(scene->timeline.minute, 6);
    assert_int_equal(scene->timeline.ends[0] - scene->timeline.starts[0], 3 * NS_PER_S);
    is_near(scene->found.regions[1].outside_failed, 0);
    end(scene);
}

/* One session gone bad fails 40 times in two minutes: that is one onset, and no incident. */
static void poisoned_session(void **state)
{
    (void)state;
    struct scene *scene = begin();
    struct health health = good_health();
    for (size_t i = 0; i < HOUR_BLOCKS; i++) {
        int poisoned = struck(i) ? 4 : 0;
        for (size_t r = 0; r < REGIONS; r++) {
            int more = r == 0 ? poisoned : 0;
            interval(scene, r, BLOCK, 8, more + calm(r, i), &health);
            fail_in(scene, r, more, "server_error", DOMAIN_SERVICE, 999999);
            fail_in(scene, r, calm(r, i), "server_error", DOMAIN_SERVICE, 0);
        }
        scene->now_ns += BLOCK;
    }
    find(scene);
    assert_int_equal(scene->found.count, 0);
    end(scene);
}

/* Two minutes in which the generator was late: what failed then may be its own doing. */
static void unhealthy_stretch(void **state)
{
    (void)state;
    for (int healthy = 0; healthy <= 1; healthy++) {
        struct scene *scene = begin();
        for (size_t i = 0; i < HOUR_BLOCKS; i++) {
            struct health health = good_health();
            health.loops_late = struck(i) && !healthy ? 200 : 0;
            health_judge(&health);
            for (size_t r = 0; r < REGIONS; r++) {
                interval(scene, r, BLOCK, 8, one_alone(r, i), &health);
                fail_in(scene, r, one_alone(r, i), "server_error", DOMAIN_SERVICE, 0);
            }
            scene->now_ns += BLOCK;
        }
        find(scene);
        assert_int_equal(scene->found.count, healthy);
        is_near(scene->found.regions[1].unhealthy_hours, healthy ? 0 : 120.0 / 3600);
        is_near(scene->found.regions[1].hours, healthy ? 1 : 1 - 120.0 / 3600);
        end(scene);
    }
}

/* Another region's own failures make nobody else's figures invalid. */
static void own_failures_of_one_region(void **state)
{
    (void)state;
    struct scene *scene = begin();
    for (size_t i = 0; i < HOUR_BLOCKS; i++) {
        for (size_t r = 0; r < REGIONS; r++) {
            struct health health = good_health();
            health.attempts = 8;
            health.own_failures = r == 0 ? 4 : 0;
            health_judge(&health);
            interval(scene, r, BLOCK, 8, one_alone(r, i), &health);
            fail_in(scene, r, one_alone(r, i), "server_error", DOMAIN_SERVICE, 0);
        }
        scene->now_ns += BLOCK;
    }
    find(scene);
    is_near(scene->found.regions[0].unhealthy_hours, 1);
    is_near(scene->found.regions[0].hours, 0);
    assert_int_equal(scene->found.count, 1);
    assert_int_equal(scene->found.list[0].regions[0].region, 1);
    end(scene);
}

static int at_the_start(size_t region, size_t block)
{
    return region == 0 && block < 12 ? 5 : calm(region, block);
}

static int at_the_end(size_t region, size_t block)
{
    return region == 0 && block >= 168 ? 5 : calm(region, block);
}

/* Two peaks of half an hour, a day apart. What fails at the end of one and at the start of the next
 * has a day between, but only four minutes of it were seen. */
static void gap_between_peaks(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, 180, at_the_end);
    scene->now_ns += 86400 * NS_PER_S;
    drive(scene, 180, at_the_start);
    find(scene);
    is_near(scene->found.regions[0].hours, 1);
    assert_int_equal(scene->found.count, 1);
    const struct run_incident *incident = &scene->found.list[0];
    is_near(incident->failed, 120);
    assert_int_equal(incident->end_ns - incident->start_ns, 86400 * NS_PER_S + 24 * BLOCK);
    assert_int_equal(incident->seen_ns, 24 * BLOCK);
    end(scene);
}

static void too_short(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, 3, one_alone);
    find(scene);
    assert_false(scene->found.searched);
    assert_int_equal(scene->found.count, 0);
    end(scene);
    scene = begin();
    find(scene);
    assert_false(scene->found.searched);
    end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_region_alone),
        cmocka_unit_test(two_regions_together),
        cmocka_unit_test(none),
        cmocka_unit_test(nothing_failed),
        cmocka_unit_test(by_failure_lines),
        cmocka_unit_test(no_failures_of_the_service),
        cmocka_unit_test(ramp_with_zero_counts),
        cmocka_unit_test(poisoned_session),
        cmocka_unit_test(unhealthy_stretch),
        cmocka_unit_test(own_failures_of_one_region),
        cmocka_unit_test(gap_between_peaks),
        cmocka_unit_test(too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
