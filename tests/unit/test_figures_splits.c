/* Intervals that windows cut: every window shows what a plain count over the attempts finds, and
 * windows that divide the day add up to the run. */
#include "figures/cells.h"
#include "figures/claim.h"
#include "figures/grouping.h"
#include "test_figures_splits_fixture.h"

/* ---- a plain count ---- */

static void same_figures(const struct latency_figures *got, const struct histogram *wanted)
{
    same_count("values", got->count, wanted->total);
    if (wanted->total == 0) return;
    assert_int_equal(got->p50, histogram_percentile(wanted, 50));
    assert_int_equal(got->p95, histogram_percentile(wanted, 95));
    assert_int_equal(got->max, histogram_max(wanted));
}

static void same_counters(const struct counters *got, const struct counters *wanted)
{
#define SAME(name) same_count(#name, got->name, wanted->name)
    SAME(attempts_ok);
    SAME(attempts_failed);
    SAME(attempts_cancelled);
    SAME(interactions_ok);
    SAME(interactions_failed);
    SAME(recovered);
    SAME(first_attempts_ok);
    SAME(first_attempts_failed);
    SAME(input_tokens);
    SAME(cached_tokens);
    SAME(output_tokens);
    SAME(failed_tokens);
    SAME(attempts_started);
    SAME(retries);
#undef SAME
    assert_true(fabs(got->cost_usd - wanted->cost_usd) < 1e-9);
    assert_true(fabs(got->failed_cost_usd - wanted->failed_cost_usd) < 1e-9);
}

/* Failures by code, chains and their attempts. */
static void same_failures(const struct day *day, const struct report_cell *cell, size_t region,
                          int64_t from_ns, int64_t to_ns, bool chains)
{
    uint64_t by_code[3] = {0};
    uint64_t clusters = 0;
    uint64_t last[1001] = {0};
    for (size_t i = 0; i < day->count; i++) {
        const struct attempt *attempt = &day->attempts[i];
        if (attempt->region != region || attempt->counted_ns < from_ns ||
            attempt->counted_ns >= to_ns)
            continue;
        if (attempt->outcome == OUTCOME_FAILED) by_code[attempt->code]++;
        if (attempt->outcome != OUTCOME_CANCELLED && last[attempt->chain]++ == 0) clusters++;
    }
    for (size_t t = 0; t < cell->cell.tally_count; t++) {
        for (size_t c = 0; c < 3; c++) {
            if (strcmp(cell->cell.tallies[t].code, codes[c]) != 0) continue;
            same_count(codes[c], cell->cell.tallies[t].count, by_code[c]);
            by_code[c] = 0;
        }
    }
    same_count("codes that are missing", by_code[0] + by_code[1] + by_code[2], 0);
    if (!chains) return;
    same_count("chains", cell->cell.clusters.count, clusters);
    same_count("their attempts", (uint64_t)cell->cell.clusters.m, report_cell_attempts(cell));
}

static void check_cell(const struct day *day, const struct report_cell *cell, size_t region,
                       int64_t from_ns, int64_t to_ns, bool chains)
{
    struct counters wanted = {0};
    struct histogram *ttft = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    struct histogram *response = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    for (size_t i = 0; i < day->count; i++) {
        const struct attempt *attempt = &day->attempts[i];
        const bool whole = attempt->counted_ns != attempt->end_ns;
        if (attempt->region != region) continue;
        if (!whole && attempt->due_ns >= from_ns && attempt->due_ns < to_ns)
            count_start(attempt, &wanted);
        if (attempt->counted_ns < from_ns || attempt->counted_ns >= to_ns) continue;
        count_end(attempt, &wanted);
        if (attempt->outcome != OUTCOME_OK) continue;
        assert_true(histogram_record(ttft, attempt->ttft_us, 1));
        assert_true(histogram_record(response, attempt->response_us, 1));
    }
    if (!chains) { /* starts near an interval that stays whole */
        wanted.attempts_started = cell->cell.counters.attempts_started;
        wanted.retries = cell->cell.counters.retries;
    }
    same_counters(&cell->cell.counters, &wanted);
    same_failures(day, cell, region, from_ns, to_ns, chains);
    same_figures(&cell->latency[METRIC_TTFT], ttft);
    same_figures(&cell->latency[METRIC_RESPONSE], response);
    same_count("all attempts", cell->all[METRIC_TTFT].count, report_cell_attempts(cell));
    same_count("without ttft", cell->all[METRIC_TTFT].infinite,
               cell->cell.counters.attempts_failed);
    histogram_free(ttft);
    histogram_free(response);
}

