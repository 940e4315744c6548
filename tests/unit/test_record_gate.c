/* What others, or a damaged disk, may have written: no figure is made of numbers that cannot be,
 * and nothing counts twice. */
#include "base/clock.h"
#include "base/files.h"
#include "record/attempt.h"
#include "record/interval.h"
#include "record/run_reader.h"
#include "stats/histogram_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START_NS (INT64_C(1776178800) * NS_PER_S)

static char folder[] = "/tmp/rushhour-record-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void put(const char *name, const struct text *text)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_false(text->failed);
    assert_int_equal(fwrite(text_str(text), 1, text->length, file), text->length);
    assert_int_equal(fclose(file), 0);
}

static void put_manifest(const char *more)
{
    struct text json = {0};
    text_printf(&json, "{\"profile\":{\"regions\":[{\"name\":\"a\"},{\"name\":\"b\"}]%s}}", more);
    put("run.json", &json);
    text_free(&json);
}

/* What the reader tells. */
struct told {
    uint64_t attempts, values, rows, rest, failures;
    int64_t last_ns;
    bool disordered;
};

static void see_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                         const struct cell *cell, const struct health *health)
{
    struct told *told = context;
    (void)region, (void)end_ns, (void)health;
    told->attempts += cell->counters.attempts_ok;
    told->disordered = told->disordered || start_ns < told->last_ns;
    told->last_ns = start_ns;
}

static void see_latency(void *context, size_t region, enum metric metric, int64_t start_ns,
                        int64_t end_ns, const struct histogram *histogram)
{
    (void)region, (void)metric, (void)start_ns, (void)end_ns;
    ((struct told *)context)->values += histogram->total;
}

static void see_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    struct told *told = context;
    (void)region, (void)utc_ns;
    told->failures++;
    told->rest += strcmp(failure->code, "other_code") == 0;
}

static void see_attempt(void *context, size_t region, const struct attempt_row *row)
{
    (void)region, (void)row;
    ((struct told *)context)->rows++;
}

static void read_all(struct told *told, struct text *notes)
{
    struct run_reader *reader;
    *told = (struct told){0};
    assert_int_equal(run_reader_open(folder, &reader, NULL), ERR_OK);
    assert_int_equal(run_reader_intervals(reader, see_interval, told, NULL), ERR_OK);
    assert_int_equal(run_reader_latencies(reader, see_latency, told, NULL), ERR_OK);
    assert_int_equal(run_reader_failures(reader, see_failure, told, NULL), ERR_OK);
    assert_int_equal(run_reader_attempts(reader, see_attempt, told, NULL), ERR_OK);
    text_puts(notes, run_reader_notes(reader));
    run_reader_close(reader);
}

static struct interval_row row_at(int interval, const char *region)
{
    struct interval_row row = {.start_utc_ns = START_NS + interval * 10 * NS_PER_S,
                               .region = region,
                               .health = {.valid = true}};
    row.end_utc_ns = row.start_utc_ns + 10 * NS_PER_S;
    row.counters.attempts_ok = 7;
    row.concurrency = (struct concurrency){
        .known_ns = 10 * NS_PER_S,
        .of = {[LEVEL_OPEN] = {.sum_s = 30, .peak = 5}, [LEVEL_FLIGHT] = {.sum_s = 4, .peak = 2}}};
    return row;
}

static void put_attempts(int count, int times)
{
    struct text out = {0};
    attempt_csv_header(&out);
    for (int t = 0; t < times; t++) {
        for (int i = 0; i < count; i++) {
            const struct attempt_row row = {.due_utc_ns = START_NS + i * NS_PER_S,
                                            .end_utc_ns = START_NS + i * NS_PER_S,
                                            .region = "a",
                                            .session_id = "s",
                                            .code = "",
                                            .first_answer_us = -1};
            attempt_csv_row(&out, &row);
        }
    }
    put("attempts.csv", &out);
    text_free(&out);
}

static void put_latencies(uint64_t count, int times)
{
    struct text out = {0};
    struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    assert_non_null(h);
    assert_true(histogram_record(h, 1000, count));
    histogram_log_header(&out, START_NS, NULL);
    for (int t = 0; t < times; t++)
        assert_int_equal(histogram_log_line(&out, "a.ttft", START_NS, 10 * NS_PER_S, h, NULL),
                         ERR_OK);
    histogram_free(h);
    put("latency.hlog", &out);
    text_free(&out);
}

static void put_intervals(const int *order, size_t count, int times)
{
    struct text out = {0};
    interval_csv_header(&out);
    for (int t = 0; t < times; t++) {
        for (size_t i = 0; i < count; i++) {
            for (int r = 0; r < 2; r++) {
                const struct interval_row row = row_at(order[i], r == 0 ? "a" : "b");
                interval_csv_row(&out, &row);
            }
        }
    }
    put("intervals.csv", &out);
    text_free(&out);
}

