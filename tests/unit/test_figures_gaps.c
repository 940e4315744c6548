/* Incidents of runs in which time is missing. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gap_between_peaks),
        cmocka_unit_test(no_gap_between_peaks),
        cmocka_unit_test(each_side_of_a_gap_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
