/* What a run is going to do, from profile and options; and what it refuses before anything is
 * touched. */
#include "base/files.h"
#include "run/plan.h"
#include "test_run_fixture.h"

#include <cjson/cJSON.h>
#include <unistd.h>

static enum err_code make(struct run_plan *plan, const char *json,
                          const struct run_options *options, struct error *err)
{
    *err = (struct error){0};
    return run_plan_make(plan, run_profile(json), options, err);
}

static struct run_plan made(const char *json, const struct run_options *options)
{
    struct run_plan plan;
    struct error err;
    if (make(&plan, json, options, &err) != ERR_OK) fail_msg("%s", err.text);
    return plan;
}

static const struct run_options real = {.may_spend = true};
static const struct run_options simulated = {.simulate = true};

static void the_profile_as_it_stands(void **state)
{
    (void)state;
    int64_t before_ns = clock_wall_ns();
    struct run_plan plan = made(RUN_PROFILE(", \"seed\": 42"), &real);
    int64_t after_ns = clock_wall_ns();
    assert_int_equal(plan.seed, 42);
    assert_int_equal(plan.shard.count, 1);
    assert_int_equal(plan.profile->region_count, 2);
    assert_true(plan.workers >= 1 && plan.workers <= 10);
    assert_true(plan.clock.speed == 1);
    assert_int_equal(plan.clock.wall_origin_ns % NS_PER_MS, 0);
    assert_true(plan.clock.wall_origin_ns >= before_ns - NS_PER_MS);
    assert_true(plan.clock.wall_origin_ns <= after_ns);
    assert_int_equal(strncmp(text_str(&plan.folder), "results/", 8), 0);
    assert_string_equal(text_str(&plan.folder) + 8, plan.id);
    assert_string_equal(plan.id + strlen(plan.id) - 8, "Z-sample");
    run_plan_free(&plan);
}

static void options_change_the_profile(void **state)
{
    static const char *const only[] = {"sweden"};
    (void)state;
    const struct run_options options = {
        .regions = only,
        .region_count = 1,
        .load = {.asked = true, .model = LOAD_SESSIONS, .target = 4},
        .duration_ns = 5 * NS_PER_S,
        .seed = {.given = true, .value = 7},
        .workers = 3,
        .evidence_limit = {.given = true, .value = 11},
        .folder = "elsewhere",
        .may_spend = true,
    };
    struct run_plan plan = made(RUN_PROFILE(", \"seed\": 42"), &options);
    assert_int_equal(plan.profile->region_count, 1);
    assert_string_equal(plan.profile->regions[0].name, "sweden");
    assert_int_equal(plan.profile->load.model, LOAD_SESSIONS);
    assert_int_equal(load_duration_ns(&plan.profile->load), 5 * NS_PER_S);
    const struct load *load = &plan.profile->load;
    assert_true(load->stages[load->stage_count - 1].target == 4);
    assert_int_equal(plan.seed, 7);
    assert_int_equal(plan.workers, 3);
    assert_int_equal(plan.profile->evidence_limit, 11);
    assert_string_equal(text_str(&plan.folder), "elsewhere");
    run_plan_free(&plan);
}

static void seeds_are_drawn_when_none_is_given(void **state)
{
    (void)state;
    const struct run_options zero = {.seed = {.given = true, .value = 0}, .may_spend = true};
    struct run_plan first = made(RUN_PROFILE(", \"seed\": 42"), &zero);
    struct run_plan second = made(RUN_PROFILE(""), &real);
    assert_true(first.seed >= 1 && first.seed <= RUN_SEED_MOST);
    assert_true(second.seed >= 1 && second.seed <= RUN_SEED_MOST);
    assert_true(first.seed != 42);
    assert_true(first.seed != second.seed); /* one chance in 2^53 */
    run_plan_free(&first);
    run_plan_free(&second);
}

