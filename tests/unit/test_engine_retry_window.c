/* The retry budget in every window, held against a count of the times themselves. */
#include "base/clock.h"
#include "base/random.h"
#include "engine/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define WINDOW_NS (10 * NS_PER_S)
#define SLOT_NS (WINDOW_NS / RETRY_WINDOW_SLOTS)
#define TIMES_MOST 400000

static uint64_t first_at[TIMES_MOST], retry_at[TIMES_MOST];

static void a_window_forgets(void **state)
{
    (void)state;
    struct retry_window window = {.length_ns = WINDOW_NS};
    const uint64_t start_ns = 1000 * (uint64_t)NS_PER_S;
    static const struct {
        const char *name;
        int64_t after_ns;
        struct retry_share holds;
    } rows[] = {
        {"at once", 0, {2, 1}},
        {"a slot before its end", WINDOW_NS - SLOT_NS, {2, 1}},
        {"firsts are gone when it has passed, retries a slot later", WINDOW_NS, {0, 1}},
        {"all are gone", WINDOW_NS + SLOT_NS, {0, 0}},
        {"long after", 1000 * WINDOW_NS, {0, 0}},
    };
    retry_window_add(&window, false, start_ns);
    retry_window_add(&window, false, start_ns);
    retry_window_add(&window, true, start_ns);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct retry_window copy = window;
        const struct retry_share is = retry_window_at(&copy, start_ns + (uint64_t)rows[i].after_ns);
        if (is.first_attempts != rows[i].holds.first_attempts ||
            is.retries != rows[i].holds.retries)
            fail_msg("%s: %d and %d", rows[i].name, (int)is.first_attempts, (int)is.retries);
    }
}

static void the_share_of_a_window(void **state)
{
    (void)state;
    static const struct {
        double budget;
        struct retry_share lately;
        bool goes;
    } rows[] = {{0.1, {0, 0}, true},     {0.1, {0, 2}, true},       {0.1, {0, 3}, false},
                {0.1, {1000, 99}, true}, {0.1, {1000, 100}, false}, {0.1, {29, 3}, false},
                {0, {1000, 2}, true},    {0, {1000, 3}, false},     {1, {0, 1000000}, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct retry retry = {.budget = rows[i].budget};
        assert_int_equal(retry_within_window(&retry, &rows[i].lately), rows[i].goes);
    }
}

static size_t within(const uint64_t *times, size_t count, uint64_t until_ns)
{
    size_t sum = 0;
    for (size_t i = count; i > 0 && times[i - 1] + (uint64_t)WINDOW_NS > until_ns; i--) sum++;
    return sum;
}

/* Drives first attempts at a rate, and a retry asked for as often; counts in *firsts, *retries. */
static void drive(struct retry_window *window, const struct retry *retry, struct random *random,
                  double a_second, double wanted, int64_t length_ns, uint64_t *now_ns,
                  size_t *firsts, size_t *retries)
{
    const uint64_t end_ns = *now_ns + (uint64_t)length_ns;
    while (*now_ns < end_ns && *firsts < TIMES_MOST && *retries < TIMES_MOST) {
        const double step_s = random_exponential(random) / (a_second * (1 + wanted));
        *now_ns += (uint64_t)(step_s * (double)NS_PER_S);
        if (random_unit(random) * (1 + wanted) < 1) {
            retry_window_add(window, false, *now_ns);
            first_at[(*firsts)++] = *now_ns;
            continue;
        }
        const struct retry_share lately = retry_window_at(window, *now_ns);
        if (!retry_within_window(retry, &lately)) continue;
        retry_window_add(window, true, *now_ns);
        retry_at[(*retries)++] = *now_ns;
        const double share = retry->budget * (double)within(first_at, *firsts, *now_ns);
        const double most = share > 3 ? share : 3;
        const size_t is = within(retry_at, *retries, *now_ns);
        if ((double)is > most) fail_msg("%zu retries in a window of %g", is, most);
    }
}

/* Whatever the rates do: no window that ends with a retry holds more than its share. */
static void it_holds_in_every_window(void **state)
{
    (void)state;
    static const double rates[] = {0.05, 1, 7, 100, 400};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct random random;
        random_seed(&random, seed, 1);
        const struct retry retry = {.budget = random_unit(&random) * 0.5};
        struct retry_window window = {.length_ns = WINDOW_NS};
        uint64_t now_ns = seed * 12345678901u;
        size_t firsts = 0;
        size_t retries = 0;
        for (int phase = 0; phase < 12; phase++) {
            const double rate = rates[(size_t)(random_unit(&random) * 5)];
            drive(&window, &retry, &random, rate, 2 * random_unit(&random),
                  (int64_t)(random_unit(&random) * 25e9), &now_ns, &firsts, &retries);
        }
        assert_true(retries > 0);
    }
}

/* What four quiet hours saved up let 1.85 retries go per first attempt. */
static void quiet_hours_save_nothing_up(void **state)
{
    (void)state;
    struct random random;
    struct retry_window window = {.length_ns = WINDOW_NS};
    const struct retry retry = {.budget = 0.1};
    uint64_t now_ns = 0;
    size_t firsts = 0;
    size_t retries = 0;
    random_seed(&random, 3, 1);
    drive(&window, &retry, &random, 20, 0, 4 * 3600 * NS_PER_S, &now_ns, &firsts, &retries);
    const size_t before = firsts;
    assert_int_equal(retries, 0);
    drive(&window, &retry, &random, 20, 2, 600 * NS_PER_S, &now_ns, &firsts, &retries);
    const double share = (double)retries / (double)(firsts - before);
    assert_true(share > 0.08 && share < 0.105);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_forgets),
        cmocka_unit_test(the_share_of_a_window),
        cmocka_unit_test(it_holds_in_every_window),
        cmocka_unit_test(quiet_hours_save_nothing_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
