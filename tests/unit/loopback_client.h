/*
 * A double of net/client.h for tests of the engine: the same seam, served on the same loop without
 * a socket. Linked into a test, it replaces libwebsockets. The fate of each response is drawn by
 * the script below and counted: that count is the ground truth for the engine's record. Include it
 * in one file of a test.
 */
#ifndef TESTS_LOOPBACK_CLIENT_H
#define TESTS_LOOPBACK_CLIENT_H

#include "base/clock.h"
#include "net/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every n-th response or dial meets this fate; 0: never. Set it before the engine starts. */
struct loopback_script {
    int fail_every;    /* response.done failed, server_error */
    int limit_every;   /* an error event before any response: rate_limit_exceeded */
    int reset_every;   /* the connection is reset after the first delta */
    int leave_every;   /* after response.done the service closes with 1001 */
    int garbage_every; /* after response.done comes a message that is no event */
    int refuse_every;  /* of dials: answered 429 */
    int poison_every;  /* response.done failed, and so is every later response of that session */
    int expire_every;  /* after the first delta the session reaches its cap: error
                          session_expired, Close 1001 */
    int retire_every;  /* the same after response.done */
    int cancel_every;  /* response.done cancelled, turn_detected */
    int eager_every;   /* of dials: a whole response follows session.updated, unasked */
    int slow_every;    /* the response comes after slow_ms */
    int slow_ms;
    int stray_every; /* a harmless error comes before the response */
    int limit_ms;    /* the wait requested by the text of a limit; 0: none */
    int delay_ms;    /* before each response */
    int dial_ms;     /* duration of each dial */
    int abort_ms;    /* from ws_abort to the end */
    bool deaf;       /* our Close frame is never answered */
};

#define LOOPBACK_DIALS_KEPT 4096

/* The service's Date, whatever the real one is. */
#define LOOPBACK_DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define LOOPBACK_DATE_S INT64_C(784111777)

/* What the double did. */
struct loopback_truth {
    atomic_int dials, refused, opened, responses, completed, failed, limited, reset, left, closed;
    atomic_int expired, retired, cancelled, stray;
    atomic_int stopped;                       /* responses that response.cancel has ended */
    atomic_int most_turns;                    /* the most that one connection answered */
    uint64_t dialled_ns[LOOPBACK_DIALS_KEPT]; /* by number of the dial */
};

static struct loopback_script loopback_script;
static struct loopback_truth loopback_truth;

struct ws_client {
    uv_loop_t *loop;
    const struct ws_handlers *handlers;
};

/* What happens next on a connection, one step per firing of its timer. */
enum scene {
    SCENE_DIAL,
    SCENE_IDLE,
    SCENE_UPDATED,
    SCENE_CREATED,
    SCENE_DELTA,
    SCENE_DONE,
    SCENE_STOP,
    SCENE_GARBAGE,
    SCENE_EXPIRE,
    SCENE_MUTE,
    SCENE_GONE
};

struct ws_conn {
    struct ws_client *client;
    void *user;
    uv_timer_t timer;
    enum scene scene;
    int number, response, turns;
    bool by_us, reset, leaving, poisoned, expired;
};

void ws_global_init(void)
{
}

enum err_code ws_client_new(uv_loop_t *loop, const struct tls_terms *terms, size_t count,
                            const struct ws_handlers *handlers, struct ws_client **out,
                            struct error *err)
{
    (void)terms;
    (void)count;
    struct ws_client *client = calloc(1, sizeof *client);
    if (client == NULL) return error_set(err, ERR_NOMEM, "no memory");
    client->loop = loop;
    client->handlers = handlers;
    *out = client;
    return ERR_OK;
}

struct ws_stamps ws_client_stamps(const struct ws_client *client)
{
    (void)client;
    return (struct ws_stamps){0};
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
    const struct ws_end end = {
        .opened = true,
        .by_us = conn->by_us,
        .steps_done = 3,
        .os_error = conn->reset ? 104 : 0,
        .close_code = conn->reset     ? 0
                      : conn->leaving ? 1001
                                      : 1000,
        .close_reason = conn->expired ? "Your session hit the maximum duration of 60 minutes." : "",
        .detail = ""};
    atomic_fetch_add(&loopback_truth.closed, 1);
    if (conn->leaving && !conn->by_us) atomic_fetch_add(&loopback_truth.left, 1);
    conn->client->handlers->on_closed(conn->user, &end, clock_mono_ns());
    uv_close((uv_handle_t *)&conn->timer, on_conn_closed);
}

static void next(struct ws_conn *conn, enum scene scene, uint64_t wait_ms);

static bool is_nth(int number, int every)
{
    return every > 0 && number % every == 0;
}

