#include "engine/driver.h"

#include "base/clock.h"
#include "realtime/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void feed(struct driver *driver, const struct session_input *input, uint64_t now_ns);

bool driver_usable(const struct driver *driver)
{
    return session_usable(&driver->session);
}

/* ---- sending ---- */

static void send_message(struct driver *driver, const char *type)
{
    struct text *message = &driver->worker->scratch;
    size_t used = strlen(driver->sent);
    if (used < sizeof driver->sent) {
        (void)snprintf(driver->sent + used, sizeof driver->sent - used, "%s%s:%zu",
                       used == 0 ? "" : " ", type, message->length);
    }
    if (message->failed || driver->conn == NULL ||
        !ws_send(driver->conn, text_str(message), message->length)) {
        /* The connection is going or memory has run out; a deadline or the close will say which
         * attempt it cost. */
        driver->worker->recorder.failed |= message->failed;
    }
}

static void send_configure(struct driver *driver)
{
    const struct engine_plan *plan = driver->worker->plan;
    const struct session_plan *wanted = &plan->profile->session;
    const struct session_settings settings = {
        .modality = wanted->modality,
        .instructions = wanted->instructions,
        .max_output_tokens = wanted->max_output_tokens,
    };
    text_clear(&driver->worker->scratch);
    message_session_update(&driver->worker->scratch, plan->targets[driver->region].region->dialect,
                           &settings, "configure");
    send_message(driver, "session.update");
}

static void send_turn(struct driver *driver, const char *prompt)
{
    struct text *scratch = &driver->worker->scratch;
    char event_id[48];
    driver->sent[0] = '\0';
    (void)snprintf(event_id, sizeof event_id, "item-%" PRIu64, driver->session.attempts);
    text_clear(scratch);
    message_user_text(scratch, prompt, event_id);
    send_message(driver, "conversation.item.create");
    (void)snprintf(event_id, sizeof event_id, "turn-%" PRIu64, driver->session.attempts);
    text_clear(scratch);
    message_response_create(scratch, event_id);
    send_message(driver, "response.create");
}

/* ---- the deadline: one timer that is moved only when it would come too late ---- */

static void keep_deadline(struct driver *driver)
{
    struct timers *timers = driver->worker->timers;
    uint64_t due = driver->session.deadline_ns;
    if (due == 0) {
        timers_cancel(timers, &driver->deadline);
    } else if (driver->deadline.place == 0 || due < driver->deadline.due_ns) {
        if (!timers_set(timers, &driver->deadline, due)) driver->worker->recorder.failed = true;
    }
}

static void on_deadline(struct timer *timer, uint64_t now_ns)
{
    struct driver *driver = (struct driver *)((char *)timer - offsetof(struct driver, deadline));
    if (driver->session.deadline_ns == 0) return;
    if (now_ns < driver->session.deadline_ns) {
        keep_deadline(driver);
        return;
    }
    feed(driver, &(struct session_input){.kind = INPUT_DEADLINE}, now_ns);
}

/* ---- carrying out ---- */

static void feed(struct driver *driver, const struct session_input *input, uint64_t now_ns)
{
    bool outermost = !driver->busy;
    driver->busy = true;
    struct session_action action = session_step(&driver->session, input, now_ns);
    if (action.send == SEND_CONFIGURE) send_configure(driver);
    if (action.end == END_CLOSE && driver->conn != NULL) ws_close(driver->conn);
    if (action.end == END_ABORT && driver->conn != NULL) ws_abort(driver->conn);
    driver_record(driver, &action, now_ns);
    if (!outermost) return;
    driver->busy = false;
    if (driver->user == NULL && session_usable(&driver->session)) {
        feed(driver, &(struct session_input){.kind = INPUT_FINISH}, now_ns);
    }
    keep_deadline(driver);
}

/* ---- what the socket says ---- */

static void on_step(void *user, enum ws_step step, uint64_t at_ns)
{
    struct driver *driver = user;
    const char *address = ws_address(driver->conn);
    if (address != NULL) (void)snprintf(driver->address, sizeof driver->address, "%s", address);
    feed(driver, &(struct session_input){.kind = INPUT_STEP, .step = (int)step}, at_ns);
}