static void put_failures(int codes)
{
    struct text out = {0};
    for (int i = 0; i < codes; i++)
        text_printf(&out,
                    "{\"time\":\"2026-04-14T15:00:01.000Z\",\"region\":\"a\",\"phase\":"
                    "\"response\",\"domain\":\"service\",\"code\":\"code_%d\"}\n",
                    i);
    put("failures.jsonl", &out);
    text_free(&out);
}

static void test_what_stands_twice_counts_once(void **state)
{
    static const int order[] = {0, 1, 2};
    (void)state;
    put_manifest("");
    for (int times = 1; times <= 3; times++) {
        struct told told;
        struct text notes = {0};
        put_intervals(order, 3, times);
        put_latencies(5, times);
        put_attempts(4, times);
        put_failures(0);
        read_all(&told, &notes);
        assert_int_equal(told.attempts, 6 * 7);
        assert_int_equal(told.values, 5);
        assert_int_equal(told.rows, 4);
        if (times == 2) {
            assert_non_null(strstr(text_str(&notes), "intervals.csv: 6 lines had come before and "
                                                     "were skipped, the first in line 8"));
            assert_non_null(strstr(text_str(&notes), "latency.hlog: 1 line had come before"));
            assert_non_null(strstr(text_str(&notes), "attempts.csv: 4 lines had come before"));
        }
        if (times == 1) assert_string_equal(text_str(&notes), "");
        text_free(&notes);
    }
}

static void test_intervals_come_by_time(void **state)
{
    static const int orders[][5] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
    (void)state;
    put_manifest("");
    put_latencies(1, 1);
    put_attempts(0, 1);
    put_failures(0);
    for (size_t i = 0; i < 3; i++) {
        struct told told;
        struct text notes = {0};
        put_intervals(orders[i], 5, 1);
        read_all(&told, &notes);
        assert_int_equal(told.attempts, 10 * 7);
        assert_false(told.disordered);
        assert_string_equal(text_str(&notes), "");
        text_free(&notes);
    }
}

static void test_codes_beyond_the_most_share_a_name(void **state)
{
    static const int order[] = {0};
    struct told told;
    struct text notes = {0};
    (void)state;
    put_manifest("");
    put_intervals(order, 1, 1);
    put_latencies(1, 1);
    put_attempts(0, 1);
    put_failures(600);
    read_all(&told, &notes);
    assert_int_equal(told.failures, 600);
    assert_int_equal(told.rest, 600 - 512);
    assert_non_null(strstr(text_str(&notes), "more than 512 failure codes"));
    text_free(&notes);
}

static void test_a_count_that_cannot_be_is_left_out(void **state)
{
    static const int order[] = {0};
    struct told told;
    struct text notes = {0};
    (void)state;
    put_manifest("");
    put_intervals(order, 1, 1);
    put_latencies(UINT64_C(1) << 62, 1);
    put_attempts(0, 1);
    put_failures(0);
    read_all(&told, &notes);
    assert_int_equal(told.values, 0);
    assert_non_null(strstr(text_str(&notes), "latency.hlog: 1 line cannot be read"));
    text_free(&notes);
}

/* Puts a value into one column of a good row, and reads it. */
static enum err_code read_with(const char *column, const char *value, struct interval_row *out)
{
    static struct text header, line; /* what was read points into the line */
    struct csv_map map;
    struct text changed = {0};
    const struct interval_row good = row_at(0, "a");
    text_clear(&header);
    text_clear(&line);
    interval_csv_header(&header);
    interval_csv_row(&line, &good);
    header.data[header.length - 1] = line.data[line.length - 1] = '\0';
    size_t at = 0;
    const char *name = text_str(&header);
    for (size_t length = strcspn(name, ",");
         strncmp(name, column, length) != 0 || column[length] != '\0';
         length = strcspn(name, ",")) {
        assert_int_equal(name[length], ',');
        name += length + 1;
        at++;
    }
    const char *field = text_str(&line);
    for (size_t i = 0; *field != '\0'; i++) {
        const size_t length = strcspn(field, ",");
        text_printf(&changed, "%s%.*s", i > 0 ? "," : "",
                    i == at ? (int)strlen(value) : (int)length, i == at ? value : field);
        field += length;
        if (*field == ',') field++;
    }
    if (line.data[line.length - 2] == ',') text_puts(&changed, ","); /* an empty last field */
    text_clear(&line);
    text_puts(&line, text_str(&changed));
    text_free(&changed);
    assert_int_equal(interval_csv_columns(header.data, &map, NULL), ERR_OK);
    return interval_csv_read(&map, line.data, out, NULL);
}

