/* What the lanes of a plan get: all of it together, nothing twice; slots are filled in order. */
#include "base/clock.h"
#include "engine/demand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MOST 2000

static struct stage steady[] = {{.duration_ns = 0, .target = 20},
                                {.duration_ns = 50 * NS_PER_S, .target = 20}};
static const struct load open_load = {.model = LOAD_ARRIVALS,
                                      .arrival = ARRIVAL_POISSON,
                                      .max_sessions = 11,
                                      .stages = steady,
                                      .stage_count = 2};
static struct stage ramp[] = {{.duration_ns = 10 * NS_PER_S, .target = 10}};
static const struct load closed_load = {
    .model = LOAD_SESSIONS, .max_sessions = 10, .stages = ramp, .stage_count = 1};

static const struct lane whole = {.shard = {0, 1}, .worker = {0, 1}};

static struct demand start(const struct load *load, struct lane lane)
{
    struct demand demand;
    assert_true(demand_init(&demand, load, &lane, 7, 42));
    return demand;
}

/* The due time of every arrival of a lane, by number; returns how many there were. */
static size_t collect(struct lane lane, int64_t due[MOST])
{
    struct demand demand = start(&open_load, lane);
    size_t count = 0;
    for (; demand.arrivals_left; demand_next_arrival(&demand)) {
        assert_true(demand.next_number < MOST);
        assert_int_equal(due[demand.next_number], 0);
        due[demand.next_number] = demand.next_due_ns;
        count++;
    }
    demand_free(&demand);
    return count;
}

static void lanes_have_the_plan_between_them(void **state)
{
    static int64_t one[MOST], many[MOST];
    (void)state;
    size_t all = collect(whole, one);
    size_t sum = 0;
    for (unsigned shard = 0; shard < 2; shard++) {
        for (unsigned worker = 0; worker < 3; worker++)
            sum += collect((struct lane){.shard = {shard, 2}, .worker = {worker, 3}}, many);
    }
    assert_true(all > 800 && all < 1200); /* 1000 are expected, with a deviation of 32 */
    assert_int_equal(sum, all);
    assert_memory_equal(one, many, sizeof one);
}

static void room_is_what_the_lane_has_of_the_most(void **state)
{
    (void)state;
    struct demand demand = start(&open_load, (struct lane){.shard = {0, 1}, .worker = {1, 2}});
    for (int i = 0; i < 5; i++) { /* 11 sessions over two workers: 6 and 5 */
        assert_true(demand_has_room(&demand));
        demand_enter(&demand, 0);
    }
    assert_false(demand_has_room(&demand));
    demand_leave(&demand, 0);
    assert_true(demand_has_room(&demand));
    demand_free(&demand);
}

static void slots_are_filled_from_the_first_and_count_their_rounds(void **state)
{
    size_t slot = 99;
    (void)state;
    struct demand demand = start(&closed_load, whole);
    assert_int_equal(demand.slot_count, 10);
    size_t wanted = demand_wanted(&demand, 3 * NS_PER_S);
    assert_int_equal(wanted, 3);
    for (size_t i = 0; i < wanted; i++) {
        assert_true(demand_vacant(&demand, wanted, &slot));
        assert_int_equal(slot, i);
        assert_int_equal(demand.rounds[slot], 0);
        demand_enter(&demand, slot);
    }
    assert_false(demand_vacant(&demand, wanted, &slot));
    assert_false(demand_has_surplus(&demand, wanted));
    assert_true(demand_has_surplus(&demand, 2));
    demand_leave(&demand, 1);
    assert_true(demand_vacant(&demand, wanted, &slot));
    assert_int_equal(slot, 1);
    assert_int_equal(demand.rounds[1], 1);
    assert_int_equal(demand.present, 2);
    demand_free(&demand);
}

/* Little's law: 20 a second and 5 s each need 100 places. */
static void room_without_failures_is_told_by_the_stay(void **state)
{
    (void)state;
    struct load load = open_load;
    load.max_sessions = 100;
    struct demand demand = start(&load, whole);
    assert_false(demand_would_have_room(&demand, 30 * NS_PER_S)); /* nobody has stayed */
    demand_stayed(&demand, 4 * NS_PER_S);
    demand_stayed(&demand, 6 * NS_PER_S);
    assert_true(demand.stay_ns == 5e9);
    assert_true(demand_would_have_room(&demand, 30 * NS_PER_S));
    assert_true(demand_would_have_room(&demand, NS_PER_S));
    demand_stayed(&demand, 8 * NS_PER_S);
    assert_true(demand_would_have_room(&demand, 2 * NS_PER_S)); /* only 40 came so far */
    assert_false(demand_would_have_room(&demand, 30 * NS_PER_S));
    demand_free(&demand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_have_the_plan_between_them),
        cmocka_unit_test(room_is_what_the_lane_has_of_the_most),
        cmocka_unit_test(slots_are_filled_from_the_first_and_count_their_rounds),
        cmocka_unit_test(room_without_failures_is_told_by_the_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