static void on_answer(struct driver *driver, const struct ws_response *response, bool accepted,
                      uint64_t at_ns)
{
    const struct raw_answer raw = {
        .accepted = accepted,
        .status = response->status,
        .headers = response->headers,
        .header_count = response->header_count,
        .body = response->body,
        .body_length = response->body_length,
    };
    const struct request_facts request = {
        .key_as_subprotocol = driver->worker->plan->targets[driver->region].key_as_subprotocol,
        .credential_expires_s = driver->credential.expires_s,
        .now_s = clock_wall_ns() / NS_PER_S,
    };
    struct answer answer;
    answer_read(&answer, &raw, &request);
    driver_take_answer(driver, &answer, at_ns);
    feed(driver, &(struct session_input){.kind = INPUT_ANSWER, .failure = &answer.facts}, at_ns);
    if (accepted) return; /* the step WS_STEP_UPGRADED has told the session */
    const struct failure_facts refusal = answer_refusal(&answer);
    feed(driver, &(struct session_input){.kind = INPUT_REFUSED, .failure = &refusal}, at_ns);
}

static void on_open(void *user, const struct ws_response *response, uint64_t at_ns)
{
    on_answer(user, response, true, at_ns);
}

static void on_refused(void *user, const struct ws_response *response, uint64_t at_ns)
{
    on_answer(user, response, false, at_ns);
}

static void remember_event(struct driver *driver, const char *type, uint64_t at_ns)
{
    struct evidence_event *event = &driver->events[driver->event_count++ % EVIDENCE_EVENTS];
    event->offset_ms = (double)(at_ns - driver->session.dial_ns) / (double)NS_PER_MS;
    (void)snprintf(event->type, sizeof event->type, "%s", type);
}

static bool carries_facts(enum event_kind kind)
{
    return kind == EVENT_SESSION_CREATED || kind == EVENT_RESPONSE_CREATED ||
           kind == EVENT_RESPONSE_DONE || kind == EVENT_ERROR;
}

static void on_message(void *user, const char *data, size_t length, bool is_text, uint64_t at_ns)
{
    struct driver *driver = user;
    char type[EVENT_TYPE_SIZE] = "";
    struct event_facts facts;
    enum event_kind kind = is_text ? event_scan(data, length, type) : EVENT_INVALID;
    struct session_input input = {.kind = INPUT_EVENT, .event = &facts};
    if (kind == EVENT_INVALID) {
        remember_event(driver, is_text ? "(invalid)" : "(binary)", at_ns);
        input.kind = INPUT_GARBAGE;
    } else {
        remember_event(driver, type, at_ns);
        if (kind == EVENT_UNKNOWN) {
            (void)recorder_at(&driver->worker->recorder, at_ns);
            recorder_cell(&driver->worker->recorder, driver->region)->counters.unknown_events++;
        }
        if (carries_facts(kind)) {
            if (!event_parse(kind, data, length, &facts)) input.kind = INPUT_GARBAGE;
            if (kind == EVENT_SESSION_CREATED) {
                input.has_expiry = driver_expiry(driver, &facts, at_ns, &input.expires_in_ns);
            }
        } else {
            facts.kind = kind; /* the session reads no more of these */
        }
    }
    feed(driver, &input, at_ns);
}

static void driver_free(struct driver *driver)
{
    struct worker *worker = driver->worker;
    timers_cancel(worker->timers, &driver->deadline);
    driver_end_trial(driver, TRIAL_WITHDRAWN);
    if (driver->previous != NULL) {
        driver->previous->next = driver->next;
    } else {
        worker->drivers = driver->next;
    }
    if (driver->next != NULL) driver->next->previous = driver->previous;
    free(driver->headers);
    free(driver);
    worker_check_over(worker);
}

static void on_closed(void *user, const struct ws_end *end, uint64_t at_ns)
{
    struct driver *driver = user;
    driver->conn = NULL;
    driver->close_code = end->close_code;
    if (!end->opened && driver->http_status == 0) driver->http_status = end->http_status;
    (void)snprintf(driver->close_reason, sizeof driver->close_reason, "%s", end->close_reason);
    (void)snprintf(driver->detail, sizeof driver->detail, "%s", end->detail);
    const struct failure_facts facts = {
        .local_error = end->local_error,
        .http_status = end->opened ? 0 : end->http_status,
        .resolve_error = end->resolve_error,
        .os_error = end->os_error,
        .tls_failed = end->tls_failed,
        .tls_verify_error = end->tls_verify_error,
        .proxy_status = end->proxy_status,
        .protocol_violation = end->protocol_violation,
        .close_code = end->close_code,
        .close_reason = driver->close_reason,
    };
    feed(driver, &(struct session_input){.kind = INPUT_CLOSED, .failure = &facts}, at_ns);
    driver_free(driver);
}

