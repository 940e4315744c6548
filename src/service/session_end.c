#include "service/session_end.h"

/* ---- classes ---- */

static void add_pause(const struct session *session, struct failure_facts *facts, uint64_t now)
{
    if (session->paused_ns < (uint64_t)SESSION_PAUSE_LEAST_NS) return;
    if (now > session->resumed_ns + (uint64_t)SESSION_AFTER_PAUSE_NS) return;
    facts->paused_ns = (int64_t)session->paused_ns;
}

void session_classify(const struct session *session, struct session_action *action,
                      struct failure_facts *facts, uint64_t now)
{
    if (session->has_error && facts->event == NULL) {
        facts->event = session->error;
    } else if (session->has_error) {
        facts->error_before = session->error;
    }
    add_pause(session, facts, now);
    facts->missed_fails = session->missed_fails;
    turn_add_facts(&session->turn, session->life.timeouts, facts, now);
    life_add_facts(&session->life, facts, now);
    action->observed = *facts;
    action->failure = failure_classify(facts);
}

bool session_is_harmless_event(const struct event_facts *event)
{
    const struct failure_facts alone = {.phase = PHASE_RESPONSE, .event = event};
    const struct failure_class class = failure_classify(&alone);
    return class.harmless;
}

static bool is_lifecycle(const struct session_action *action)
{
    return action->failure.domain == DOMAIN_NONE;
}

/* ---- attempts ---- */

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
    turn_lose(&session->turn, now);
}

void session_close(struct session *session, struct session_action *action, enum session_end end,
                   uint64_t now)
{
    life_close(&session->life, now);
    action->end = end;
}

/* The session cannot continue: whatever was in progress ends for the reason in facts. */
static void end_all(struct session *session, struct session_action *action,
                    struct failure_facts *facts, uint64_t now)
{
    if (session_in_dial(session)) {
        session_fail_dial(session, action, facts, now);
    } else if (session_in_turn(session)) {
        session_fail_turn(session, action, facts, now);
        if (!is_lifecycle(action)) action->news |= NEWS_SESSION_FAILED;
    } else if (session->life.state == LIFE_READY) {
        session_classify(session, action, facts, now);
        action->news |= is_lifecycle(action) ? NEWS_LIFECYCLE : NEWS_SESSION_FAILED;
    }
}

/* ---- inputs ---- */

void session_on_pause(struct session *session, uint64_t paused_ns, uint64_t now)
{
    const bool goes_on = session->resumed_ns != 0 &&
                         now <= session->resumed_ns + paused_ns + (uint64_t)SESSION_AFTER_PAUSE_NS;
    session->paused_ns = (goes_on ? session->paused_ns : 0) + paused_ns;
    session->resumed_ns = now;
    life_pause(&session->life, paused_ns);
    turn_pause(&session->turn, paused_ns, now);
}

void session_on_refused(struct session *session, const struct session_input *input,
                        struct session_action *action, uint64_t now)
{
    if (!session_in_dial(session)) return;
    struct failure_facts facts = *input->failure;
    session_fail_dial(session, action, &facts, now);
    session_close(session, action, END_NOTHING, now);
}

void session_on_end(struct session *session, const struct session_input *input,
                    struct session_action *action, uint64_t now)
{
    struct failure_facts facts = *input->failure;
    facts.closed = true;
    end_all(session, action, &facts, now);
    life_end(&session->life);
    action->news |= NEWS_ENDED;
}

static enum deadline deadline_of(const struct session *session, uint64_t now)
{
    const struct transport_stage *stage = life_stage(&session->life);
    if (session_in_turn(session)) return turn_deadline(&session->turn, session->life.timeouts, now);
    return stage == NULL ? DEADLINE_NONE : stage->deadline;
}

void session_on_deadline(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->life.state == LIFE_CLOSING) {
        action->end = END_ABORT;
        /* the end follows by itself; a deadline left in the past would fire for ever */
        session->life.deadline_ns = 0;
        return;
    }
    struct failure_facts facts = {.deadline = deadline_of(session, now)};
    if (facts.deadline == DEADLINE_NONE) return;
    if (session_in_dial(session)) {
        session_fail_dial(session, action, &facts, now);
        session_close(session, action, END_ABORT, now);
    } else {
        session_fail_turn(session, action, &facts, now);
        /* a response may still be running on it, so it is no longer usable */
        session_close(session, action, END_CLOSE, now);
    }
}

void session_on_abandon(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->life.state == LIFE_NEW || session->life.state == LIFE_OVER) return;
    if (session_in_dial(session) || session_in_turn(session)) {
        if (session_in_turn(session)) session->cancelled++;
        action->news |= NEWS_ATTEMPT_CANCELLED;
        turn_lose(&session->turn, now);
    }
    session_close(session, action, END_ABORT, now);
}

void session_on_violation(struct session *session, struct session_action *action,
                          const char *objection, uint64_t now)
{
    struct failure_facts facts = {.protocol_violation = true, .objection = objection};
    end_all(session, action, &facts, now);
    if (!life_is_over(&session->life)) session_close(session, action, END_ABORT, now);
}
