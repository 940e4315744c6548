#include "realtime/failure_rules.h"

#include <string.h>

static enum failure_id by_error_type(const char *type)
{
    static const struct failure_match types[] = {
        {"server_error", FAILURE_SERVER_ERROR},
        {"service_unavailable_error", FAILURE_SERVICE_UNAVAILABLE},
        {"rate_limit_exceeded", FAILURE_RATE_LIMIT_EXCEEDED},
        {"rate_limit_error", FAILURE_RATE_LIMIT_EXCEEDED},
        {"insufficient_quota", FAILURE_QUOTA_EXHAUSTED},
        {"authentication_error", FAILURE_INVALID_API_KEY},
    };
    enum failure_id id = match_code(types, MATCH_COUNT(types), type);
    /* a service with a single field for all puts the code there */
    return id != FAILURE_NONE ? id : failure_by_error_code(type);
}

static enum failure_id by_error_text(const char *message)
{
    static const struct failure_match phrases[] = {
        /* sent without a code in 2024 */
        {"already has an active response", FAILURE_ACTIVE_RESPONSE},
        {"hit the maximum duration", FAILURE_SESSION_EXPIRED},
        {"server had an error while processing", FAILURE_SERVER_ERROR},
        {"server is overloaded", FAILURE_SERVICE_UNAVAILABLE},
        {"too many requests", FAILURE_RATE_LIMIT_EXCEEDED},
    };
    if (match_says_rate_limit(message)) return FAILURE_RATE_LIMIT_EXCEEDED;
    return match_phrase(phrases, MATCH_COUNT(phrases), message);
}

/* An append above the service's ceiling of 15 MiB. Its code is undocumented: recognised by the
 * field that was too long, or by the ceiling in a message about the audio. */
static bool is_append_too_big(const struct event_facts *event)
{
    if (strcmp(event->error_param, "audio") == 0) {
        return strcmp(event->error_code, "string_above_max_length") == 0 ||
               match_says(event->error_message, "15 MiB") ||
               match_says(event->error_message, "15728640");
    }
    return match_says(event->error_message, "audio") && match_says(event->error_message, "15 MiB");
}

/* The one server_error that the session survives: the model sampled something that is not text. */
static bool is_bad_sampling(const char *message)
{
    return match_says(message, "invalid Unicode output") ||
           match_says(message, "Unexpected special token");
}

enum failure_id failure_by_error(const struct event_facts *event)
{
    enum failure_id id = failure_by_error_code(event->error_code);
    if (id == FAILURE_NONE) id = by_error_type(event->error_code); /* a type in its place */
    if (id == FAILURE_NONE) id = by_error_type(event->error_type);
    bool request = strcmp(event->error_type, "invalid_request_error") == 0 ||
                   strcmp(event->error_code, "invalid_request_error") == 0;
    if ((id == FAILURE_NONE || id == FAILURE_INVALID_VALUE) && request &&
        is_append_too_big(event)) {
        return FAILURE_APPEND_TOO_BIG;
    }
    if (id == FAILURE_SERVER_ERROR && is_bad_sampling(event->error_message))
        return FAILURE_BAD_SAMPLING;
    if (id == FAILURE_NONE) id = by_error_text(event->error_message);
    if (id == FAILURE_RATE_LIMIT_EXCEEDED && match_says_daily(event->error_message))
        return FAILURE_DAILY_LIMIT;
    if (id != FAILURE_NONE) return id;
    return request ? FAILURE_INVALID_REQUEST : FAILURE_UNKNOWN_ERROR;
}

/* Whether an error can be why a response failed: others respond to an event of ours and do not
 * affect it. */
static bool can_end_a_response(enum failure_id id)
{
    enum domain domain = failure_row(id)->class.domain;
    return domain != DOMAIN_CLIENT && domain != DOMAIN_CONFIG && id != FAILURE_UNKNOWN_ERROR;
}

static bool has_lower_evidence(const struct failure_facts *facts)
{
    return facts->protocol_violation || facts->closed || facts->close_code != 0 ||
           facts->os_error != 0 || facts->ping_timeout || facts->deadline != DEADLINE_NONE;
}

/* A cancel that came too late does no harm: whatever else was observed is the cause. */
static bool explains(const struct failure_facts *facts, const struct event_facts *error)
{
    return failure_by_error(error) != FAILURE_CANCEL_NOT_ACTIVE || !has_lower_evidence(facts);
}

const struct event_facts *failure_speaker(const struct failure_facts *facts)
{
    const struct event_facts *event = facts->event;
    const struct event_facts *before = facts->error_before;
    if (event != NULL && event->kind == EVENT_ERROR && explains(facts, event)) return event;
    if (event != NULL && event->kind == EVENT_RESPONSE_DONE) {
        bool first = before != NULL && event->status == STATUS_FAILED &&
                     can_end_a_response(failure_by_error(before));
        return first ? before : event;
    }
    return before != NULL && explains(facts, before) ? before : NULL;
}

static enum failure_id by_status(const struct failure_facts *facts, const struct event_facts *event)
{
    switch (event->status) {
    case STATUS_FAILED:
        return FAILURE_UNKNOWN_ERROR;
    case STATUS_CANCELLED:
        return FAILURE_CANCELLED;
    case STATUS_INCOMPLETE:
        if (strcmp(event->reason, "content_filter") == 0) return FAILURE_CONTENT_FILTER;
        /* our own limit is ours, whether or not anything came before it */
        if (facts->output_limited || strcmp(event->reason, "max_output_tokens") == 0)
            return FAILURE_MAX_OUTPUT_TOKENS;
        return facts->empty_output ? FAILURE_EMPTY_OUTPUT : FAILURE_INCOMPLETE;
    case STATUS_COMPLETED:
        if (facts->output_limited) return FAILURE_MAX_OUTPUT_TOKENS;
        break;
    case STATUS_UNKNOWN:
        return FAILURE_PROTOCOL_VIOLATION;
    }
    return facts->empty_output ? FAILURE_EMPTY_OUTPUT : FAILURE_NONE;
}

/* An error whose own words say little, in a situation that says more. */
static enum failure_id in_its_place(const struct failure_facts *facts,
                                    const struct event_facts *event, enum failure_id id)
{
    bool vague = id == FAILURE_SERVER_ERROR || id == FAILURE_UNKNOWN_ERROR;
    bool first =
        event->kind == EVENT_ERROR && facts->phase == PHASE_SESSION && !facts->session_created;
    if (vague && first) return FAILURE_FIRST_EVENT_ERROR;
    /* The end of a session's time has been seen disguised as a server_error. */
    if (id == FAILURE_SERVER_ERROR && failure_at_cap(facts)) return FAILURE_EXPIRY_SUSPECTED;
    return id;
}

enum failure_id failure_by_event(const struct failure_facts *facts)
{
    const struct event_facts *event = failure_speaker(facts);
    if (event == NULL) return FAILURE_NONE;
    if (event->kind == EVENT_ERROR || event->has_error) {
        return in_its_place(facts, event, failure_by_error(event));
    }
    return by_status(facts, event);
}
