/* Incidents of runs in which time is missing. */
#include "figures/series.h"
#include "figures/timeline_private.h"
#include "test_figures_scene.h"

static int at_the_start(size_t region, size_t block)
{
    return region == 0 && block < 12 ? 5 : calm(region, block);
}

static int at_the_end(size_t region, size_t block)
{
    return region == 0 && block >= 168 ? 5 : calm(region, block);
}

/* Two peaks of half an hour, a day apart, or with one interval missing in between. What fails at
 * the end of one and at the start of the next was not seen to go on: each is an incident of its
 * own. */
static void gap_between_peaks(void **state)
{
    (void)state;
    static const int64_t gaps[] = {86400 * NS_PER_S, BLOCK, BLOCK / 2 + 1};
    for (size_t k = 0; k < sizeof gaps / sizeof *gaps; k++) {
        struct scene *scene = begin();
        drive(scene, 180, at_the_end);
        int64_t before_ns = scene->now_ns;
        scene->now_ns += gaps[k];
        drive(scene, 180, at_the_start);
        find(scene);
        is_near(scene->found.regions[0].hours, 1);
        assert_int_equal(scene->found.regions[0].incidents, 2);
        assert_int_equal(scene->found.count, 2);
        assert_int_equal(scene->found.list[0].end_ns, before_ns);
        assert_int_equal(scene->found.list[1].start_ns, before_ns + gaps[k]);
        for (size_t i = 0; i < 2; i++) {
            const struct run_incident *incident = &scene->found.list[i];
            is_near(incident->failed, 60);
            assert_int_equal(incident->end_ns - incident->start_ns, 12 * BLOCK);
            assert_int_equal(incident->seen_ns, 12 * BLOCK);
        }
        end(scene);
    }
}

/* Less than half an interval is the hand-over from one to the next. */
static void no_gap_between_peaks(void **state)
{
    (void)state;
    struct scene *scene = begin();
    drive(scene, 180, at_the_end);
    scene->now_ns += BLOCK / 2;
    drive(scene, 180, at_the_start);
    find(scene);
    assert_int_equal(scene->found.count, 1);
    assert_int_equal(scene->found.list[0].seen_ns, 24 * BLOCK);
    end(scene);
}

static int weak_end(size_t region, size_t block)
{
    return region == 0 && block == 179 ? 3 : calm(region, block);
}

static int weak_start(size_t region, size_t block)
{
    return region == 0 && block == 0 ? 3 : calm(region, block + 7);
}

/* Either side of a gap has to stand out by itself: what is no incident in each is none in both. */
static void each_side_of_a_gap_for_itself(void **state)
{
    (void)state;
    for (int gap = 0; gap <= 1; gap++) {
        struct scene *scene = begin();
        drive(scene, 180, weak_end);
        scene->now_ns += gap * 600 * NS_PER_S;
        drive(scene, 180, weak_start);
        find(scene);
        assert_int_equal(scene->found.count, gap ? 0 : 1);
        end(scene);
    }
}

/* ---- shards whose intervals overlap ---- */

struct shards_case {
    size_t count;
    int64_t apart_ns, skew_ns; /* between their starts; between their clocks */
};

/* Rows as in a merged run: sorted by start, and those that start together are one. */
static void drive_shards(struct scene *scene, const struct shards_case *of, size_t blocks,
                         const struct health *health)
{
    for (size_t i = 0; i < blocks; i++) {
        for (size_t s = 0; s < of->count; s++) {
            const int64_t start_ns = START + (int64_t)i * BLOCK;
            const int64_t later_ns = i == 0 ? (int64_t)s * of->apart_ns : 0;
            if (s > 0 && later_ns == 0 && of->skew_ns == 0) continue;
            scene->now_ns = start_ns + later_ns + (int64_t)s * of->skew_ns;
            for (size_t r = 0; r < REGIONS; r++) interval(scene, r, BLOCK - later_ns, 8, 0, health);
        }
    }
}

/* However many shards: the hours are those of the clock, for figures, claims and unhealthy time. */
static void shards_record_each_hour_once(void **state)
{
    (void)state;
    const struct shards_case cases[] = {{1, 0, 0},
                                        {2, NS_PER_S / 4, 0},
                                        {8, NS_PER_S, 0},
                                        {8, NS_PER_S, NS_PER_S / 8},
                                        {3, 0, NS_PER_S / 2}};
    for (size_t k = 0; k < 2 * (sizeof cases / sizeof *cases); k++) {
        const struct shards_case *one = &cases[k / 2];
        const double skew_h = (double)(one->count - 1) * (double)one->skew_ns / 3600e9;
        const bool unhealthy = k % 2 == 1;
        struct health health = good_health();
        struct scene *scene = begin();
        if (unhealthy) {
            health.loops_late = health.loops;
            health_judge(&health);
        }
        drive_shards(scene, one, HOUR_BLOCKS, &health);
        struct series series = {.regions = REGIONS};
        for (size_t i = 0; i < scene->gather.row_count; i++) {
            const struct timeline_row *row = &scene->gather.rows[i];
            const struct counters counters = {.attempts_ok = row->attempts};
            assert_true(
                series_add_interval(&series, row->region, row->start_ns, row->end_ns, &counters));
        }
        find(scene);
        for (size_t r = 0; r <= REGIONS; r++) {
            const struct incident_rates *rates = &scene->found.regions[r];
            is_near(rates->hours + rates->unhealthy_hours, 1 + skew_h);
            is_near(unhealthy ? rates->hours : rates->unhealthy_hours, 0);
        }
        if (one->skew_ns == 0) {
            const struct series_cut whole = {0};
            const struct series_what what = {.of = SERIES_OF_ATTEMPTS};
            struct series_blocks blocks;
            double seconds = 0;
            double attempts = 0;
            assert_true(series_blocks(&series, &whole, SERIES_ALL_REGIONS, &what, &blocks));
            for (size_t i = 0; i < blocks.count; i++) {
                seconds += blocks.list[i].seconds;
                attempts += blocks.list[i].attempts;
            }
            is_near(seconds, 3600);
            is_near(attempts, (double)scene->gather.row_count * 8);
            series_blocks_free(&blocks);
        }
        series_free(&series);
        end(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_record_each_hour_once),
        cmocka_unit_test(gap_between_peaks),
        cmocka_unit_test(no_gap_between_peaks),
        cmocka_unit_test(each_side_of_a_gap_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
