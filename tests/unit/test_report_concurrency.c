/* What was open and in flight at once, from a folder made by hand to its reports. */
#include "base/window.h"
#include "record/merge.h"
#include "report/report.h"
#include "test_report_fixture.h"

#include "figures/cells.h"

#include <math.h>
#include <unistd.h>

#define TWO                                                                                        \
    "{\"name\":\"two\",\"regions\":[{\"name\":\"a\",\"endpoint\":\"https://a.openai.azure.com\","  \
    "\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}},{\"name\":\"b\",\"endpoint\":"       \
    "\"https://b.openai.azure.com\",\"deployment\":\"rt\",\"auth\":{\"api_key\":\"${KEY}\"}}],"    \
    "\"load\":{\"stages\":[{\"duration\":\"2h\",\"target\":1}]},\"windows\":{\"interval\":"        \
    "\"30m\",\"report\":[\"1h\"]}}"
#define HALF (HOUR / 2)

/* An interval of both regions: of a the mean and peak of open sessions, of b half of it. Of
 * responses as many in a tenth of the time. */
static void put_at(struct maker *m, int64_t start_ns, int64_t length_ns, double mean, uint64_t peak)
{
    const int64_t n = (start_ns - SIX_PDT) / HALF;
    maker_interval(m, start_ns, start_ns + length_ns);
    for (uint64_t r = 0; r < 2; r++) {
        maker_session(m, r, (uint64_t)n * 2 + r + 1, "..", 300);
        if (peak == 0) continue; /* as in an older folder */
        struct concurrency *c = &m->cells[r].concurrency;
        const double share = r == 0 ? 1 : 0.5;
        c->known_ns = length_ns;
        c->of[LEVEL_OPEN].sum_s = share * mean * (double)length_ns / (double)NS_PER_S;
        c->of[LEVEL_OPEN].peak = r == 0 ? peak : peak / 2;
        c->of[LEVEL_FLIGHT].sum_s = c->of[LEVEL_OPEN].sum_s / 10;
        c->of[LEVEL_FLIGHT].peak = c->of[LEVEL_OPEN].peak;
    }
    maker_write(m);
}

static void put(struct maker *m, int n, double mean, uint64_t peak, int64_t length_ns)
{
    put_at(m, SIX_PDT + n * HALF, length_ns, mean, peak);
}

/* A first interval, which begins this long after the whole one. */
static void put_from(struct maker *m, int n, int64_t after_ns, double mean, uint64_t peak)
{
    put_at(m, SIX_PDT + n * HALF + after_ns, HALF - after_ns, mean, peak);
}

static void assert_levels(const struct report_cell *cell, double open, uint64_t peak)
{
    const struct concurrency *c = &cell->cell.concurrency;
    assert_true(fabs(concurrency_mean(c, LEVEL_OPEN) - open) < 1e-5);
    assert_true(fabs(concurrency_mean(c, LEVEL_FLIGHT) - open / 10) < 1e-5);
    assert_int_equal(c->of[LEVEL_OPEN].peak, peak);
    assert_int_equal(c->of[LEVEL_FLIGHT].peak, peak);
}

/* The last interval is ten minutes long, and weighs as much. */
static void windows_weigh_by_time_and_keep_the_highest_peak(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO, NULL);
    put(m, 0, 8, 12, HALF);
    put(m, 1, 4, 20, HALF);
    put(m, 2, 10, 11, HALF);
    put(m, 3, 2, 6, HALF / 3);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    const struct grouping *hours = &results->groupings[2];
    assert_int_equal(hours->slice_count, 2);
    assert_levels(&hours->slices[0].cells[0], 6, 20);
    assert_levels(&hours->slices[0].cells[1], 3, 10);
    assert_levels(&hours->slices[1].cells[0], (10 * 3 + 2) / 4.0, 11);
    assert_levels(results_region(results, 0), (8 * 3 + 4 * 3 + 10 * 3 + 2) / 10.0, 20);
    /* both regions: the means add up, and of the peaks no more than their sum is known */
    assert_levels(&results->all, 1.5 * (8 * 3 + 4 * 3 + 10 * 3 + 2) / 10.0, 30);
    results_free(results);
    maker_free(m);
}

static struct text said_of(const struct results *results)
{
    struct text out = {0};
    results_text(results, false, &out);
    results_csv(results, &out);
    results_json(results, &out);
    return out;
}

static void every_report_says_it(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO, NULL);
    put(m, 0, 8, 12, HALF);
    put(m, 1, 4, 20, HALF);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    struct text out = said_of(results);
    const char *said = text_str(&out);
    assert_non_null(strstr(said, "  open  in flight"));
    assert_non_null(strstr(said, "  6.00        0.6"));
    assert_non_null(strstr(said, ",sessions_open,sessions_open_peak,in_flight,in_flight_peak,"));
    assert_non_null(strstr(said, ",6,20,0.6,20,"));
    assert_non_null(strstr(said, "\"concurrency\":{\"sessions_open\":{\"mean\":6,\"peak\":20},"
                                 "\"in_flight\":{\"mean\":0.6,\"peak\":20}}"));
    assert_non_null(strstr(said, "\"concurrency\":{\"sessions_open\":{\"mean\":9,"
                                 "\"peak_at_most\":30}"));
    assert_null(strstr(said, "runs were merged"));
    text_free(&out);
    results_free(results);
    maker_free(m);
}

