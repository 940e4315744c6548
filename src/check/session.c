#include "base/clock.h"
#include "check/observed.h"
#include "check/probe.h"
#include "check/step.h"
#include "realtime/message.h"
#include "service/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The turn holds nobody's data and costs next to nothing. */
#define PROMPT "Say OK."
#define OUTPUT_TOKENS 32

/* Our Close frame is answered at once or never; nobody shall wait for it. */
#define CLOSE_MOST_NS NS_PER_S

static enum phase phase_of(const struct probe *probe)
{
    static const enum phase of_dial[] = {PHASE_RESOLVE, PHASE_CONNECT, PHASE_TLS, PHASE_UPGRADE};
    if (probe->at == CHECK_UPGRADE) return of_dial[probe->dialled];
    if (probe->at == CHECK_TURN) return probe->delta_ns != 0 ? PHASE_STREAM : PHASE_RESPONSE;
    return PHASE_SESSION;
}

/* ---- deadlines ---- */

static uint64_t after(uint64_t from_ns, int64_t duration_ns)
{
    return from_ns + (uint64_t)duration_ns;
}

static int64_t dial_limit(const struct probe *probe)
{
    const struct timeouts *timeouts = &probe->profile->timeouts;
    const int64_t limits[] = {timeouts->resolve_ns, timeouts->connect_ns, timeouts->tls_ns,
                              timeouts->upgrade_ns};
    return limits[probe->dialled];
}

static enum deadline dial_deadline(const struct probe *probe)
{
    static const enum deadline of_dial[] = {DEADLINE_RESOLVE, DEADLINE_CONNECT, DEADLINE_TLS,
                                            DEADLINE_UPGRADE};
    return of_dial[probe->dialled];
}

static void take_earlier(uint64_t *due_ns, enum deadline *which, uint64_t other_ns,
                         enum deadline other)
{
    if (other_ns >= *due_ns) return;
    *due_ns = other_ns;
    *which = other;
}

/* When what is awaited now is late, and which deadline that is. */
static uint64_t next_deadline(const struct probe *probe, enum deadline *which)
{
    const struct timeouts *timeouts = &probe->profile->timeouts;
    uint64_t due_ns;
    if (probe->at == CHECK_SESSION) {
        *which = DEADLINE_SESSION;
        return after(probe->since_ns, timeouts->session_ns);
    }
    if (probe->at == CHECK_CONFIGURE) {
        *which = DEADLINE_CONFIGURE;
        return after(probe->since_ns, timeouts->configure_ns);
    }
    if (probe->at == CHECK_UPGRADE) {
        *which = dial_deadline(probe);
        return after(probe->since_ns, dial_limit(probe));
    }
    *which = DEADLINE_RESPONSE;
    due_ns = after(probe->since_ns, timeouts->response_ns);
    if (probe->delta_ns == 0)
        take_earlier(&due_ns, which, after(probe->since_ns, timeouts->first_output_ns),
                     DEADLINE_FIRST_OUTPUT);
    if (probe->created)
        take_earlier(&due_ns, which, after(probe->heard_ns, timeouts->stall_ns), DEADLINE_STALL);
    return due_ns;
}

static void on_timer(uv_timer_t *timer);

static void keep_timer(struct probe *probe, uint64_t due_ns)
{
    uint64_t now_ns = clock_mono_ns();
    uint64_t left_ms = due_ns > now_ns ? (due_ns - now_ns) / (uint64_t)NS_PER_MS + 1 : 0;
    uv_update_time(probe->timer.loop);
    (void)uv_timer_start(&probe->timer, on_timer, left_ms, 0);
}

static void await(struct probe *probe)
{
    enum deadline which;
    if (!probe->closing) keep_timer(probe, next_deadline(probe, &which));
}

/* ---- ends ---- */

static void end_session(struct probe *probe)
{
    int64_t limit_ns = probe->profile->timeouts.close_ns;
    probe->closing = true;
    if (probe->conn == NULL) return;
    keep_timer(probe, after(clock_mono_ns(), limit_ns < CLOSE_MOST_NS ? limit_ns : CLOSE_MOST_NS));
    if (probe->opened_ns != 0) {
        ws_close(probe->conn);
    } else {
        ws_abort(probe->conn);
    }
}

