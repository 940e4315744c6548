/* The retry budget in every window, held against a count of the times themselves. */
#include "base/clock.h"
#include "base/random.h"
#include "engine/policy.h"

#include <pthread.h>
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
        const struct retry_share is =
            retry_window_at(&window, start_ns + (uint64_t)rows[i].after_ns);
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
        if (!retry_window_take(window, retry, *now_ns)) continue;
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

/* ---- all workers together ---- */

#define WORKERS 4
#define STEPS 300
#define STEP_NS (100 * (uint64_t)NS_PER_MS)

/* Each worker adds first attempts, and asks for many more retries than the budget has. */
struct crew {
    struct retry_window window;
    struct retry retry;
    pthread_barrier_t step;
    atomic_ullong firsts[STEPS], retries[STEPS];
};

static void *work(void *context)
{
    struct crew *crew = context;
    for (size_t i = 0; i < STEPS; i++) {
        const uint64_t now_ns = (i + 1) * STEP_NS;
        (void)pthread_barrier_wait(&crew->step);
        for (size_t k = 0; k < 40; k++) {
            if (k % 4 == 0) {
                retry_window_add(&crew->window, false, now_ns);
                atomic_fetch_add(&crew->firsts[i], 1);
            }
            if (retry_window_take(&crew->window, &crew->retry, now_ns))
                atomic_fetch_add(&crew->retries[i], 1);
        }
    }
    return NULL;
}

/* Never one retry more, though all of them ask for the last one at once. */
static void it_holds_over_all_workers(void **state)
{
    static struct crew crew;
    pthread_t threads[WORKERS];
    uint64_t all = 0;
    (void)state;
    crew.window.length_ns = WINDOW_NS;
    crew.retry.budget = 0.1;
    assert_int_equal(pthread_barrier_init(&crew.step, NULL, WORKERS), 0);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &crew), 0);
    for (size_t i = 0; i < WORKERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t end = 0; end < STEPS; end++) {
        uint64_t firsts = 0;
        uint64_t retries = 0;
        for (size_t i = end + 1; i > 0 && (end + 1 - i) * STEP_NS < (uint64_t)WINDOW_NS; i--) {
            firsts += atomic_load(&crew.firsts[i - 1]);
            retries += atomic_load(&crew.retries[i - 1]);
        }
        const double most = 0.1 * (double)firsts > 3 ? 0.1 * (double)firsts : 3;
        if ((double)retries > most)
            fail_msg("step %zu: %d retries, %d firsts", end, (int)retries, (int)firsts);
        all += atomic_load(&crew.retries[end]);
    }
    /* and nearly all that the budget has: a slot of firsts is left out, of retries counted */
    assert_true((double)all > 0.08 * WORKERS * STEPS * 10);
    (void)pthread_barrier_destroy(&crew.step);
}

/* What was taken and is given back is there for another one; the place of others stays. */
static void a_retry_that_does_not_go_out_leaves_its_place(void **state)
{
    struct retry_window window = {.length_ns = WINDOW_NS};
    const struct retry retry = {.budget = 0.1};
    const uint64_t start_ns = 1000 * (uint64_t)NS_PER_S;
    const uint64_t later_ns = start_ns + 6 * (uint64_t)NS_PER_S;
    (void)state;
    assert_true(retry_window_take(&window, &retry, start_ns));
    for (int i = 0; i < 2; i++) assert_true(retry_window_take(&window, &retry, later_ns));
    assert_false(retry_window_take(&window, &retry, later_ns));
    retry_window_drop(&window, start_ns);
    assert_true(retry_window_take(&window, &retry, later_ns));
    assert_false(retry_window_take(&window, &retry, later_ns));
    retry_window_drop(&window, start_ns); /* there is none any more */
    assert_int_equal(retry_window_at(&window, later_ns).retries, 3);
    retry_window_drop(&window, later_ns - 100 * (uint64_t)WINDOW_NS); /* nor was there then */
    assert_int_equal(retry_window_at(&window, later_ns).retries, 3);
}

/* What a slot held a long time ago, also when its number has come round, is forgotten. */
static void long_ago_is_not_now(void **state)
{
    struct retry_window window = {.length_ns = 1000 * 32}; /* slots of a microsecond */
    const struct retry retry = {.budget = 0.1};
    (void)state;
    for (uint64_t now_ns = 1; now_ns < UINT64_MAX / 4; now_ns = now_ns * 3 + 1777) {
        for (int i = 0; i < 3; i++)
            if (!retry_window_take(&window, &retry, now_ns)) fail_msg("at %g", (double)now_ns);
        if (retry_window_take(&window, &retry, now_ns)) fail_msg("four at %g", (double)now_ns);
        now_ns += 100 * 1000;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_forgets),
        cmocka_unit_test(the_share_of_a_window),
        cmocka_unit_test(it_holds_in_every_window),
        cmocka_unit_test(quiet_hours_save_nothing_up),
        cmocka_unit_test(it_holds_over_all_workers),
        cmocka_unit_test(a_retry_that_does_not_go_out_leaves_its_place),
        cmocka_unit_test(long_ago_is_not_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
