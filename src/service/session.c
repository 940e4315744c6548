#include "service/session.h"

#include "service/causality.h"
#include "service/session_end.h"

#include <string.h>

void session_init(struct session *session, const struct session_terms *terms)
{
    memset(session, 0, sizeof *session);
    life_init(&session->life, terms->stages, terms->timeouts);
    if (terms->speed > 0) session->life.speed = terms->speed;
    turn_init(&session->turn);
    session->modality = terms->modality;
    session->hears = terms->hears;
    session->missed_fails = terms->missed_fails;
    session->asked =
        (struct response_seen){.wanted = terms->wanted, .output_limit = terms->output_limit};
}

bool session_in_dial(const struct session *session)
{
    return life_in_dial(&session->life);
}

bool session_in_turn(const struct session *session)
{
    return turn_is_on(&session->turn);
}

bool session_usable(const struct session *session)
{
    return session->life.state == LIFE_READY && !session_in_turn(session);
}

uint64_t session_deadline_ns(const struct session *session)
{
    return session_in_turn(session) ? turn_deadline_ns(&session->turn, session->life.timeouts)
                                    : session->life.deadline_ns;
}

/* ---- the way to the first turn ---- */

static void take_life(struct session_action *action, unsigned news)
{
    if (news & LIFE_OPENED) action->news |= NEWS_OPENED;
    if (news & LIFE_CONFIGURE) action->send = SEND_CONFIGURE;
    if (news & LIFE_BECAME_READY) action->news |= NEWS_READY;
}

static void on_stage(struct session *session, const struct session_input *input,
                     struct session_action *action, uint64_t now)
{
    take_life(action, life_stage_done(&session->life, input->stage, &action->measured, now));
}

/* Before the session is open nothing is harmless: only expected events should come. */
static void on_dial_error(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    if (session->life.opened_ns != 0 && session_is_harmless_event(event)) {
        action->news |= NEWS_HARMLESS;
        return;
    }
    struct failure_facts facts = {.event = event};
    session_fail_dial(session, action, &facts, now);
    session_close(session, action, END_CLOSE, now);
}

static void on_dial_event(struct session *session, const struct session_input *input,
                          struct session_action *action, uint64_t now)
{
    if (input->event->kind == EVENT_ERROR) {
        on_dial_error(session, input->event, action, now);
        return;
    }
    const unsigned news = life_event(&session->life, input->event, &action->measured, now);
    if ((news & LIFE_OPENED) && input->has_expiry)
        life_expires_in(&session->life, input->expires_in_ns, now);
    take_life(action, news);
}

/* ---- the turn ---- */

static void keep_error(struct session *session, const struct event_facts *event, uint64_t now)
{
    if (session->error == NULL) return;
    *session->error = *event;
    session->error_ns = now;
    session->has_error = true;
}

/* The attempt failed or was cut short. The session continues, unless its life ended. */
static void lose_turn(struct session *session, struct session_action *action,
                      struct failure_facts *facts, uint64_t now)
{
    session_fail_turn(session, action, facts, now);
    session->has_error = false;
    if (action->news & NEWS_LIFECYCLE && action->failure.new_session)
        session_close(session, action, END_CLOSE, now);
}

static void win_turn(struct session *session, const struct event_facts *event,
                     struct session_action *action, uint64_t now)
{
    action->news |= NEWS_ATTEMPT_OK;
    if (event->status == STATUS_INCOMPLETE) {
        struct failure_facts facts = {.event = event};
        session_classify(session, action, &facts, now);
        if (action->failure.domain == DOMAIN_NONE) action->news |= NEWS_LIFECYCLE;
    }
    turn_win(&session->turn, &action->measured, now);
    session->has_error = false;
}

static void on_turn_error(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    turn_heard(&session->turn, now);
    if (session_is_harmless_event(event)) {
        action->news |= NEWS_HARMLESS;
        if (!session->has_error)
            keep_error(session, event, now); /* in case something else fails: this came before */
    } else if (turn_has_begun(&session->turn)) {
        /* One failure, not two: response.done, a close or a deadline follows and will include this
         * one. */
        keep_error(session, event, now);
    } else {
        struct failure_facts facts = {.event = event};
        lose_turn(session, action, &facts, now);
        session->late = true;
    }
}

static const char *status_objection(const struct event_facts *event)
{
    const bool unknown =
        event->kind == EVENT_RESPONSE_DONE && event->status == STATUS_UNKNOWN && !event->has_error;
    return unknown ? "response.done with a status that is none" : NULL;
}

static void on_turn_event(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    struct turn *turn = &session->turn;
    if (event->kind == EVENT_ERROR) {
        on_turn_error(session, event, action, now);
        return;
    }
    /* The session answers after all. */
    if (event->kind == EVENT_RESPONSE_CREATED && !turn_has_begun(turn) &&
        session->error_ns < turn->sent_ns)
        session->has_error = false;
    const enum turn_outcome outcome = turn_event(turn, event, &action->measured, now);
    if (outcome == TURN_INTERRUPTED) {
        session->cancelled++;
        session->has_error = false;
        action->news |= NEWS_ATTEMPT_CANCELLED;
        turn_lose(turn, now);
    } else if (outcome == TURN_COMPLETE) {
        win_turn(session, event, action, now);
    } else if (outcome == TURN_EMPTY || outcome == TURN_BROKEN || outcome == TURN_LIMITED) {
        struct failure_facts facts = {.event = event,
                                      .objection = status_objection(event),
                                      .empty_output = outcome == TURN_EMPTY,
                                      .output_limited = outcome == TURN_LIMITED};
        lose_turn(session, action, &facts, now);
    } else if (outcome == TURN_SIDE_FAILED) {
        action->news |= NEWS_HARMLESS;
    }
}

