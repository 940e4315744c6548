/* The circuit breaker as a table of what ends when: no socket, no clock. */
#include "base/clock.h"
#include "base/random.h"
#include "engine/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct breaker_plan half = {.failure_rate = {true, 0.5},
                                         .window_ns = 30 * NS_PER_S,
                                         .attempts = 4,
                                         .open_for_ns = 20 * NS_PER_S,
                                         .probes = 2};

/* A step: so many attempts, ok or bad, probes or not, at a second; then what the last one did. */
struct step {
    int second;
    char what; /* o: ok, x: bad, O and X: the same of a probe */
    int times;
    enum breaker_news news;
};

#define STEPS 8

static void histories(void **state)
{
    static const struct {
        const char *name;
        struct step steps[STEPS];
        bool open;
        int until; /* second */
    } rows[] = {
        {"three failures are too few", {{100, 'x', 3, BREAKER_STAYS}}, false, 0},
        {"the fourth opens it",
         {{100, 'x', 3, BREAKER_STAYS}, {101, 'x', 1, BREAKER_OPENED}},
         true,
         121},
        {"fewer than half do not",
         {{100, 'o', 4, BREAKER_STAYS}, {101, 'x', 3, BREAKER_STAYS}},
         false,
         0},
        {"half do",
         {{100, 'o', 4, BREAKER_STAYS},
          {101, 'x', 3, BREAKER_STAYS},
          {102, 'x', 1, BREAKER_OPENED}},
         true,
         122},
        {"also when the last one is ok",
         {{100, 'x', 3, BREAKER_STAYS}, {101, 'o', 1, BREAKER_OPENED}},
         true,
         121},
        {"what left the window does not count",
         {{100, 'x', 3, BREAKER_STAYS}, {131, 'x', 1, BREAKER_STAYS}},
         false,
         0},
        {"nor does it help",
         {{100, 'o', 100, BREAKER_STAYS},
          {131, 'x', 3, BREAKER_STAYS},
          {132, 'x', 1, BREAKER_OPENED}},
         true,
         152},
        {"what was under way changes nothing",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {110, 'x', 9, BREAKER_STAYS},
          {115, 'o', 9, BREAKER_STAYS}},
         true,
         120},
        {"one good probe is not enough",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {121, 'O', 1, BREAKER_STAYS}},
         true,
         120},
        {"two are",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {121, 'O', 1, BREAKER_STAYS},
          {122, 'O', 1, BREAKER_CLOSED}},
         false,
         0},
        {"a bad one opens it once more",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {121, 'O', 1, BREAKER_STAYS},
          {122, 'X', 1, BREAKER_OPENED}},
         true,
         142},
        {"then the good ones are counted anew",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {121, 'O', 1, BREAKER_STAYS},
          {122, 'X', 1, BREAKER_OPENED},
          {143, 'O', 1, BREAKER_STAYS}},
         true,
         142},
        {"closed, it has forgotten",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {121, 'O', 1, BREAKER_STAYS},
          {122, 'O', 1, BREAKER_CLOSED},
          {123, 'x', 3, BREAKER_STAYS}},
         false,
         0},
        {"and opens again for reasons of its own",
         {{100, 'x', 3, BREAKER_STAYS},
          {100, 'x', 1, BREAKER_OPENED},
          {121, 'O', 1, BREAKER_STAYS},
          {122, 'O', 1, BREAKER_CLOSED},
          {123, 'x', 3, BREAKER_STAYS},
          {124, 'x', 1, BREAKER_OPENED}},
         true,
         144},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct breaker breaker = {0};
        for (size_t s = 0; s < STEPS && rows[i].steps[s].times > 0; s++) {
            const struct step *step = &rows[i].steps[s];
            const bool bad = step->what == 'x' || step->what == 'X';
            const bool probe = step->what == 'O' || step->what == 'X';
            for (int t = 0; t < step->times; t++) {
                const enum breaker_news news = breaker_add(
                    &breaker, &half, bad, probe, (uint64_t)step->second * (uint64_t)NS_PER_S);
                if (news != step->news)
                    fail_msg("%s: step %zu.%d: %d", rows[i].name, s, t, (int)news);
            }
        }
        if (breaker.open != rows[i].open) fail_msg("%s: open %d", rows[i].name, breaker.open);
        if (breaker.open)
            assert_int_equal(breaker.until_ns, (uint64_t)rows[i].until * (uint64_t)NS_PER_S);
    }
}

/* Whatever comes, it opens exactly when a plain count over the window says so, to a slot. */
static void it_opens_as_a_plain_count_says(void **state)
{
    static uint64_t when[4000];
    static bool was_bad[4000];
    struct random random;
    unsigned opened = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct breaker breaker = {0};
        uint64_t now = 1000 * (uint64_t)NS_PER_S;
        size_t count = 0;
        random_seed(&random, seed, 0);
        while (count < 4000 && !breaker.open) {
            now += random_below(&random, 3 * (uint64_t)NS_PER_S);
            when[count] = now;
            was_bad[count++] = random_unit(&random) < 0.35;
            const bool news =
                breaker_add(&breaker, &half, was_bad[count - 1], false, now) == BREAKER_OPENED;
            /* whole slots of a second: from 29 to 30 seconds */
            const uint64_t slot = (uint64_t)half.window_ns / BREAKER_SLOTS;
            const uint64_t oldest = (now / slot - BREAKER_SLOTS + 1) * slot;
            uint64_t all = 0;
            uint64_t bad = 0;
            for (size_t i = 0; i < count; i++) {
                all += when[i] >= oldest;
                bad += when[i] >= oldest && was_bad[i];
            }
            assert_int_equal(news, all >= half.attempts && 2 * bad >= all);
        }
        opened += breaker.open;
    }
    assert_true(opened > 50);
}

static void without_a_rate_it_never_opens(void **state)
{
    struct breaker_plan none = half;
    struct breaker breaker = {0};
    (void)state;
    none.failure_rate.set = false;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(breaker_add(&breaker, &none, true, i % 2 == 0, (uint64_t)i),
                         BREAKER_STAYS);
    assert_false(breaker.open);
}

static void only_what_tells_of_the_region_counts(void **state)
{
    (void)state;
    for (int domain = DOMAIN_NONE; domain <= DOMAIN_CLIENT; domain++) {
        const struct failure_class failure = {.domain = (enum domain)domain};
        if (domain == DOMAIN_NONE) continue;
        assert_int_equal(breaker_counts_failure(&failure),
                         domain != DOMAIN_CLIENT && domain != DOMAIN_CONTENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories),
        cmocka_unit_test(it_opens_as_a_plain_count_says),
        cmocka_unit_test(without_a_rate_it_never_opens),
        cmocka_unit_test(only_what_tells_of_the_region_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
