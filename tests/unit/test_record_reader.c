#include "test_record_fixture.h"

#include "stats/histogram_log.h"

#include <unistd.h>

#include <cmocka.h>

/* What a walk through a whole folder has seen. */
struct seen {
    struct fixture *fixture;
    size_t intervals, latencies, failures, attempts;
    bool wrong;
};

static bool same_histogram(const struct histogram *a, const struct histogram *b)
{
    return b != NULL && a->total == b->total && a->counts_length == b->counts_length &&
           memcmp(a->counts, b->counts, a->counts_length * sizeof *a->counts) == 0 &&
           histogram_min(a) == histogram_min(b) && histogram_max(a) == histogram_max(b);
}

static bool same_counters(const struct counters *a, const struct counters *b)
{
    bool same = a->cost_usd == b->cost_usd && a->failed_cost_usd == b->failed_cost_usd &&
                a->hedge_cost_usd == b->hedge_cost_usd;
#define X(name) same = same && a->name == b->name;
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    return same;
}

static bool same_clusters(const struct cluster_sums *a, const struct cluster_sums *b)
{
    return a->count == b->count && a->with_failure == b->with_failure && a->m == b->m &&
           a->x == b->x && a->mm == b->mm && a->mx == b->mx && a->xx == b->xx &&
           a->at_risk == b->at_risk && a->first_failures == b->first_failures;
}

static bool same_health(const struct health *a, const struct health *b)
{
    return a->loop_delay_p99_ns == b->loop_delay_p99_ns &&
           a->loop_delay_max_ns == b->loop_delay_max_ns && a->lag_p99_ns == b->lag_p99_ns &&
           a->lag_max_ns == b->lag_max_ns && a->loops == b->loops &&
           a->loops_late == b->loops_late && a->dispatches == b->dispatches &&
           a->dispatches_late == b->dispatches_late && a->wall_ms == b->wall_ms &&
           a->cpu == b->cpu && a->requested == b->requested && a->achieved == b->achieved &&
           a->achieved_late == b->achieved_late && a->valid == b->valid &&
           strcmp(a->why, b->why) == 0;
}

static const struct cell *cell_at(const struct seen *seen, size_t region, int64_t start_ns)
{
    int64_t index = (start_ns - START_NS) / INTERVAL_NS;
    if (index < 0 || index >= INTERVALS_WRITTEN || (start_ns - START_NS) % INTERVAL_NS != 0)
        return NULL;
    return &seen->fixture->cells[index][region];
}

static void see_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                         const struct cell *cell, const struct health *health)
{
    struct seen *seen = context;
    const struct cell *wanted = cell_at(seen, region, start_ns);
    seen->intervals++;
    if (wanted == NULL || end_ns != start_ns + INTERVAL_NS ||
        !same_counters(&cell->counters, &wanted->counters) ||
        !same_clusters(&cell->clusters, &wanted->clusters) ||
        !same_health(health, &seen->fixture->health)) {
        seen->wrong = true;
    }
}

static void see_latency(void *context, size_t region, enum metric metric, int64_t start_ns,
                        int64_t end_ns, const struct histogram *histogram)
{
    struct seen *seen = context;
    const struct cell *wanted = cell_at(seen, region, start_ns);
    seen->latencies++;
    if (wanted == NULL || end_ns != start_ns + INTERVAL_NS ||
        !same_histogram(histogram, wanted->latency[metric])) {
        seen->wrong = true;
    }
}

static void see_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    struct seen *seen = context;
    if (region != seen->failures % REGIONS || utc_ns != START_NS + 1500 * NS_PER_MS ||
        failure->count != 1 || failure->phase != PHASE_RESPONSE ||
        failure->domain != DOMAIN_SERVICE || strcmp(failure->code, "server_error") != 0) {
        seen->wrong = true;
    }
    seen->failures++;
}

static void see_attempt(void *context, size_t region, const struct attempt_row *row)
{
    struct seen *seen = context;
    struct attempt_row wanted;
    fixture_attempt(seen->fixture, seen->attempts, &wanted);
    if (region != seen->attempts % REGIONS || row->due_utc_ns != wanted.due_utc_ns ||
        row->turn != wanted.turn || row->outcome != wanted.outcome ||
        row->ttft_us != wanted.ttft_us || row->output_tokens != wanted.output_tokens ||
        row->end_utc_ns != wanted.end_utc_ns || strcmp(row->code, wanted.code) != 0 ||
        strcmp(row->response_id, "resp_1") != 0) {
        seen->wrong = true;
    }
    seen->attempts++;
}