/* Nothing is known in a folder without the columns, and nothing is claimed. */
static void an_older_folder_says_nothing_of_it(void **state)
{
    (void)state;
    struct maker *m = maker_new(TWO, NULL);
    put(m, 0, 0, 0, HALF);
    put(m, 1, 0, 0, HALF);
    maker_finish(m, "complete");
    struct results *results = maker_load(m, NULL, 0);
    assert_false(concurrency_known(&results->all.cell.concurrency));
    struct text out = said_of(results);
    assert_null(strstr(text_str(&out), "  open  in flight"));
    assert_non_null(strstr(text_str(&out), "\"concurrency\":null"));
    assert_null(strstr(text_str(&out), "\"sessions_open\""));
    text_free(&out);
    results_free(results);
    maker_free(m);
}

static struct results *merged_of(const char *folder, struct maker *const *parts, size_t count,
                                 struct text *notes)
{
    const char *runs[4];
    struct error err = {0};
    cJSON *manifest;
    struct text path = {0};
    struct results *results;
    for (size_t i = 0; i < count; i++) runs[i] = parts[i]->folder;
    if (run_merge(folder, false, runs, count, &manifest, notes, &err) != ERR_OK)
        fail_msg("%s", err.text);
    char *json = cJSON_Print(manifest);
    text_printf(&path, "%s/run.json", folder);
    assert_int_equal(file_write(text_str(&path), json, strlen(json), &err), ERR_OK);
    if (results_load(folder, NULL, 0, &results, &err) != ERR_OK) fail_msg("%s", err.text);
    text_free(&path);
    cJSON_free(json);
    cJSON_Delete(manifest);
    return results;
}

/* The second one ends first: it had nothing open afterwards. */
static void shards_are_beside_each_other(void **state)
{
    (void)state;
    for (int older = 0; older < 2; older++) {
        struct maker *parts[] = {maker_new(TWO, NULL), maker_new(TWO, NULL)};
        char folder[] = "/tmp/rushhour-concurrency-XXXXXX";
        struct text notes = {0};
        assert_non_null(mkdtemp(folder));
        assert_int_equal(rmdir(folder), 0);
        put(parts[0], 0, 8, 12, HALF);
        put(parts[0], 1, 4, 20, HALF);
        put(parts[1], 0, older ? 0 : 2, older ? 0 : 4, HALF);
        put(parts[1], 1, older ? 0 : 6, older ? 0 : 10, HALF / 3);
        for (size_t i = 0; i < 2; i++) maker_finish(parts[i], "complete");
        struct results *results = merged_of(folder, parts, 2, &notes);
        if (older) { /* of a part of the load nothing is known, so nothing of the whole */
            assert_false(concurrency_known(&results_region(results, 0)->cell.concurrency));
        } else {
            assert_levels(results_region(results, 0), ((8 + 2) + (4 + 6 / 3.0)) / 2, 30);
            assert_non_null(strstr(text_str(&results->notes), "2 runs were merged"));
        }
        text_free(&notes);
        results_free(results);
        folder_remove(folder);
        for (size_t i = 0; i < 2; i++) maker_free(parts[i]);
    }
}

/* Shards that start apart have first intervals of different starts, which overlap: the time counts
 * once, and the peaks may have been at the same moment. */
static void shards_that_start_apart_overlap(void **state)
{
    (void)state;
    struct maker *parts[] = {maker_new(TWO, NULL), maker_new(TWO, NULL)};
    char folder[] = "/tmp/rushhour-concurrency-XXXXXX";
    struct text notes = {0};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(rmdir(folder), 0);
    put_from(parts[0], 0, HALF / 3, 6, 9);
    put(parts[0], 1, 6, 7, HALF);
    put_from(parts[1], 0, HALF / 2, 2, 4);
    put(parts[1], 1, 2, 3, HALF);
    for (size_t i = 0; i < 2; i++) maker_finish(parts[i], "complete");
    struct results *results = merged_of(folder, parts, 2, &notes);
    /* 6 for 20 + 30 min and 2 for 15 + 30 min, of 50 min */
    assert_levels(results_region(results, 0), (6 * 50 + 2 * 45) / 50.0, 13);
    text_free(&notes);
    results_free(results);
    folder_remove(folder);
    for (size_t i = 0; i < 2; i++) maker_free(parts[i]);
}

/* A window bound inside an interval: each part has the mean of the whole. */
static void a_part_of_an_interval_has_its_mean(void **state)
{
    (void)state;
    const struct concurrency whole = {
        .known_ns = 10 * NS_PER_S,
        .of = {[LEVEL_OPEN] = {.sum_s = 40, .peak = 7}, [LEVEL_FLIGHT] = {.sum_s = 5, .peak = 2}}};
    const struct concurrency part = concurrency_part(&whole, 0.3);
    struct concurrency sum = concurrency_part(&whole, 0.7);
    assert_true(concurrency_mean(&part, LEVEL_OPEN) == 4);
    assert_int_equal(part.of[LEVEL_OPEN].peak, 7);
    concurrency_follow(&sum, &part);
    assert_true(fabs(sum.of[LEVEL_FLIGHT].sum_s - 5) < 1e-12);
    assert_int_equal(sum.known_ns, whole.known_ns);
    const struct concurrency unknown = concurrency_part(&(struct concurrency){0}, 0.5);
    assert_false(concurrency_known(&unknown));
    assert_true(isnan(concurrency_mean(&unknown, LEVEL_OPEN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_weigh_by_time_and_keep_the_highest_peak),
        cmocka_unit_test(every_report_says_it),
        cmocka_unit_test(an_older_folder_says_nothing_of_it),
        cmocka_unit_test(shards_are_beside_each_other),
        cmocka_unit_test(shards_that_start_apart_overlap),
        cmocka_unit_test(a_part_of_an_interval_has_its_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
