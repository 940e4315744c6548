/* How many file descriptors a plan needs, and the message if there are too few. */
#include "base/clock.h"
#include "run/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct stage stages[] = {{.duration_ns = NS_PER_S, .target = 199.2},
                                {.duration_ns = NS_PER_S, .target = 20}};

static struct run_plan plan_of(struct profile *profile, enum load_model model)
{
    *profile = (struct profile){
        .region_count = 2,
        .load = {.model = model, .max_sessions = 300, .stages = stages, .stage_count = 2}};
    return (struct run_plan){.profile = profile, .workers = 2, .shard = {.index = 0, .count = 1}};
}

static void sessions_are_those_of_the_highest_level(void **state)
{
    struct profile profile;
    (void)state;
    struct run_plan plan = plan_of(&profile, LOAD_SESSIONS);
    assert_int_equal(descriptors_sessions(&plan), 400);
    profile.load.max_sessions = 150;
    assert_int_equal(descriptors_sessions(&plan), 300);
    plan = plan_of(&profile, LOAD_ARRIVALS); /* a rate does not say how many are open */
    assert_int_equal(descriptors_sessions(&plan), 600);
    plan.shard = (struct shard){.index = 2, .count = 7}; /* 43 of 300 */
    assert_int_equal(descriptors_sessions(&plan), 86);
}

static void what_lacks_is_named(void **state)
{
    struct profile profile;
    struct text said = {0};
    struct error err = {0};
    uint64_t left = 0;
    (void)state;
    const struct run_plan plan = plan_of(&profile, LOAD_SESSIONS);
    const struct descriptor_budget budget = descriptors_budget(&plan, false);
    assert_int_equal(budget.sessions, 400);
    assert_int_equal(budget.metrics, 0);
    assert_int_equal(descriptors_fit(&budget, 400 + budget.files, &left, &said, &err), ERR_OK);
    assert_int_equal(left, 400);
    assert_int_equal(descriptors_fit(&budget, 0, &left, &said, &err), ERR_OK);
    assert_true(left == UINT64_MAX);
    assert_int_equal(said.length, 0);
    assert_int_equal(descriptors_fit(&budget, 256, &left, &said, &err), ERR_OK);
    assert_int_equal(left, 256 - budget.files);
    assert_non_null(strstr(text_str(&said), "up to 400 sessions"));
    assert_non_null(strstr(text_str(&said), "may have 256"));
    assert_non_null(strstr(text_str(&said), "leaves 192 for sessions (64 for files"));
    assert_non_null(strstr(text_str(&said), "ulimit -Hn"));
    text_free(&said);
}

static void metrics_and_files_come_first(void **state)
{
    struct profile profile;
    struct text said = {0};
    struct error err = {0};
    uint64_t left = 0;
    (void)state;
    const struct run_plan plan = plan_of(&profile, LOAD_SESSIONS);
    const struct descriptor_budget budget = descriptors_budget(&plan, true);
    const uint64_t rest = budget.metrics + budget.files;
    assert_true(budget.metrics > METRICS_CONNECTIONS);
    assert_int_equal(descriptors_fit(&budget, 400 + rest, &left, &said, &err), ERR_OK);
    assert_int_equal(left, 400);
    assert_int_equal(said.length, 0);
    assert_int_equal(descriptors_fit(&budget, rest + 1, &left, &said, &err), ERR_OK);
    assert_int_equal(left, 1);
    assert_non_null(strstr(text_str(&said), "for metrics"));
    text_free(&said);
    assert_int_equal(descriptors_fit(&budget, rest, &left, &said, &err), ERR_IO);
    assert_non_null(strstr(err.text, "ulimit -Hn"));
    assert_int_equal(said.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_those_of_the_highest_level),
        cmocka_unit_test(what_lacks_is_named),
        cmocka_unit_test(metrics_and_files_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
