/* Drives a load through the engine over the loopback double, and reads back the run folder. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "loopback_client.h"

#include "base/files.h"
#include "engine/engine.h"
#include "record/run_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* A run to drive. Sections that are NULL have defaults. */
struct scenario {
    const char *load;
    const char *session, *retry;
    const char *more;   /* further sections, each preceded by a comma */
    unsigned workers;   /* 0 means two */
    int stop_ms, stops; /* this many stops after this many ms; 0: never */
    int begins_ms;      /* this long after a whole interval of the wall clock */
    double speed;       /* by the run's clock; 0 means 1. Otherwise intervals are one minute of
                           that clock */
    void (*inspect)(const char *folder); /* called before the run's folder is removed; or NULL */
};

#define SESSION "{\"interactions\":3,\"think_time\":\"5ms\",\"prompts\":[\"Say OK.\"]}"
#define RETRY                                                                                      \
    "{\"attempts\":3,\"backoff\":{\"initial\":\"2ms\",\"max\":\"10ms\"},\"budget\":\"100%\"}"

#define ROWS_KEPT 4096
#define INTERVAL_NS (200 * NS_PER_MS)

/* Of the run that is being read. */
static int64_t interval_ns = INTERVAL_NS;

struct result {
    struct counters counters; /* of intervals.csv, all regions */
    struct cluster_sums clusters;
    struct concurrency concurrency; /* one interval and region after the other */
    uint64_t rows[3];               /* of attempts.csv by outcome */
    uint64_t failures, lifecycle, bad_rows;
    uint64_t responses_measured;
    struct attempt_row kept[ROWS_KEPT]; /* their strings are no longer valid */
    size_t kept_count;
    uint64_t ended_until[32]; /* sessions that had ended by the end of each interval */
    struct health health;     /* of all intervals */
    uint64_t requested, achieved, achieved_late, held;
    int64_t start_utc_ns, took_ns;
    int64_t end_utc_ns, last_row_ns; /* of the last interval; the end of the latest row */
    struct trial_sums rule;          /* the abort rule's sums, all regions */
    enum run_end end;
};

/* Who waits for an answer has a session; the workers counted the time of sessions by themselves. */
static void check_levels(const struct cell *cell, int64_t length_ns)
{
    const struct concurrency *c = &cell->concurrency;
    assert_int_equal(c->known_ns, length_ns);
    assert_true(c->of[LEVEL_FLIGHT].sum_s <= c->of[LEVEL_OPEN].sum_s + 1e-5);
    assert_true(c->of[LEVEL_FLIGHT].peak <= c->of[LEVEL_OPEN].peak);
    for (int i = 0; i < LEVEL_COUNT; i++)
        assert_true(concurrency_mean(c, (enum level)i) <= (double)c->of[i].peak + 1e-9);
}

static void on_interval(void *context, size_t region, int64_t start, int64_t end,
                        const struct cell *cell, const struct health *health)
{
    struct result *result = context;
    if (result->start_utc_ns == 0) result->start_utc_ns = start;
    /* Whole intervals of the wall clock, except the first and the last. */
    assert_true(start == result->start_utc_ns || start % interval_ns == 0);
    assert_true(result->end_utc_ns % interval_ns == 0 || end == result->end_utc_ns);
    assert_true(end > start && start / interval_ns == (end - 1) / interval_ns);
    result->end_utc_ns = end;
    int64_t first = result->start_utc_ns / interval_ns;
    for (int64_t i = start / interval_ns - first; i < 32; i++) {
        result->ended_until[i] += cell->counters.sessions_ended;
    }
    if (region == 0) { /* each region's row has the same overall health */
        result->requested += health->requested;
        result->achieved += health->achieved;
        result->held += health->held;
        result->achieved_late += health->achieved_late;
        health_merge(&result->health, health);
    }
    check_levels(cell, end - start);
    concurrency_follow(&result->concurrency, &cell->concurrency);
    counters_merge(&result->counters, &cell->counters);
    cluster_merge(&result->clusters, &cell->clusters);
}