static void dial(struct ws_conn *conn)
{
    const struct ws_handlers *handlers = conn->client->handlers;
    int number = conn->number;
    for (int step = WS_STEP_CONNECTED; step <= WS_STEP_TLS; step++) {
        handlers->on_step(conn->user, (enum ws_step)step, clock_mono_ns());
    }
    if (is_nth(number, loopback_script.refuse_every)) {
        const char *body =
            "{\"error\":{\"code\":\"429\",\"message\":\"exceeded call rate limit\"}}";
        const struct http_header hint = {"retry-after-ms", "5"};
        const struct ws_response response = {429, &hint, 1, body, strlen(body)};
        atomic_fetch_add(&loopback_truth.refused, 1);
        handlers->on_refused(conn->user, &response, clock_mono_ns());
        next(conn, SCENE_GONE, 0);
        return;
    }
    static const struct http_header headers[] = {
        {"apim-request-id", "0f1e2d3c-0000-4000-8000-000000000001"},
        {"date", LOOPBACK_DATE},
        {"x-ms-region", "East US 2"},
        {"set-cookie", "loopback=secret"},
        {"www-authenticate", "Bearer realm=loopback"}};
    const struct ws_response response = {101, headers, 5, "", 0};
    handlers->on_step(conn->user, WS_STEP_UPGRADED, clock_mono_ns());
    handlers->on_open(conn->user, &response, clock_mono_ns());
    atomic_fetch_add(&loopback_truth.opened, 1);
    conn->scene = SCENE_IDLE;
    char json[128];
    (void)snprintf(
        json, sizeof json,
        "{\"type\":\"session.created\",\"event_id\":\"e\",\"session\":{\"id\":\"sess_%d\"}}",
        number);
    say(conn, json);
}

/* The session reaches its cap: an error says so, and the Close frame follows. */
static void expire(struct ws_conn *conn, atomic_int *count)
{
    atomic_fetch_add(count, 1);
    conn->leaving = conn->expired = true;
    next(conn, SCENE_GONE, 0);
    say(conn, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":"
              "\"session_expired\","
              "\"message\":\"Your session hit the maximum duration of 60 minutes.\"}}");
}

static void cancel(struct ws_conn *conn)
{
    atomic_fetch_add(&loopback_truth.cancelled, 1);
    conn->scene = SCENE_IDLE;
    say(conn,
        "{\"type\":\"response.done\",\"response\":{\"status\":\"cancelled\","
        "\"status_details\":{\"type\":\"cancelled\",\"reason\":\"turn_detected\"},\"output\":[]}}");
}

/* The client has cancelled the response under way, and pays for what there is of it. */
static void stop_response(struct ws_conn *conn)
{
    atomic_fetch_add(&loopback_truth.stopped, 1);
    conn->scene = SCENE_IDLE;
    say(conn, "{\"type\":\"response.done\",\"response\":{\"status\":\"cancelled\","
              "\"status_details\":{\"type\":\"cancelled\",\"reason\":\"client_cancelled\"},"
              "\"output\":[],\"usage\":{\"total_tokens\":11,\"input_tokens\":10,"
              "\"output_tokens\":1}}}");
}

static void answer(struct ws_conn *conn)
{
    char json[512];
    if (is_nth(conn->response, loopback_script.cancel_every)) {
        cancel(conn);
        return;
    }
    conn->poisoned = conn->poisoned || is_nth(conn->response, loopback_script.poison_every);
    bool fails = conn->poisoned || is_nth(conn->response, loopback_script.fail_every);
    (void)snprintf(
        json, sizeof json,
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%d\",\"status\":\"%s\",\"status_"
        "details\":%"
        "s,"
        "\"output\":[%s],\"usage\":{\"total_tokens\":12,\"input_tokens\":10,\"output_tokens\":2}}}",
        conn->response, fails ? "failed" : "completed",
        fails ? "{\"type\":\"failed\",\"error\":{\"type\":\"server_error\",\"code\":null}}"
              : "null",
        fails ? "" : "{}");
    atomic_fetch_add(fails ? &loopback_truth.failed : &loopback_truth.completed, 1);
    conn->turns++;
    int most = atomic_load(&loopback_truth.most_turns);
    while (most < conn->turns &&
           !atomic_compare_exchange_weak(&loopback_truth.most_turns, &most, conn->turns)) {}
    conn->scene = SCENE_IDLE;
    say(conn, json);
    if (conn->scene != SCENE_IDLE) return;
    if (is_nth(conn->response, loopback_script.leave_every)) {
        conn->leaving = true;
        next(conn, SCENE_GONE, 1);
    } else if (is_nth(conn->response, loopback_script.retire_every)) {
        next(conn, SCENE_EXPIRE, 1);
    } else if (is_nth(conn->response, loopback_script.garbage_every)) {
        next(conn, SCENE_GARBAGE, 1);
    }
}

