/* The search for a capacity: which level follows, what is claimed, and how often wrongly. */
#include "base/random.h"
#include "capacity/limiter.h"
#include "capacity/search.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct search_plan usual = {.start = 10,
                                         .least = 1,
                                         .most = 1000,
                                         .step = 0.05,
                                         .whole = true,
                                         .errors = 0.05,
                                         .limits = {0.1},
                                         .objective_count = 1};

/* Sessions that are all alike, until the level is decided. */
static void decide(struct search *search, double bad)
{
    while (!search_add(search, &bad)) assert_true(search->sessions < 100000);
    search_next(search);
}

/* A wall: good up to `wall`, failing above. The levels are those of the rule, and the bracket is
 * the wall's. */
static void a_wall_is_bracketed(void **state)
{
    static const struct {
        double wall;
        const char *levels;
    } rows[] = {
        /* doubled, halved between, the last good one proven, the next one tested */
        {25, "10 20 40 28 24 26 25 25 26"},
        {9, "10 5 7 8 9 9 10"},
        {1, "10 5 3 2 1 1 2"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char levels[200] = "";
        struct search search;
        assert_true(search_start(&search, &usual));
        while (search.phase != SEARCH_DONE) {
            (void)snprintf(levels + strlen(levels), sizeof levels - strlen(levels), "%s%.0f",
                           levels[0] == '\0' ? "" : " ", search.level);
            decide(&search, search.level <= rows[i].wall ? 0 : 1);
        }
        assert_string_equal(levels, rows[i].levels);
        assert_int_equal(search.end, SEARCH_BRACKETED);
        assert_true(search.proven == rows[i].wall && search.refuted == rows[i].wall + 1);
    }
}

static enum search_end end_of(const struct search_plan *plan, double wall, double blocked,
                              struct search *search)
{
    assert_true(search_start(search, plan));
    for (int i = 0; search->phase != SEARCH_DONE; i++) {
        assert_true(i < 200);
        if (search->level >= blocked) {
            search_block(search);
        } else {
            decide(search, search->level <= wall ? 0 : 1);
        }
    }
    return search->end;
}

static void what_is_not_reached_is_not_claimed(void **state)
{
    struct search search;
    (void)state;
    assert_int_equal(end_of(&usual, INFINITY, INFINITY, &search), SEARCH_AT_MOST);
    assert_true(search.proven == usual.most && isinf(search.refuted));
    assert_int_equal(end_of(&usual, 0, INFINITY, &search), SEARCH_ALL_BAD);
    assert_true(search.proven == 0);
    assert_int_equal(end_of(&usual, INFINITY, 60, &search), SEARCH_BLOCKED);
    assert_true(search.proven < 60 && search.proven >= 57 && isinf(search.refuted));
    assert_int_equal(end_of(&usual, INFINITY, 0, &search), SEARCH_BLOCKED);
    assert_true(search.proven == 0 && isinf(search.refuted));
    assert_int_equal(end_of(&usual, 40, 60, &search), SEARCH_BRACKETED);
    assert_true(search.proven == 40 && search.refuted <= 42);
}

/* A machine that was busy for a moment and drives the level later. */
static void what_was_blocked_once_is_tried_again(void **state)
{
    struct search search;
    bool blocked = false;
    (void)state;
    assert_true(search_start(&search, &usual));
    while (search.phase != SEARCH_DONE) {
        if (search.level >= 40 && !blocked) {
            blocked = true;
            search_block(&search);
        } else {
            decide(&search, search.level <= 100 ? 0 : 1);
        }
    }
    assert_true(blocked);
    assert_int_equal(search.end, SEARCH_BRACKETED);
    assert_true(search.proven >= 96 && search.proven <= 100 && search.refuted <= 105);
}

/* Screening claims nothing, and a proof takes fresh sessions, and as long as was asked. */
static void a_proof_takes_time_and_fresh_sessions(void **state)
{
    struct search search;
    struct search_plan plan = usual;
    const double good = 0;
    (void)state;
    plan.sustain_s = 100;
    assert_true(search_start(&search, &plan));
    while (search.phase != SEARCH_PROVE) {
        assert_true(search.proven == 0 && isinf(search.refuted));
        decide(&search, search.level <= 25 ? 0 : 1);
    }
    assert_int_equal(search.sessions, 0);
    assert_int_equal(search.evidence[0].count, 0);
    for (int i = 0; i < 5000; i++) assert_false(search_add(&search, &good));
    assert_false(search_time(&search, 60));
    assert_true(search_time(&search, 60));
    search_next(&search);
    assert_true(search.proven == 25);
}

/* Of two objectives both must be met; one that is missed is enough. */
static void every_objective_counts(void **state)
{
    struct search search;
    struct search_plan plan = usual;
    (void)state;
    plan.objective_count = 2;
    plan.limits[1] = 0.3;
    assert_true(search_start(&search, &plan));
    for (int i = 0; search.phase != SEARCH_DONE; i++) {
        const double bad[] = {0, search.level > 50 ? 0.8 : 0};
        assert_true(i < 100000);
        if (search_add(&search, bad)) search_next(&search);
    }
    assert_true(search.proven == 50 && search.refuted <= 52);
    /* an objective about which a session says nothing gets no evidence */
    const double nothing[] = {0, NAN};
    assert_true(search_start(&search, &plan));
    for (int i = 0; i < 5000; i++) (void)search_add(&search, nothing);
    assert_int_equal(search.evidence[1].count, 0);
    assert_int_not_equal(search_verdict(&search), SEARCH_GOOD);
}

#define SEARCHES 200

/* The bad share rises with the load and crosses the limit at 300; sessions of five attempts, half
 * of them poisoned. Both ends of the bracket may be wrong in 5% of the searches: 10, or 19 with
 * three standard deviations. */
static void its_claims_hold(void **state)
{
    struct search_plan plan = usual;
    unsigned wrong = 0;
    unsigned near = 0;
    (void)state;
    plan.whole = false;
    for (unsigned i = 0; i < SEARCHES; i++) {
        struct random random;
        struct search search;
        random_seed(&random, 5, i);
        assert_true(search_start(&search, &plan));
        while (search.phase != SEARCH_DONE) {
            const double bad = fmin(1, 0.1 * pow(search.level / 300, 4));
            double share = random_unit(&random) < bad;
            if (random_unit(&random) < 0.5) {
                share = 0;
                for (int k = 0; k < 5; k++) share += random_unit(&random) < bad ? 0.2 : 0;
            }
            if (search_add(&search, &share)) search_next(&search);
        }
        wrong += search.proven > 300 || search.refuted < 300;
        near += search.proven > 300 * 0.85;
    }
    assert_in_range(wrong, 0, 19);
    assert_in_range(near, SEARCHES * 9 / 10, SEARCHES);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct search search;
    struct search_plan plan = usual;
    (void)state;
    plan.objective_count = 0;
    assert_false(search_start(&search, &plan));
    plan = usual;
    plan.limits[0] = 0;
    assert_false(search_start(&search, &plan));
    plan = usual;
    plan.least = 2000;
    assert_false(search_start(&search, &plan));
    plan = usual;
    plan.errors = 0;
    assert_false(search_start(&search, &plan));
}

static void the_limiter_is_what_was_seen(void **state)
{
    static const struct {
        struct limiter_facts facts;
        const char *name;
    } rows[] = {
        {{.refused = 9, .rpm = 99, .rpm_limit = 100, .tpm = 10, .tpm_limit = 100}, "quota_rpm"},
        {{.refused = 9, .rpm = 85, .rpm_limit = 100, .tpm = 99, .tpm_limit = 100}, "quota_tpm"},
        {{.refused = 9, .rpm = 50, .rpm_limit = 100, .tpm = 60, .tpm_limit = 100}, "concurrency"},
        {{.refused = 9, .rpm = 99, .rpm_limit = 100}, "quota_rpm"},
        /* with one limit unknown nothing tells which it was */
        {{.refused = 9, .rpm = 50, .rpm_limit = 100, .tpm = 60}, "failures"},
        {{.refused = 9}, "failures"},
        {{.refused = 3, .failed = 9, .rpm = 99, .rpm_limit = 100}, "failures"},
        {{.slow = 9, .failed = 3}, "latency"},
        {{.slow = 3, .failed = 9}, "failures"},
        {{.slow = 0}, "none"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(limiter_name(limiter_find(&rows[i].facts)), rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wall_is_bracketed),
        cmocka_unit_test(what_is_not_reached_is_not_claimed),
        cmocka_unit_test(what_was_blocked_once_is_tried_again),
        cmocka_unit_test(a_proof_takes_time_and_fresh_sessions),
        cmocka_unit_test(every_objective_counts),
        cmocka_unit_test(its_claims_hold),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(the_limiter_is_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
