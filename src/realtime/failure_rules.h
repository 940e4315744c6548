/*
 * The classification rules, one function per layer in the order of the catalogue (end of its
 * section 1). Each considers only its own layer and returns the class that explains the failure, or
 * FAILURE_NONE. Within a layer structured fields come first; text of the service comes last, and
 * only as unambiguous whole phrases.
 */
#ifndef RUSHHOUR_REALTIME_FAILURE_RULES_H
#define RUSHHOUR_REALTIME_FAILURE_RULES_H

#include "realtime/failure_match.h"

/* Local limits, DNS, TCP, TLS and proxies. */
enum failure_id failure_by_transport(const struct failure_facts *facts);

/* The alert with which the peer ended TLS; one must have come. */
enum failure_id failure_by_alert(const struct failure_facts *facts);

/* Whether an errno means that the peer, or something on the way, dropped the connection. */
bool failure_is_reset(int os_error);

/* An upgrade that did not get a valid 101. */
enum failure_id failure_by_refusal(const struct failure_facts *facts);

/* `error` events and the end of a response. */
enum failure_id failure_by_event(const struct failure_facts *facts);

/* The class of one error object by itself, regardless of other observations. */
enum failure_id failure_by_error(const struct event_facts *event);

/* The class for the code of an error object, which may also appear in the reason of a Close
 * frame. */
enum failure_id failure_by_error_code(const char *code);

/* The event that failure_by_event uses: the one that ended the attempt, or an earlier `error` that
 * explains it better. NULL if there is none. */
const struct event_facts *failure_speaker(const struct failure_facts *facts);

/* The end of the connection. */
enum failure_id failure_by_end(const struct failure_facts *facts);

/* An end of the connection that is explained by the session's age or silence. */
enum failure_id failure_by_life(const struct failure_facts *facts);

/* Whether the session has reached the maximum duration that a service allows. */
bool failure_at_cap(const struct failure_facts *facts);

/* Our deadlines. */
enum failure_id failure_by_deadline(const struct failure_facts *facts);

/* The class for all observations; FAILURE_UNKNOWN if no layer explains them. */
enum failure_id failure_decide(const struct failure_facts *facts);

/* The catalogue number of the class, in the form in which it was observed. */
const char *failure_number(enum failure_id id, const struct failure_facts *facts);

#endif
