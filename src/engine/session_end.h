/* How attempts and sessions end; a part of session.c, for nobody else. */
#ifndef RUSHHOUR_ENGINE_SESSION_END_H
#define RUSHHOUR_ENGINE_SESSION_END_H

#include "engine/session.h"

/* Before READY an interaction waits for the session, so the dial is its attempt. */
bool session_in_dial(const struct session *session);
bool session_in_turn(const struct session *session);

/* Fills what the session itself knows into the facts, and puts facts and class into the action. */
void session_classify(const struct session *session, struct session_action *action,
                      struct failure_facts *facts, uint64_t now);

/* The dial, or the turn, has failed for the reason in facts; or, when the class is of domain none,
 * was cut short by the end of the session's life and counts as cancelled. */
void session_fail_dial(struct session *session, struct session_action *action,
                       struct failure_facts *facts, uint64_t now);
void session_fail_turn(struct session *session, struct session_action *action,
                       struct failure_facts *facts, uint64_t now);

/* Goes to CLOSING, where nothing more is recorded but the end. */
void session_close(struct session *session, struct session_action *action, enum session_end end,
                   uint64_t now);

/* Inputs that end something. */
void session_on_refused(struct session *session, const struct session_input *input,
                        struct session_action *action, uint64_t now);
void session_on_closed(struct session *session, const struct session_input *input,
                       struct session_action *action, uint64_t now);
void session_on_deadline(struct session *session, struct session_action *action, uint64_t now);
void session_on_abandon(struct session *session, struct session_action *action, uint64_t now);
void session_on_garbage(struct session *session, struct session_action *action, uint64_t now);

#endif
