/* What is open and in flight at once over all workers, measured from their changes. */
#include "base/clock.h"
#include "base/random.h"
#include "engine/levels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S NS_PER_S
#define MOST 512

static const struct interval_grid grid = {.origin_ns = 0, .length_ns = 10 * S};

/* Posts changes of one region and level as a worker does: at so many seconds, +1 or -1. */
static void post(struct levels *levels, unsigned worker, enum level level, int64_t until_ns,
                 bool final, const double (*list)[2], size_t count)
{
    struct level_changes changes = {.until_ns = until_ns};
    for (size_t i = 0; i < count; i++) {
        const struct level_change change = {.at_ns = (int64_t)(list[i][0] * (double)S),
                                            .region = 0,
                                            .level = (int8_t)level,
                                            .by = (int8_t)list[i][1]};
        assert_true(level_changes_add(&changes, &change));
    }
    assert_true(levels_take(levels, worker, &changes, final));
    level_changes_free(&changes);
}
#define POST(levels, worker, level, until, final, list)                                            \
    post(levels, worker, level, (int64_t)((until) * (double)S), final, list,                       \
         sizeof(list) / sizeof *(list))
#define POST_NONE(levels, worker, until, final)                                                    \
    post(levels, worker, LEVEL_OPEN, (int64_t)((until) * (double)S), final, NULL, 0)

/* Measures the next stretch, which is of this interval and so long. */
static const struct concurrency *next_of(struct levels *levels, uint64_t interval, double seconds)
{
    uint64_t number;
    const struct concurrency *stretch = levels_next(levels, &number);
    assert_non_null(stretch);
    assert_int_equal(number, interval);
    assert_int_equal(stretch->known_ns, (int64_t)(seconds * (double)S));
    return stretch;
}

static void assert_none(struct levels *levels)
{
    uint64_t number;
    assert_null(levels_next(levels, &number));
}

/* Two workers with two each, never at the same time: the peak of all is two, not four. */
static void the_peak_is_that_of_all_workers_together(void **state)
{
    static const double first[][2] = {{1, 1}, {1.5, 1}, {3, -1}, {3.5, -1}};
    static const double second[][2] = {{4, 1}, {4.5, 1}, {6, -1}, {6.5, -1}};
    (void)state;
    struct levels *levels = levels_new(2, 1, &grid);
    assert_non_null(levels);
    POST(levels, 0, LEVEL_FLIGHT, 10, false, first);
    assert_none(levels); /* the other one has not told yet */
    POST(levels, 1, LEVEL_FLIGHT, 10, false, second);
    const struct concurrency *all = next_of(levels, 0, 10);
    assert_int_equal(all->of[LEVEL_FLIGHT].peak, 2);
    assert_true(fabs(all->of[LEVEL_FLIGHT].sum_s - 8) < 1e-9); /* four of 2 s */
    assert_int_equal(all->of[LEVEL_OPEN].peak, 0);
    assert_none(levels);
    levels_free(levels);
}

/* What goes on from one interval into the next is there from its beginning. */
static void a_level_goes_on_over_the_bound(void **state)
{
    static const double begun[][2] = {{4, 1}, {9, 1}};
    static const double ended[][2] = {{12, -1}, {22, -1}};
    (void)state;
    struct levels *levels = levels_new(1, 1, &grid);
    POST(levels, 0, LEVEL_OPEN, 10, false, begun);
    const struct concurrency *all = next_of(levels, 0, 10);
    assert_int_equal(all->of[LEVEL_OPEN].peak, 2);
    assert_true(fabs(all->of[LEVEL_OPEN].sum_s - 7) < 1e-9);
    assert_int_equal(levels_now(levels, LEVEL_OPEN)[0], 2);
    POST(levels, 0, LEVEL_OPEN, 23, true, ended); /* in one go: no interval is left out */
    all = next_of(levels, 1, 10);
    assert_int_equal(all->of[LEVEL_OPEN].peak, 2);
    assert_true(fabs(all->of[LEVEL_OPEN].sum_s - 12) < 1e-9);
    all = next_of(levels, 2, 3); /* the last one ends with the run */
    assert_int_equal(all->of[LEVEL_OPEN].peak, 1);
    assert_true(fabs(all->of[LEVEL_OPEN].sum_s - 2) < 1e-9);
    assert_none(levels);
    assert_int_equal(levels_now(levels, LEVEL_OPEN)[0], 0);
    levels_free(levels);
}

/* Parts of an interval, as they become known each second, make the interval. */
static void an_interval_is_measured_as_it_becomes_known(void **state)
{
    static const double one[][2] = {{0.5, 1}};
    static const double two[][2] = {{2.5, 1}, {3, -1}};
    (void)state;
    struct levels *levels = levels_new(2, 1, &grid);
    struct concurrency sum = {0};
    POST(levels, 0, LEVEL_OPEN, 1, false, one);
    POST_NONE(levels, 1, 2, false);
    concurrency_follow(&sum, next_of(levels, 0, 1));
    assert_none(levels);
    POST(levels, 1, LEVEL_OPEN, 4, false, two); /* it was silent in between */
    POST_NONE(levels, 0, 4, true);              /* and this one ends, with one left open */
    concurrency_follow(&sum, next_of(levels, 0, 3));
    assert_int_equal(sum.of[LEVEL_OPEN].peak, 2);
    assert_true(fabs(sum.of[LEVEL_OPEN].sum_s - (3.5 + 0.5)) < 1e-9);
    assert_true(fabs(concurrency_mean(&sum, LEVEL_OPEN) - 1) < 1e-9);
    POST_NONE(levels, 1, 6, true); /* who has ended holds up nobody */
    assert_int_equal(next_of(levels, 0, 2)->of[LEVEL_OPEN].peak, 1);
    assert_none(levels);
    levels_free(levels);
}

