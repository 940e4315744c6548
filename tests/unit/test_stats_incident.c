/* Incidents found in block counts: which, where, in which regions, and with what probability. */
#include "stats/incident.h"

#include "stats/incident_scan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 1080 /* three hours of 10 s */
#define MINUTE 6
#define REGIONS 3

static struct incident_block blocks[REGIONS][BLOCKS];
static struct incident_series series[REGIONS];

/* Ten attempts per block; a failure every `every` blocks (0: none). */
static void steady(size_t region, size_t every)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        double failed = every > 0 && (i + 7 * region) % every == every - 1;
        blocks[region][i] = (struct incident_block){10, failed, failed};
    }
    series[region] = (struct incident_series){.blocks = blocks[region], .cluster = 1};
}

static void burst(size_t region, size_t start, size_t length, double failed)
{
    for (size_t i = start; i < start + length; i++)
        blocks[region][i].failed = blocks[region][i].onsets = failed;
}

static struct incidents found_in(size_t regions)
{
    struct incidents found;
    assert_true(incidents_find(series, regions, BLOCKS, MINUTE, &found));
    return found;
}

static void close_to(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%.12g, wanted %.12g", got, want);
}

/* Whatever the run is like, there is nothing to find unless failures come together. */
static void nothing_where_nothing_happened(void **state)
{
    (void)state;
    static const size_t every[] = {0, 1, 2, 10, 100, 500};
    for (size_t k = 0; k < sizeof every / sizeof *every; k++) {
        for (size_t r = 0; r < REGIONS; r++) steady(r, every[k]);
        struct incidents found = found_in(REGIONS);
        assert_int_equal(found.count, 0);
        for (size_t r = 0; r < REGIONS; r++) close_to(found.outside[r].attempts, 10 * BLOCKS, 0);
        incidents_free(&found);
    }
}

/* Two minutes at 60%, anywhere, including the ends of the run: start, length and counts are
 * exact. */
static void a_burst_is_found_where_it_is(void **state)
{
    (void)state;
    static const size_t starts[] = {0, 1, 400, 777, BLOCKS - 12};
    for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
        steady(0, 20);
        burst(0, starts[k], 12, 6);
        blocks[0][starts[k] + 5].failed = 10; /* the worst block */
        struct incidents found = found_in(1);
        assert_int_equal(found.count, 1);
        const struct incident *in = &found.list[0];
        assert_int_equal(in->start, starts[k]);
        assert_int_equal(in->length, 12);
        assert_int_equal(in->struck_count, 1);
        close_to(in->attempts, 120, 0);
        close_to(in->failed, 76, 0);
        close_to(in->worst_failed, 40, 0);
        close_to(in->worst_attempts, 60, 0);
        assert_true(in->worst_start <= starts[k] + 5 && in->worst_start + MINUTE > starts[k] + 5);
        close_to(found.outside[0].attempts, 10 * BLOCKS - 120, 0);
        close_to(in->share_of_failures, 76 / (76 + found.outside[0].failed), 1e-12);
        assert_true(in->log_p < log(INCIDENT_FALSE_ALARM));
        incidents_free(&found);
    }
}

/* Many short ones, none of which swallows its neighbour. */
static void bursts_stay_apart(void **state)
{
    (void)state;
    steady(0, 50);
    for (size_t i = 30; i + 12 < BLOCKS; i += 90) burst(0, i, 12, 6);
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 12);
    for (size_t k = 0; k < found.count; k++) {
        assert_int_equal(found.list[k].start, 30 + 90 * k);
        assert_int_equal(found.list[k].length, 12);
    }
    incidents_free(&found);
}