/* Between turns: an error may announce the session's end. */
static void on_idle_event(struct session *session, const struct event_facts *event,
                          struct session_action *action, uint64_t now)
{
    if (event->kind != EVENT_ERROR) return;
    struct failure_facts facts = {.event = event};
    session_classify(session, action, &facts, now);
    if (action->failure.domain == DOMAIN_NONE && action->failure.new_session) {
        action->news |= NEWS_LIFECYCLE;
        session_close(session, action, END_CLOSE, now);
    } else if (action->failure.harmless) {
        action->news |= NEWS_HARMLESS;
    } else {
        keep_error(session, event, now);
    }
}

/* False: it is before or after all that events have an order in. */
static bool stands(const struct session *session, enum standing *standing)
{
    const struct transport_stage *stage = life_stage(&session->life);
    if (session_in_turn(session)) {
        *standing = turn_has_begun(&session->turn) ? STANDING_ANSWERED : STANDING_ASKED;
    } else if (session->life.state == LIFE_READY) {
        *standing = STANDING_IDLE;
    } else if (stage != NULL && stage->until == EVENT_SESSION_CREATED) {
        *standing = STANDING_OPENING;
    } else if (stage != NULL && stage->until == EVENT_SESSION_UPDATED) {
        *standing = STANDING_SETTING;
    } else {
        return false;
    }
    return true;
}

static const char *objection_to(const struct session *session, const struct event_facts *event)
{
    enum standing standing;
    return stands(session, &standing)
               ? causality_objection(standing, session->late || session->hears, event)
               : NULL;
}

static void on_event(struct session *session, const struct session_input *input,
                     struct session_action *action, uint64_t now)
{
    const char *objection = objection_to(session, input->event);
    if (objection != NULL) {
        session_on_violation(session, action, objection, now);
        return;
    }
    if (input->event->kind == EVENT_RESPONSE_DONE) session->late = false;
    if (session_in_turn(session)) {
        on_turn_event(session, input->event, action, now);
    } else if (session->life.state == LIFE_READY) {
        on_idle_event(session, input->event, action, now);
    } else if (session->life.connected_ns != 0 && session_in_dial(session)) {
        on_dial_event(session, input, action, now);
    }
}

static void on_turn(struct session *session, const struct session_input *input,
                    struct session_action *action, uint64_t now)
{
    if (!session_usable(session)) return;
    if (input->speaks) {
        turn_speak(&session->turn, session->modality, &session->asked, input->due_ns, now);
    } else {
        turn_begin(&session->turn, session->modality, &session->asked, input->due_ns, now);
        measures_add(&action->measured, METRIC_LAG, (int64_t)(now - input->due_ns));
    }
    session->attempts++;
    /* A recent error may announce an end that will hit the turn. */
    if (now > session->error_ns + (uint64_t)session->life.timeouts->close_ns)
        session->has_error = false;
    action->send = SEND_TURN;
}

static void on_spoken(struct session *session, struct session_action *action, uint64_t now)
{
    if (session->turn.state != TURN_SPEAKING) return;
    turn_spoken(&session->turn, now);
    measures_add(&action->measured, METRIC_LAG, (int64_t)(now - session->turn.due_ns));
}

/* ---- one step ---- */

static void take(struct session *session, const struct session_input *input,
                 struct session_action *action, uint64_t now)
{
    switch (input->kind) {
    case INPUT_DIAL:
        life_dial(&session->life, input->resolves, now);
        break;
    case INPUT_STAGE:
        on_stage(session, input, action, now);
        break;
    case INPUT_ANSWER:
        session->life.answer = *input->failure;
        break;
    case INPUT_REFUSED:
        session_on_refused(session, input, action, now);
        break;
    case INPUT_EVENT:
        if (input->room != NULL) session->error = input->room;
        on_event(session, input, action, now);
        break;
    case INPUT_GARBAGE:
        session_on_violation(session, action, NULL, now);
        break;
    case INPUT_TURN:
        on_turn(session, input, action, now);
        break;
    case INPUT_SPOKEN:
        on_spoken(session, action, now);
        break;
    case INPUT_COMMITTED:
        turn_committed(&session->turn, now);
        break;
    case INPUT_INTERRUPT:
        turn_interrupt(&session->turn, now);
        break;
    case INPUT_DEADLINE:
        session_on_deadline(session, action, now);
        break;
    case INPUT_PAUSE:
        session_on_pause(session, input->paused_ns, now);
        break;
    case INPUT_FINISH:
        if (session_usable(session)) session_close(session, action, END_CLOSE, now);
        break;
    case INPUT_ABANDON:
        session_on_abandon(session, action, now);
        break;
    case INPUT_END:
        session_on_end(session, input, action, now);
        break;
    }
}

struct session_action session_step(struct session *session, const struct session_input *input,
                                   uint64_t now_ns)
{
    struct session_action action = {0};
    take(session, input, &action, now_ns);
    /* Only now, because what has just ended depended on the silence before. */
    if (input->kind == INPUT_EVENT || action.send != SEND_NOTHING)
        life_touch(&session->life, now_ns);
    return action;
}
