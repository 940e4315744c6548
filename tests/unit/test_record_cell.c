#include "base/random.h"
#include "record/cell.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_same_histogram(const struct histogram *a, const struct histogram *b)
{
    uint64_t total_a = a == NULL ? 0 : a->total;
    uint64_t total_b = b == NULL ? 0 : b->total;
    assert_int_equal(total_a, total_b);
    if (a == NULL || b == NULL || total_a == 0) return;
    assert_int_equal(a->counts_length, b->counts_length);
    assert_memory_equal(a->counts, b->counts, a->counts_length * sizeof *a->counts);
    assert_int_equal(histogram_min(a), histogram_min(b));
    assert_int_equal(histogram_max(a), histogram_max(b));
}

static uint64_t tally_of(const struct cell *cell, const struct tally *wanted)
{
    uint64_t count = 0;
    for (size_t i = 0; i < cell->tally_count; i++) {
        const struct tally *tally = &cell->tallies[i];
        if (tally->phase == wanted->phase && tally->domain == wanted->domain &&
            strcmp(tally->code, wanted->code) == 0) {
            count += tally->count;
        }
    }
    return count;
}

/* Costs are sums of doubles, equal except for the order of addition; everything else is exact. */
static void assert_same_cell(const struct cell *a, const struct cell *b)
{
#define X(name) assert_int_equal(a->counters.name, b->counters.name);
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    assert_true(fabs(a->counters.cost_usd - b->counters.cost_usd) <= 1e-12 * a->counters.cost_usd);
    assert_true(fabs(a->counters.failed_cost_usd - b->counters.failed_cost_usd) <=
                1e-12 * a->counters.failed_cost_usd);
    assert_memory_equal(&a->clusters, &b->clusters, sizeof a->clusters);
    assert_memory_equal(&a->limits, &b->limits, sizeof a->limits);
    for (size_t i = 0; i < METRIC_COUNT; i++) assert_same_histogram(a->latency[i], b->latency[i]);
    assert_int_equal(a->tally_count, b->tally_count);
    for (size_t i = 0; i < a->tally_count; i++) {
        assert_int_equal(a->tallies[i].count, tally_of(b, &a->tallies[i]));
    }
}

/* One random event, the same for every cell that counts it. */
static void happen(struct cell *cell, struct random *random)
{
    static const char *const codes[] = {"server_error", "upgrade_429", "stalled"};
    uint64_t failed = random_below(random, 3);
    switch (random_below(random, 6)) {
    case 0: {
        uint64_t *counter = (uint64_t *)&cell->counters;
        counter[random_below(random, offsetof(struct counters, cost_usd) / sizeof *counter)] +=
            random_below(random, 1000);
        break;
    }
    case 1:
        cluster_add(&cell->clusters, failed + random_below(random, 9), failed, failed > 0 ? 1 : 0);
        break;
    case 4:
        told_limit_add(&cell->limits.tokens, (double)random_below(random, 100000));
        told_limit_add(&cell->limits.requests, (double)random_below(random, 3));
        break;
    case 2:
        cell->counters.cost_usd += random_unit(random);
        break;
    case 3:
        cell_failure(cell, (enum phase)(1 + random_below(random, 8)), DOMAIN_SERVICE,
                     codes[random_below(random, 3)], 1 + random_below(random, 4));
        break;
    default:
        cell_latency(cell, (enum metric)random_below(random, METRIC_COUNT),
                     (int64_t)(random_exponential(random) * 3e8));
        break;
    }
}