/* A burst that goes on behind a gap, or over two, ends at each of them; nothing else moves. */
static void gaps_part_a_burst(void **state)
{
    (void)state;
    static bool after_gap[BLOCKS];
    static const size_t gaps[][2] = {{406, 406}, {403, 409}, {400, 412}, {1, BLOCKS - 1}};
    static const size_t parts[] = {2, 3, 1, 1};
    for (size_t k = 0; k < sizeof gaps / sizeof *gaps; k++) {
        steady(0, 50);
        steady(1, 50);
        burst(0, 400, 12, 8);
        burst(1, 400, 12, 8);
        memset(after_gap, 0, sizeof after_gap);
        after_gap[gaps[k][0]] = after_gap[gaps[k][1]] = true;
        for (size_t r = 0; r < 2; r++) series[r].after_gap = after_gap;
        struct incidents found = found_in(2);
        assert_int_equal(found.count, parts[k]);
        double failed = 0;
        size_t at = 400;
        for (size_t i = 0; i < found.count; i++) {
            assert_int_equal(found.list[i].start, at);
            assert_int_equal(found.list[i].struck_count, 2);
            at += found.list[i].length;
            failed += found.list[i].failed;
        }
        assert_int_equal(at, 412);
        close_to(failed, 2 * 12 * 8, 0);
        incidents_free(&found);
    }
}

static void one_block_is_enough(void **state)
{
    (void)state;
    steady(0, 50);
    burst(0, 321, 1, 8);
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.list[0].start, 321);
    assert_int_equal(found.list[0].length, 1);
    close_to(found.list[0].worst_failed, 8, 0);
    incidents_free(&found);
}

/* An hour at 5% within three at 0.5%: not dense, but long. */
static void a_long_one_is_one(void **state)
{
    (void)state;
    steady(0, 20);
    for (size_t i = 300; i < 660; i++) blocks[0][i].failed = i % 2 == 1;
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 1);
    assert_true(llabs((long long)found.list[0].start - 300) <= 12);
    assert_true(llabs((long long)found.list[0].length - 360) <= 24);
    incidents_free(&found);
}

/* Which regions it struck: those where it occurred, whether or not each stands out by itself. */
static void regions_are_struck_together_or_alone(void **state)
{
    (void)state;
    for (size_t r = 0; r < REGIONS; r++) steady(r, 20);
    burst(0, 200, 12, 6);
    burst(2, 201, 12, 5);
    burst(1, 700, 12, 6);
    struct incidents found = found_in(REGIONS);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.list[0].struck_count, 2);
    assert_int_equal(found.list[0].struck[0].region, 0);
    assert_int_equal(found.list[0].struck[1].region, 2);
    assert_int_equal(found.list[0].start, 200);
    assert_int_equal(found.list[0].length, 13);
    assert_int_equal(found.list[1].struck_count, 1);
    assert_int_equal(found.list[1].struck[0].region, 1);
    close_to(found.outside[1].attempts, 10 * (BLOCKS - 12), 0);
    incidents_free(&found);
}

/* One failure in each of three regions in the same block means nothing, four in each do. */
static void all_together_stand_out_where_none_does(void **state)
{
    (void)state;
    for (size_t r = 0; r < REGIONS; r++) {
        steady(r, 0);
        for (size_t i = 0; i < BLOCKS; i++) blocks[r][i].attempts = 2;
        for (size_t i = 50; i < BLOCKS; i += 200) blocks[r][i].failed = 1;
        burst(r, 500, 1, 2);
        burst(r, 501, 1, 2);
        series[r].cluster = 2;
    }
    struct incidents alone = found_in(1);
    assert_int_equal(alone.count, 0);
    struct incidents found = found_in(REGIONS);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.list[0].start, 500);
    assert_int_equal(found.list[0].struck_count, REGIONS);
    incidents_free(&alone);
    incidents_free(&found);
}

/*
 * A session whose ten attempts all fail within two minutes is not an incident: because of the
 * cluster sums, or because the failures after its first are not onsets. Without either it would be
 * one.
 */
static void a_poisoned_session_is_no_incident(void **state)
{
    (void)state;
    steady(0, 0);
    for (size_t i = 100; i < BLOCKS; i += 300) {
        burst(0, i, 10, 1);
        for (size_t k = 1; k < 10; k++) blocks[0][i + k].onsets = 0;
    }
    struct incidents naive = found_in(1);
    assert_int_equal(naive.count, 4);
    series[0].cluster = 10;
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 0);
    series[0].has_onsets = true;
    struct incidents onsets = found_in(1);
    assert_int_equal(onsets.count, 0);
    incidents_free(&naive);
    incidents_free(&found);
    incidents_free(&onsets);
}