/* No worker may be without a session to open. */
static void workers_are_no_more_than_sessions(void **state)
{
    static const struct {
        unsigned asked;
        struct shard shard;
        unsigned wanted;
    } rows[] = {{256, {0, 0}, 10}, {10, {0, 0}, 10}, {2, {0, 0}, 2},
                {8, {0, 3}, 4},    {8, {2, 3}, 3},   {8, {9, 10}, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct run_options options = {.workers = rows[i].asked,
                                            .shard = rows[i].shard,
                                            .seed = {.given = true, .value = 1},
                                            .may_spend = true};
        struct run_plan plan = made(RUN_PROFILE(""), &options);
        assert_int_equal(plan.workers, rows[i].wanted);
        run_plan_free(&plan);
    }
}

static void a_shard_has_its_name(void **state)
{
    (void)state;
    char name[24];
    const struct run_options options = {
        .shard = {1, 3}, .seed = {.given = true, .value = 1}, .may_spend = true};
    struct run_plan plan = made(RUN_PROFILE(""), &options);
    run_plan_shard(&plan, name);
    assert_string_equal(name, "2/3");
    assert_string_equal(plan.id + strlen(plan.id) - 13, "Z-sample-2of3");
    run_plan_free(&plan);
    plan = made(RUN_PROFILE(""), &real);
    run_plan_shard(&plan, name);
    assert_string_equal(name, "1/1");
    run_plan_free(&plan);
}

/* A run never takes the folder of another: two in one second get names of their own. */
static void a_folder_that_exists_is_not_taken(void **state)
{
    (void)state;
    char root[] = "/tmp/rushhour-test-XXXXXX";
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_non_null(mkdtemp(root));
    assert_int_equal(chdir(root), 0);
    struct run_plan plans[3];
    struct error err = {0};
    for (size_t i = 0; i < 3; i++) {
        plans[i] = made(RUN_PROFILE(""), &real);
        assert_false(file_exists(text_str(&plans[i].folder)));
        assert_int_equal(folder_make(text_str(&plans[i].folder), &err), ERR_OK);
    }
    for (size_t i = 0; i < 3; i++) run_plan_free(&plans[i]);
    assert_int_equal(chdir(before), 0);
    folder_remove(root);
}

static void a_simulated_run_has_the_profiles_clock(void **state)
{
    (void)state;
    const char *json = RUN_PROFILE(", \"simulator\": {\"clock\": {\"speed\": 240, \"start\": "
                                   "\"2026-04-14T06:00:00-07:00\"}}");
    struct run_plan plan = made(json, &simulated);
    assert_true(plan.clock.speed == 240);
    assert_int_equal(plan.clock.wall_origin_ns, INT64_C(1776171600) * NS_PER_S);
    run_plan_free(&plan);
}

static void a_start_is_kept_to_the_millisecond(void **state)
{
    (void)state;
    int64_t at_ns = clock_wall_ns() + 3600 * NS_PER_S;
    const struct run_options options = {.start_at_ns = at_ns, .may_spend = true};
    struct run_plan plan = made(RUN_PROFILE(""), &options);
    assert_int_equal(plan.start_at_ns, at_ns - at_ns % NS_PER_MS);
    assert_int_equal(plan.clock.wall_origin_ns, plan.start_at_ns);
    run_plan_free(&plan);
}

/* ---- what is refused ---- */

static void refuses(const char *json, const struct run_options *options, enum err_code code,
                    const char *wanted)
{
    struct run_plan plan;
    struct error err;
    enum err_code is = make(&plan, json, options, &err);
    if (is != code || strstr(err.text, wanted) == NULL)
        fail_msg("%d, \"%s\" instead of \"%s\"", is, err.text, wanted);
    run_plan_free(&plan);
}

static void what_cannot_be_driven_is_refused(void **state)
{
    static const char *const unknown[] = {"mars"};
    (void)state;
    const struct run_options elsewhere = {.regions = unknown, .region_count = 1, .may_spend = true};
    refuses(RUN_PROFILE(""), &elsewhere, ERR_USAGE, "mars");
    const struct run_options shard = {.shard = {0, 2}, .may_spend = true};
    refuses(RUN_PROFILE(""), &shard, ERR_USAGE, "--shard 1/2: needs a seed");
    const struct run_options many = {
        .shard = {0, 11}, .seed = {.given = true, .value = 1}, .may_spend = true};
    refuses(RUN_PROFILE(""), &many, ERR_USAGE, "load.max_sessions");
    const struct run_options large = {.seed = {.given = true, .value = RUN_SEED_MOST + 1},
                                      .may_spend = true};
    refuses(RUN_PROFILE(""), &large, ERR_USAGE, "seed 9007199254740992: at most");
    refuses(RUN_PROFILE(", \"budget\": {\"usd\": 5}"), &real, ERR_PROFILE,
            "budget.usd cannot stop region eastus2");
    /* the next mistake is told with it */
    refuses(RUN_PROFILE(", \"budget\": {\"usd\": 5, \"tokens\": 1}"), &real, ERR_PROFILE,
            "or take budget.tokens instead; besides, ");
}

static void starts_that_cannot_be_kept_are_refused(void **state)
{
    (void)state;
    int64_t now_ns = clock_wall_ns();
    const struct run_options past = {.start_at_ns = now_ns - NS_PER_S, .may_spend = true};
    refuses(RUN_PROFILE(""), &past, ERR_USAGE, "that has passed");
    const struct run_options far = {.start_at_ns = now_ns + 25 * 3600 * NS_PER_S,
                                    .may_spend = true};
    refuses(RUN_PROFILE(""), &far, ERR_USAGE, "more than 24 hours ahead");
}

/* Money is only spent with a bound, or when it was said so. */
static void spending_needs_a_bound_or_a_word(void **state)
{
    (void)state;
    const struct run_options plain = {0};
    const struct run_options dry = {.dry_run = true};
    refuses(RUN_PROFILE(""), &plain, ERR_USAGE, "costs money and has no bound");
    struct run_plan plan = made(RUN_PROFILE(", \"budget\": {\"tokens\": 1000}"), &plain);
    run_plan_free(&plan);
    plan = made(RUN_PROFILE(""), &dry);
    run_plan_free(&plan);
    plan = made(RUN_PROFILE(""), &simulated);
    run_plan_free(&plan);
}

static void a_clock_of_its_own_is_only_simulated(void **state)
{
    (void)state;
    const char *json = RUN_PROFILE(", \"simulator\": {\"clock\": {\"speed\": 2}}");
    refuses(json, &real, ERR_PROFILE, "simulator.clock");
    struct run_plan plan = made(json, &simulated);
    run_plan_free(&plan);
}

/* ---- what a dry run says ---- */

static void a_dry_run_says_what_would_be_done(void **state)
{
    (void)state;
    const struct run_options options = {
        .shard = {0, 2}, .seed = {.given = true, .value = 9}, .dry_run = true};
    struct run_plan plan = made(RUN_PROFILE(""), &options);
    struct text out = {0};
    run_plan_report(&plan, false, &out);
    assert_non_null(strstr(text_str(&out), "sample: 2s of load, seed 9, nothing is sent"));
    assert_non_null(strstr(text_str(&out), "of which shard 1/2 drives its part"));
    text_clear(&out);
    run_plan_report(&plan, true, &out);
    cJSON *json = cJSON_Parse(text_str(&out));
    assert_non_null(json);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "shard")),
                        "1/2");
    const cJSON *regions = cJSON_GetObjectItemCaseSensitive(json, "regions");
    assert_int_equal(cJSON_GetArraySize(regions), 2);
    cJSON_Delete(json);
    text_free(&out);
    run_plan_free(&plan);
}