/* Any partition of the same events, merged in any order, equals the whole. */
static void test_merging_any_partition_gives_the_whole(void **state)
{
    (void)state;
    enum { PARTS = 7, ROUNDS = 20, HAPPENINGS = 800 };
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct random script;
        struct random split;
        struct cell whole = {0};
        struct cell merged = {0};
        struct cell parts[PARTS] = {0};
        random_seed(&script, 42, round);
        random_seed(&split, 43, round);
        for (int i = 0; i < HAPPENINGS; i++) {
            struct random again = script;
            happen(&whole, &script);
            happen(&parts[random_below(&split, 1 + round % PARTS)], &again);
        }
        for (size_t i = 0; i < PARTS; i++) {
            assert_true(cell_merge(&merged, &parts[(i + round) % PARTS]));
        }
        assert_same_cell(&whole, &merged);
        for (size_t i = 0; i < PARTS; i++) cell_free(&parts[i]);
        cell_free(&whole);
        cell_free(&merged);
    }
}

static void test_merging_an_empty_cell_changes_nothing(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 7, 1);
    struct cell cell = {0};
    struct cell same = {0};
    const struct cell empty = {0};
    for (int i = 0; i < 200; i++) {
        struct random again = random;
        happen(&cell, &random);
        happen(&same, &again);
    }
    assert_true(cell_merge(&cell, &empty));
    assert_same_cell(&cell, &same);
    struct cell copy = {0};
    assert_true(cell_merge(&copy, &cell));
    assert_same_cell(&copy, &cell);
    cell_free(&copy);
    cell_free(&cell);
    cell_free(&same);
}

static void test_merge_allocates_no_histogram_for_nothing(void **state)
{
    (void)state;
    struct cell used = {0};
    struct cell into = {0};
    cell_latency(&used, METRIC_TTFT, 1000000);
    cell_reset(&used);
    assert_true(cell_merge(&into, &used));
    assert_null(into.latency[METRIC_TTFT]);
    cell_free(&used);
}