/* Begins the requested response, or refuses it. */
static void begin_response(struct ws_conn *conn)
{
    char json[128];
    conn->response = atomic_fetch_add(&loopback_truth.responses, 1) + 1;
    if (is_nth(conn->response, loopback_script.limit_every)) {
        atomic_fetch_add(&loopback_truth.limited, 1);
        conn->scene = SCENE_IDLE;
        char limit[256];
        (void)snprintf(limit, sizeof limit,
                       "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
                       "\"code\":\"rate_limit_exceeded\",\"message\":\"Rate limit reached. Please "
                       "try again in "
                       "%dms.\"}}",
                       loopback_script.limit_ms);
        say(conn, limit);
        return;
    }
    if (is_nth(conn->response, loopback_script.stray_every)) {
        atomic_fetch_add(&loopback_truth.stray, 1);
        say(conn, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
                  "\"code\":\"response_cancel_not_active\",\"message\":\"Cancellation failed\"}}");
    }
    (void)snprintf(json, sizeof json,
                   "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%d\"}}",
                   conn->response);
    const bool slow = is_nth(conn->response, loopback_script.slow_every);
    next(conn, SCENE_DELTA, (uint64_t)(slow ? loopback_script.slow_ms : loopback_script.delay_ms));
    say(conn, json);
}

/* A response that nobody asked for, in the same read as session.updated. */
static void answer_unasked(struct ws_conn *conn)
{
    static const char *const events[] = {
        "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_unasked\"}}",
        "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}",
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_unasked\",\"status\":"
        "\"completed\",\"output\":[{}]}}"};
    if (!is_nth(conn->number, loopback_script.eager_every)) return;
    atomic_fetch_add(&loopback_truth.refused, 1);
    for (size_t i = 0; i < sizeof events / sizeof *events && !conn->by_us; i++)
        say(conn, events[i]);
}

static void on_timer(uv_timer_t *timer)
{
    struct ws_conn *conn = timer->data;
    switch (conn->scene) {
    case SCENE_DIAL:
        dial(conn);
        break;
    case SCENE_UPDATED:
        conn->scene = SCENE_IDLE;
        say(conn, "{\"type\":\"session.updated\",\"session\":{}}");
        answer_unasked(conn);
        break;
    case SCENE_CREATED:
        begin_response(conn);
        break;
    case SCENE_DELTA:
        if (is_nth(conn->response, loopback_script.reset_every)) {
            atomic_fetch_add(&loopback_truth.reset, 1);
            conn->reset = true;
            next(conn, SCENE_GONE, 0);
        } else if (is_nth(conn->response, loopback_script.expire_every)) {
            next(conn, SCENE_EXPIRE, 0);
        } else {
            next(conn, SCENE_DONE, 0);
        }
        say(conn, "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}");
        break;
    case SCENE_EXPIRE:
        expire(conn, is_nth(conn->response, loopback_script.expire_every)
                         ? &loopback_truth.expired
                         : &loopback_truth.retired);
        break;
    case SCENE_DONE:
        answer(conn);
        break;
    case SCENE_STOP:
        stop_response(conn);
        break;
    case SCENE_GARBAGE:
        conn->scene = SCENE_IDLE;
        say(conn, "no event");
        break;
    case SCENE_GONE:
        leave(conn);
        break;
    case SCENE_MUTE:
    case SCENE_IDLE:
        break;
    }
}

static void next(struct ws_conn *conn, enum scene scene, uint64_t wait_ms)
{
    conn->scene = scene;
    (void)uv_timer_start(&conn->timer, on_timer, wait_ms, 0);
}

enum err_code ws_connect(struct ws_client *client, const struct http_target *target, void *user,
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
    conn->number = atomic_fetch_add(&loopback_truth.dials, 1) + 1;
    if (conn->number < LOOPBACK_DIALS_KEPT)
        loopback_truth.dialled_ns[conn->number] = clock_mono_ns();
    next(conn, SCENE_DIAL, (uint64_t)loopback_script.dial_ms);
    return ERR_OK;
}

bool ws_send(struct ws_conn *conn, const char *text, size_t length)
{
    (void)length;
    if (conn->by_us || conn->scene == SCENE_GONE) return false;
    if (strstr(text, "\"session.update\"") != NULL) next(conn, SCENE_UPDATED, 0);
    if (strstr(text, "\"response.create\"") != NULL) next(conn, SCENE_CREATED, 0);
    const bool answers = conn->scene == SCENE_DELTA || conn->scene == SCENE_DONE;
    if (strstr(text, "\"response.cancel\"") != NULL && answers) next(conn, SCENE_STOP, 0);
    return true;
}

bool ws_unread(const struct ws_conn *conn)
{
    (void)conn;
    return false;
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
    if (conn->by_us || conn->scene == SCENE_GONE) return;
    conn->by_us = true;
    next(conn, loopback_script.deaf ? SCENE_MUTE : SCENE_GONE, 0);
}

void ws_abort(struct ws_conn *conn)
{
    if (conn->scene == SCENE_GONE) return;
    conn->by_us = true;
    next(conn, SCENE_GONE, (uint64_t)loopback_script.abort_ms);
}

#endif