const struct ws_handlers driver_handlers = {
    .on_step = on_step,
    .on_open = on_open,
    .on_refused = on_refused,
    .on_message = on_message,
    .on_closed = on_closed,
};

/* ---- what the user asks ---- */

/* A version 4 UUID (RFC 9562) from the worker's stream. */
static void make_request_id(struct driver *driver)
{
    uint64_t a = random_u64(&driver->worker->random);
    uint64_t b = random_u64(&driver->worker->random);
    (void)snprintf(driver->client_request_id, sizeof driver->client_request_id,
                   "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, a >> 32,
                   (a >> 16) & 0xFFFF, a & 0xFFF, 0x8000 | ((b >> 48) & 0x3FFF),
                   b & UINT64_C(0xFFFFFFFFFFFF));
}

static enum err_code dial(struct driver *driver)
{
    const struct target *target = &driver->worker->plan->targets[driver->region];
    struct http_header headers[TARGET_HEADERS];
    struct http_target where = target->where;
    struct error err = {0};
    memcpy(headers, target->headers, target->header_count * sizeof *headers);
    headers[target->header_count] =
        (struct http_header){TARGET_REQUEST_ID_HEADER, driver->client_request_id};
    const struct credential *held = &driver->worker->credentials.held[driver->region];
    if (held->value != NULL) headers[0].value = held->value;
    driver->credential = (struct credential){.expires_s = held->expires_s, .serial = held->serial};
    where.headers = headers;
    where.header_count = target->header_count + 1;
    enum err_code code = ws_connect(driver->worker->client, &where, driver, &driver->conn, &err);
    (void)snprintf(driver->detail, sizeof driver->detail, "%.159s", err.text);
    return code;
}

bool driver_dial(struct virtual_user *user, uint64_t now_ns)
{
    struct worker *worker = user->worker;
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) return false;
    driver->worker = worker;
    driver->user = user;
    driver->region = user->region;
    driver->number =
        lane_first(&worker->lane) + worker->sessions_numbered++ * lane_stride(&worker->lane) + 1;
    driver->deadline.fire = on_deadline;
    session_init(&driver->session, &worker->plan->profile->timeouts,
                 worker->plan->profile->session.modality);
    make_request_id(driver);
    driver->next = worker->drivers;
    if (worker->drivers != NULL) worker->drivers->previous = driver;
    worker->drivers = driver;
    user->driver = driver;
    driver_begin_trial(driver);
    (void)recorder_at(&worker->recorder, now_ns);
    recorder_cell(&worker->recorder, driver->region)->counters.sessions_started++;
    const bool resolves = worker->plan->targets[driver->region].where.address == NULL;
    feed(driver, &(struct session_input){.kind = INPUT_DIAL, .resolves = resolves}, now_ns);
    if (dial(driver) != ERR_OK) {
        /* the one thing that a dial needs first */
        const struct failure_facts facts = {.local_error = ENOMEM};
        feed(driver, &(struct session_input){.kind = INPUT_CLOSED, .failure = &facts}, now_ns);
        driver_free(driver);
    }
    return true;
}

void driver_turn(struct driver *driver, uint64_t due_ns, const char *prompt, uint64_t now_ns)
{
    uint64_t sent_ns = clock_mono_ns();
    if (sent_ns < now_ns) sent_ns = now_ns;
    driver->in_flight = true;
    driver->worker->in_flight[driver->region]++;
    feed(driver, &(struct session_input){.kind = INPUT_TURN, .due_ns = due_ns}, sent_ns);
    send_turn(driver, prompt);
}

void driver_finish(struct driver *driver, uint64_t now_ns)
{
    if (driver->busy) return; /* feed() sees that the user has gone */
    feed(driver, &(struct session_input){.kind = INPUT_FINISH}, now_ns);
}

void driver_abandon(struct driver *driver, uint64_t now_ns)
{
    driver->abandoned = true;
    feed(driver, &(struct session_input){.kind = INPUT_ABANDON}, now_ns);
}
