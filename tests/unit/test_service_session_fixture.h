/* A session driven by hand, for the tests of its two state machines. */
#ifndef TEST_SERVICE_SESSION_FIXTURE_H
#define TEST_SERVICE_SESSION_FIXTURE_H

#include "base/clock.h"
#include "service/session.h"
#include "service/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS(x) ((uint64_t)(x) * (uint64_t)NS_PER_MS)

static const struct timeouts timeouts = {.resolve_ns = 1 * NS_PER_S,
                                         .connect_ns = 2 * NS_PER_S,
                                         .tls_ns = 3 * NS_PER_S,
                                         .upgrade_ns = 4 * NS_PER_S,
                                         .session_ns = 5 * NS_PER_S,
                                         .configure_ns = 6 * NS_PER_S,
                                         .close_ns = 7 * NS_PER_S,
                                         .first_output_ns = 8 * NS_PER_S,
                                         .stall_ns = 1 * NS_PER_S,
                                         .response_ns = 20 * NS_PER_S};

static inline void init(struct session *session, enum modality modality)
{
    const struct session_terms terms = {
        .stages = websocket_transport.stages, .timeouts = &timeouts, .modality = modality};
    session_init(session, &terms);
}

static inline struct session_action say(struct session *session, struct session_input input,
                                        uint64_t at_ms)
{
    static struct event_facts room; /* one session at a time */
    input.room = &room;
    return session_step(session, &input, MS(at_ms));
}

static inline struct session_action event(struct session *session, enum event_kind kind,
                                          uint64_t at_ms)
{
    struct event_facts facts = {.kind = kind, .response_id = "resp_1", .session_id = "sess_1"};
    return say(session, (struct session_input){.kind = INPUT_EVENT, .event = &facts}, at_ms);
}

static inline struct session_action done(struct session *session, enum response_status status,
                                         const char *error_type, uint64_t at_ms)
{
    struct event_facts facts = {
        .kind = EVENT_RESPONSE_DONE, .status = status, .response_id = "resp_1"};
    facts.has_error = error_type[0] != '\0';
    (void)snprintf(facts.error_type, sizeof facts.error_type, "%s", error_type);
    facts.usage = (struct usage){.present = true, .input = 30, .output = 4};
    return say(session, (struct session_input){.kind = INPUT_EVENT, .event = &facts}, at_ms);
}

static inline struct session_action closed(struct session *session, struct failure_facts facts,
                                           uint64_t at_ms)
{
    return say(session, (struct session_input){.kind = INPUT_END, .failure = &facts}, at_ms);
}

static inline struct session_action step(struct session *session, unsigned which, uint64_t at_ms)
{
    return say(session, (struct session_input){.kind = INPUT_STAGE, .stage = which}, at_ms);
}

/* Dial at 100 ms; ready at 200 ms. */
static inline void make_ready(struct session *session)
{
    init(session, MODALITY_TEXT);
    (void)say(session, (struct session_input){.kind = INPUT_DIAL, .resolves = true}, 100);
    (void)step(session, 0, 105);
    (void)step(session, 1, 115);
    (void)step(session, 2, 135);
    (void)step(session, 3, 170);
    (void)event(session, EVENT_SESSION_CREATED, 180);
    struct session_action action = event(session, EVENT_SESSION_UPDATED, 200);
    assert_int_equal(action.news, NEWS_READY);
}

static inline struct session_action send_turn(struct session *session, uint64_t due_ms,
                                              uint64_t sent_ms)
{
    return say(session, (struct session_input){.kind = INPUT_TURN, .due_ns = MS(due_ms)}, sent_ms);
}

#endif
