/*
 * The rules of classification, one function per layer of the catalogue's order (end of its section
 * 1). Each looks at its layer alone and says which class explains the failure, or FAILURE_NONE.
 * Within a layer structured fields decide first; text of the service comes last, and only whole
 * phrases that leave no doubt.
 */
#ifndef RUSHHOUR_REALTIME_FAILURE_RULES_H
#define RUSHHOUR_REALTIME_FAILURE_RULES_H

#include "realtime/failure_match.h"

/* Our own limits, names, TCP, TLS and proxies. */
enum failure_id failure_by_transport(const struct failure_facts *facts);

/* Whether an errno says that the peer, or something on the way, threw the connection away. */
bool failure_is_reset(int os_error);

/* An upgrade that was answered otherwise than with a good 101. */
enum failure_id failure_by_refusal(const struct failure_facts *facts);

/* `error` events and the end of a response. */
enum failure_id failure_by_event(const struct failure_facts *facts);

/* The class of one error object by itself, whatever else was observed. */
enum failure_id failure_by_error(const struct event_facts *event);

/* The code of an error object, which also stands in the reason of a Close frame. */
enum failure_id failure_by_error_code(const char *code);

/*
 * The event that failure_by_event listens to: the one that ended the attempt, or an `error` that
 * came before and explains it better. NULL when there is none.
 */
const struct event_facts *failure_speaker(const struct failure_facts *facts);

/* The end of the connection. */
enum failure_id failure_by_end(const struct failure_facts *facts);

/* An end of the connection that the session's age or silence explains. */
enum failure_id failure_by_life(const struct failure_facts *facts);

/* Whether the session has come to the longest duration that a service allows. */
bool failure_at_cap(const struct failure_facts *facts);

/* Our deadlines. */
enum failure_id failure_by_deadline(const struct failure_facts *facts);

/* The class of everything that was observed; FAILURE_UNKNOWN when no layer explains it. */
enum failure_id failure_decide(const struct failure_facts *facts);

/* Its number in the catalogue, for the form in which it was observed. */
const char *failure_number(enum failure_id id, const struct failure_facts *facts);

#endif
