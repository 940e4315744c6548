#include "base/clock.h"
#include "figures/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void same(const struct cluster_sums *a, const struct cluster_sums *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->with_failure, b->with_failure);
    assert_true(a->m == b->m && a->x == b->x && a->mm == b->mm && a->mx == b->mx && a->xx == b->xx);
    assert_int_equal(a->at_risk, b->at_risk);
    assert_int_equal(a->first_failures, b->first_failures);
}

static bool add(struct session_map *map, uint64_t key, struct cluster_sums *sums, bool failed,
                int64_t time_ns)
{
    const struct gathered_attempt attempt = {
        .chain = key, .session = key, .failed = failed, .time_ns = time_ns};
    return session_map_add(map, &attempt, &(struct session_place){sums, NULL});
}

/* 5,000 sessions with interleaved attempts: the sums are those of every session by itself. */
static void interleaved_attempts_make_whole_sessions(void **state)
{
    (void)state;
    enum { SESSIONS = 5000, ATTEMPTS = 6 };
    struct session_map map = {.ways = 1};
    struct cluster_sums got = {0};
    struct cluster_sums wanted = {0};
    for (uint64_t a = 1; a <= ATTEMPTS; a++) {
        for (uint64_t s = 1; s <= SESSIONS; s++) {
            if (a > 1 + s % ATTEMPTS) continue;
            assert_true(add(&map, s, &got, s % 7 == 0 && a >= 3, (int64_t)a));
        }
    }
    for (uint64_t s = 1; s <= SESSIONS; s++) {
        uint64_t attempts = 1 + s % ATTEMPTS;
        uint64_t failed = s % 7 == 0 && attempts >= 3 ? attempts - 2 : 0;
        cluster_add(&wanted, attempts, failed, failed > 0 ? 3 : 0);
    }
    session_map_finish(&map);
    same(&got, &wanted);
    assert_int_equal(map.forgotten, 0);
}

static void a_new_window_closes_the_old_one(void **state)
{
    (void)state;
    struct session_map map = {.ways = 1};
    struct cluster_sums first = {0};
    struct cluster_sums second = {0};
    struct cluster_sums wanted = {0};
    assert_true(add(&map, 9, &first, false, 1));
    assert_true(add(&map, 9, &first, true, 2));
    assert_true(add(&map, 9, &second, false, 3));
    cluster_add(&wanted, 2, 1, 2);
    same(&first, &wanted);
    session_map_finish(&map);
    wanted = (struct cluster_sums){0};
    cluster_add(&wanted, 1, 0, 0);
    same(&second, &wanted);
}

/* A million sessions over a hundred hours: most are dropped on the way, none is lost. */
static void long_silent_sessions_are_forgotten_not_lost(void **state)
{
    (void)state;
    struct session_map map = {.ways = 1};
    struct cluster_sums got = {0};
    const uint64_t sessions = 1200000;
    for (uint64_t s = 1; s <= sessions; s++) {
        int64_t time_ns = (int64_t)s * 300 * NS_PER_MS;
        assert_true(add(&map, s, &got, s % 10 == 0, time_ns));
    }
    assert_true(map.capacity <= (size_t)1 << 20);
    session_map_finish(&map);
    assert_true(map.forgotten > 0);
    assert_int_equal(got.count, sessions);
    assert_int_equal(got.with_failure, sessions / 10);
}

/* A retry in a fresh session continues the chain; sessions are counted separately, once in each
 * window. */
static void a_chain_is_one_draw_and_its_sessions_are_counted(void **state)
{
    static const struct {
        uint64_t session;
        bool failed, later;
    } rows[] = {{5, false, false}, {5, true, false}, {6, true, false}, {7, false, false},
                {7, true, true},   {7, true, true},  {8, false, true}};
    struct session_map map = {.ways = 1};
    struct cluster_sums sums[2] = {{0}, {0}};
    struct cluster_sums wanted[2] = {{0}, {0}};
    struct session_counts sessions[2] = {{0}, {0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct gathered_attempt attempt = {.chain = 5,
                                                 .session = rows[i].session,
                                                 .failed = rows[i].failed,
                                                 .time_ns = (int64_t)i};
        const struct session_place place = {&sums[rows[i].later], &sessions[rows[i].later]};
        assert_true(session_map_add(&map, &attempt, &place));
    }
    session_map_finish(&map);
    cluster_add(&wanted[0], 4, 2, 2);
    cluster_add(&wanted[1], 3, 2, 1);
    for (int i = 0; i < 2; i++) same(&sums[i], &wanted[i]);
    assert_int_equal(sessions[0].all, 3);
    assert_int_equal(sessions[0].with_failure, 2);
    assert_int_equal(sessions[1].all, 2); /* 7 again, with a failure there too, and 8 */
    assert_int_equal(sessions[1].with_failure, 1);
}

/* Rows divided in three ways at once: into windows of ten rows, not at all, and by hour of which
 * only the even ones are counted. Each way has the sums that it would have alone. */
static void ways_do_not_touch_each_other(void **state)
{
    enum { ROWS = 4000, WAYS = 3, PLACES = ROWS / 10 };
    static struct cluster_sums together[WAYS][PLACES], alone[WAYS][PLACES];
    (void)state;
    for (size_t round = 0; round <= WAYS; round++) {
        const bool all = round == WAYS;
        struct session_map map = {.ways = all ? WAYS : 1};
        for (size_t i = 0; i < ROWS; i++) {
            const size_t at[WAYS] = {i / 10, 0, i / 60 % 2 == 0 ? i / 60 : PLACES};
            struct session_place places[WAYS] = {{0}};
            for (size_t w = 0; w < WAYS; w++) {
                if (at[w] == PLACES || (!all && w != round)) continue;
                places[all ? w : 0].sums = all ? &together[w][at[w]] : &alone[w][at[w]];
            }
            const struct gathered_attempt attempt = {.chain = 1 + i % 7 + i / 500,
                                                     .session = 1,
                                                     .failed = i % 13 == 0,
                                                     .time_ns = (int64_t)i};
            assert_true(session_map_add(&map, &attempt, places));
        }
        session_map_finish(&map);
    }
    for (size_t w = 0; w < WAYS; w++) {
        for (size_t p = 0; p < PLACES; p++) same(&together[w][p], &alone[w][p]);
    }
    assert_true(alone[1][0].m == ROWS && alone[2][0].m == 60 && alone[2][1].m == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interleaved_attempts_make_whole_sessions),
        cmocka_unit_test(a_new_window_closes_the_old_one),
        cmocka_unit_test(a_chain_is_one_draw_and_its_sessions_are_counted),
        cmocka_unit_test(ways_do_not_touch_each_other),
        cmocka_unit_test(long_silent_sessions_are_forgotten_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
