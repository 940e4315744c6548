/* The engine from end to end without a socket: workers, users, drivers, recorder, collector, run folder. */
#include "loopback_client.h"

#include "base/clock.h"
#include "base/files.h"
#include "engine/engine.h"
#include "net/client.h"
#include "record/run_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the double ---- */

struct loopback_script loopback_script;
struct loopback_truth loopback_truth;

struct ws_client {
    uv_loop_t *loop;
    const struct ws_handlers *handlers;
};

/* What happens next on a connection, one step for each firing of its timer. */
enum scene { SCENE_DIAL, SCENE_IDLE, SCENE_UPDATED, SCENE_CREATED, SCENE_DELTA, SCENE_DONE, SCENE_GONE };

struct ws_conn {
    struct ws_client *client;
    void *user;
    uv_timer_t timer;
    enum scene scene;
    int response;
    bool by_us, reset;
};

void ws_global_init(void)
{
}

enum err_code ws_client_new(uv_loop_t *loop, const char *const *ca_files, size_t ca_count,
                            const struct ws_handlers *handlers, struct ws_client **out, struct error *err)
{
    (void)ca_files;
    (void)ca_count;
    struct ws_client *client = calloc(1, sizeof *client);
    if (client == NULL) return error_set(err, ERR_NOMEM, "no memory");
    client->loop = loop;
    client->handlers = handlers;
    *out = client;
    return ERR_OK;
}

void ws_client_free(struct ws_client *client)
{
    free(client);
}

static void say(struct ws_conn *conn, const char *json)
{
    conn->client->handlers->on_message(conn->user, json, strlen(json), true, clock_mono_ns());
}

static void on_conn_closed(uv_handle_t *handle)
{
    struct ws_conn *conn = handle->data;
    free(conn);
}

static void leave(struct ws_conn *conn)
{
    const struct ws_end end = {.opened = true,
                               .by_us = conn->by_us,
                               .steps_done = 3,
                               .os_error = conn->reset ? 104 : 0,
                               .close_code = conn->reset ? 0 : 1000,
                               .close_reason = "",
                               .detail = ""};
    atomic_fetch_add(&loopback_truth.closed, 1);
    conn->client->handlers->on_closed(conn->user, &end, clock_mono_ns());
    uv_close((uv_handle_t *)&conn->timer, on_conn_closed);
}

static void next(struct ws_conn *conn, enum scene scene, uint64_t wait_ms);

static void dial(struct ws_conn *conn)
{
    const struct ws_handlers *handlers = conn->client->handlers;
    int number = atomic_fetch_add(&loopback_truth.dials, 1) + 1;
    for (int step = WS_STEP_CONNECTED; step <= WS_STEP_TLS; step++) {
        handlers->on_step(conn->user, (enum ws_step)step, clock_mono_ns());
    }
    if (loopback_script.refuse_every > 0 && number % loopback_script.refuse_every == 0) {
        const char *body = "{\"error\":{\"code\":\"429\",\"message\":\"exceeded call rate limit\"}}";
        const struct ws_header hint = {"retry-after-ms", "5"};
        const struct ws_response response = {429, &hint, 1, body, strlen(body)};
        atomic_fetch_add(&loopback_truth.refused, 1);
        handlers->on_refused(conn->user, &response, clock_mono_ns());
        next(conn, SCENE_GONE, 0);
        return;
    }
    const struct ws_response response = {101, NULL, 0, "", 0};
    handlers->on_step(conn->user, WS_STEP_UPGRADED, clock_mono_ns());
    handlers->on_open(conn->user, &response, clock_mono_ns());
    atomic_fetch_add(&loopback_truth.opened, 1);
    conn->scene = SCENE_IDLE;
    say(conn, "{\"type\":\"session.created\",\"event_id\":\"e\",\"session\":{\"id\":\"sess_loopback\","
              "\"model\":\"m\"}}");
}