#define REPLAY(speed, more, simulator)                                                             \
    RUN_PROFILE(", \"timeouts\": {\"first_output\": \"15s\", \"stall\": \"10s\"}" more             \
                ", \"simulator\": {\"clock\": {\"speed\": " speed "}, " simulator "}")

/* What the script runs into must be kept by the clock, or the rehearsal would hide it. */
static void a_rehearsal_that_would_lie_is_refused(void **state)
{
    static const struct {
        const char *profile, *says;
    } rows[] = {
        {REPLAY("60", "", "\"latency\": [{\"first_output\": \"20s\"}]"),
         "simulator.latency[0]: takes up to 20.2s, and timeouts.first_output is 15s, which this "
         "fast "
         "clock cannot keep (it would last 2m): real time would show failures that the rehearsal "
         "does not; set simulator.clock.speed to 7.5 at most, or raise timeouts.first_output"},
        {REPLAY("60", "", "\"latency\": [{\"upgrade\": {\"median\": \"1s\", \"p99\": \"9s\"}}]"),
         "simulator.latency[0]: takes up to 18.5s, and timeouts.upgrade is 10s"},
        {REPLAY("60", "", "\"latency\": [{\"delta\": \"12s\"}]"), "timeouts.stall is 10s"},
        {REPLAY("60", "", "\"preambles\": \"5%\", \"latency\": [{\"answer\": \"13s\"}]"),
         "takes up to 13s, and timeouts.stall is 10s"},
        {REPLAY("60", ", \"retry\": {\"deadline\": \"5s\"}",
                "\"faults\": [{\"fault\": \"connection_reset\", \"rate\": \"1%\", \"after\": "
                "\"6s\"}]"),
         "simulator.faults[0].after: takes up to 6s, and retry.deadline is 5s"},
        {REPLAY("60", "",
                "\"faults\": [{\"fault\": \"slow_output\", \"rate\": \"1%\", \"after\": "
                "\"11s\"}]"),
         "simulator.faults[0].after: takes up to 11s, and timeouts.stall is 10s"},
    };
    struct run_plan plan;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(make(&plan, rows[i].profile, &simulated, &err), ERR_PROFILE);
        if (strstr(err.text, rows[i].says) == NULL) fail_msg("row %zu: %s", i, err.text);
        run_plan_free(&plan);
    }
}