/* If sessions keep failing for 20 minutes, few clusters are left; their onsets in one block reveal
 * it. */
static void onsets_find_what_clusters_hide(void **state)
{
    (void)state;
    steady(0, 40);
    burst(0, 600, 120, 9);
    for (size_t i = 601; i < 720; i++) blocks[0][i].onsets = 0;
    series[0].cluster = 200;
    struct incidents hidden = found_in(1);
    assert_int_equal(hidden.count, 0);
    series[0].has_onsets = true;
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.list[0].start, 600);
    assert_int_equal(found.list[0].length, 120); /* placed by failures, not by onsets */
    incidents_free(&hidden);
    incidents_free(&found);
}

/* More load, more failures, at the same rate: not an incident. */
static void load_is_no_incident(void **state)
{
    (void)state;
    steady(0, 0);
    for (size_t i = 0; i < BLOCKS; i++) {
        bool high = i >= 400 && i < 460;
        blocks[0][i] = (struct incident_block){high ? 300 : 10, high ? 3 : i % 10 == 0, 0};
    }
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 0);
    incidents_free(&found);
}

/*
 * The bound by hand: 12 of 12 failures in one of 1,080 equal blocks, nothing else. 12 log 1080 =
 * 83.816; the correction is the logarithm of the windows.
 */
static void the_chance_is_that_of_kulldorff(void **state)
{
    (void)state;
    steady(0, 0);
    for (size_t i = 0; i < BLOCKS; i++) blocks[0][i].attempts = 12;
    burst(0, 444, 1, 12);
    struct incidents found = found_in(1);
    assert_int_equal(found.count, 1);
    close_to(found.tested, scan_windows(BLOCKS), 0);
    close_to(found.list[0].log_p, log(found.tested) - 12 * log(BLOCKS), 1e-9);
    incidents_free(&found);
}

static void runs_without_anything_are_runs(void **state)
{
    (void)state;
    struct incidents found;
    memset(blocks, 0, sizeof blocks);
    assert_true(incidents_find(series, 0, 0, 0, &found));
    assert_int_equal(found.count, 0);
    incidents_free(&found);
    for (size_t count = 0; count < 4; count++) {
        assert_true(incidents_find(series, REGIONS, count, 1, &found));
        assert_int_equal(found.count, 0);
        incidents_free(&found);
    }
    steady(0, 0);
    for (size_t i = 0; i < BLOCKS; i++) blocks[0][i].attempts = i == 500 ? 20 : 0;
    blocks[0][500].failed = 20; /* the only failures */
    found = found_in(1);
    assert_int_equal(found.count, 0);
    incidents_free(&found);
}

/* Garwood's interval: 0 .. 3.689, and 5 with 1.623 .. 11.668 (its table of 1936). */
static void incidents_an_hour(void **state)
{
    (void)state;
    struct estimate none = incidents_per_hour(0, 1, 0.95);
    close_to(none.value, 0, 0);
    close_to(none.low, 0, 0);
    close_to(none.high, 3.688879, 1e-5);
    struct estimate five = incidents_per_hour(5, 10, 0.95);
    close_to(five.value, 0.5, 1e-12);
    close_to(five.low, 0.1623486, 1e-6);
    close_to(five.high, 1.1668332, 1e-6);
    assert_false(incidents_per_hour(5, 0, 0.95).valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_where_nothing_happened),
        cmocka_unit_test(a_burst_is_found_where_it_is),
        cmocka_unit_test(bursts_stay_apart),
        cmocka_unit_test(gaps_part_a_burst),
        cmocka_unit_test(one_block_is_enough),
        cmocka_unit_test(a_long_one_is_one),
        cmocka_unit_test(regions_are_struck_together_or_alone),
        cmocka_unit_test(all_together_stand_out_where_none_does),
        cmocka_unit_test(a_poisoned_session_is_no_incident),
        cmocka_unit_test(onsets_find_what_clusters_hide),
        cmocka_unit_test(load_is_no_incident),
        cmocka_unit_test(the_chance_is_that_of_kulldorff),
        cmocka_unit_test(runs_without_anything_are_runs),
        cmocka_unit_test(incidents_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