/* Any load, against counting at each moment anew. */
struct span {
    int64_t from_ns, to_ns;
    uint32_t region;
    unsigned worker;
    enum level level;
};

static uint64_t count_at(const struct span *spans, size_t count, int64_t at_ns, uint32_t region,
                         int level)
{
    uint64_t there = 0;
    for (size_t i = 0; i < count; i++)
        there += spans[i].region == region && (int)spans[i].level == level &&
                 spans[i].from_ns <= at_ns && at_ns < spans[i].to_ns;
    return there;
}

static int by_time(const void *a, const void *b)
{
    const struct level_change *x = a, *y = b;
    if (x->at_ns != y->at_ns) return x->at_ns < y->at_ns ? -1 : 1;
    return x->by - y->by; /* an end before a beginning */
}

/* The changes of a worker in a stretch of time, in order. */
static void changes_of(const struct span *spans, size_t count, unsigned worker, int64_t from_ns,
                       struct level_changes *out)
{
    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct span *span = &spans[i];
        const int64_t at_ns[] = {span->from_ns, span->to_ns};
        for (int end = 0; span->worker == worker && end < 2; end++) {
            const struct level_change change = {.at_ns = at_ns[end],
                                                .region = span->region,
                                                .level = (int8_t)span->level,
                                                .by = end == 0 ? 1 : -1};
            if (at_ns[end] < from_ns || at_ns[end] >= out->until_ns) continue;
            assert_true(level_changes_add(out, &change));
        }
    }
    if (out->count > 0) qsort(out->list, out->count, sizeof *out->list, by_time);
}

static void check_interval(const struct span *spans, size_t count, const struct concurrency *told,
                           uint32_t region, int64_t start_ns, int64_t end_ns)
{
    for (int level = 0; level < LEVEL_COUNT; level++) {
        uint64_t peak = count_at(spans, count, start_ns, region, level);
        double sum_s = 0;
        for (size_t i = 0; i < count; i++) {
            const struct span *span = &spans[i];
            if (span->region != region || (int)span->level != level) continue;
            const int64_t from = span->from_ns > start_ns ? span->from_ns : start_ns;
            const int64_t to = span->to_ns < end_ns ? span->to_ns : end_ns;
            if (to > from) sum_s += (double)(to - from) / (double)S;
            if (span->from_ns < start_ns || span->from_ns >= end_ns) continue;
            const uint64_t there = count_at(spans, count, span->from_ns, region, level);
            if (there > peak) peak = there;
        }
        assert_int_equal(told->of[level].peak, peak);
        assert_true(fabs(told->of[level].sum_s - sum_s) < 1e-6);
    }
}

static void any_load_is_measured_as_it_was(void **state)
{
    enum { WORKERS = 3, REGIONS = 2, INTERVALS = 6 };
    static struct span spans[MOST];
    struct random random;
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        random_seed(&random, seed, 0);
        for (size_t i = 0; i < MOST; i++) {
            const double from_s = 55 * random_unit(&random);
            const double length_s = (i % 3 == 0 ? 12 : 0.4) * random_unit(&random);
            spans[i] = (struct span){.from_ns = (int64_t)(from_s * 1e9),
                                     .to_ns = (int64_t)(fmin(60, from_s + length_s) * 1e9),
                                     .region = (uint32_t)random_below(&random, REGIONS),
                                     .worker = (unsigned)random_below(&random, WORKERS),
                                     .level = (enum level)random_below(&random, LEVEL_COUNT)};
        }
        struct levels *levels = levels_new(WORKERS, REGIONS, &grid);
        struct concurrency told[INTERVALS][REGIONS] = {0};
        int64_t posted_ns[WORKERS] = {0};
        while (posted_ns[0] < 60 * S || posted_ns[1] < 60 * S || posted_ns[2] < 60 * S) {
            const unsigned worker = (unsigned)random_below(&random, WORKERS);
            struct level_changes changes = {.until_ns = posted_ns[worker] +
                                                        (int64_t)(2.5e9 * random_unit(&random))};
            if (changes.until_ns > 60 * S) changes.until_ns = 60 * S;
            changes_of(spans, MOST, worker, posted_ns[worker], &changes);
            posted_ns[worker] = changes.until_ns;
            assert_true(levels_take(levels, worker, &changes, posted_ns[worker] == 60 * S));
            level_changes_free(&changes);
            uint64_t interval;
            const struct concurrency *stretch;
            while ((stretch = levels_next(levels, &interval)) != NULL) {
                assert_true(interval < INTERVALS);
                for (size_t r = 0; r < REGIONS; r++)
                    concurrency_follow(&told[interval][r], &stretch[r]);
            }
        }
        for (uint64_t i = 0; i < INTERVALS; i++) {
            for (uint32_t r = 0; r < REGIONS; r++) {
                assert_int_equal(told[i][r].known_ns, 10 * S);
                check_interval(spans, MOST, &told[i][r], r, (int64_t)i * 10 * S,
                               (int64_t)(i + 1) * 10 * S);
            }
        }
        levels_free(levels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peak_is_that_of_all_workers_together),
        cmocka_unit_test(a_level_goes_on_over_the_bound),
        cmocka_unit_test(an_interval_is_measured_as_it_becomes_known),
        cmocka_unit_test(any_load_is_measured_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