static void what_the_clock_keeps_is_rehearsed(void **state)
{
    static const char *const profiles[] = {
        /* slow enough a clock */
        REPLAY("7.5", "", "\"latency\": [{\"first_output\": \"20s\"}]"),
        /* fast, and nothing scripted is slower than the limits */
        REPLAY("1500", "", "\"latency\": [{\"first_output\": \"5s\", \"delta\": \"1s\"}]"),
        /* what is slow is overridden */
        REPLAY("60", "", "\"latency\": [{\"first_output\": \"20s\"}, {\"first_output\": \"1s\"}]"),
        /* without retries there is no deadline to run into */
        REPLAY("60", ", \"retry\": {\"attempts\": 1, \"deadline\": \"5s\"}",
               "\"faults\": [{\"fault\": \"connection_reset\", \"rate\": \"1%\", \"after\": "
               "\"6s\"}]"),
        /* a hint is followed to the letter */
        REPLAY("60", ", \"retry\": {\"deadline\": \"5s\"}",
               "\"faults\": [{\"fault\": \"rate_limit_event\", \"rate\": \"1%\", \"after\": "
               "\"60s\"}]"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        struct run_plan plan = made(profiles[i], &simulated);
        run_plan_free(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_profile_as_it_stands),
        cmocka_unit_test(options_change_the_profile),
        cmocka_unit_test(seeds_are_drawn_when_none_is_given),
        cmocka_unit_test(workers_are_no_more_than_sessions),
        cmocka_unit_test(a_shard_has_its_name),
        cmocka_unit_test(a_folder_that_exists_is_not_taken),
        cmocka_unit_test(a_simulated_run_has_the_profiles_clock),
        cmocka_unit_test(a_start_is_kept_to_the_millisecond),
        cmocka_unit_test(what_cannot_be_driven_is_refused),
        cmocka_unit_test(starts_that_cannot_be_kept_are_refused),
        cmocka_unit_test(spending_needs_a_bound_or_a_word),
        cmocka_unit_test(a_clock_of_its_own_is_only_simulated),
        cmocka_unit_test(a_dry_run_says_what_would_be_done),
        cmocka_unit_test(a_rehearsal_that_would_lie_is_refused),
        cmocka_unit_test(what_the_clock_keeps_is_rehearsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