static void walk_all(struct run_reader *reader, struct seen *seen)
{
    struct error err = {0};
    assert_int_equal(run_reader_intervals(reader, see_interval, seen, &err), ERR_OK);
    assert_int_equal(run_reader_latencies(reader, see_latency, seen, &err), ERR_OK);
    assert_int_equal(run_reader_failures(reader, see_failure, seen, &err), ERR_OK);
    assert_int_equal(run_reader_attempts(reader, see_attempt, seen, &err), ERR_OK);
}

static struct run_reader *open_run(const struct fixture *f)
{
    struct run_reader *reader = NULL;
    struct error err = {0};
    assert_int_equal(run_reader_open(f->folder, &reader, &err), ERR_OK);
    return reader;
}

/* Metric m has values in the intervals 0..m, of which there are INTERVALS_WRITTEN. */
static size_t latencies_written(void)
{
    size_t lines = 0;
    for (size_t m = 0; m < METRIC_COUNT; m++)
        lines += m < INTERVALS_WRITTEN ? m + 1 : INTERVALS_WRITTEN;
    return lines * REGIONS;
}

static void test_a_whole_folder_reads_back_exactly(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_write(f);
    struct run_reader *reader = open_run(f);
    struct seen seen = {.fixture = f};
    walk_all(reader, &seen);
    assert_false(seen.wrong);
    assert_int_equal(seen.intervals, INTERVALS_WRITTEN * REGIONS);
    assert_int_equal(seen.latencies, latencies_written());
    assert_int_equal(seen.failures, FAILURES_WRITTEN);
    assert_int_equal(seen.attempts, ATTEMPTS_WRITTEN);
    assert_string_equal(run_reader_notes(reader), "");
    assert_int_equal(run_reader_region_count(reader), REGIONS);
    assert_string_equal(run_reader_region(reader, 1), "sweden-central");
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(run_reader_manifest(reader), "run");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(run, "seed")->valueint, 42);
    run_reader_close(reader);
    fixture_free(f);
}

static size_t lines_before(const struct text *text, size_t offset)
{
    size_t lines = 0;
    for (size_t i = 0; i < offset; i++) lines += text->data[i] == '\n';
    return lines;
}

static size_t records_of(const struct seen *seen, int file)
{
    const size_t counts[] = {seen->intervals, seen->latencies, seen->failures, seen->attempts};
    return counts[file];
}

static void walk_one(struct run_reader *reader, int file, struct seen *seen)
{
    struct error err = {0};
    enum err_code code = ERR_INTERNAL;
    if (file == 0) code = run_reader_intervals(reader, see_interval, seen, &err);
    if (file == 1) code = run_reader_latencies(reader, see_latency, seen, &err);
    if (file == 2) code = run_reader_failures(reader, see_failure, seen, &err);
    if (file == 3) code = run_reader_attempts(reader, see_attempt, seen, &err);
    assert_int_equal(code, ERR_OK);
}

/* Cuts each file at many places, from its end to its beginning: whole lines are read, and the
 * torn one is reported. */
static void test_files_cut_anywhere_give_their_whole_lines(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t header_lines, step;
    } files[] = {{"intervals.csv", 1, 3},
                 {"latency.hlog", 0, 211},
                 {"failures.jsonl", 0, 7},
                 {"attempts.csv", 1, 3}};
    struct fixture *f = fixture_new();
    fixture_write(f);
    struct run_reader *reader = open_run(f);
    for (int file = 0; file < 4; file++) {
        struct text whole = {0};
        assert_int_equal(file_read(fixture_path(f, files[file].name), 1 << 24, &whole, NULL),
                         ERR_OK);
        size_t comments = 0;
        for (const char *s = whole.data; file == 1 && (*s == '#' || *s == '"');
             s = strchr(s, '\n') + 1)
            comments++;
        size_t skipped = files[file].header_lines + comments;
        for (size_t cut = whole.length; cut > files[file].step; cut -= files[file].step) {
            struct seen seen = {.fixture = f};
            assert_int_equal(truncate(fixture_path(f, files[file].name), (off_t)cut), 0);
            walk_one(reader, file, &seen);
            size_t lines = lines_before(&whole, cut);
            bool torn = whole.data[cut - 1] != '\n';
            assert_false(seen.wrong);
            assert_int_equal(records_of(&seen, file), lines > skipped ? lines - skipped : 0);
            assert_int_equal(strstr(run_reader_notes(reader), files[file].name) != NULL, torn);
        }
        text_free(&whole);
    }
    run_reader_close(reader);
    fixture_free(f);
}

