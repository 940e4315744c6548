#include "engine/session.h"

#include <stdio.h>
#include <string.h>

void session_init(struct session *session, const struct timeouts *timeouts)
{
    memset(session, 0, sizeof *session);
    session->timeouts = timeouts;
}

bool session_usable(const struct session *session)
{
    return session->state == SESSION_READY;
}

static void measure(struct session_action *action, enum metric metric, uint64_t from_ns, uint64_t to_ns)
{
    if (action->measured_count == SESSION_MEASURES) return;
    action->measured[action->measured_count].metric = metric;
    action->measured[action->measured_count].ns = (int64_t)(to_ns - from_ns);
    action->measured_count++;
}

static uint64_t after(uint64_t from_ns, int64_t duration_ns)
{
    return from_ns + (uint64_t)duration_ns;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum phase phase_of(enum session_state state)
{
    switch (state) {
    case SESSION_NEW:
    case SESSION_RESOLVING:
        return PHASE_RESOLVE;
    case SESSION_CONNECTING:
        return PHASE_CONNECT;
    case SESSION_HANDSHAKING:
        return PHASE_TLS;
    case SESSION_UPGRADING:
        return PHASE_UPGRADE;
    case SESSION_CREATING:
    case SESSION_CONFIGURING:
        return PHASE_SESSION;
    case SESSION_WAITING:
        return PHASE_RESPONSE;
    case SESSION_STREAMING:
        return PHASE_STREAM;
    case SESSION_READY:
    case SESSION_CLOSING:
    case SESSION_CLOSED:
        return PHASE_CLOSE;
    }
    return PHASE_NONE;
}

static bool in_turn(const struct session *session)
{
    return session->state == SESSION_WAITING || session->state == SESSION_STREAMING;
}

/* Before READY an interaction waits for the session, so the dial is its attempt. */
static bool in_dial(const struct session *session)
{
    return session->state > SESSION_NEW && session->state < SESSION_READY;
}

static void enter_closing(struct session *session, struct session_action *action, enum session_end end,
                          uint64_t now)
{
    session->state = SESSION_CLOSING;
    action->end = end;
    session->deadline_ns = after(now, session->timeouts->close_ns);
}

/* The silence that is borne, and the whole: whichever ends first. */
static uint64_t turn_deadline(const struct session *session)
{
    const struct turn *turn = &session->turn;
    const struct timeouts *timeouts = session->timeouts;
    uint64_t deadline = after(turn->sent_ns, timeouts->response_ns);
    if (turn->first_output_ns == 0)
        deadline = earlier(deadline, after(turn->sent_ns, timeouts->first_output_ns));
    if (turn->first_event_ns != 0)
        deadline = earlier(deadline, after(turn->last_event_ns, timeouts->stall_ns));
    return deadline;
}

static void set_class(struct session *session, struct session_action *action, struct failure_facts *facts)
{
    if (facts->phase == PHASE_NONE) facts->phase = phase_of(session->state);
    if (facts->event == NULL && session->has_error) facts->event = &session->error;
    action->observed = *facts;
    action->failure = failure_classify(facts);
}

static void count_failed_attempt(struct session *session, struct session_action *action)
{
    session->failed++;
    if (session->first_failure == 0) session->first_failure = session->attempts - session->cancelled;
    action->news |= NEWS_ATTEMPT_FAILED;
}

static void fail_dial(struct session *session, struct session_action *action, struct failure_facts *facts)
{
    set_class(session, action, facts);
    session->attempts++;
    count_failed_attempt(session, action);
    action->news |= NEWS_SESSION_FAILED;
    session->failure_told = true;
}

static void end_turn(struct session *session, uint64_t now)
{
    session->turn.end_ns = now;
    session->state = SESSION_READY;
    session->deadline_ns = 0;
    session->has_error = false;
}

static void fail_turn(struct session *session, struct session_action *action, struct failure_facts *facts,
                      uint64_t now)
{
    set_class(session, action, facts);
    count_failed_attempt(session, action);
    session->turn.end_ns = now;
}

/* ---- the dial ---- */

static void on_dial(struct session *session, const struct session_input *input, uint64_t now)
{
    const struct timeouts *timeouts = session->timeouts;
    session->dial_ns = now;
    session->state = input->resolves ? SESSION_RESOLVING : SESSION_CONNECTING;
    session->deadline_ns = after(now, input->resolves ? timeouts->resolve_ns : timeouts->connect_ns);
}

static uint64_t previous_step(const struct session *session, int step)
{
    for (int i = step - 1; i >= 0; i--) {
        if (session->step_ns[i] != 0) return session->step_ns[i];
    }
    return session->dial_ns;
}

static void on_step(struct session *session, int step, struct session_action *action, uint64_t now)
{
    static const struct {
        enum metric metric;
        enum session_state next;
    } steps[] = {
        {METRIC_RESOLVE, SESSION_CONNECTING},
        {METRIC_TCP, SESSION_HANDSHAKING},
        {METRIC_TLS, SESSION_UPGRADING},
        {METRIC_UPGRADE, SESSION_CREATING},
    };
    const struct timeouts *timeouts = session->timeouts;
    const int64_t next_limit[] = {timeouts->connect_ns, timeouts->tls_ns, timeouts->upgrade_ns,
                                  timeouts->session_ns};
    if (!in_dial(session) || step < 0 || step > 3) return;
    uint64_t from = previous_step(session, step);
    session->step_ns[step] = now;
    session->state = steps[step].next;
    session->deadline_ns = after(now, next_limit[step]);
    if (now != from)
        measure(action, steps[step].metric, from, now); /* a plain connection has no TLS step of its own */
    if (step == 3) measure(action, METRIC_DIAL, session->dial_ns, now);
}

/* ---- events ---- */

static void on_event_creating(struct session *session, const struct event_facts *event,
                              struct session_action *action, uint64_t now)
{
    if (event->kind == EVENT_ERROR) {
        struct failure_facts facts = {.event = event};
        fail_dial(session, action, &facts);
        enter_closing(session, action, END_CLOSE, now);
        return;
    }
    if (event->kind != EVENT_SESSION_CREATED) return;
    session->created_ns = now;
    (void)snprintf(session->session_id, sizeof session->session_id, "%s", event->session_id);
    session->state = SESSION_CONFIGURING;
    measure(action, METRIC_SESSION, session->step_ns[3], now);
    action->news |= NEWS_OPENED;
    action->send = SEND_CONFIGURE;
    session->deadline_ns = after(now, session->timeouts->configure_ns);
}

static void on_event_configuring(struct session *session, const struct event_facts *event,
                                 struct session_action *action, uint64_t now)
{
    if (event->kind == EVENT_ERROR) {
        struct failure_facts facts = {.event = event};
        fail_dial(session, action, &facts);
        enter_closing(session, action, END_CLOSE, now);
    } else if (event->kind == EVENT_SESSION_UPDATED) {
        session->ready_ns = now;
        session->state = SESSION_READY;
        session->deadline_ns = 0;
        action->news |= NEWS_READY;
    }
}

static void on_delta(struct session *session, struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    if (turn->first_output_ns == 0) {
        turn->first_output_ns = now;
        session->state = SESSION_STREAMING;
    } else {
        measure(action, METRIC_GAP, turn->last_delta_ns, now);
    }
    turn->last_delta_ns = now;
    turn->deltas++;
}

static void on_response_done(struct session *session, const struct event_facts *event,
                             struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    turn->usage = event->usage;
    if (turn->response_id[0] == '\0') {
        (void)snprintf(turn->response_id, sizeof turn->response_id, "%s", event->response_id);
    }
    bool answered = event->status == STATUS_COMPLETED ||
                    (event->status == STATUS_INCOMPLETE && strcmp(event->reason, "max_output_tokens") == 0);
    struct failure_facts facts = {.event = event};
    if (event->status == STATUS_CANCELLED) {
        session->cancelled++;
        action->news |= NEWS_ATTEMPT_CANCELLED;
    } else if (answered && turn->deltas > 0) {
        /* Only now is it known that these belong to a success. */
        if (turn->first_event_ns != 0)
            measure(action, METRIC_FIRST_EVENT, turn->due_ns, turn->first_event_ns);
        measure(action, METRIC_TTFT, turn->due_ns, turn->first_output_ns);
        measure(action, METRIC_RESPONSE, turn->due_ns, now);
        action->news |= NEWS_ATTEMPT_OK;
    } else {
        facts.empty_output = answered;
        fail_turn(session, action, &facts, now);
    }
    end_turn(session, now);
}

static void on_turn_error(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    if (session->turn.first_event_ns != 0) {
        /* One failure, not two: response.done, a close or a deadline follows and takes this along. */
        session->error = *event;
        session->has_error = true;
        return;
    }
    struct failure_facts facts = {.event = event};
    fail_turn(session, action, &facts, now);
    end_turn(session, now);
}

static void on_event_in_turn(struct session *session, const struct event_facts *event,
                             struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    turn->last_event_ns = now;
    if (event->kind == EVENT_RESPONSE_CREATED && turn->first_event_ns == 0) {
        turn->first_event_ns = now;
        (void)snprintf(turn->response_id, sizeof turn->response_id, "%s", event->response_id);
    } else if (event->kind == EVENT_TEXT_DELTA || event->kind == EVENT_AUDIO_DELTA) {
        on_delta(session, action, now);
    } else if (event->kind == EVENT_ERROR) {
        on_turn_error(session, event, action, now);
    } else if (event->kind == EVENT_RESPONSE_DONE) {
        bool ours = turn->response_id[0] == '\0' || event->response_id[0] == '\0' ||
                    strcmp(turn->response_id, event->response_id) == 0;
        if (ours) on_response_done(session, event, action, now);
    }
    if (in_turn(session)) session->deadline_ns = turn_deadline(session);
}

static void on_event(struct session *session, const struct event_facts *event, struct session_action *action,
                     uint64_t now)
{
    switch (session->state) {
    case SESSION_CREATING:
        on_event_creating(session, event, action, now);
        break;
    case SESSION_CONFIGURING:
        on_event_configuring(session, event, action, now);
        break;
    case SESSION_WAITING:
    case SESSION_STREAMING:
        on_event_in_turn(session, event, action, now);
        break;
    case SESSION_READY:
        if (event->kind == EVENT_ERROR) {
            session->error = *event;
            session->has_error = true;
        }
        break;
    case SESSION_NEW:
    case SESSION_RESOLVING:
    case SESSION_CONNECTING:
    case SESSION_HANDSHAKING:
    case SESSION_UPGRADING:
    case SESSION_CLOSING:
    case SESSION_CLOSED:
        break;
    }
}

/* ---- ends ---- */

/* The session cannot go on: whatever was under way fails for the reason in facts. */
static void fail_all(struct session *session, struct session_action *action, struct failure_facts *facts,
                     uint64_t now)
{
    if (in_dial(session)) {
        fail_dial(session, action, facts);
    } else if (in_turn(session)) {
        fail_turn(session, action, facts, now);
        action->news |= NEWS_SESSION_FAILED;
        session->failure_told = true;
    } else if (session->state == SESSION_READY) {
        set_class(session, action, facts);
        /* The end of a session's life (its time is up, between turns) is no failure. */
        if (action->failure.domain != DOMAIN_NONE) action->news |= NEWS_SESSION_FAILED;
        session->failure_told = true;
    }
}

static void on_closed(struct session *session, const struct session_input *input,
                      struct session_action *action, uint64_t now)
{
    struct failure_facts facts = *input->failure;
    facts.closed = true;
    if (facts.phase == PHASE_NONE) facts.phase = phase_of(session->state);
    fail_all(session, action, &facts, now);
    session->state = SESSION_CLOSED;
    session->deadline_ns = 0;
    action->news |= NEWS_ENDED;
}

static enum deadline deadline_of(const struct session *session, uint64_t now)
{
    const struct turn *turn = &session->turn;
    switch (session->state) {
    case SESSION_RESOLVING:
        return DEADLINE_RESOLVE;
    case SESSION_CONNECTING:
        return DEADLINE_CONNECT;
    case SESSION_HANDSHAKING:
        return DEADLINE_TLS;
    case SESSION_UPGRADING:
        return DEADLINE_UPGRADE;
    case SESSION_CREATING:
        return DEADLINE_SESSION;
    case SESSION_CONFIGURING:
        return DEADLINE_CONFIGURE;
    case SESSION_WAITING:
    case SESSION_STREAMING:
        if (now >= after(turn->sent_ns, session->timeouts->response_ns)) return DEADLINE_RESPONSE;
        if (turn->first_event_ns == 0 || now < after(turn->last_event_ns, session->timeouts->stall_ns))
            return DEADLINE_FIRST_OUTPUT;
        return DEADLINE_STALL;
    case SESSION_NEW:
    case SESSION_READY:
    case SESSION_CLOSING:
    case SESSION_CLOSED:
        break;
    }
    return DEADLINE_NONE;
}

static void on_deadline(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->state == SESSION_CLOSING) {
        action->end = END_ABORT;
        session->deadline_ns =
            0; /* the end follows by itself; a deadline that has passed would fire for ever */
        return;
    }
    struct failure_facts facts = {.deadline = deadline_of(session, now)};
    if (facts.deadline == DEADLINE_NONE) return;
    if (in_dial(session)) {
        fail_dial(session, action, &facts);
        enter_closing(session, action, END_ABORT, now);
    } else {
        fail_turn(session, action, &facts, now);
        enter_closing(session, action, END_CLOSE,
                      now); /* a response may still run on it: not usable any more */
    }
}