static void on_row(void *context, size_t region, const struct attempt_row *row)
{
    struct result *result = context;
    (void)region;
    result->rows[row->outcome]++;
    if (row->end_utc_ns > result->last_row_ns) result->last_row_ns = row->end_utc_ns;
    if (result->kept_count < ROWS_KEPT) result->kept[result->kept_count++] = *row;
    if (row->end_utc_ns < row->due_utc_ns || row->session_number == 0) result->bad_rows++;
}

static void on_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    struct result *result = context;
    (void)region;
    (void)utc_ns;
    *(failure->domain == DOMAIN_NONE ? &result->lifecycle : &result->failures) += failure->count;
}

static void on_latency(void *context, size_t region, enum metric metric, int64_t start, int64_t end,
                       const struct histogram *histogram)
{
    struct result *result = context;
    (void)region;
    (void)start;
    (void)end;
    if (metric == METRIC_RESPONSE) result->responses_measured += histogram->total;
}

struct stop_plan {
    struct engine *engine;
    uv_timer_t timer;
    int stops;
};

static void on_stop(uv_timer_t *timer)
{
    struct stop_plan *plan = timer->data;
    for (int i = 0; i < plan->stops; i++) engine_stop(plan->engine, RUN_INTERRUPTED, "test");
    uv_close((uv_handle_t *)timer, NULL);
}

static void read_back(const char *folder, struct result *result)
{
    struct run_reader *reader = NULL;
    struct error err = {0};
    memset(result, 0, sizeof *result);
    if (run_reader_open(folder, &reader, &err) != ERR_OK) fail_msg("%s", err.text);
    assert_int_equal(run_reader_intervals(reader, on_interval, result, &err), ERR_OK);
    assert_int_equal(run_reader_attempts(reader, on_row, result, &err), ERR_OK);
    assert_int_equal(run_reader_failures(reader, on_failure, result, &err), ERR_OK);
    assert_int_equal(run_reader_latencies(reader, on_latency, result, &err), ERR_OK);
    assert_string_equal(run_reader_notes(reader), "");
    run_reader_close(reader);
}

/* A manifest with just enough for the reader: the names of the regions. */
static void write_manifest(struct run_writer *writer)
{
    struct error err = {0};
    cJSON *manifest = cJSON_Parse("{\"format\":1,\"run\":{\"id\":\"t\",\"state\":\"complete\"},"
                                  "\"profile\":{\"regions\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}");
    if (run_writer_manifest(writer, manifest, &err) != ERR_OK) fail_msg("%s", err.text);
    cJSON_Delete(manifest);
}

