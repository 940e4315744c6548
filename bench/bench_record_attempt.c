/*
 * The cost of recording: for one attempt, its counters, four latencies and a row of attempts.csv;
 * for one interval, merging a worker's cell and writing a region's lines in the run folder. Prints
 * ns each.
 */
#include "base/clock.h"
#include "base/random.h"
#include "record/attempt.h"
#include "record/cell.h"
#include "record/interval.h"
#include "stats/histogram_log.h"

#include <stdio.h>
#include <stdlib.h>

#define ATTEMPTS 400000
#define MERGES 2000
#define START_NS INT64_C(1776178800000000000)

struct lap {
    const char *what;
    uint64_t from_ns;
};

static struct lap start(const char *what)
{
    return (struct lap){what, clock_thread_cpu_ns()};
}

static void stop(struct lap lap, uint64_t count)
{
    double ns = (double)(clock_thread_cpu_ns() - lap.from_ns) / (double)count;
    printf("%-44s %10.1f ns\n", lap.what, ns);
}

static void count_attempt(struct cell *cell, const int64_t *latency_ns)
{
    cell->counters.attempts_started++;
    cell->counters.attempts_ok++;
    cell->counters.first_attempts_ok++;
    cell->counters.input_tokens += 12;
    cell->counters.output_tokens += 80;
    cell->counters.cost_usd += 0.0013;
    cell_latency(cell, METRIC_FIRST_EVENT, latency_ns[0]);
    cell_latency(cell, METRIC_TTFT, latency_ns[1]);
    cell_latency(cell, METRIC_RESPONSE, latency_ns[2]);
    cell_latency(cell, METRIC_LAG, latency_ns[3]);
}

static void write_row(struct text *out, uint64_t number, const int64_t *latency_ns)
{
    const struct attempt_row row = {
        .due_utc_ns = START_NS + (int64_t)number * 1000000,
        .region = "eastus2",
        .session_id = "sess_DFe8uDa3Wq0M1VbQwX9zT",
        .turn = number % 20 + 1,
        .attempt = 1,
        .code = "",
        .ttft_us = latency_ns[1] / 1000,
        .response_us = latency_ns[2] / 1000,
        .socket_age_ms = 12345,
        .input_tokens = 12,
        .output_tokens = 80,
        .end_utc_ns = START_NS + (int64_t)number * 1000000 + latency_ns[2],
        .session_number = number / 20,
        .interaction = number % 20 + 1,
        .response_id = "resp_DFe8vYc1KkP2sLr7uB4nG",
        .client_request_id = "6f1c2a34-9a0e-4d1b-8a57-0c6f3f1f2a11",
    };
    attempt_csv_row(out, &row);
}

static void bench_attempts(struct cell *cell, const int64_t *latencies)
{
    struct text rows = {0};
    struct lap lap = start("one attempt: counters and 4 latencies");
    for (uint64_t i = 0; i < ATTEMPTS; i++) count_attempt(cell, latencies + i % 4096);
    stop(lap, ATTEMPTS);
    lap = start("one attempt: row of attempts.csv");
    for (uint64_t i = 0; i < ATTEMPTS; i++) {
        if (i % 256 == 0) text_clear(&rows);
        write_row(&rows, i, latencies + i % 4096);
    }
    stop(lap, ATTEMPTS);
    lap = start("one attempt: all of it");
    for (uint64_t i = 0; i < ATTEMPTS; i++) {
        if (i % 256 == 0) text_clear(&rows);
        count_attempt(cell, latencies + i % 4096);
        write_row(&rows, i, latencies + i % 4096);
    }
    stop(lap, ATTEMPTS);
    text_free(&rows);
}

static void bench_intervals(const struct cell *cell)
{
    struct cell whole = {0};
    struct text lines = {0};
    const struct interval_row row = {.start_utc_ns = START_NS,
                                     .end_utc_ns = START_NS + 10 * NS_PER_S,
                                     .region = "eastus2",
                                     .counters = cell->counters,
                                     .clusters = cell->clusters};
    struct lap lap = start("one interval: merge a cell, reset the other");
    for (int i = 0; i < MERGES; i++) {
        if (!cell_merge(&whole, cell)) abort();
        cell_reset(&whole);
    }
    stop(lap, MERGES);
    lap = start("one interval: row of intervals.csv");
    for (int i = 0; i < MERGES; i++) {
        text_clear(&lines);
        interval_csv_row(&lines, &row);
    }
    stop(lap, MERGES);
    lap = start("one interval: one line of latency.hlog");
    for (int i = 0; i < MERGES / 4; i++) {
        text_clear(&lines);
        if (histogram_log_line(&lines, "eastus2.ttft", START_NS, 10 * NS_PER_S,
                               cell->latency[METRIC_TTFT], NULL) != ERR_OK) {
            abort();
        }
    }
    stop(lap, MERGES / 4);
    text_free(&lines);
    cell_free(&whole);
}

int main(void)
{
    static int64_t latencies[4096 + 3];
    struct random random;
    struct cell cell = {0};
    random_seed(&random, 1, 0);
    for (size_t i = 0; i < sizeof latencies / sizeof *latencies; i++) {
        latencies[i] = (int64_t)((0.2 + random_exponential(&random) * 0.3) * 1e9);
    }
    bench_attempts(&cell, latencies);
    bench_intervals(&cell);
    bool failed = cell.failed;
    cell_free(&cell);
    return failed ? 1 : 0;
}
