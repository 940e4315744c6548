/*
 * The whole way of a run folder: load, statistics, page and every other report. Parts of the input,
 * separated by 0xFF, replace files of an intact folder; the first byte of each selects the file.
 * Whatever they hold, the reports are made, in a time that is bounded for an input this small, or
 * the folder is refused with a sentence.
 */
#include "base/clock.h"
#include "base/files.h"
#include "page/page.h"
#include "record/attempt.h"
#include "record/interval.h"
#include "report/report.h"
#include "stats/histogram_log.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START_NS (INT64_C(1776178800) * NS_PER_S) /* 2026-04-14T15:00:00Z */
#define INTERVAL_NS (10 * NS_PER_S)
#define INTERVALS 30
#define CPU_MOST_S 8 /* sanitised, on any machine; usual are some hundredths */
#define SIZE_MOST ((size_t)1 << 17)

static const char manifest[] =
    "{\"format\":1,\"run\":{\"id\":\"r\",\"state\":\"complete\",\"started\":\"2026-04-14T15:00:00."
    "000Z\",\"ended\":\"2026-04-14T15:05:00.000Z\"},\"profile\":{\"name\":\"p\",\"regions\":[{"
    "\"name\":\"eastus2\"},{\"name\":\"r\"}],\"windows\":{\"interval\":\"10s\",\"report\":[\"1m\","
    "\"peak=15:01-15:03@UTC\"]},\"thresholds\":[\"failure_rate < 1%\",\"ttft.p99{window=peak} < "
    "1.5s\",\"share(response > 1s) < 5%\"],\"load\":{\"stages\":[{\"duration\":\"5m\",\"target\":"
    "5}]}}}";
static const char *const regions[] = {"eastus2", "r"};
static const char *const names[] = {"intervals.csv", "latency.hlog", "failures.jsonl",
                                    "attempts.csv", "run.json"};
#define FILES (sizeof names / sizeof *names)

static char folder[] = "/tmp/rushhour-fuzz-XXXXXX";
static struct text intact[FILES];

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
    for (size_t i = 0; i < FILES; i++) text_free(&intact[i]);
}

static void write_attempts(int interval, size_t region, int failed)
{
    for (int n = 0; n < 8; n++) {
        struct attempt_row row = {.due_utc_ns = START_NS + interval * INTERVAL_NS + n * NS_PER_S,
                                  .region = regions[region],
                                  .session_id = "sess_1",
                                  .turn = 1,
                                  .attempt = 1,
                                  .outcome = n < failed ? OUTCOME_FAILED : OUTCOME_OK,
                                  .code = n < failed ? "server_error" : "",
                                  .ttft_us = n < failed ? -1 : 200000 + 1000 * n,
                                  .response_us = n < failed ? -1 : 800000,
                                  .socket_age_ms = 1000 * n,
                                  .first_answer_us = -1};
        row.session_number = row.chain = (uint64_t)(interval * 8 + n + 1);
        row.end_utc_ns = row.due_utc_ns + NS_PER_S / 2;
        attempt_csv_row(&intact[3], &row);
    }
}

static void write_interval(struct histogram *h, int interval, size_t region)
{
    const int failed = region == 0 && interval > 9 && interval < 15 ? 5 : interval % 7 == 0;
    struct interval_row row = {.start_utc_ns = START_NS + interval * INTERVAL_NS,
                               .region = regions[region],
                               .health = {.valid = true, .loops = 1000, .wall_ms = 10000}};
    row.end_utc_ns = row.start_utc_ns + INTERVAL_NS;
    row.counters.attempts_started = row.counters.interactions_ok = 8;
    row.counters.attempts_failed = (uint64_t)failed;
    row.counters.attempts_ok = (uint64_t)(8 - failed);
    row.counters.sessions_started = row.counters.sessions_opened = 8;
    interval_csv_row(&intact[0], &row);
    histogram_reset(h);
    for (int n = failed; n < 8; n++) (void)histogram_record(h, 200000 + 1000 * n, 1);
    const char *const tags[] = {region == 0 ? "eastus2.ttft" : "r.ttft",
                                region == 0 ? "eastus2.response" : "r.response"};
    for (int t = 0; t < 2; t++)
        check(histogram_log_line(&intact[1], tags[t], row.start_utc_ns, INTERVAL_NS, h, NULL) ==
              ERR_OK);
    write_attempts(interval, region, failed);
    for (int n = 0; n < failed; n++)
        text_printf(&intact[2],
                    "{\"time\":\"2026-04-14T15:%02d:%02d.%d00Z\",\"region\":\"%s\",\"phase\":"
                    "\"response\",\"domain\":\"service\",\"code\":\"server_error\"}\n",
                    interval / 6, interval % 6 * 10, n, regions[region]);
}

/* An incident in one region, so that all of the statistics have something to do. */
static void prepare(void)
{
    struct histogram *h = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    check(h != NULL && mkdtemp(folder) != NULL && atexit(leave) == 0);
    interval_csv_header(&intact[0]);
    histogram_log_header(&intact[1], START_NS, NULL);
    attempt_csv_header(&intact[3]);
    text_puts(&intact[4], manifest);
    for (int i = 0; i < INTERVALS; i++) {
        for (size_t r = 0; r < 2; r++) write_interval(h, i, r);
    }
    histogram_free(h);
    for (size_t i = 0; i < FILES; i++) check(!intact[i].failed);
}

static void report_all(const struct results *results)
{
    struct text out = {0};
    results_text(results, false, &out);
    results_markdown(results, &out);
    results_csv(results, &out);
    results_json(results, &out);
    results_html(results, &out);
    check(!out.failed && out.length > 0);
    text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) prepare();
    ready = true;
    if (size > SIZE_MOST) return 0;
    for (size_t i = 0; i < FILES; i++) put(names[i], text_str(&intact[i]), intact[i].length);
    while (size > 0) {
        const uint8_t *end = memchr(data, 0xFF, size);
        const size_t part = end == NULL ? size : (size_t)(end - data);
        if (part > 0) put(names[data[0] % FILES], data + 1, part - 1);
        data += part;
        size -= part;
        if (size > 0) data++, size--;
    }
    const clock_t begin = clock();
    struct results *results = NULL;
    struct error err = {0};
    const enum err_code code = results_load(folder, NULL, 0, &results, &err);
    if (code == ERR_OK) {
        report_all(results);
    } else {
        check(code == ERR_FORMAT && err.text[0] != '\0');
    }
    results_free(results);
    check(clock() - begin < CPU_MOST_S * CLOCKS_PER_SEC);
    return 0;
}