static void append_to(const struct fixture *f, const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(fixture_path(f, name), "abe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void test_broken_lines_are_skipped_and_counted(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_write(f);
    /* Whole but for the hole behind it, as a crash of the machine leaves it. */
    static const char hole[] = "2026-04-14T15:00:00.123Z,eastus2,s,3,2,ok,,1,2,3,4,5,6,"
                               "2026-04-14T15:00:02.000Z,77,4,,a,b,7,9,8\0\0\0\n";
    append_to(f, "attempts.csv", "not a row\n", 10);
    append_to(f, "attempts.csv", hole, sizeof hole - 1);
    append_to(f, "attempts.csv",
              "2026-04-14T15:00:00.123Z,mars,s,3,2,ok,,1,2,3,4,5,6,2026-04-14T15:00:02.000Z,77,4,,"
              "a,b,7,9,8\n",
              93);
    append_to(f, "failures.jsonl", "{\"time\":\"2026-04-14T15:00:00Z\"}\n[]\nnull\n{} x\n", 45);
    append_to(f, "latency.hlog", "Tag=eastus2.ttft,1,1,1,AAAA\nTag=eastus2.what,1,1,1,AAAA\n", 56);
    struct run_reader *reader = open_run(f);
    struct seen seen = {.fixture = f};
    walk_all(reader, &seen);
    assert_false(seen.wrong);
    assert_int_equal(seen.attempts, ATTEMPTS_WRITTEN);
    assert_int_equal(seen.failures, FAILURES_WRITTEN);
    assert_int_equal(seen.latencies, latencies_written());
    const char *notes = run_reader_notes(reader);
    assert_non_null(strstr(
        notes, "attempts.csv: 2 lines cannot be read and were skipped, the first in line 42\n"));
    assert_non_null(strstr(
        notes, "attempts.csv: 1 line of a region that run.json does not name and was skipped"));
    assert_non_null(strstr(notes, "failures.jsonl: 4 lines"));
    assert_non_null(strstr(notes, "latency.hlog: 2 lines"));
    /* A second walk says the same once, not twice. */
    char *before = strdup(notes);
    struct seen again = {.fixture = f};
    walk_all(reader, &again);
    assert_string_equal(run_reader_notes(reader), before);
    free(before);
    run_reader_close(reader);
    fixture_free(f);
}

/* Each number fits by itself; their sum does not. */
static void test_an_interval_that_ends_beyond_the_clock_is_broken(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct text line = {0};
    fixture_write(f);
    assert_int_equal(histogram_encode(f->cells[0][0].latency[METRIC_TTFT], &line, NULL), ERR_OK);
    char *payload = text_take(&line);
    text_printf(&line, "Tag=eastus2.ttft,9000000000.000,9000000000.000,1.000,%s\n", payload);
    append_to(f, "latency.hlog", line.data, line.length);
    struct run_reader *reader = open_run(f);
    struct seen seen = {.fixture = f};
    walk_all(reader, &seen);
    assert_int_equal(seen.latencies, latencies_written());
    assert_non_null(strstr(run_reader_notes(reader), "latency.hlog: 1 line cannot be read"));
    run_reader_close(reader);
    text_free(&line);
    free(payload);
    fixture_free(f);
}

static void test_a_line_without_end_costs_no_memory(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_write(f);
    static char filler[1 << 20];
    memset(filler, 'x', sizeof filler);
    for (int i = 0; i < 12; i++) append_to(f, "latency.hlog", filler, sizeof filler);
    append_to(f, "attempts.csv", filler, sizeof filler);
    append_to(f, "attempts.csv", "\n", 1);
    struct run_reader *reader = open_run(f);
    struct seen seen = {.fixture = f};
    walk_all(reader, &seen);
    assert_false(seen.wrong);
    assert_int_equal(seen.attempts, ATTEMPTS_WRITTEN);
    assert_int_equal(seen.latencies, latencies_written());
    assert_non_null(strstr(run_reader_notes(reader), "attempts.csv: 1 line cannot be read"));
    assert_non_null(strstr(run_reader_notes(reader), "latency.hlog: the last line is torn"));
    run_reader_close(reader);
    fixture_free(f);
}

static void test_files_that_are_not_there(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_write(f);
    static const char *const names[] = {"attempts.csv", "intervals.csv", "latency.hlog",
                                        "failures.jsonl"};
    for (size_t i = 0; i < 4; i++) assert_int_equal(unlink(fixture_path(f, names[i])), 0);
    struct run_reader *reader = open_run(f);
    struct seen seen = {.fixture = f};
    walk_all(reader, &seen);
    assert_int_equal(seen.intervals + seen.latencies + seen.failures + seen.attempts, 0);
    /* record.attempts may be false */
    assert_null(strstr(run_reader_notes(reader), "attempts.csv"));
    assert_non_null(strstr(run_reader_notes(reader), "intervals.csv: is missing"));
    run_reader_close(reader);
    fixture_free(f);
}

static void test_a_foreign_header_is_an_error_that_names_the_file(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_write(f);
    struct error err = {0};
    struct seen seen = {.fixture = f};
    assert_int_equal(file_write(fixture_path(f, "intervals.csv"), "a,b\n1,2\n", 8, &err), ERR_OK);
    struct run_reader *reader = open_run(f);
    assert_int_equal(run_reader_intervals(reader, see_interval, &seen, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "intervals.csv"));
    assert_non_null(strstr(err.text, "\"start\""));
    run_reader_close(reader);
    fixture_free(f);
}

static void test_run_json_must_be_there_and_whole(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } rows[] = {
        {NULL, "has no run.json"},
        {"", "is torn, or not JSON"},
        {"{\"format\":1,\"profile\":{\"regions\":[{\"na", "is torn, or not JSON"},
        {"[]", "is torn, or not JSON"},
        {"{\"format\":1}", "names no regions"},
        {"{\"profile\":{\"regions\":[]}}", "names no regions"},
        {"{\"profile\":{\"regions\":[{\"name\":7}]}}", "region without a name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = fixture_new();
        struct run_reader *reader = NULL;
        struct error err = {0};
        fixture_write(f);
        assert_int_equal(unlink(fixture_path(f, "run.json")), 0);
        if (rows[i].json != NULL) append_to(f, "run.json", rows[i].json, strlen(rows[i].json));
        assert_int_equal(run_reader_open(f->folder, &reader, &err), ERR_FORMAT);
        assert_null(reader);
        assert_non_null(strstr(err.text, rows[i].says));
        assert_non_null(strstr(err.text, f->folder));
        fixture_free(f);
    }
}

static void test_a_killed_run_says_so(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->run.phase = RUN_RUNNING;
    fixture_write(f);
    struct run_reader *reader = open_run(f);
    assert_non_null(strstr(run_reader_notes(reader), "the run was killed, or is still running"));
    run_reader_close(reader);
    fixture_free(f);
}

/* Start and end must be the same instants in both files, or reports would sort them into different
 * windows. */
static void test_times_finer_than_a_millisecond_agree_in_both_files(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct run_writer *writer = NULL;
    struct error err = {0};
    assert_int_equal(run_writer_open(&(struct run_writer_plan){.path = f->folder,
                                                               .profile = &f->profile,
                                                               .start_utc_ns = START_NS},
                                     &writer, &err),
                     ERR_OK);
    cJSON *manifest = manifest_new(&f->run, NULL, 0);
    assert_int_equal(run_writer_manifest(writer, manifest, &err), ERR_OK);
    assert_int_equal(run_writer_interval(writer, START_NS + 999999, START_NS + INTERVAL_NS + 999999,
                                         f->cells[0], &f->health, &err),
                     ERR_OK);
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    cJSON_Delete(manifest);
    struct run_reader *reader = open_run(f);
    struct seen seen = {.fixture = f};
    walk_all(reader, &seen);
    assert_false(seen.wrong);
    assert_int_equal(seen.intervals, REGIONS);
    assert_int_equal(seen.latencies, REGIONS * METRIC_COUNT);
    run_reader_close(reader);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_folder_reads_back_exactly),
        cmocka_unit_test(test_files_cut_anywhere_give_their_whole_lines),
        cmocka_unit_test(test_broken_lines_are_skipped_and_counted),
        cmocka_unit_test(test_an_interval_that_ends_beyond_the_clock_is_broken),
        cmocka_unit_test(test_a_line_without_end_costs_no_memory),
        cmocka_unit_test(test_files_that_are_not_there),
        cmocka_unit_test(test_a_foreign_header_is_an_error_that_names_the_file),
        cmocka_unit_test(test_run_json_must_be_there_and_whole),
        cmocka_unit_test(test_a_killed_run_says_so),
        cmocka_unit_test(test_times_finer_than_a_millisecond_agree_in_both_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
