/* A run at one moment, filled from a plan and from what the engine says. */
#include "run/snapshot.h"
#include "test_run_fixture.h"

#define ORIGIN_NS (UINT64_C(1000) * NS_PER_S)
#define WALL_NS (INT64_C(1776171600) * NS_PER_S)

struct fixture {
    struct run_plan plan;
    struct snapshot_store store;
    struct cell totals[2];
    uint64_t sessions_open[2], in_flight[2];
    struct hold_view holding[2];
    struct holds holds;
    struct health health, latest;
    struct abort_rule rule;
    struct engine_status engine;
    struct snapshot_moment moment;
    struct run_snapshot run;
};

/* One second into a load of two, at twice the speed. */
static void set_up(struct fixture *f, const char *json)
{
    struct error err = {0};
    *f = (struct fixture){.sessions_open = {3, 4}, .in_flight = {1, 2}, .holding[1] = {.on = true}};
    f->plan = (struct run_plan){.profile = run_profile(json),
                                .seed = 42,
                                .workers = 2,
                                .shard = {.index = 1, .count = 3},
                                .clock = {ORIGIN_NS, WALL_NS, 2},
                                .id = "2026-04-14T130000Z-sample"};
    f->totals[0].counters.attempts_ok = 5;
    f->engine = (struct engine_status){.totals = f->totals,
                                       .sessions_open = f->sessions_open,
                                       .in_flight = f->in_flight,
                                       .holding = f->holding,
                                       .holds = &f->holds,
                                       .region_count = 2,
                                       .reason = "",
                                       .budget_spent = 0.25,
                                       .abort_rule = &f->rule,
                                       .health = &f->health,
                                       .latest = &f->latest};
    f->moment = (struct snapshot_moment){.now_mono_ns = ORIGIN_NS + NS_PER_S / 2,
                                         .counting_since_ns = 77,
                                         .driven = true,
                                         .simulated = true};
    assert_int_equal(snapshot_store_open(&f->store, f->plan.profile, &err), ERR_OK);
}

static void tear_down(struct fixture *f)
{
    snapshot_store_free(&f->store);
    run_plan_free(&f->plan);
}

static void take(struct fixture *f)
{
    snapshot_take(&f->store, &f->plan, &f->engine, &f->moment, &f->run);
}

static void it_has_what_the_plan_and_the_engine_say(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, RUN_PROFILE(""));
    take(&f);
    assert_string_equal(f.run.id, "2026-04-14T130000Z-sample");
    assert_string_equal(f.run.shard, "2/3");
    assert_int_equal(f.run.seed, 42);
    assert_int_equal(f.run.counting_since_ns, 77);
    assert_int_equal(f.run.started_ns, WALL_NS);
    assert_int_equal(f.run.ended_ns, 0);
    assert_int_equal(f.run.load_ns, 2 * NS_PER_S);
    assert_int_equal(f.run.elapsed_ns, NS_PER_S); /* half a real second at twice the speed */
    assert_int_equal(f.run.driven_ns, NS_PER_S / 2);
    assert_int_equal(f.run.region_count, 2);
    assert_ptr_equal(f.run.regions[0].totals, &f.totals[0]);
    assert_string_equal(f.run.regions[1].region->name, "sweden");
    assert_int_equal(f.run.regions[1].sessions_open, 4);
    assert_int_equal(f.run.regions[1].in_flight, 2);
    assert_true(f.run.regions[1].hold.on && !f.run.regions[0].hold.on);
    assert_ptr_equal(f.run.holds, &f.holds);
    assert_true(f.run.requested == 10);
    assert_ptr_equal(f.run.health, &f.health);
    assert_null(f.run.abort);
    assert_string_equal(f.run.abort_status, "");
    tear_down(&f);
}