static void add_facts(const struct probe *probe, struct failure_facts *facts, uint64_t now_ns)
{
    if (facts->phase == PHASE_NONE) facts->phase = phase_of(probe);
    if (probe->has_error && facts->event == NULL) {
        facts->event = &probe->error;
    } else if (probe->has_error) {
        facts->error_before = &probe->error;
    }
    answer_add_facts(&probe->answer, facts);
    if (probe->opened_ns != 0) facts->socket_age_ns = (int64_t)(now_ns - probe->opened_ns);
    facts->in_turn = probe->at == CHECK_TURN;
    facts->output_flows =
        probe->delta_ns != 0 && now_ns < after(probe->delta_ns, probe->profile->timeouts.stall_ns);
}

/* A name that came to a public address where the service wants a private one. */
static void note_address(struct probe *probe)
{
    struct check_region *told = probe->told;
    const char *code = told->steps[CHECK_UPGRADE].code;
    bool refused = strcmp(code, "upgrade_403") == 0 || strcmp(code, "public_access_disabled") == 0;
    if (!refused || told->by_proxy || told->steps[CHECK_RESOLVE].status != CHECK_OK) return;
    step_note(told, CHECK_RESOLVE,
              "the name came to %s: if the resource has a private endpoint, its DNS zone is not in "
              "effect on "
              "this host (F03)",
              told->address);
}

static void fail(struct probe *probe, struct failure_facts *facts, const char *cause,
                 uint64_t now_ns)
{
    char why[48];
    struct check_region *told = probe->told;
    add_facts(probe, facts, now_ns);
    step_classified(told, probe->at, (int64_t)(now_ns - probe->since_ns), facts, "%s", cause);
    (void)snprintf(why, sizeof why, "the step %s failed", check_step_name(probe->at));
    steps_skipped(told, probe->at, CHECK_TURN, why);
    note_address(probe);
    probe->talking = false;
    probe_changed(probe);
    end_session(probe);
}

static void on_timer(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    uint64_t now_ns = clock_mono_ns();
    struct failure_facts facts = {0};
    if (probe->closing) {
        if (probe->conn != NULL) ws_abort(probe->conn);
        return;
    }
    if (now_ns < next_deadline(probe, &facts.deadline)) {
        await(probe);
        return;
    }
    struct text cause = {0};
    observed_deadline(facts.deadline, &probe->profile->timeouts, &cause);
    fail(probe, &facts, text_str(&cause), now_ns);
    text_free(&cause);
}

/* ---- what is sent ---- */

static void begin(struct probe *probe, enum check_step step, uint64_t at_ns)
{
    probe->at = step;
    probe->since_ns = at_ns;
    probe_changed(probe);
}

static void say(struct probe *probe, struct text *message)
{
    /* When it cannot be sent the connection is going: its end or the deadline says why. */
    if (!message->failed) (void)ws_send(probe->conn, text_str(message), message->length);
    text_clear(message);
}

static void configure(struct probe *probe)
{
    const struct session_settings settings = {.modality = MODALITY_TEXT,
                                              .max_output_tokens = OUTPUT_TOKENS};
    struct text message = {0};
    message_session_update(&message, probe->told->region->dialect, &settings, "check-configure");
    say(probe, &message);
    text_free(&message);
}

static void take_turn(struct probe *probe)
{
    struct text message = {0};
    message_user_text(&message, PROMPT, "check-item");
    say(probe, &message);
    message_response_create(&message, "check-turn");
    say(probe, &message);
    text_free(&message);
}

/* ---- what is heard ---- */

static void on_created(struct probe *probe, const struct event_facts *event, uint64_t at_ns)
{
    struct check_region *told = probe->told;
    (void)snprintf(told->session_id, sizeof told->session_id, "%s", event->session_id);
    (void)snprintf(told->model, sizeof told->model, "%s", event->model);
    step_ok(told, CHECK_SESSION, (int64_t)(at_ns - probe->since_ns), "%s%s%s", event->session_id,
            event->model[0] != '\0' ? ", model " : "", event->model);
    begin(probe, CHECK_CONFIGURE, at_ns);
    configure(probe);
}