static void test_latency_is_rounded_to_the_nearest_microsecond(void **state)
{
    (void)state;
    static const struct {
        int64_t ns, us;
    } rows[] = {{0, 0},    {1, 0},    {499, 0},      {500, 1},
                {1499, 1}, {1500, 2}, {999499, 999}, {999500, 1000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cell cell = {0};
        cell_latency(&cell, METRIC_TTFT, rows[i].ns);
        assert_int_equal(cell.latency[METRIC_TTFT]->total, 1);
        assert_int_equal(histogram_max(cell.latency[METRIC_TTFT]), rows[i].us);
        assert_int_equal(cell.counters.clipped, 0);
        cell_free(&cell);
    }
}

static void test_what_no_histogram_can_hold_is_counted(void **state)
{
    (void)state;
    struct cell cell = {0};
    cell_latency(&cell, METRIC_GAP, -1);
    cell_latency(&cell, METRIC_GAP, INT64_MAX);
    cell_latency(&cell, METRIC_GAP, METRIC_HIGHEST_US * 1000);
    assert_int_equal(cell.counters.clipped, 2);
    /* the two that took longest stay the longest: left out, they would make quantiles better */
    assert_int_equal(cell.latency[METRIC_GAP]->total, 2);
    assert_true(histogram_percentile(cell.latency[METRIC_GAP], 1) >= METRIC_HIGHEST_US);
    assert_false(cell.failed);
    cell_free(&cell);
}

static void test_failures_are_told_apart_by_phase_domain_and_code(void **state)
{
    (void)state;
    struct cell cell = {0};
    char long_code[100];
    memset(long_code, 'x', sizeof long_code);
    long_code[sizeof long_code - 1] = '\0';
    cell_failure(&cell, PHASE_RESPONSE, DOMAIN_SERVICE, "server_error", 1);
    cell_failure(&cell, PHASE_RESPONSE, DOMAIN_SERVICE, "server_error", 4);
    cell_failure(&cell, PHASE_STREAM, DOMAIN_SERVICE, "server_error", 1);
    cell_failure(&cell, PHASE_RESPONSE, DOMAIN_QUOTA, "server_error", 1);
    cell_failure(&cell, PHASE_RESPONSE, DOMAIN_QUOTA, long_code, 1);
    cell_failure(&cell, PHASE_RESPONSE, DOMAIN_QUOTA, long_code, 1);
    assert_int_equal(cell.tally_count, 4);
    assert_int_equal(cell.tallies[0].count, 5);
    assert_int_equal(cell.tallies[3].count, 2);
    assert_int_equal(strlen(cell.tallies[3].code), sizeof cell.tallies[3].code - 1);
    cell_free(&cell);
}

static void test_reset_empties_and_keeps_the_memory(void **state)
{
    (void)state;
    struct cell cell = {0};
    struct cell empty = {0};
    cell_latency(&cell, METRIC_TTFT, 5000000);
    cell_failure(&cell, PHASE_TLS, DOMAIN_NETWORK, "tls_eof", 1);
    cell.counters.retries = 3;
    cluster_add(&cell.clusters, 3, 1, 2);
    const struct histogram *kept = cell.latency[METRIC_TTFT];
    cell_reset(&cell);
    assert_same_cell(&cell, &empty);
    assert_ptr_equal(cell.latency[METRIC_TTFT], kept);
    cell_free(&cell);
    assert_null(cell.latency[METRIC_TTFT]);
}

/* A figure that could not be counted must stop the run, not vanish in a merge. */
static void test_a_failed_cell_is_refused(void **state)
{
    (void)state;
    struct cell good = {0};
    struct cell bad = {.failed = true};
    bad.counters.retries = 9;
    assert_false(cell_merge(&good, &bad));
    assert_int_equal(good.counters.retries, 0);
    assert_false(cell_merge(&bad, &good));
}

/* What is absent, zero or nonsense is no limit. */
static void test_a_told_limit_keeps_the_lowest_and_the_highest(void **state)
{
    static const struct {
        double values[4];
        uint64_t low, high;
    } rows[] = {
        {{-1, -1, -1, -1}, 0, 0},       {{0, 0.5, NAN, INFINITY}, 0, 0},
        {{1e16, -5, 100, 0}, 100, 100}, {{500, 40, 500, 41}, 40, 500},
        {{7.9, 7, 7, 7}, 7, 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told_limits told = {0};
        struct told_limits merged = {0};
        for (size_t k = 0; k < 4; k++) told_limit_add(&told.tokens, rows[i].values[k]);
        told_limits_merge(&merged, &told);
        told_limits_merge(&merged, &(struct told_limits){0});
        assert_int_equal(merged.tokens.low, rows[i].low);
        assert_int_equal(merged.tokens.high, rows[i].high);
        assert_int_equal(merged.requests.low, 0);
    }
}

static void test_metric_names_are_found_again(void **state)
{
    (void)state;
    static const char *const contract[] = {
        "resolve",     "tcp",   "tls",          "upgrade",     "dial",     "session",
        "first_event", "ttft",  "first_answer", "gap",         "endpoint", "think",
        "voice",       "yield", "response",     "interaction", "lag"};
    assert_int_equal(METRIC_COUNT, sizeof contract / sizeof *contract);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = METRIC_COUNT;
        assert_string_equal(metric_name((enum metric)i), contract[i]);
        assert_true(metric_find(contract[i], &metric));
        assert_int_equal(metric, i);
        assert_true(strlen(metric_meaning((enum metric)i)) > 10);
    }
    enum metric metric;
    assert_false(metric_find("ttf", &metric));
    assert_false(metric_find("TTFT", &metric));
    assert_false(metric_find("", &metric));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merging_any_partition_gives_the_whole),
        cmocka_unit_test(test_merging_an_empty_cell_changes_nothing),
        cmocka_unit_test(test_merge_allocates_no_histogram_for_nothing),
        cmocka_unit_test(test_latency_is_rounded_to_the_nearest_microsecond),
        cmocka_unit_test(test_what_no_histogram_can_hold_is_counted),
        cmocka_unit_test(test_failures_are_told_apart_by_phase_domain_and_code),
        cmocka_unit_test(test_reset_empties_and_keeps_the_memory),
        cmocka_unit_test(test_a_failed_cell_is_refused),
        cmocka_unit_test(test_a_told_limit_keeps_the_lowest_and_the_highest),
        cmocka_unit_test(test_metric_names_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