static void answer(struct ws_conn *conn)
{
    char json[512];
    bool fails = loopback_script.fail_every > 0 && conn->response % loopback_script.fail_every == 0;
    (void)snprintf(
        json, sizeof json,
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%d\",\"status\":\"%s\",\"status_details\":%"
        "s,"
        "\"output\":[%s],\"usage\":{\"total_tokens\":12,\"input_tokens\":10,\"output_tokens\":2}}}",
        conn->response, fails ? "failed" : "completed",
        fails ? "{\"type\":\"failed\",\"error\":{\"type\":\"server_error\",\"code\":null}}" : "null",
        fails ? "" : "{}");
    atomic_fetch_add(fails ? &loopback_truth.failed : &loopback_truth.completed, 1);
    conn->scene = SCENE_IDLE;
    say(conn, json);
}

static void on_timer(uv_timer_t *timer)
{
    struct ws_conn *conn = timer->data;
    char json[128];
    switch (conn->scene) {
    case SCENE_DIAL:
        dial(conn);
        break;
    case SCENE_UPDATED:
        conn->scene = SCENE_IDLE;
        say(conn, "{\"type\":\"session.updated\",\"session\":{}}");
        break;
    case SCENE_CREATED:
        conn->response = atomic_fetch_add(&loopback_truth.responses, 1) + 1;
        (void)snprintf(json, sizeof json, "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%d\"}}",
                       conn->response);
        next(conn, SCENE_DELTA, (uint64_t)loopback_script.delay_ms);
        say(conn, json);
        break;
    case SCENE_DELTA:
        if (loopback_script.reset_every > 0 && conn->response % loopback_script.reset_every == 0) {
            atomic_fetch_add(&loopback_truth.reset, 1);
            conn->reset = true;
            next(conn, SCENE_GONE, 0);
        } else {
            next(conn, SCENE_DONE, 0);
        }
        say(conn, "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}");
        break;
    case SCENE_DONE:
        answer(conn);
        break;
    case SCENE_GONE:
        leave(conn);
        break;
    case SCENE_IDLE:
        break;
    }
}

static void next(struct ws_conn *conn, enum scene scene, uint64_t wait_ms)
{
    conn->scene = scene;
    (void)uv_timer_start(&conn->timer, on_timer, wait_ms, 0);
}

enum err_code ws_connect(struct ws_client *client, const struct ws_target *target, void *user,
                         struct ws_conn **out, struct error *err)
{
    (void)target;
    struct ws_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) return error_set(err, ERR_NOMEM, "no memory");
    conn->client = client;
    conn->user = user;
    (void)uv_timer_init(client->loop, &conn->timer);
    conn->timer.data = conn;
    *out = conn;
    next(conn, SCENE_DIAL, 0);
    return ERR_OK;
}

bool ws_send(struct ws_conn *conn, const char *text, size_t length)
{
    (void)length;
    if (conn->by_us || conn->scene == SCENE_GONE) return false;
    if (strstr(text, "\"session.update\"") != NULL) next(conn, SCENE_UPDATED, 0);
    if (strstr(text, "\"response.create\"") != NULL) next(conn, SCENE_CREATED, 0);
    return true;
}

size_t ws_queued(const struct ws_conn *conn)
{
    (void)conn;
    return 0;
}

const char *ws_address(const struct ws_conn *conn)
{
    (void)conn;
    return "loopback";
}

void ws_close(struct ws_conn *conn)
{
    if (conn->scene == SCENE_GONE) return;
    conn->by_us = true;
    next(conn, SCENE_GONE, 0);
}

void ws_abort(struct ws_conn *conn)
{
    ws_close(conn);
}

/* ---- the tests ---- */

static const char PROFILE[] =
    "{\"name\":\"worker\",\"regions\":["
    "{\"name\":\"a\",\"endpoint\":\"https://a.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\"},"
    "{\"name\":\"b\",\"endpoint\":\"https://b.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\"}],"
    "\"session\":{\"interactions\":3,\"think_time\":\"5ms\",\"prompts\":[\"Say OK.\"]},"
    "\"windows\":{\"interval\":\"200ms\"},"
    "\"retry\":{\"attempts\":3,\"backoff\":{\"initial\":\"2ms\",\"max\":\"10ms\"},\"budget\":\"100%\"},"
    "\"load\":";

struct result {
    struct counters counters; /* of intervals.csv, all regions */
    struct cluster_sums clusters;
    uint64_t rows[3]; /* of attempts.csv by outcome */
    uint64_t failures, bad_rows;
    uint64_t responses_measured;
};