/* The blocks of a claim add up to what its window counts. */
static void check_blocks(const struct results *results, const struct grouping *grouping,
                         const struct slice *slice, size_t region)
{
    static const struct series_what what = {.of = SERIES_OF_ATTEMPTS};
    const struct claim_of of = claim_of_slice(results, grouping, slice, region);
    struct series_blocks blocks;
    assert_true(series_blocks(&results->series, &of.cut, region, &what, &blocks));
    const struct block_totals totals = block_totals(blocks.list, blocks.count);
    same_count("attempts in blocks", (uint64_t)totals.attempts, report_cell_attempts(of.cell));
    same_count("failures in blocks", (uint64_t)totals.failures,
               of.cell->cell.counters.attempts_failed);
    series_blocks_free(&blocks);
}

static void check_windows(const struct day *day, const struct results *results, bool chains)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        for (size_t s = 0; grouping->kind == GROUP_WINDOW && s < grouping->slice_count; s++) {
            const struct slice *slice = &grouping->slices[s];
            for (size_t r = 0; r < REGIONS; r++) {
                check_cell(day, &slice->cells[r], r, slice->start_ns, slice->end_ns, chains);
                check_blocks(results, grouping, slice, r);
            }
        }
    }
}

/* The hours of the day of a run that is longer than one. */
static void check_hours(const struct day *day, const struct results *results)
{
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        uint64_t wanted[REGIONS][24][2] = {0};
        if (grouping->kind != GROUP_HOURS) continue;
        for (size_t i = 0; i < day->count; i++) {
            const struct attempt *attempt = &day->attempts[i];
            struct civil civil;
            zone_civil(grouping->zone, attempt->counted_ns, &civil);
            if (attempt->outcome != OUTCOME_CANCELLED)
                wanted[attempt->region][civil.hour][attempt->outcome == OUTCOME_FAILED]++;
        }
        for (size_t s = 0; s < grouping->slice_count; s++) {
            for (size_t r = 0; r < REGIONS; r++) {
                const struct counters *c = &grouping->slices[s].cells[r].cell.counters;
                uint64_t *hour = wanted[r][grouping->slices[s].start_ns / HOUR];
                same_count("ok in an hour of the day", c->attempts_ok, hour[0]);
                same_count("failed in an hour of the day", c->attempts_failed, hour[1]);
                hour[0] = hour[1] = 0;
            }
        }
        for (size_t r = 0; r < REGIONS; r++) {
            for (size_t h = 0; h < 24; h++)
                same_count("no hour", wanted[r][h][0] + wanted[r][h][1], 0);
        }
    }
}

/* ---- sums ---- */

struct sums {
    struct counters counters;
    uint64_t values[METRIC_COUNT], all[METRIC_COUNT], infinite[METRIC_COUNT];
    uint64_t tallied;
};

static void add_sums(const struct report_cell *cell, struct sums *sums)
{
    counters_merge(&sums->counters, &cell->cell.counters);
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        sums->values[m] += cell->latency[m].count;
        sums->all[m] += cell->all[m].count;
        sums->infinite[m] += cell->all[m].infinite;
    }
    for (size_t t = 0; t < cell->cell.tally_count; t++)
        sums->tallied += cell->cell.tallies[t].count;
}

static void add_grouping(const struct grouping *grouping, size_t region, struct sums *sums)
{
    for (size_t s = 0; s < grouping->slice_count; s++)
        add_sums(&grouping->slices[s].cells[region], sums);
}

