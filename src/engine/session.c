#include "engine/session.h"

#include "engine/session_end.h"

#include <stdio.h>
#include <string.h>

void session_init(struct session *session, const struct timeouts *timeouts, enum modality modality)
{
    memset(session, 0, sizeof *session);
    session->timeouts = timeouts;
    session->modality = modality;
}

bool session_usable(const struct session *session)
{
    return session->state == SESSION_READY;
}

static void measure(struct session_action *action, enum metric metric, uint64_t from_ns,
                    uint64_t to_ns)
{
    if (action->measured_count == SESSION_MEASURES) {
        action->measured_lost = true;
        return;
    }
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

static void end_turn(struct session *session, uint64_t now)
{
    session->turn.end_ns = now;
    session->state = SESSION_READY;
    session->deadline_ns = 0;
    session->has_error = false;
}

/* ---- the dial ---- */

static void on_dial(struct session *session, const struct session_input *input, uint64_t now)
{
    const struct timeouts *timeouts = session->timeouts;
    session->dial_ns = now;
    session->state = input->resolves ? SESSION_RESOLVING : SESSION_CONNECTING;
    session->deadline_ns =
        after(now, input->resolves ? timeouts->resolve_ns : timeouts->connect_ns);
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
    if (!session_in_dial(session) || step < 0 || step > 3) return;
    uint64_t from = previous_step(session, step);
    session->step_ns[step] = now;
    session->state = steps[step].next;
    session->deadline_ns = after(now, next_limit[step]);
    if (now != from)
        measure(action, steps[step].metric, from, now); /* a plain connection has no TLS step of its
                                                           own */
    if (step == 3) measure(action, METRIC_DIAL, session->dial_ns, now);
}

/* ---- events ---- */

static void on_event_creating(struct session *session, const struct session_input *input,
                              struct session_action *action, uint64_t now)
{
    const struct event_facts *event = input->event;
    if (event->kind == EVENT_ERROR) {
        struct failure_facts facts = {.event = event};
        session_fail_dial(session, action, &facts, now);
        session_close(session, action, END_CLOSE, now);
        return;
    }
    if (event->kind != EVENT_SESSION_CREATED) return;
    session->created_ns = now;
    (void)snprintf(session->session_id, sizeof session->session_id, "%s", event->session_id);
    session->has_expiry = input->has_expiry;
    session->expires_ns = (uint64_t)((int64_t)now + input->expires_in_ns);
    session->state = SESSION_CONFIGURING;
    measure(action, METRIC_SESSION, session->step_ns[3], now);
    action->news |= NEWS_OPENED;
    action->send = SEND_CONFIGURE;
    session->deadline_ns = after(now, session->timeouts->configure_ns);
}

/* Errors that cost nothing (catalogue F56, F74): a cancel that came too late, a side product that
 * failed. */
static bool is_harmless(const struct failure_class *class)
{
    return strcmp(class->code, "cancel_not_active") == 0 ||
           strcmp(class->code, "transcription_failed") == 0;
}

/* An error event by itself, without what else is known: whether it harms anything. */
static bool is_harmless_event(const struct event_facts *event)
{
    const struct failure_facts alone = {.phase = PHASE_RESPONSE, .event = event};
    const struct failure_class class = failure_classify(&alone);
    return is_harmless(&class);
}

static void on_event_configuring(struct session *session, const struct event_facts *event,
                                 struct session_action *action, uint64_t now)
{
    if (event->kind == EVENT_ERROR && is_harmless_event(event)) {
        action->news |= NEWS_HARMLESS;
    } else if (event->kind == EVENT_ERROR) {
        struct failure_facts facts = {.event = event};
        session_fail_dial(session, action, &facts, now);
        session_close(session, action, END_CLOSE, now);
    } else if (event->kind == EVENT_SESSION_UPDATED) {
        session->ready_ns = now;
        session->state = SESSION_READY;
        session->deadline_ns = 0;
        action->news |= NEWS_READY;
    }
}

static void on_delta(struct session *session, enum event_kind kind, struct session_action *action,
                     uint64_t now)
{
    struct turn *turn = &session->turn;
    const enum event_kind wanted =
        session->modality == MODALITY_AUDIO ? EVENT_AUDIO_DELTA : EVENT_TEXT_DELTA;
    if (kind == wanted) turn->answered = true;
    if (turn->first_output_ns == 0) {
        turn->first_output_ns = now;
        session->state = SESSION_STREAMING;
    } else {
        measure(action, METRIC_GAP, turn->last_delta_ns, now);
    }
    turn->last_delta_ns = now;
    turn->deltas++;
}

/* The attempt has failed or was cut. The session goes on, unless it was its life that ended. */
static void lose_turn(struct session *session, struct session_action *action,
                      struct failure_facts *facts, uint64_t now)
{
    session_fail_turn(session, action, facts, now);
    end_turn(session, now);
    if (action->news & NEWS_LIFECYCLE && action->failure.new_session) {
        session_close(session, action, END_CLOSE, now);
    }
}

static void win_turn(struct session *session, const struct event_facts *event,
                     struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    /* Only now is it known that these belong to a success. */
    if (turn->first_event_ns != 0)
        measure(action, METRIC_FIRST_EVENT, turn->due_ns, turn->first_event_ns);
    measure(action, METRIC_TTFT, turn->due_ns, turn->first_output_ns);
    measure(action, METRIC_RESPONSE, turn->due_ns, now);
    action->news |= NEWS_ATTEMPT_OK;
    if (event->status == STATUS_INCOMPLETE) {
        struct failure_facts facts = {.event = event};
        session_classify(session, action, &facts, now);
        if (action->failure.domain == DOMAIN_NONE) action->news |= NEWS_LIFECYCLE;
    }
    end_turn(session, now);
}

static void on_response_done(struct session *session, const struct event_facts *event,
                             struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    turn->usage = event->usage;
    if (turn->response_id[0] == '\0') {
        (void)snprintf(turn->response_id, sizeof turn->response_id, "%s", event->response_id);
    }
    bool complete =
        event->status == STATUS_COMPLETED ||
        (event->status == STATUS_INCOMPLETE && strcmp(event->reason, "max_output_tokens") == 0);
    if (complete && turn->answered) {
        win_turn(session, event, action, now);
    } else {
        struct failure_facts facts = {.event = event, .empty_output = complete};
        lose_turn(session, action, &facts, now);
    }
}

static void keep_error(struct session *session, const struct event_facts *event, uint64_t now)
{
    session->error = *event;
    session->error_ns = now;
    session->has_error = true;
}

static void on_turn_error(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    if (is_harmless_event(event)) {
        action->news |= NEWS_HARMLESS;
        if (!session->has_error)
            keep_error(session, event, now); /* should something else fail: what came before */
    } else if (session->turn.first_event_ns != 0) {
        /* One failure, not two: response.done, a close or a deadline follows and takes this
         * along. */
        keep_error(session, event, now);
    } else {
        struct failure_facts facts = {.event = event};
        lose_turn(session, action, &facts, now);
    }
}

static void on_event_in_turn(struct session *session, const struct event_facts *event,
                             struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    turn->last_event_ns = now;
    if (event->kind == EVENT_RESPONSE_CREATED && turn->first_event_ns == 0) {
        turn->first_event_ns = now;
        if (session->error_ns < turn->sent_ns)
            session->has_error = false; /* the session answers all the same */
        (void)snprintf(turn->response_id, sizeof turn->response_id, "%s", event->response_id);
    } else if (event->kind == EVENT_TEXT_DELTA || event->kind == EVENT_AUDIO_DELTA) {
        on_delta(session, event->kind, action, now);
    } else if (event->kind == EVENT_ERROR) {
        on_turn_error(session, event, action, now);
    } else if (event->kind == EVENT_RESPONSE_DONE) {
        bool ours = turn->response_id[0] == '\0' || event->response_id[0] == '\0' ||
                    strcmp(turn->response_id, event->response_id) == 0;
        if (ours) on_response_done(session, event, action, now);
    } else if (event->kind == EVENT_TRANSCRIPTION_FAILED) {
        turn->transcription_failed = true;
        action->news |= NEWS_HARMLESS;
    }
    if (session_in_turn(session)) session->deadline_ns = turn_deadline(session);
}

/* Between turns: an error may be the first word of the session's end. */
static void on_event_idle(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    if (event->kind != EVENT_ERROR) return;
    struct failure_facts facts = {.event = event};
    session_classify(session, action, &facts, now);
    if (action->failure.domain == DOMAIN_NONE && action->failure.new_session) {
        action->news |= NEWS_LIFECYCLE;
        session_close(session, action, END_CLOSE, now);
    } else if (is_harmless(&action->failure)) {
        action->news |= NEWS_HARMLESS;
    } else {
        keep_error(session, event, now);
    }
}

static void on_event(struct session *session, const struct session_input *input,
                     struct session_action *action, uint64_t now)
{
    const struct event_facts *event = input->event;
    switch (session->state) {
    case SESSION_CREATING:
        on_event_creating(session, input, action, now);
        break;
    case SESSION_CONFIGURING:
        on_event_configuring(session, event, action, now);
        break;
    case SESSION_WAITING:
    case SESSION_STREAMING:
        on_event_in_turn(session, event, action, now);
        break;
    case SESSION_READY:
        on_event_idle(session, event, action, now);
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

static void on_turn(struct session *session, const struct session_input *input,
                    struct session_action *action, uint64_t now)
{
    if (session->state != SESSION_READY) return;
    session->turn = (struct turn){.due_ns = input->due_ns, .sent_ns = now};
    session->attempts++;
    /* An error just before may be the first word of an end that the turn will meet. */
    if (now > after(session->error_ns, session->timeouts->close_ns)) session->has_error = false;
    session->state = SESSION_WAITING;
    measure(action, METRIC_LAG, input->due_ns, now);
    action->send = SEND_TURN;
    session->deadline_ns = turn_deadline(session);
}

/* Only now, since what has just ended went by the silence before. */
static void keep_activity(struct session *session, const struct session_input *input,
                          const struct session_action *action, uint64_t now)
{
    bool upgraded = input->kind == INPUT_STEP && input->step == 3;
    if (upgraded || input->kind == INPUT_EVENT || action->send != SEND_NOTHING)
        session->active_ns = now;
}

struct session_action session_step(struct session *session, const struct session_input *input,
                                   uint64_t now_ns)
{
    struct session_action action = {0};
    switch (input->kind) {
    case INPUT_DIAL:
        on_dial(session, input, now_ns);
        break;
    case INPUT_ANSWER:
        session->answer = *input->failure;
        break;
    case INPUT_STEP:
        on_step(session, input->step, &action, now_ns);
        break;
    case INPUT_REFUSED:
        session_on_refused(session, input, &action, now_ns);
        break;
    case INPUT_EVENT:
        on_event(session, input, &action, now_ns);
        break;
    case INPUT_GARBAGE:
        session_on_garbage(session, &action, now_ns);
        break;
    case INPUT_TURN:
        on_turn(session, input, &action, now_ns);
        break;
    case INPUT_DEADLINE:
        session_on_deadline(session, &action, now_ns);
        break;
    case INPUT_FINISH:
        if (session->state == SESSION_READY) session_close(session, &action, END_CLOSE, now_ns);
        break;
    case INPUT_ABANDON:
        session_on_abandon(session, &action, now_ns);
        break;
    case INPUT_CLOSED:
        session_on_closed(session, input, &action, now_ns);
        break;
    }
    keep_activity(session, input, &action, now_ns);
    return action;
}
