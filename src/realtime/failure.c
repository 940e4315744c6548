#include "realtime/failure.h"

#include "realtime/failure_rules.h"

#include <string.h>
#include <strings.h>

/* Ends and silences for which our own silence during a pause may be the reason. Where the service
 * said why, its word counts. */
static bool may_be_our_pause(enum failure_id id)
{
    switch (id) {
    case FAILURE_RESOLVE_TIMEOUT:
    case FAILURE_CONNECT_TIMEOUT:
    case FAILURE_CONNECT_RESET:
    case FAILURE_TLS_CLOSED:
    case FAILURE_TLS_TIMEOUT:
    case FAILURE_UPGRADE_CLOSED:
    case FAILURE_UPGRADE_TIMEOUT:
    case FAILURE_UPGRADE_408:
    case FAILURE_NO_SESSION_CREATED:
    case FAILURE_NO_SESSION_UPDATED:
    case FAILURE_CLOSED_BEFORE_CREATED:
    case FAILURE_RESPONSE_NOT_STARTED:
    case FAILURE_TURN_MISSED:
    case FAILURE_CONNECTION_RESET:
    case FAILURE_CONNECTION_LOST:
    case FAILURE_STALL:
    case FAILURE_SLOW_OUTPUT:
    case FAILURE_RESPONSE_TIMEOUT:
    case FAILURE_IDLE_CUT:
    case FAILURE_PING_TIMEOUT:
    case FAILURE_CLOSE_1000:
    case FAILURE_CLOSE_1001:
    case FAILURE_CLOSE_1008:
        return true;
    default:
        return false;
    }
}

/* In the order of the catalogue (end of its section 1), so that each failure gets exactly one
 * class. */
enum failure_id failure_decide(const struct failure_facts *facts)
{
    static enum failure_id (*const layers[])(const struct failure_facts *) = {
        failure_by_transport, failure_by_refusal, failure_by_event, failure_by_end,
        failure_by_deadline};
    for (size_t i = 0; i < MATCH_COUNT(layers); i++) {
        enum failure_id id = layers[i](facts);
        if (id == FAILURE_NONE) continue;
        return facts->paused_ns > 0 && may_be_our_pause(id) ? FAILURE_PAUSED : id;
    }
    return facts->transcription_failed ? FAILURE_TRANSCRIPTION_FAILED : FAILURE_UNKNOWN;
}

/* Whether a class was observed in the form for which its row has a second number. */
static bool is_second_form(enum failure_id id, const struct failure_facts *facts)
{
    const struct event_facts *event = failure_speaker(facts);
    switch (id) {
    case FAILURE_SERVER_ERROR:
    case FAILURE_RATE_LIMIT_EXCEEDED:
        return event != NULL && event->kind == EVENT_ERROR; /* instead of in response.done */
    case FAILURE_MODEL_NOT_REALTIME:
        return facts->body_code != NULL &&
               strcasecmp(facts->body_code, "OperationNotSupported") == 0;
    case FAILURE_UPGRADE_403:
        return !match_says(facts->body_message, "Virtual Network") &&
               !match_says(facts->body_message, "Firewall");
    case FAILURE_UPGRADE_500:
        return facts->http_status != 500;
    case FAILURE_CLOSED_BEFORE_CREATED:
        return facts->close_code == 0 || facts->close_code == 1006; /* without a Close frame: as
                                                                       in mid-stream */
    case FAILURE_CLOSE_OTHER:
        return facts->close_code < 4000 || facts->close_code > 4999;
    default:
        return false;
    }
}

const char *failure_number(enum failure_id id, const struct failure_facts *facts)
{
    const struct failure_row *row = failure_row(id);
    return row->second != NULL && is_second_form(id, facts) ? row->second : row->class.catalogue;
}

/* A gateway in front of the service passes on its request id and its JSON error; a proxy's own page
 * has neither. */
static bool is_a_proxys(enum failure_id id, const struct failure_facts *facts)
{
    if (id != FAILURE_UPGRADE_502 && id != FAILURE_UPGRADE_504) return false;
    bool said = (facts->body_code != NULL && facts->body_code[0] != '\0') ||
                (facts->body_message != NULL && facts->body_message[0] != '\0');
    return !facts->from_service && (facts->html || !said);
}

struct failure_class failure_classify(const struct failure_facts *facts)
{
    enum failure_id id = failure_decide(facts);
    const struct failure_row *row = failure_row(id);
    struct failure_class class = row->class;
    if (row->moves && facts->phase != PHASE_NONE) class.phase = facts->phase;
    class.catalogue = failure_number(id, facts);
    if (id == FAILURE_TURN_MISSED && facts->missed_fails) class.domain = DOMAIN_SERVICE;
    if (is_a_proxys(id, facts)) class.domain = DOMAIN_NETWORK;
    /* a gateway's private authority is a matter of ca_file; before Azure something opens TLS */
    if (id == FAILURE_TLS_UNTRUSTED && facts->private_endpoint) class.domain = DOMAIN_CONFIG;
    return class;
}

bool failure_is_ours(const struct failure_class *failure)
{
    return failure->domain == DOMAIN_CLIENT;
}
