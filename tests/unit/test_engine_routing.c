/* Which region takes an attempt, as a table: no socket, no clock. */
#include "engine/routing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define REGIONS 3

/* A region with many failures and retries, and full: `each` ignores all that. */
static const struct region_state bad = {
    .retries = 900, .first_attempts = 10, .sessions_open = 500, .in_flight = 500};
static const struct region_state good = {.first_attempts = 1000};

static void each_region_has_its_own_load_whatever_happens(void **state)
{
    static const struct {
        const char *name;
        struct routing_attempt attempt;
        size_t region;
    } rows[] = {
        {"a first attempt", {.demand = 0, .number = 1}, 0},
        {"of the last region", {.demand = 2, .number = 1}, 2},
        {"a retry stays, also in a region that fails", {.demand = 1, .number = 2, .last = 1}, 1},
        {"and goes home when it was elsewhere", {.demand = 1, .number = 5, .last = 2}, 1},
    };
    const struct region_state worlds[][REGIONS] = {
        {{0}, {0}, {0}}, {bad, good, good}, {good, bad, good}, {good, good, bad}, {bad, bad, bad}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t w = 0; w < sizeof worlds / sizeof *worlds; w++) {
            size_t region = routing_region(ROUTING_EACH, worlds[w], REGIONS, &rows[i].attempt);
            if (region != rows[i].region) fail_msg("%s, world %zu: %zu", rows[i].name, w, region);
        }
    }
}

static void each_has_one_demand_a_region(void **state)
{
    (void)state;
    for (size_t regions = 1; regions < 10; regions++)
        assert_int_equal(routing_demands(ROUTING_EACH, regions), regions);
}

static void only_what_can_be_driven_is_said_to_be(void **state)
{
    (void)state;
    assert_true(routing_is_driven(ROUTING_EACH));
    assert_false(routing_is_driven(ROUTING_WEIGHTED));
    assert_false(routing_is_driven(ROUTING_FAILOVER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_region_has_its_own_load_whatever_happens),
        cmocka_unit_test(each_has_one_demand_a_region),
        cmocka_unit_test(only_what_can_be_driven_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
