/* The pace of dials against a simulation of it: what is planned goes when it would go if nothing
 * but planned dials were asked for, whatever else takes places. */
#include "engine/pace.h"

#include "base/clock.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define MS ((uint64_t)NS_PER_MS)
#define DIALS 4000

struct dial {
    uint64_t asked_ns, went_ns, planned_ns;
    bool planned;
};

/* Serves those of the dials that are asked for in order, one after another, as a queue does that is
 * never late itself. */
static void serve(struct dial *dials, bool all, double rate, bool plan)
{
    struct pace pace;
    pace_init(&pace, rate);
    for (size_t i = 0; i < DIALS; i++) {
        struct dial *dial = &dials[i];
        if (!all && !dial->planned) continue;
        if (plan && dial->planned)
            dial->planned_ns = pace_plan(&pace, dial->asked_ns, dial->asked_ns);
        uint64_t at_ns = dial->asked_ns > pace.next_ns ? dial->asked_ns : pace.next_ns;
        const struct pace_stall stall = pace_take(&pace, dial->asked_ns, dial->asked_ns, at_ns);
        assert_int_equal(stall.length_ns, 0);
        dial->went_ns = at_ns;
    }
}

static void the_plan_is_what_would_be_without_the_others(void **state)
{
    static struct dial dials[DIALS];
    static uint64_t went_ns[DIALS];
    struct random random;
    (void)state;
    random_seed(&random, 11, 1);
    uint64_t at_ns = 1000 * MS;
    for (size_t i = 0; i < DIALS; i++) {
        at_ns += (uint64_t)(random_exponential(&random) * 9e6);
        dials[i] = (struct dial){.asked_ns = at_ns, .planned = random_u64(&random) % 3 == 0};
    }
    serve(dials, true, 50, true);
    for (size_t i = 0; i < DIALS; i++) went_ns[i] = dials[i].went_ns;
    serve(dials, false, 50, false);
    bool kept_up = true;
    bool displaced = false;
    for (size_t i = 0; i < DIALS; i++) {
        if (!dials[i].planned) continue;
        assert_int_equal(dials[i].planned_ns, dials[i].went_ns);
        assert_true(went_ns[i] >= dials[i].went_ns);
        displaced = displaced || went_ns[i] > dials[i].asked_ns + 1000 * MS;
        kept_up = kept_up && dials[i].planned_ns < dials[i].asked_ns + 1000 * MS;
    }
    assert_true(displaced); /* 111 dials a second are asked for, and 37 of them are planned */
    assert_true(kept_up);
}

/* What is planned for after the stall's start waits for its end; what should have gone before does
 * not. */
static void a_stall_delays_the_plans_behind_it(void **state)
{
    struct pace pace;
    (void)state;
    pace_init(&pace, 10);
    assert_int_equal(pace_plan(&pace, 1000 * MS, 1000 * MS), 1000 * MS);
    assert_int_equal(pace_take(&pace, 1000 * MS, 1000 * MS, 1000 * MS).length_ns, 0);
    const uint64_t next_ns = pace.next_ns;
    const uint64_t planned_ns = pace_plan(&pace, 1010 * MS, 1010 * MS);
    assert_int_equal(planned_ns, next_ns);
    const struct pace_stall stall =
        pace_take(&pace, 1010 * MS, 1010 * MS, next_ns + 3000 * MS); /* fired 3 s too late */
    assert_int_equal(stall.from_ns, next_ns);
    assert_int_equal(stall.length_ns, 3000 * MS);
    assert_int_equal(pace_delay(&stall, planned_ns), planned_ns + 3000 * MS);
    assert_int_equal(pace_delay(&stall, next_ns - 1), next_ns - 1);
    assert_true(pace.planned_next_ns >= next_ns + 3000 * MS);
}

static void a_late_timer_catches_up_on_a_few_dials(void **state)
{
    struct pace pace;
    (void)state;
    pace_init(&pace, 100);
    unsigned at_once = 0;
    (void)pace_take(&pace, 1000 * MS, 1000 * MS, 1000 * MS);
    const uint64_t now_ns = 3000 * MS;
    while (pace.next_ns <= now_ns && at_once < 100) {
        (void)pace_take(&pace, 1000 * MS, 1000 * MS, now_ns);
        at_once++;
    }
    assert_in_range(at_once, 5, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_is_what_would_be_without_the_others),
        cmocka_unit_test(a_stall_delays_the_plans_behind_it),
        cmocka_unit_test(a_late_timer_catches_up_on_a_few_dials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
