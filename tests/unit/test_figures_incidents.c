/* Incidents of runs whose counts are known by hand, over the kinds of runs that there are. */
#include "test_figures_scene.h"

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
        cmocka_unit_test(too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