static struct profile *parse(const struct scenario *scenario)
{
    struct text json = {0};
    struct profile *profile = NULL;
    struct error err = {0};
    text_printf(&json,
                "{\"name\":\"worker\",\"regions\":["
                "{\"name\":\"a\",\"endpoint\":\"https://"
                "a.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\"},"
                "{\"name\":\"b\",\"endpoint\":\"https://"
                "b.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\"}],"
                "\"windows\":{\"interval\":\"%s\"},\"session\":%s,\"retry\":%s,\"load\":%s%s}",
                scenario->speed > 0 ? "1m" : "200ms",
                scenario->session != NULL ? scenario->session : SESSION,
                scenario->retry != NULL ? scenario->retry : RETRY, scenario->load,
                scenario->more != NULL ? scenario->more : "");
    if (profile_parse("test", text_str(&json), json.length, &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    text_free(&json);
    return profile;
}

/* The run begins this long after the next whole interval of the machine's clock. */
static struct run_clock clock_that_begins(int after_ms)
{
    const int64_t now_ns = clock_wall_ns();
    const int64_t next_ns = (now_ns / INTERVAL_NS + 1) * INTERVAL_NS + after_ms * NS_PER_MS;
    return (struct run_clock){.mono_origin_ns = clock_mono_ns() + (uint64_t)(next_ns - now_ns),
                              .wall_origin_ns = next_ns,
                              .speed = 1};
}

/* Drives the scenario and reads the folder back. */
static void drive(const struct scenario *scenario, struct result *result)
{
    char folder[] = "/tmp/rushhour-engine-XXXXXX";
    struct error err = {0};
    struct engine *engine = NULL;
    struct run_writer *writer = NULL;
    struct stop_plan plan = {.stops = scenario->stops};
    uv_loop_t loop;
    struct profile *profile = parse(scenario);
    assert_non_null(mkdtemp(folder));
    memset(&loopback_truth, 0, sizeof loopback_truth);
    assert_int_equal(uv_loop_init(&loop), 0);
    struct run_clock clock = clock_that_begins(scenario->begins_ms);
    if (scenario->speed > 0) clock.speed = scenario->speed;
    interval_ns = scenario->speed > 0 ? 60 * NS_PER_S : INTERVAL_NS;
    if (run_writer_open(&(struct run_writer_plan){.path = folder,
                                                  .profile = profile,
                                                  .start_utc_ns = clock.wall_origin_ns},
                        &writer, &err) != ERR_OK)
        fail_msg("%s", err.text);
    write_manifest(writer);
    const struct engine_options options = {.profile = profile,
                                           .clock = clock,
                                           .seed = 1,
                                           .workers = scenario->workers > 0 ? scenario->workers : 2,
                                           .writer = writer};
    if (engine_new(&loop, &options, &engine, &err) != ERR_OK) fail_msg("%s", err.text);
    plan.engine = engine;
    plan.timer.data = &plan;
    if (scenario->stop_ms > 0) {
        (void)uv_timer_init(&loop, &plan.timer);
        /* A busy machine may have passed the origin, or even the stop, by now. */
        uint64_t now_ns = clock_mono_ns();
        uint64_t stop_ns = clock.mono_origin_ns + (uint64_t)scenario->stop_ms * (uint64_t)NS_PER_MS;
        uint64_t wait_ms = stop_ns > now_ns ? (stop_ns - now_ns) / (uint64_t)NS_PER_MS : 0;
        uv_update_time(&loop);
        (void)uv_timer_start(&plan.timer, on_stop, wait_ms, 0);
    }
    if (engine_run(engine, &err) != ERR_OK) fail_msg("%s", err.text);
    struct engine_status status;
    engine_status(engine, &status);
    enum run_end end = status.end;
    struct trial_sums rule = {0};
    for (size_t i = 0; status.abort_rule->regions != NULL && i < status.region_count; i++) {
        rule.at_risk += status.abort_rule->regions[i].watch.trials;
        rule.first_failures += status.abort_rule->regions[i].watch.failed;
    }
    uint64_t ended_ns = clock_mono_ns();
    engine_free(engine);
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    read_back(folder, result);
    if (scenario->inspect != NULL) scenario->inspect(folder);
    folder_remove(folder);
    profile_free(profile);
    result->end = end;
    result->rule = rule;
    result->took_ns = (int64_t)(ended_ns - clock.mono_origin_ns);
}

static int by_chain(const void *a, const void *b)
{
    const struct attempt_row *x = a;
    const struct attempt_row *y = b;
    if (x->chain != y->chain) return x->chain < y->chain ? -1 : 1;
    return x->end_utc_ns < y->end_utc_ns ? -1 : x->end_utc_ns > y->end_utc_ns;
}

/* The sums of intervals.csv, recomputed from the rows: chains by their number. */
static struct cluster_sums chains_of_rows(const struct result *result)
{
    static struct attempt_row rows[ROWS_KEPT];
    struct cluster_sums sums = {0};
    size_t count = 0;
    for (size_t i = 0; i < result->kept_count; i++) {
        assert_true(result->kept[i].chain > 0);
        assert_true(result->kept[i].chain <= result->kept[i].session_number);
        if (result->kept[i].outcome != OUTCOME_CANCELLED) rows[count++] = result->kept[i];
    }
    qsort(rows, count, sizeof *rows, by_chain);
    for (size_t i = 0; i < count;) {
        uint64_t attempts = 0;
        uint64_t failed = 0;
        uint64_t first = 0;
        for (uint64_t chain = rows[i].chain; i < count && rows[i].chain == chain; i++) {
            attempts++;
            if (rows[i].outcome == OUTCOME_FAILED && failed++ == 0) first = attempts;
        }
        cluster_add(&sums, attempts, failed, first);
    }
    return sums;
}

static void check_chains(const struct result *result)
{
    if (result->kept_count == ROWS_KEPT) return; /* not every row was kept */
    const struct cluster_sums rows = chains_of_rows(result);
    const struct cluster_sums *cells = &result->clusters;
    assert_int_equal(cells->count, rows.count);
    assert_int_equal(cells->with_failure, rows.with_failure);
    assert_true(cells->mm == rows.mm && cells->mx == rows.mx && cells->xx == rows.xx);
    assert_int_equal(cells->first_failures, rows.first_failures);
}

/* The workers counted the time of open sessions by themselves, in whole milliseconds and with what
 * is left over going into the next row. */
static void check_open(const struct result *result)
{
    const double workers_s = (double)result->counters.open_ms / 1e3;
    const double together_s = result->concurrency.of[LEVEL_OPEN].sum_s;
    /* the bounds of the first and last rows are of whole milliseconds, too */
    const double rounding_s = 0.008 + 0.004 * (double)result->concurrency.of[LEVEL_OPEN].peak;
    if (fabs(workers_s - together_s) > rounding_s)
        fail_msg("open for %f s by the workers, for %f s by all together", workers_s, together_s);
}

/* What must hold for any run, whatever happened in it. */
static void check_sums(const struct result *result)
{
    const struct counters *c = &result->counters;
    assert_int_equal(c->sessions_started, atomic_load(&loopback_truth.dials));
    assert_int_equal(c->sessions_opened, atomic_load(&loopback_truth.opened));
    assert_int_equal(c->sessions_ended, c->sessions_started);
    assert_int_equal(c->recovered, c->recovered_same_session + c->recovered_new_session +
                                       c->recovered_other_region);
    assert_int_equal(c->attempts_started,
                     c->attempts_ok + c->attempts_failed + c->attempts_cancelled);
    assert_int_equal(result->rows[OUTCOME_OK], c->attempts_ok);
    assert_int_equal(result->rows[OUTCOME_FAILED], c->attempts_failed);
    assert_int_equal(result->rows[OUTCOME_CANCELLED], c->attempts_cancelled);
    assert_int_equal(result->bad_rows, 0);
    assert_true(result->last_row_ns < result->end_utc_ns);
    assert_int_equal(result->responses_measured, c->attempts_ok);
    check_open(result);
    assert_int_equal(c->attempts_ok, atomic_load(&loopback_truth.completed));
    assert_int_equal(c->attempts_failed,
                     atomic_load(&loopback_truth.failed) + atomic_load(&loopback_truth.limited) +
                         atomic_load(&loopback_truth.reset) + atomic_load(&loopback_truth.refused));
    assert_int_equal(result->failures, c->attempts_failed);
    assert_int_equal((uint64_t)result->clusters.x, c->attempts_failed);
    assert_int_equal((uint64_t)result->clusters.m + c->attempts_cancelled, c->attempts_started);
    assert_true(c->sessions_with_attempts >= result->clusters.count);
    assert_true(c->sessions_with_failure >= result->clusters.with_failure);
    check_chains(result);
}

#endif
