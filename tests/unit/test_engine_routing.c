/* Which region takes an attempt, as a table: no socket, no clock. */
#include "engine/routing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define REGIONS 3

/* A region with many failures and retries, and full: `each` ignores all that. */
static const struct region_state bad = {
    .sessions_open = 500, .in_flight = 500, .hold = {.on = true, .until_ns = 100}};
static const struct region_state good = {.sessions_open = 1};

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

/* ---- a load that regions share ---- */

/* At time 50: takes load, is held back, and lets one go to see whether that is over. */
#define OPEN_REGION(part)                                                                          \
    {                                                                                              \
        .weight = (part)                                                                           \
    }
#define SHUT_REGION(part)                                                                          \
    {                                                                                              \
        .weight = (part), .hold = {.on = true, .until_ns = 100 }                                   \
    }
#define ASKING_REGION(part)                                                                        \
    {                                                                                              \
        .weight = (part), .hold = {.on = true, .until_ns = 20 }                                    \
    }
#define ENDED_REGION(part)                                                                         \
    {                                                                                              \
        .weight = (part), .hold = {.on = true, .cause = HOLD_HOPELESS, .until_ns = 20 }            \
    }

static void failover_takes_the_first_that_takes_load(void **state)
{
    static const struct {
        const char *name;
        struct region_state world[REGIONS];
        struct routing_attempt attempt;
        size_t region;
    } rows[] = {
        {"all is well", {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)}, {.number = 1}, 0},
        {"weights do not matter",
         {OPEN_REGION(0), OPEN_REGION(9), OPEN_REGION(1)},
         {.number = 1, .draw = 0.9},
         0},
        {"the first is held back",
         {SHUT_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 1},
         1},
        {"its load has ended", {ENDED_REGION(1), OPEN_REGION(1), OPEN_REGION(1)}, {.number = 1}, 1},
        {"the next one, too", {SHUT_REGION(1), SHUT_REGION(1), OPEN_REGION(1)}, {.number = 1}, 2},
        {"it returns to the first that may be well again",
         {ASKING_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 1, .last = 1},
         0},
        {"a retry goes back as well",
         {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 2, .last = 2},
         0},
        {"but not to where it has failed",
         {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 2, .last = 0, .avoids = true, .avoid = 0},
         1},
        {"nobody takes load",
         {SHUT_REGION(1), SHUT_REGION(1), SHUT_REGION(1)},
         {.number = 1, .last = 2},
         0},
        {"then a retry stays",
         {SHUT_REGION(1), SHUT_REGION(1), SHUT_REGION(1)},
         {.number = 2, .last = 2},
         2},
        {"also where it would rather leave",
         {SHUT_REGION(1), OPEN_REGION(1), SHUT_REGION(1)},
         {.number = 3, .last = 1, .avoids = true, .avoid = 1},
         1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct routing_attempt attempt = rows[i].attempt;
        attempt.now_ns = 50;
        size_t region = routing_region(ROUTING_FAILOVER, rows[i].world, REGIONS, &attempt);
        if (region != rows[i].region) fail_msg("%s: %zu", rows[i].name, region);
    }
}

static void hedged_leaves_users_where_they_are(void **state)
{
    static const struct {
        const char *name;
        struct region_state world[REGIONS];
        struct routing_attempt attempt;
        size_t region, second; /* REGIONS: none */
    } rows[] = {
        {"all is well", {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)}, {.number = 1}, 0, 1},
        {"a new session begins in the first",
         {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 1, .last = 2},
         0,
         0},
        {"a conversation stays",
         {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 1, .last = 2, .settled = true},
         2,
         0},
        {"and so does a retry",
         {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 2, .last = 1},
         1,
         0},
        {"unless its region takes no load",
         {OPEN_REGION(1), SHUT_REGION(1), OPEN_REGION(1)},
         {.number = 1, .last = 1, .settled = true},
         0,
         0},
        {"or it leaves it",
         {OPEN_REGION(1), OPEN_REGION(1), OPEN_REGION(1)},
         {.number = 2, .last = 0, .avoids = true, .avoid = 0},
         1,
         1},
        {"the second is the first other one that takes load",
         {OPEN_REGION(1), SHUT_REGION(1), OPEN_REGION(1)},
         {.number = 1},
         0,
         2},
        {"or there is none",
         {OPEN_REGION(1), SHUT_REGION(1), SHUT_REGION(1)},
         {.number = 1},
         0,
         REGIONS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct routing_attempt attempt = rows[i].attempt;
        attempt.now_ns = 50;
        const size_t region = routing_region(ROUTING_HEDGED, rows[i].world, REGIONS, &attempt);
        const size_t second = routing_hedge(ROUTING_HEDGED, rows[i].world, REGIONS, &attempt);
        if (region != rows[i].region || second != rows[i].second)
            fail_msg("%s: %zu, then %zu", rows[i].name, region, second);
        for (int other = ROUTING_EACH; other < ROUTING_HEDGED; other++)
            assert_int_equal(routing_hedge((enum routing)other, rows[i].world, REGIONS, &attempt),
                             REGIONS);
    }
}

