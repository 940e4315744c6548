/*
 * Run folders that were torn, edited or made by others. The first byte selects the file that the
 * rest becomes; the reader must get through it, and every row it returns must be one that our own
 * writer could have written.
 */
#include "base/files.h"
#include "record/attempt.h"
#include "record/interval.h"
#include "record/run_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char manifest[] =
    "{\"format\":1,\"profile\":{\"regions\":[{\"name\":\"eastus2\"},{\"name\":\"r\"}]}}";
static const char *const names[] = {"intervals.csv", "latency.hlog", "failures.jsonl",
                                    "attempts.csv", "run.json"};
#define FILE_KINDS (sizeof names / sizeof *names)

static char folder[] = "/tmp/rushhour-fuzz-XXXXXX";

static void check(bool holds)
{
    if (!holds) abort();
}

static void put(const char *name, const void *bytes, size_t length)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wbe");
    check(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static void leave(void)
{
    folder_remove(folder);
}

static void prepare(void)
{
    static bool done;
    if (!done) {
        check(mkdtemp(folder) != NULL && atexit(leave) == 0);
        done = true;
    }
    put("run.json", manifest, sizeof manifest - 1);
    for (size_t i = 0; i + 1 < FILE_KINDS; i++) put(names[i], "", 0);
}

/* Strips the newline that the writer adds. */
static char *line_of(struct text *text)
{
    check(!text->failed && text->length > 0 && text->data[text->length - 1] == '\n');
    text->data[text->length - 1] = '\0';
    check(strchr(text->data, '\n') == NULL);
    return text->data;
}

static void see_interval(void *context, size_t region, int64_t start_ns, int64_t end_ns,
                         const struct cell *cell, const struct health *health)
{
    (void)context;
    check(region < 2);
    struct interval_row row = {.start_utc_ns = start_ns,
                               .end_utc_ns = end_ns,
                               .region = "r",
                               .counters = cell->counters,
                               .clusters = cell->clusters,
                               .limits = cell->limits,
                               .concurrency = cell->concurrency,
                               .health = *health};
    struct interval_row back;
    struct text header = {0};
    struct text text = {0};
    struct csv_map map;
    interval_csv_header(&header);
    interval_csv_row(&text, &row);
    check(interval_csv_columns(line_of(&header), &map, NULL) == ERR_OK);
    check(interval_csv_read(&map, line_of(&text), &back, NULL) == ERR_OK);
#define X(name) check(back.counters.name == row.counters.name);
    COUNTER_MAP(X)
    COUNTER_MAP_MORE(X)
#undef X
    check(back.counters.cost_usd == row.counters.cost_usd && back.clusters.xx == row.clusters.xx);
    text_free(&header);
    text_free(&text);
}

static void see_latency(void *context, size_t region, enum metric metric, int64_t start_ns,
                        int64_t end_ns, const struct histogram *histogram)
{
    (void)context;
    (void)start_ns;
    (void)end_ns;
    check(region < 2 && metric < METRIC_COUNT && histogram_percentile(histogram, 99) >= 0);
}

static void see_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    (void)context;
    (void)utc_ns;
    check(region < 2 && failure->count == 1 &&
          memchr(failure->code, '\0', sizeof failure->code) != NULL);
}

static void see_attempt(void *context, size_t region, const struct attempt_row *row)
{
    (void)context;
    struct text text = {0};
    struct attempt_row back;
    check(region < 2);
    attempt_csv_row(&text, row);
    check(attempt_csv_read(line_of(&text), &back, NULL) == ERR_OK);
    check(back.turn == row->turn && back.ttft_us == row->ttft_us && back.outcome == row->outcome);
    text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    prepare();
    put(names[data[0] % FILE_KINDS], data + 1, size - 1);
    struct run_reader *reader;
    if (run_reader_open(folder, &reader, NULL) != ERR_OK) return 0;
    enum err_code codes[] = {
        run_reader_intervals(reader, see_interval, NULL, NULL),
        run_reader_latencies(reader, see_latency, NULL, NULL),
        run_reader_failures(reader, see_failure, NULL, NULL),
        run_reader_attempts(reader, see_attempt, NULL, NULL),
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        check(codes[i] == ERR_OK || codes[i] == ERR_FORMAT);
    check(run_reader_notes(reader) != NULL);
    run_reader_close(reader);
    return 0;
}
