/* How attempts and sessions end; internal to session.c. */
#ifndef RUSHHOUR_SERVICE_SESSION_END_H
#define RUSHHOUR_SERVICE_SESSION_END_H

#include "service/session.h"

/* Adds to the facts what the session knows, and puts facts and class into the action. */
void session_classify(const struct session *session, struct session_action *action,
                      struct failure_facts *facts, uint64_t now);

/* Errors without consequences (catalogue F56, F74): a cancel that came too late, a side product
 * that failed. Judges the event by itself, without other observations. */
bool session_is_harmless_event(const struct event_facts *event);

/* The dial, or the turn, failed for the reason in facts; or, if the class has domain none, was cut
 * short by the end of the session's life and counts as cancelled. */
void session_fail_dial(struct session *session, struct session_action *action,
                       struct failure_facts *facts, uint64_t now);
void session_fail_turn(struct session *session, struct session_action *action,
                       struct failure_facts *facts, uint64_t now);

/* Goes to CLOSING, where only the end is recorded. */
void session_close(struct session *session, struct session_action *action, enum session_end end,
                   uint64_t now);

/* A pause of this machine counts against no deadline: the service may have done its part. */
void session_on_pause(struct session *session, uint64_t paused_ns, uint64_t now);

/* Inputs that end something. */
void session_on_refused(struct session *session, const struct session_input *input,
                        struct session_action *action, uint64_t now);
void session_on_end(struct session *session, const struct session_input *input,
                    struct session_action *action, uint64_t now);
void session_on_deadline(struct session *session, struct session_action *action, uint64_t now);
void session_on_abandon(struct session *session, struct session_action *action, uint64_t now);
/* objection: what is wrong, in words that live for ever; NULL: the message is no event. */
void session_on_violation(struct session *session, struct session_action *action,
                          const char *objection, uint64_t now);

#endif