#define USERS 10000

static size_t weighted(const struct region_state *world, size_t user)
{
    const struct routing_attempt attempt = {
        .number = 1, .draw = ((double)user + 0.5) / USERS, .now_ns = 50};
    return routing_region(ROUTING_WEIGHTED, world, REGIONS, &attempt);
}

static void weighted_shares_by_weight(void **state)
{
    static const struct region_state world[REGIONS] = {OPEN_REGION(5), OPEN_REGION(0),
                                                       OPEN_REGION(3)};
    size_t users[REGIONS] = {0};
    (void)state;
    for (size_t u = 0; u < USERS; u++) users[weighted(world, u)]++;
    assert_int_equal(users[0], 6250);
    assert_int_equal(users[1], 0);
    assert_int_equal(users[2], 3750);
}

/* Users of the others stay, and those of the one that is held back are shared by weight. */
static void weighted_moves_only_whom_it_must(void **state)
{
    static const struct region_state well[REGIONS] = {OPEN_REGION(4), OPEN_REGION(3),
                                                      OPEN_REGION(1)};
    static const struct region_state ill[REGIONS] = {SHUT_REGION(4), OPEN_REGION(3),
                                                     OPEN_REGION(1)};
    size_t moved[REGIONS] = {0};
    (void)state;
    for (size_t u = 0; u < USERS; u++) {
        const size_t before = weighted(well, u);
        const size_t now = weighted(ill, u);
        if (before != 0)
            assert_int_equal(now, before);
        else
            moved[now]++;
    }
    assert_int_equal(moved[0], 0);
    assert_true(moved[1] > 3650 && moved[1] < 3850); /* three quarters of 5,000 */
    assert_int_equal(moved[1] + moved[2], 5000);
}

static void a_weighted_retry_stays_or_leaves(void **state)
{
    static const struct region_state world[REGIONS] = {OPEN_REGION(1), OPEN_REGION(1),
                                                       OPEN_REGION(1)};
    static const struct region_state alone[REGIONS] = {OPEN_REGION(1), SHUT_REGION(1),
                                                       SHUT_REGION(1)};
    (void)state;
    for (size_t u = 0; u < 100; u++) {
        struct routing_attempt attempt = {
            .number = 2, .last = 1, .draw = (double)u / 100, .now_ns = 50};
        assert_int_equal(routing_region(ROUTING_WEIGHTED, world, REGIONS, &attempt), 1);
        attempt.avoids = true;
        attempt.avoid = 1;
        assert_int_not_equal(routing_region(ROUTING_WEIGHTED, world, REGIONS, &attempt), 1);
        attempt.last = attempt.avoid = 0;
        assert_int_equal(routing_region(ROUTING_WEIGHTED, alone, REGIONS, &attempt), 0);
    }
}

static void shared_loads_are_one_demand(void **state)
{
    (void)state;
    assert_false(routing_is_shared(ROUTING_EACH));
    for (size_t regions = 1; regions < 10; regions++) {
        assert_int_equal(routing_demands(ROUTING_WEIGHTED, regions), 1);
        assert_int_equal(routing_demands(ROUTING_FAILOVER, regions), 1);
        assert_int_equal(routing_demands(ROUTING_HEDGED, regions), 1);
    }
    assert_true(routing_is_shared(ROUTING_WEIGHTED) && routing_is_shared(ROUTING_FAILOVER));
    assert_true(routing_is_shared(ROUTING_HEDGED));
}

static void shares_of_the_load(void **state)
{
    struct region regions[] = {{.weight = 1}, {.weight = 3}};
    struct profile profile = {.regions = regions, .region_count = 2};
    (void)state;
    assert_true(routing_share(&profile, 0) == 1 && routing_share(&profile, 1) == 1);
    profile.load.routing = ROUTING_WEIGHTED;
    assert_true(routing_share(&profile, 0) == 0.25 && routing_share(&profile, 1) == 0.75);
    profile.load.routing = ROUTING_FAILOVER;
    assert_true(routing_share(&profile, 0) == 1 && routing_share(&profile, 1) == 0);
    profile.load.routing = ROUTING_HEDGED;
    assert_true(routing_share(&profile, 0) == 1 && routing_share(&profile, 1) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_region_has_its_own_load_whatever_happens),
        cmocka_unit_test(each_has_one_demand_a_region),
        cmocka_unit_test(failover_takes_the_first_that_takes_load),
        cmocka_unit_test(hedged_leaves_users_where_they_are),
        cmocka_unit_test(weighted_shares_by_weight),
        cmocka_unit_test(weighted_moves_only_whom_it_must),
        cmocka_unit_test(a_weighted_retry_stays_or_leaves),
        cmocka_unit_test(shared_loads_are_one_demand),
        cmocka_unit_test(shares_of_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