static void same_sums(const struct sums *got, const struct sums *wanted)
{
#define X(name)                                                                                    \
    if (strncmp(#name, "sessions_with", 13) != 0)                                                  \
        same_count(#name, got->counters.name, wanted->counters.name);
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    assert_true(fabs(got->counters.cost_usd - wanted->counters.cost_usd) < 1e-9);
    assert_true(fabs(got->counters.failed_cost_usd - wanted->counters.failed_cost_usd) < 1e-9);
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        same_count(metric_name((enum metric)m), got->values[m], wanted->values[m]);
        same_count("of all attempts", got->all[m], wanted->all[m]);
        same_count("of those without a value", got->infinite[m], wanted->infinite[m]);
    }
    same_count("failures by code", got->tallied, wanted->tallied);
}

/* Each width by itself, and the three times of day together, are the run. */
static void check_sums(const struct results *results)
{
    for (size_t r = 0; r < REGIONS; r++) {
        struct sums run = {0};
        struct sums day = {0};
        add_sums(results_region(results, r), &run);
        for (size_t g = 0; g < results->grouping_count; g++) {
            const struct grouping *grouping = &results->groupings[g];
            struct sums width = {0};
            if (grouping->kind != GROUP_WINDOW) continue;
            add_grouping(grouping, r, grouping->window->width_ns > 0 ? &width : &day);
            if (grouping->window->width_ns > 0) same_sums(&width, &run);
        }
        same_sums(&day, &run);
    }
}

/* What is said of the whole run does not depend on the windows. */
static void check_run(const struct results *cut, const struct results *whole)
{
    static const struct series_what kinds[] = {
        {.of = SERIES_OF_ATTEMPTS},
        {.of = SERIES_OF_INTERACTIONS},
        {.of = SERIES_OF_SLOWER, .metric = METRIC_TTFT, .limit_us = 1000000},
        {.of = SERIES_OF_ABOVE, .metric = METRIC_RESPONSE, .limit_us = 1000000}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int fine = 0; fine < 2; fine++) {
            static const struct series_cut all = {.grouping = NULL};
            struct series_blocks a;
            struct series_blocks b;
            bool (*const blocks_of)(const struct series *, const struct series_cut *, size_t,
                                    const struct series_what *, struct series_blocks *) =
                fine ? series_fine_blocks : series_blocks;
            assert_true(blocks_of(&cut->series, &all, 1, &kinds[k], &a));
            assert_true(blocks_of(&whole->series, &all, 1, &kinds[k], &b));
            same_count("blocks", a.count, b.count);
            for (size_t i = 0; i < a.count; i++) {
                assert_true(a.list[i].start == b.list[i].start &&
                            a.list[i].seconds == b.list[i].seconds);
                assert_true(a.list[i].attempts == b.list[i].attempts);
                assert_true(a.list[i].failures == b.list[i].failures);
            }
            series_blocks_free(&a);
            series_blocks_free(&b);
        }
    }
}

static void every_window_is_a_plain_count(void **state)
{
    (void)state;
    struct day *day = calloc(1, sizeof *day);
    assert_non_null(day);
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct windows windows;
        make_day(day, seed);
        write_day(day);
        make_windows(day, &windows);
        struct results *results = maker_load(day->maker, windows.list, WINDOWS);
        struct results *whole = maker_load(day->maker, NULL, 0);
        assert_int_equal(results->groupings[results->grouping_count - 1].kind == GROUP_HOURS,
                         seed % 3 == 0);
        assert_null(strstr(text_str(&results->notes), "counts whole"));
        assert_null(strstr(text_str(&results->notes), "does not add up to them"));
        assert_non_null(strstr(text_str(&results->notes), "attempt by attempt"));
        check_windows(day, results, true);
        check_hours(day, results);
        check_sums(results);
        check_run(results, whole);
        results_free(results);
        results_free(whole);
        free_windows(&windows);
        maker_free(day->maker);
    }
    free(day);
}

/* The rows of one interval are torn: that one counts whole where it begins, all others as ever. */
static void what_rows_do_not_tell_stays_whole(void **state)
{
    (void)state;
    struct day *day = calloc(1, sizeof *day);
    assert_non_null(day);
    for (uint64_t seed = 21; seed <= 28; seed++) {
        struct windows windows;
        char start[32];
        make_day(day, seed);
        make_windows(day, &windows);
        size_t lost = below(day, day->count);
        while (day->attempts[lost].outcome == OUTCOME_CANCELLED) lost = (lost + 1) % day->count;
        day->attempts[lost].lost = true;
        const size_t torn = interval_of(day, day->attempts[lost].end_ns);
        int64_t bound_ns = INT64_MAX; /* windows need not cut it */
        for (size_t w = 0; w < WINDOWS; w++) {
            int64_t next_ns = window_next_bound(&windows.list[w], day->bounds[torn]);
            if (next_ns < bound_ns) bound_ns = next_ns;
        }
        const bool cut = bound_ns < day->bounds[torn + 1];
        for (size_t i = 0; cut && i < day->count; i++) {
            if (interval_of(day, day->attempts[i].end_ns) == torn)
                day->attempts[i].counted_ns = day->bounds[torn];
        }
        write_day(day);
        struct results *results = maker_load(day->maker, windows.list, WINDOWS);
        format_utc_ms(day->bounds[torn], start);
        if (cut) assert_non_null(strstr(text_str(&results->window_notes), start));
        check_windows(day, results, false);
        check_sums(results);
        results_free(results);
        free_windows(&windows);
        maker_free(day->maker);
    }
    free(day);
}

static void without_rows_every_interval_stays_whole(void **state)
{
    (void)state;
    struct day *day = calloc(1, sizeof *day);
    struct windows windows;
    assert_non_null(day);
    make_day(day, 31);
    make_windows(day, &windows);
    for (size_t i = 0; i < day->count; i++) {
        day->attempts[i].lost = true;
        day->attempts[i].counted_ns = day->bounds[interval_of(day, day->attempts[i].end_ns)];
    }
    write_day(day);
    struct results *results = maker_load(day->maker, windows.list, WINDOWS);
    assert_non_null(strstr(text_str(&results->window_notes), "there is no attempts.csv"));
    assert_null(strstr(text_str(&results->window_notes), "attempt by attempt"));
    check_windows(day, results, false);
    check_sums(results);
    results_free(results);
    free_windows(&windows);
    maker_free(day->maker);
    free(day);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_window_is_a_plain_count),
        cmocka_unit_test(what_rows_do_not_tell_stays_whole),
        cmocka_unit_test(without_rows_every_interval_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