static void test_rows_of_intervals(void **state)
{
    static const struct {
        const char *column, *value;
        bool can_be;
    } cases[] = {
        {"attempts_ok", "1000000000", true},
        {"attempts_ok", "1000000001", false},
        {"attempts_failed", "4611686018427387904", false},
        {"sessions_opened", "18446744073709551615", false},
        {"own_failures", "1e9", false},
        {"interactions_ok", "-1", false},
        {"input_tokens", "1000000000000000", true},
        {"input_tokens", "1000000000000001", false},
        {"open_ms", "1000000000000001", false},
        {"cost_usd", "-0.01", false},
        {"cost_usd", "1e300", false},
        {"cost_usd", "12.5", true},
        {"cluster_chains", "1000000001", false},
        {"cluster_xx", "-1", false},
        {"cluster_with_failure", "1", false}, /* of no chain */
        {"loops", "4611686018427387904", false},
        {"cpu", "-1", false},
        {"end", "2026-04-14T14:59:59.000Z", false},
        {"end", "2026-04-15T15:00:00.000Z", true},
        {"end", "2026-04-15T15:00:00.001Z", false},
        {"end", "2200-01-01T00:00:00.000Z", false},
        {"start", "1969-12-31T23:59:59.000Z", false},
        {"sessions_open", "5", true},
        {"sessions_open", "5.000001", false}, /* more than its peak */
        {"in_flight", "-0.1", false},
        {"in_flight_peak", "1000000000", true},
        {"in_flight_peak", "1000000001", false},
        {"in_flight_peak", "0", false}, /* below the mean */
        {"in_flight_peak", "", true},   /* not known */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct interval_row row;
        const enum err_code code = read_with(cases[i].column, cases[i].value, &row);
        if ((code == ERR_OK) != cases[i].can_be)
            fail_msg("%s = %s: %d", cases[i].column, cases[i].value, code);
    }
    struct interval_row row;
    assert_int_equal(read_with("cached_tokens", "5", &row), ERR_OK);
    assert_int_equal(row.counters.cached_tokens, 0); /* of no input */
    assert_true(concurrency_known(&row.concurrency));
    assert_int_equal(read_with("in_flight_peak", "", &row), ERR_OK);
    assert_false(concurrency_known(&row.concurrency));
}

static void test_rows_of_attempts(void **state)
{
    static const struct {
        const char *row;
        bool can_be;
    } cases[] = {
        {"2026-04-14T15:00:00.000Z,a,s,1,1,ok,,5,6,7,9,3,1", true},
        {"2026-04-14T15:00:00.000Z,a,s,1,1,ok,,5,6,7,1000000000001,3,1", false},
        {"2026-04-14T15:00:00.000Z,a,s,1,1,ok,,5,6,7,9,3,4611686018427387904", false},
        {"2026-04-14T15:00:00.000Z,a,s,1,1,ok,,9223372036854775807,6,7,9,3,1", false},
        {"2026-04-14T15:00:00.000Z,a,s,1,1,ok,,5,9223372036854775807,7,9,3,1", false},
        {"1960-04-14T15:00:00.000Z,a,s,1,1,ok,,5,6,7,9,3,1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[] = "time,region,session_id,turn,attempt,outcome,code,ttft_us,response_us,"
                        "socket_age_ms,input_tokens,cached_tokens,output_tokens";
        char line[256];
        struct csv_map map;
        struct attempt_row row;
        (void)snprintf(line, sizeof line, "%s", cases[i].row);
        assert_int_equal(attempt_csv_columns(header, &map, NULL), ERR_OK);
        if ((attempt_csv_read_as(&map, line, &row, NULL) == ERR_OK) != cases[i].can_be)
            fail_msg("%s", cases[i].row);
    }
}

static void test_lists_are_no_longer_than_a_profile_s(void **state)
{
    struct error err = {0};
    struct run_reader *reader;
    struct text more = {0};
    (void)state;
    text_puts(&more, ",\"thresholds\":[\"failure_rate < 1%\"");
    for (int i = 0; i < 256; i++) text_puts(&more, ",\"failure_rate < 1%\"");
    text_puts(&more, "]");
    put_manifest(text_str(&more));
    text_free(&more);
    assert_int_equal(run_reader_open(folder, &reader, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "run.json: a list of 257 thresholds; a run has at most 256"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_stands_twice_counts_once),
        cmocka_unit_test(test_intervals_come_by_time),
        cmocka_unit_test(test_codes_beyond_the_most_share_a_name),
        cmocka_unit_test(test_a_count_that_cannot_be_is_left_out),
        cmocka_unit_test(test_rows_of_intervals),
        cmocka_unit_test(test_rows_of_attempts),
        cmocka_unit_test(test_lists_are_no_longer_than_a_profile_s),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