static void on_abandon(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->state == SESSION_CLOSED || session->state == SESSION_NEW) return;
    if (in_dial(session) || in_turn(session)) {
        if (in_turn(session)) session->cancelled++;
        action->news |= NEWS_ATTEMPT_CANCELLED;
        session->turn.end_ns = now;
    }
    enter_closing(session, action, END_ABORT, now);
}

static void on_garbage(struct session *session, struct session_action *action, uint64_t now)
{
    struct failure_facts facts = {.protocol_violation = true};
    fail_all(session, action, &facts, now);
    if (session->state != SESSION_CLOSING && session->state != SESSION_CLOSED) {
        enter_closing(session, action, END_ABORT, now);
    }
}

static void on_turn(struct session *session, const struct session_input *input, struct session_action *action,
                    uint64_t now)
{
    if (session->state != SESSION_READY) return;
    session->turn = (struct turn){.due_ns = input->due_ns, .sent_ns = now};
    session->attempts++;
    session->has_error = false;
    session->state = SESSION_WAITING;
    measure(action, METRIC_LAG, input->due_ns, now);
    action->send = SEND_TURN;
    session->deadline_ns = turn_deadline(session);
}

struct session_action session_step(struct session *session, const struct session_input *input,
                                   uint64_t now_ns)
{
    struct session_action action = {0};
    switch (input->kind) {
    case INPUT_DIAL:
        on_dial(session, input, now_ns);
        break;
    case INPUT_STEP:
        on_step(session, input->step, &action, now_ns);
        break;
    case INPUT_REFUSED:
        if (in_dial(session)) {
            struct failure_facts facts = *input->failure;
            fail_dial(session, &action, &facts);
            enter_closing(session, &action, END_NOTHING, now_ns);
        }
        break;
    case INPUT_EVENT:
        on_event(session, input->event, &action, now_ns);
        break;
    case INPUT_GARBAGE:
        on_garbage(session, &action, now_ns);
        break;
    case INPUT_TURN:
        on_turn(session, input, &action, now_ns);
        break;
    case INPUT_DEADLINE:
        on_deadline(session, &action, now_ns);
        break;
    case INPUT_FINISH:
        if (session->state == SESSION_READY) enter_closing(session, &action, END_CLOSE, now_ns);
        break;
    case INPUT_ABANDON:
        on_abandon(session, &action, now_ns);
        break;
    case INPUT_CLOSED:
        on_closed(session, input, &action, now_ns);
        break;
    }
    return action;
}
