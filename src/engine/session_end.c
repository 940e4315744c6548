#include "engine/session_end.h"

#include "service/answer.h"

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

bool session_in_turn(const struct session *session)
{
    return session->state == SESSION_WAITING || session->state == SESSION_STREAMING;
}

bool session_in_dial(const struct session *session)
{
    return session->state > SESSION_NEW && session->state < SESSION_READY;
}

/* ---- classes ---- */

/* Of its life: how old it is, how long nothing was said, when it was to end. */
static void add_life(const struct session *session, struct failure_facts *facts, uint64_t now)
{
    const uint64_t opened_ns = session->step_ns[3];
    if (opened_ns == 0) return;
    facts->session_created = session->created_ns != 0;
    facts->socket_age_ns = (int64_t)(now - opened_ns);
    facts->idle_ns = (int64_t)(now - session->active_ns);
    facts->session_created = session->created_ns != 0;
    facts->has_expiry = session->has_expiry;
    if (session->has_expiry) facts->expires_in_ns = (int64_t)(session->expires_ns - now);
}

/* Of the turn under way. */
static void add_turn(const struct session *session, struct failure_facts *facts, uint64_t now)
{
    const struct turn *turn = &session->turn;
    facts->in_turn = session_in_turn(session);
    if (!facts->in_turn) return;
    facts->transcription_failed = turn->transcription_failed;
    facts->output_flows = turn->last_delta_ns != 0 &&
                          now < turn->last_delta_ns + (uint64_t)session->timeouts->stall_ns;
}

void session_classify(const struct session *session, struct session_action *action,
                      struct failure_facts *facts, uint64_t now)
{
    if (facts->phase == PHASE_NONE) facts->phase = phase_of(session->state);
    if (session->has_error) {
        if (facts->event == NULL) {
            facts->event = &session->error;
        } else {
            facts->error_before = &session->error;
        }
    }
    add_life(session, facts, now);
    add_turn(session, facts, now);
    answer_add_facts(&session->answer, facts);
    action->observed = *facts;
    action->failure = failure_classify(facts);
}

static bool is_lifecycle(const struct session_action *action)
{
    return action->failure.domain == DOMAIN_NONE;
}

static void count_failed_attempt(struct session *session, struct session_action *action)
{
    session->failed++;
    if (session->first_failure == 0)
        session->first_failure = session->attempts - session->cancelled;
    action->news |= NEWS_ATTEMPT_FAILED;
}

void session_fail_dial(struct session *session, struct session_action *action,
                       struct failure_facts *facts, uint64_t now)
{
    session_classify(session, action, facts, now);
    if (is_lifecycle(action)) {
        action->news |= NEWS_ATTEMPT_CANCELLED | NEWS_LIFECYCLE;
        return;
    }
    session->attempts++;
    count_failed_attempt(session, action);
    action->news |= NEWS_SESSION_FAILED;
}

void session_fail_turn(struct session *session, struct session_action *action,
                       struct failure_facts *facts, uint64_t now)
{
    session_classify(session, action, facts, now);
    if (is_lifecycle(action)) {
        session->cancelled++;
        action->news |= NEWS_ATTEMPT_CANCELLED | NEWS_LIFECYCLE;
    } else {
        count_failed_attempt(session, action);
    }
    session->turn.end_ns = now;
}

void session_close(struct session *session, struct session_action *action, enum session_end end,
                   uint64_t now)
{
    session->state = SESSION_CLOSING;
    action->end = end;
    session->deadline_ns = now + (uint64_t)session->timeouts->close_ns;
}

/* ---- inputs ---- */

/* The session cannot go on: whatever was under way ends for the reason in facts. */
static void end_all(struct session *session, struct session_action *action,
                    struct failure_facts *facts, uint64_t now)
{
    if (session_in_dial(session)) {
        session_fail_dial(session, action, facts, now);
    } else if (session_in_turn(session)) {
        session_fail_turn(session, action, facts, now);
        if (!is_lifecycle(action)) action->news |= NEWS_SESSION_FAILED;
    } else if (session->state == SESSION_READY) {
        session_classify(session, action, facts, now);
        action->news |= is_lifecycle(action) ? NEWS_LIFECYCLE : NEWS_SESSION_FAILED;
    }
}

void session_on_refused(struct session *session, const struct session_input *input,
                        struct session_action *action, uint64_t now)
{
    if (!session_in_dial(session)) return;
    struct failure_facts facts = *input->failure;
    session_fail_dial(session, action, &facts, now);
    session_close(session, action, END_NOTHING, now);
}

void session_on_closed(struct session *session, const struct session_input *input,
                       struct session_action *action, uint64_t now)
{
    struct failure_facts facts = *input->failure;
    facts.closed = true;
    end_all(session, action, &facts, now);
    session->state = SESSION_CLOSED;
    session->deadline_ns = 0;
    action->news |= NEWS_ENDED;
}

static bool has_passed(uint64_t now, uint64_t from_ns, int64_t limit_ns)
{
    return now >= from_ns + (uint64_t)limit_ns;
}

static enum deadline deadline_of(const struct session *session, uint64_t now)
{
    const struct turn *turn = &session->turn;
    const struct timeouts *timeouts = session->timeouts;
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
        if (has_passed(now, turn->sent_ns, timeouts->response_ns)) return DEADLINE_RESPONSE;
        if (turn->first_event_ns == 0 || !has_passed(now, turn->last_event_ns, timeouts->stall_ns))
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

void session_on_deadline(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->state == SESSION_CLOSING) {
        action->end = END_ABORT;
        session->deadline_ns =
            0; /* the end follows by itself; a deadline that has passed would fire for ever */
        return;
    }
    struct failure_facts facts = {.deadline = deadline_of(session, now)};
    if (facts.deadline == DEADLINE_NONE) return;
    if (session_in_dial(session)) {
        session_fail_dial(session, action, &facts, now);
        session_close(session, action, END_ABORT, now);
    } else {
        session_fail_turn(session, action, &facts, now);
        session_close(session, action, END_CLOSE,
                      now); /* a response may still run on it: not usable any more */
    }
}

void session_on_abandon(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->state == SESSION_CLOSED || session->state == SESSION_NEW) return;
    if (session_in_dial(session) || session_in_turn(session)) {
        if (session_in_turn(session)) session->cancelled++;
        action->news |= NEWS_ATTEMPT_CANCELLED;
        session->turn.end_ns = now;
    }
    session_close(session, action, END_ABORT, now);
}

void session_on_garbage(struct session *session, struct session_action *action, uint64_t now)
{
    struct failure_facts facts = {.protocol_violation = true};
    end_all(session, action, &facts, now);
    if (session->state != SESSION_CLOSING && session->state != SESSION_CLOSED) {
        session_close(session, action, END_ABORT, now);
    }
}