static void before_there_is_an_engine_nothing_has_begun(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, RUN_PROFILE(""));
    f.moment.driven = false;
    snapshot_take(&f.store, &f.plan, NULL, &f.moment, &f.run);
    assert_int_equal(f.run.phase, RUN_STARTING);
    assert_null(f.run.regions[0].totals);
    assert_null(f.run.health);
    assert_int_equal(f.run.elapsed_ns, 0);
    assert_true(f.run.requested == 0);
    assert_string_equal(f.run.reason, "");
    take(&f); /* an engine that is set up, but not driven */
    assert_int_equal(f.run.phase, RUN_STARTING);
    assert_int_equal(f.run.elapsed_ns, 0);
    tear_down(&f);
}

static void phases_follow_the_course(void **state)
{
    static const struct {
        int64_t after_ms; /* of the origin, real time */
        unsigned stops;
        bool draining;
        int64_t ended_ms; /* 0: not yet */
        enum run_phase phase;
    } rows[] = {
        {-100, 0, false, 0, RUN_RUNNING}, /* the lead before the first arrival */
        {500, 0, false, 0, RUN_RUNNING},
        {999, 0, false, 0, RUN_RUNNING},
        {1000, 0, false, 0, RUN_DRAINING}, /* the load was asked for in full */
        {500, 1, true, 0, RUN_DRAINING},
        {500, 0, true, 0, RUN_DRAINING}, /* stopped by the budget */
        {500, 2, true, 0, RUN_STOPPING},
        {9000, 0, false, 1200, RUN_FINISHED},
        {9000, 2, true, 700, RUN_FINISHED},
    };
    (void)state;
    struct fixture f;
    set_up(&f, RUN_PROFILE(""));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f.moment.now_mono_ns = (uint64_t)((int64_t)ORIGIN_NS + rows[i].after_ms * NS_PER_MS);
        f.moment.stops = rows[i].stops;
        f.moment.ended_mono_ns =
            rows[i].ended_ms != 0 ? ORIGIN_NS + (uint64_t)(rows[i].ended_ms * NS_PER_MS) : 0;
        f.engine.draining = rows[i].draining;
        take(&f);
        if (f.run.phase != rows[i].phase) fail_msg("row %zu: %s", i, run_phase_name(f.run.phase));
        assert_int_equal(f.run.requested > 0, f.run.phase == RUN_RUNNING);
    }
    tear_down(&f);
}

/* A later look still shows the end. */
static void an_ended_run_keeps_its_end(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, RUN_PROFILE(""));
    f.moment.now_mono_ns = ORIGIN_NS + 60 * NS_PER_S;
    f.moment.ended_mono_ns = ORIGIN_NS + 3 * NS_PER_S;
    f.engine.end = RUN_STOPPED_BUDGET;
    f.engine.reason = "budget";
    take(&f);
    assert_int_equal(f.run.ended_ns, WALL_NS + 6 * NS_PER_S);
    assert_int_equal(f.run.elapsed_ns, 6 * NS_PER_S);
    assert_int_equal(f.run.driven_ns, 3 * NS_PER_S);
    assert_int_equal(f.run.end, RUN_STOPPED_BUDGET);
    assert_string_equal(f.run.reason, "budget");
    f.moment.ended_mono_ns = ORIGIN_NS - NS_PER_S; /* stopped before its load was due */
    take(&f);
    assert_int_equal(f.run.driven_ns, 0);
    assert_int_equal(f.run.elapsed_ns, 0);
    tear_down(&f);
}

static void a_share_is_spent_only_of_a_budget(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, RUN_PROFILE(""));
    take(&f);
    assert_true(f.run.budget_spent < 0);
    tear_down(&f);
    set_up(&f, RUN_PROFILE(", \"budget\": {\"tokens\": 1000}"));
    take(&f);
    assert_true(f.run.budget_spent == 0.25);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_what_the_plan_and_the_engine_say),
        cmocka_unit_test(before_there_is_an_engine_nothing_has_begun),
        cmocka_unit_test(phases_follow_the_course),
        cmocka_unit_test(an_ended_run_keeps_its_end),
        cmocka_unit_test(a_share_is_spent_only_of_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
