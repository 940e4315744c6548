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
    (void)state;
    const struct run_plan plan = plan_of(&profile, LOAD_SESSIONS);
    uint64_t needed = descriptors_needed(400, 2);
    assert_true(needed > 400 && needed < 500);
    assert_false(descriptors_lack(&plan, needed, &said));
    assert_false(descriptors_lack(&plan, 0, &said));
    assert_int_equal(said.length, 0);
    assert_true(descriptors_lack(&plan, 256, &said));
    assert_non_null(strstr(text_str(&said), "up to 400 sessions"));
    assert_non_null(strstr(text_str(&said), "may have 256"));
    assert_non_null(strstr(text_str(&said), "ulimit -Hn"));
    text_free(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_those_of_the_highest_level),
        cmocka_unit_test(what_lacks_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