static void fail_by_event(struct probe *probe, const struct event_facts *event, bool empty,
                          uint64_t at_ns)
{
    struct failure_facts facts = {.event = event, .empty_output = empty};
    struct text cause = {0};
    observed_event(event, empty, &cause);
    fail(probe, &facts, text_str(&cause), at_ns);
    text_free(&cause);
}

static void on_done(struct probe *probe, const struct event_facts *event, uint64_t at_ns)
{
    struct check_region *told = probe->told;
    bool answered =
        event->status == STATUS_COMPLETED ||
        (event->status == STATUS_INCOMPLETE && strcmp(event->reason, "max_output_tokens") == 0);
    (void)snprintf(told->response_id, sizeof told->response_id, "%s", event->response_id);
    told->usage = event->usage;
    if (!answered || probe->delta_ns == 0) {
        fail_by_event(probe, event, answered, at_ns);
        return;
    }
    step_ok(told, CHECK_TURN, (int64_t)(at_ns - probe->since_ns), "%llu tokens in, %llu out",
            (unsigned long long)event->usage.input, (unsigned long long)event->usage.output);
    probe->talking = false;
    probe_changed(probe);
    end_session(probe);
}

static void on_event_of_turn(struct probe *probe, const struct event_facts *event, uint64_t at_ns)
{
    probe->heard_ns = at_ns;
    if (event->kind == EVENT_RESPONSE_CREATED) {
        probe->created = true;
        (void)snprintf(probe->told->response_id, sizeof probe->told->response_id, "%s",
                       event->response_id);
    } else if (event->kind == EVENT_TEXT_DELTA || event->kind == EVENT_AUDIO_DELTA) {
        probe->delta_ns = at_ns;
    } else if (event->kind == EVENT_ERROR && probe->created) {
        probe->error = *event; /* response.done, a close or a deadline follows and takes it along */
        probe->has_error = true;
    } else if (event->kind == EVENT_ERROR) {
        fail_by_event(probe, event, false, at_ns);
    } else if (event->kind == EVENT_RESPONSE_DONE) {
        on_done(probe, event, at_ns);
    }
}

static void on_event(struct probe *probe, const struct event_facts *event, uint64_t at_ns)
{
    if (probe->at == CHECK_TURN) {
        on_event_of_turn(probe, event, at_ns);
    } else if (event->kind == EVENT_ERROR) {
        fail_by_event(probe, event, false, at_ns);
    } else if (probe->at == CHECK_SESSION && event->kind == EVENT_SESSION_CREATED) {
        on_created(probe, event, at_ns);
    } else if (probe->at == CHECK_CONFIGURE && event->kind == EVENT_SESSION_UPDATED) {
        step_ok(probe->told, CHECK_CONFIGURE, (int64_t)(at_ns - probe->since_ns),
                "text, at most %d tokens", OUTPUT_TOKENS);
        begin(probe, CHECK_TURN, at_ns);
        take_turn(probe);
    }
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    struct probe *probe = user;
    char type[EVENT_TYPE_SIZE];
    struct event_facts event = {.kind = EVENT_INVALID};
    if (probe->closing) return;
    if (is_text) event.kind = event_scan(data, length, type);
    bool carries_facts = event.kind == EVENT_SESSION_CREATED ||
                         event.kind == EVENT_RESPONSE_CREATED ||
                         event.kind == EVENT_RESPONSE_DONE || event.kind == EVENT_ERROR;
    if (event.kind == EVENT_INVALID ||
        (carries_facts && !event_parse(event.kind, data, length, &event))) {
        struct failure_facts facts = {.protocol_violation = true};
        fail(probe, &facts, is_text ? "a message that is no event" : "a binary message", at_ns);
        return;
    }
    on_event(probe, &event, at_ns);
    await(probe);
}

/* ---- the connection ---- */

static void on_step(void *user, enum ws_step step, uint64_t at_ns)
{
    struct probe *probe = user;
    if (probe->closing) return;
    if (step < WS_STEP_UPGRADED) {
        probe->dialled =
            step == WS_STEP_CONNECTED && !probe->told->region->tls ? WS_STEP_UPGRADED : step + 1;
        begin(probe, CHECK_UPGRADE, at_ns);
        await(probe);
    } else {
        step_ok(probe->told, CHECK_UPGRADE, (int64_t)(at_ns - probe->since_ns), "101");
    }
}