static void on_interval(void *context, size_t region, int64_t start, int64_t end, const struct cell *cell,
                        const struct health *health)
{
    struct result *result = context;
    (void)region;
    (void)health;
    assert_int_equal(end - start, 200 * NS_PER_MS);
    counters_merge(&result->counters, &cell->counters);
    cluster_merge(&result->clusters, &cell->clusters);
}

static void on_row(void *context, size_t region, const struct attempt_row *row)
{
    struct result *result = context;
    (void)region;
    result->rows[row->outcome]++;
    if (row->end_utc_ns < row->due_utc_ns || row->session_number == 0) result->bad_rows++;
}

static void on_failure(void *context, size_t region, int64_t utc_ns, const struct tally *failure)
{
    struct result *result = context;
    (void)region;
    (void)utc_ns;
    result->failures += failure->count;
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

/* A manifest just good enough for the reader: the names of the regions. */
static void write_manifest(struct run_writer *writer)
{
    struct error err = {0};
    cJSON *manifest = cJSON_Parse("{\"format\":1,\"run\":{\"id\":\"t\",\"state\":\"complete\"},"
                                  "\"profile\":{\"regions\":[{\"name\":\"a\"},{\"name\":\"b\"}]}}");
    if (run_writer_manifest(writer, manifest, &err) != ERR_OK) fail_msg("%s", err.text);
    cJSON_Delete(manifest);
}

/* Drives a load through two workers, stopping it after stop_ms (0: never) with that many stops, and reads the
 * folder back. */
static enum run_end drive(const char *load, int stop_ms, int stops, struct result *result)
{
    char folder[] = "/tmp/rushhour-worker-XXXXXX";
    struct text json = {0};
    struct profile *profile = NULL;
    struct error err = {0};
    struct engine *engine = NULL;
    struct run_writer *writer = NULL;
    struct stop_plan plan = {.stops = stops};
    uv_loop_t loop;
    assert_non_null(mkdtemp(folder));
    memset(&loopback_truth, 0, sizeof loopback_truth);
    text_printf(&json, "%s%s}", PROFILE, load);
    if (profile_parse("test", text_str(&json), json.length, &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(uv_loop_init(&loop), 0);
    struct run_clock clock = {
        .mono_origin_ns = clock_mono_ns() + 1000000, .wall_origin_ns = clock_wall_ns(), .speed = 1};
    if (run_writer_open(folder, profile, clock.wall_origin_ns, &writer, &err) != ERR_OK)
        fail_msg("%s", err.text);
    write_manifest(writer);
    const struct engine_options options = {
        .profile = profile, .clock = clock, .seed = 1, .workers = 2, .writer = writer};
    if (engine_new(&loop, &options, &engine, &err) != ERR_OK) fail_msg("%s", err.text);
    plan.engine = engine;
    plan.timer.data = &plan;
    if (stop_ms > 0) {
        (void)uv_timer_init(&loop, &plan.timer);
        (void)uv_timer_start(&plan.timer, on_stop, (uint64_t)stop_ms, 0);
    }
    if (engine_run(engine, &err) != ERR_OK) fail_msg("%s", err.text);
    struct engine_status status;
    engine_status(engine, &status);
    enum run_end end = status.end;
    engine_free(engine);
    assert_int_equal(run_writer_close(writer, &err), ERR_OK);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    read_back(folder, result);
    folder_remove(folder);
    profile_free(profile);
    text_free(&json);
    return end;
}

/* What must hold of any run, whatever it met. */
static void check_sums(const struct result *result)
{
    const struct counters *c = &result->counters;
    assert_int_equal(c->sessions_started, atomic_load(&loopback_truth.dials));
    assert_int_equal(c->sessions_opened, atomic_load(&loopback_truth.opened));
    assert_int_equal(c->sessions_ended, c->sessions_started);
    assert_int_equal(c->attempts_started, c->attempts_ok + c->attempts_failed + c->attempts_cancelled);
    assert_int_equal(result->rows[OUTCOME_OK], c->attempts_ok);
    assert_int_equal(result->rows[OUTCOME_FAILED], c->attempts_failed);
    assert_int_equal(result->rows[OUTCOME_CANCELLED], c->attempts_cancelled);
    assert_int_equal(result->bad_rows, 0);
    assert_int_equal(result->responses_measured, c->attempts_ok);
    assert_int_equal(c->attempts_ok, atomic_load(&loopback_truth.completed));
    assert_int_equal(c->attempts_failed, atomic_load(&loopback_truth.failed) +
                                             atomic_load(&loopback_truth.reset) +
                                             atomic_load(&loopback_truth.refused));
    assert_int_equal(result->failures, c->attempts_failed);
    assert_int_equal((uint64_t)result->clusters.x, c->attempts_failed);
    assert_int_equal((uint64_t)result->clusters.m + c->attempts_cancelled, c->attempts_started);
}

static void an_open_load_is_recorded_to_the_unit(void **state)
{
    struct result result;
    (void)state;
    loopback_script =
        (struct loopback_script){.fail_every = 7, .reset_every = 11, .refuse_every = 13, .delay_ms = 3};
    enum run_end end =
        drive("{\"model\":\"arrivals\",\"arrival\":\"even\",\"connect_rate\":\"2000/s\",\"stages\":["
              "{\"duration\":\"0s\",\"target\":\"100/s\"},{\"duration\":\"1500ms\",\"target\":\"100/s\"}]}",
              0, 0, &result);
    const struct counters *c = &result.counters;
    assert_int_equal(end, RUN_COMPLETE);
    check_sums(&result);
    assert_int_equal(c->requested_sessions, 300); /* 100/s in each of two regions for 1.5 s */
    assert_int_equal(c->attempts_cancelled, 0);
    assert_true(c->attempts_failed > 100);
    assert_true(c->retries > 50);
    /* Every interaction that was begun has one outcome. */
    assert_int_equal(c->interactions_ok + c->interactions_failed, c->attempts_started - c->retries);
    assert_int_equal(c->first_attempts_ok + c->recovered, c->interactions_ok);
}

static void a_closed_load_keeps_its_sessions_busy(void **state)
{
    struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 2};
    enum run_end end = drive("{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                             "{\"duration\":\"0s\",\"target\":7},{\"duration\":\"1s\",\"target\":7}]}",
                             0, 0, &result);
    assert_int_equal(end, RUN_COMPLETE);
    check_sums(&result);
    /* 14 slots; three turns of some 2 + 5 ms and a dial each: hundreds of turns in a second, on any machine.
     */
    assert_true(result.counters.attempts_ok > 200);
    assert_int_equal(result.counters.attempts_failed, 0);
    assert_int_equal(result.clusters.with_failure, 0);
}

static void a_drain_finishes_what_is_in_flight(void **state)
{
    struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 300};
    enum run_end end = drive("{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                             "{\"duration\":\"0s\",\"target\":10},{\"duration\":\"60s\",\"target\":10}]}",
                             450, 1, &result);
    assert_int_equal(end, RUN_INTERRUPTED);
    check_sums(&result);
    assert_int_equal(result.counters.attempts_cancelled, 0);
    assert_true(result.counters.attempts_ok >= 20);
}

static void a_second_stop_cancels_and_still_counts(void **state)
{
    struct result result;
    (void)state;
    loopback_script = (struct loopback_script){.delay_ms = 5000};
    uint64_t before = clock_mono_ns();
    enum run_end end = drive("{\"model\":\"sessions\",\"connect_rate\":\"2000/s\",\"stages\":["
                             "{\"duration\":\"0s\",\"target\":10},{\"duration\":\"60s\",\"target\":10}]}",
                             300, 2, &result);
    assert_true(clock_mono_ns() - before < (uint64_t)(4 * NS_PER_S)); /* the answers would have taken five */
    assert_int_equal(end, RUN_INTERRUPTED);
    check_sums(&result);
    assert_int_equal(result.counters.attempts_cancelled, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_load_is_recorded_to_the_unit),
        cmocka_unit_test(a_closed_load_keeps_its_sessions_busy),
        cmocka_unit_test(a_drain_finishes_what_is_in_flight),
        cmocka_unit_test(a_second_stop_cancels_and_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