/* Ids for the service's renewer, and what its headers say of a failure. */
static void take_answer(struct probe *probe, const struct ws_response *response, bool accepted,
                        struct answer *answer)
{
    struct check_region *told = probe->told;
    const struct raw_answer raw = {
        .accepted = accepted,
        .status = response->status,
        .headers = response->headers,
        .header_count = response->header_count,
        .body = response->body,
        .body_length = response->body_length,
    };
    const struct request_facts request = {
        .key_as_subprotocol = probe->target.key_as_subprotocol,
        .credential_expires_s = told->token_expires_s,
        .now_s = clock_wall_ns() / NS_PER_S,
    };
    answer_read(answer, &raw, &request);
    told->upgrade_status = response->status;
    (void)snprintf(told->request_id, sizeof told->request_id, "%s",
                   response_headers_id(&answer->headers));
    if (answer->headers.region[0] != '\0')
        memcpy(told->service_region, answer->headers.region, sizeof told->service_region);
    probe->answer = answer->facts;
}

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    struct probe *probe = user;
    struct answer answer;
    if (probe->closing) return;
    take_answer(probe, response, true, &answer);
    probe->opened_ns = at_ns;
    begin(probe, CHECK_SESSION, at_ns);
    await(probe);
}

static void on_refused(void *user, const struct ws_response *response, uint64_t at_ns)
{
    struct probe *probe = user;
    struct answer answer;
    struct text cause = {0};
    if (probe->closing) return;
    take_answer(probe, response, false, &answer);
    struct failure_facts facts = answer_refusal(&answer);
    answer_add_facts(&answer.facts, &facts);
    observed_refusal(&facts, &cause);
    fail(probe, &facts, text_str(&cause), at_ns);
    text_free(&cause);
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    struct probe *probe = user;
    probe->conn = NULL;
    if (!probe->closing) {
        struct failure_facts facts = {
            .local_error = end->local_error,
            .http_status = end->opened ? 0 : end->http_status,
            .resolve_error = end->resolve_error,
            .os_error = end->os_error,
            .tls_failed = end->tls_failed,
            .tls_verify_error = end->tls_verify_error,
            .proxy_status = end->proxy_status,
            .protocol_violation = end->protocol_violation,
            .closed = true,
            .close_code = end->close_code,
            .close_reason = end->close_reason,
        };
        struct text cause = {0};
        observed_end(end, &cause);
        fail(probe, &facts, text_str(&cause), at_ns);
        text_free(&cause);
    }
    (void)uv_timer_stop(&probe->timer);
    probe_over(probe);
}

const struct ws_handlers session_handlers = {
    .on_step = on_step,
    .on_open = on_open,
    .on_refused = on_refused,
    .on_message = on_message,
    .on_closed = on_closed,
};

static struct http_target with_request_id(const struct probe *probe,
                                          struct http_header headers[TARGET_HEADERS])
{
    const struct target *target = &probe->target;
    struct http_target where = target->where;
    memcpy(headers, target->headers, target->header_count * sizeof *headers);
    headers[target->header_count] =
        (struct http_header){TARGET_REQUEST_ID_HEADER, probe->told->client_request_id};
    where.headers = headers;
    where.header_count = target->header_count + 1;
    return where;
}

void session_start(struct probe *probe)
{
    struct http_header headers[TARGET_HEADERS];
    struct http_target where = with_request_id(probe, headers);
    struct error err = {0};
    probe->talking = true;
    probe->dialled = where.address != NULL ? WS_STEP_CONNECTED : WS_STEP_RESOLVED;
    begin(probe, CHECK_UPGRADE, clock_mono_ns());
    if (ws_connect(probe->client, &where, probe, &probe->conn, &err) == ERR_OK) {
        await(probe);
        return;
    }
    struct failure_facts facts = {.local_error = ENOMEM};
    fail(probe, &facts, err.text, clock_mono_ns());
    probe_over(probe);
}

void session_abort(struct probe *probe)
{
    probe->closing = true;
    probe->talking = false;
    (void)uv_timer_stop(&probe->timer);
    if (probe->conn != NULL) ws_abort(probe->conn);
}
