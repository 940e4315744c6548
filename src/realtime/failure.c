#include "realtime/failure.h"

#include "realtime/failure_table.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

/*
 * Each function below looks at one layer and says whether that layer explains the failure. failure_classify
 * asks them in the order of the catalogue (end of its section 1), so that one attempt gets one class. Within
 * a layer structured fields decide first; text of the service comes last, and only whole phrases that leave
 * no doubt.
 */

#define NO_ANSWER FAILURE_COUNT

/* X509_V_ERR numbers of OpenSSL's x509_vfy.h; this floor does not know OpenSSL. */
#define CERTIFICATE_NOT_YET_VALID 9
#define CERTIFICATE_HAS_EXPIRED 10
#define CERTIFICATE_HOST_MISMATCH 62
#define CERTIFICATE_ADDRESS_MISMATCH 64

struct text_to_class {
    const char *text;
    enum failure_id id;
};

static bool says(const char *text, const char *phrase)
{
    return text != NULL && strcasestr(text, phrase) != NULL;
}

static enum failure_id find_exact(const struct text_to_class *entries, size_t count, const char *text)
{
    for (size_t i = 0; text != NULL && text[0] != '\0' && i < count; i++) {
        if (strcasecmp(entries[i].text, text) == 0) return entries[i].id;
    }
    return NO_ANSWER;
}

static enum failure_id find_phrase(const struct text_to_class *entries, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (says(text, entries[i].text)) return entries[i].id;
    }
    return NO_ANSWER;
}

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- our own limits, names, TCP, TLS, proxy ---- */

static bool is_local_limit(int os_error)
{
    return os_error == EMFILE || os_error == ENFILE || os_error == EADDRNOTAVAIL || os_error == ENOBUFS ||
           os_error == ENOMEM;
}

static enum failure_id by_resolver(const struct failure_facts *facts)
{
    switch (facts->resolve_error) {
    case 0:
        return NO_ANSWER;
    case EAI_MEMORY:
        return FAILURE_LOCAL_LIMIT;
    case EAI_AGAIN:
    case EAI_SYSTEM:
        return FAILURE_RESOLVE_TEMPORARY;
    default:
        return FAILURE_RESOLVE_FAILED;
    }
}

static bool is_reset(int os_error)
{
    return os_error == ECONNRESET || os_error == EPIPE || os_error == ECONNABORTED;
}

/* A socket's error before the WebSocket was open; later ones are ends of a connection (by_close). */
static enum failure_id by_socket(const struct failure_facts *facts)
{
    if (facts->os_error == 0 || facts->phase > PHASE_UPGRADE) return NO_ANSWER;
    if (is_reset(facts->os_error)) {
        return facts->phase == PHASE_UPGRADE ? FAILURE_UPGRADE_CLOSED : FAILURE_CONNECT_RESET;
    }
    switch (facts->os_error) {
    case ECONNREFUSED:
    case EACCES:
    case EPERM:
        return FAILURE_CONNECT_REFUSED;
    case ETIMEDOUT:
        return FAILURE_CONNECT_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
        return FAILURE_CONNECT_UNREACHABLE;
    default:
        return FAILURE_CONNECT_FAILED;
    }
}

static enum failure_id by_tls(const struct failure_facts *facts)
{
    switch (facts->tls_verify_error) {
    case 0:
        return facts->tls_failed && !is_reset(facts->os_error) ? FAILURE_TLS_FAILED : NO_ANSWER;
    case CERTIFICATE_NOT_YET_VALID:
    case CERTIFICATE_HAS_EXPIRED:
        return FAILURE_TLS_EXPIRED;
    case CERTIFICATE_HOST_MISMATCH:
    case CERTIFICATE_ADDRESS_MISMATCH:
        return FAILURE_TLS_WRONG_NAME;
    default:
        return FAILURE_TLS_UNTRUSTED;
    }
}

static enum failure_id by_transport(const struct failure_facts *facts)
{
    if (facts->local_error != 0 || is_local_limit(facts->os_error)) return FAILURE_LOCAL_LIMIT;
    enum failure_id id = by_resolver(facts);
    if (id == NO_ANSWER) id = by_tls(facts); /* a refused certificate also ends the socket */
    if (id == NO_ANSWER && facts->proxy_status == 407) return FAILURE_PROXY_AUTH;
    if (id == NO_ANSWER && facts->proxy_status != 0) return FAILURE_PROXY_REFUSED;
    if (id == NO_ANSWER && facts->http_status == 0) id = by_socket(facts);
    return id;
}

/* ---- a refused upgrade ---- */

static enum failure_id by_body_code(const char *code)
{
    static const struct text_to_class codes[] = {
        {"OpperationNotSupported", FAILURE_MODEL_NOT_REALTIME}, /* the service's own spelling on one route */
        {"OperationNotSupported", FAILURE_MODEL_NOT_REALTIME},
        {"PermissionDenied", FAILURE_PERMISSION_DENIED},
        {"DeploymentNotFound", FAILURE_DEPLOYMENT_NOT_FOUND},
    };
    return find_exact(codes, COUNT_OF(codes), code);
}

static enum failure_id by_body_text(int status, const char *message)
{
    static const struct text_to_class of_400[] = {
        {"api-version query parameter is not allowed", FAILURE_API_VERSION_NOT_ALLOWED},
        {"API version not supported", FAILURE_API_VERSION_UNKNOWN},
    };
    static const struct text_to_class of_403[] = {
        {"public access is disabled", FAILURE_PUBLIC_ACCESS_DISABLED},
        {"temporarily blocked", FAILURE_RESOURCE_BLOCKED},
    };
    static const struct text_to_class of_404[] = {
        {"API version not supported", FAILURE_API_VERSION_UNKNOWN},
        {"Resource not found", FAILURE_PATH_NOT_FOUND},
    };
    static const struct text_to_class of_429[] = {
        {"temporarily unable to process", FAILURE_CAPACITY_429},
        {"experiencing high demand", FAILURE_CAPACITY_429},
    };
    switch (status) {
    case 400:
        return find_phrase(of_400, COUNT_OF(of_400), message);
    case 403:
        return find_phrase(of_403, COUNT_OF(of_403), message);
    case 404:
        return find_phrase(of_404, COUNT_OF(of_404), message);
    case 429:
        return find_phrase(of_429, COUNT_OF(of_429), message);
    default:
        return NO_ANSWER;
    }
}

static enum failure_id by_status(const struct failure_facts *facts)
{
    switch (facts->http_status) {
    case 101:
        return FAILURE_BAD_HANDSHAKE;
    case 400:
        return FAILURE_UPGRADE_400;
    case 401:
        return FAILURE_UPGRADE_401;
    case 403:
        return FAILURE_UPGRADE_403;
    case 404:
        return facts->body_code != NULL && strcmp(facts->body_code, "404") == 0 ? FAILURE_PATH_NOT_FOUND
                                                                                : FAILURE_UPGRADE_404;
    case 407:
        return FAILURE_PROXY_AUTH;
    case 408:
        return FAILURE_UPGRADE_408;
    case 426:
        return FAILURE_WEBSOCKET_BLOCKED;
    case 429:
        return FAILURE_UPGRADE_429;
    case 431:
        return FAILURE_UPGRADE_431;
    case 502:
        return FAILURE_UPGRADE_502;
    case 503:
        return FAILURE_UPGRADE_503;
    case 504:
        return FAILURE_UPGRADE_504;
    default:
        break;
    }
    if (facts->http_status >= 200 && facts->http_status < 300) return FAILURE_WEBSOCKET_BLOCKED;
    return facts->http_status >= 500 ? FAILURE_UPGRADE_500 : FAILURE_UPGRADE_REJECTED;
}

static enum failure_id by_http(const struct failure_facts *facts)
{
    if (facts->http_status == 0) return NO_ANSWER;
    enum failure_id id = facts->http_status < 500 ? by_body_code(facts->body_code) : NO_ANSWER;
    if (id == NO_ANSWER) id = by_body_text(facts->http_status, facts->body_message);
    return id != NO_ANSWER ? id : by_status(facts);
}

/* ---- an `error` event, or the error inside a failed response.done ---- */

/* Codes of error objects, which also stand in the reasons of Close frames. */
static enum failure_id by_error_code(const char *code)
{
    static const struct text_to_class codes[] = {
        {"inference_rate_limit_exceeded", FAILURE_RATE_LIMIT_EXCEEDED},
        {"rate_limit_exceeded", FAILURE_RATE_LIMIT_EXCEEDED},
        {"too_many_requests", FAILURE_RATE_LIMIT_EXCEEDED},
        {"429", FAILURE_RATE_LIMIT_EXCEEDED},
        {"insufficient_quota", FAILURE_QUOTA_EXHAUSTED},
        {"inference_service_unavailable_error", FAILURE_SERVICE_UNAVAILABLE},
        {"service_unavailable", FAILURE_SERVICE_UNAVAILABLE},
        {"server_error", FAILURE_SERVER_ERROR},
        {"internal_error", FAILURE_SERVER_ERROR},
        {"internal_server_error", FAILURE_SERVER_ERROR},
        {"InternalServerError", FAILURE_SERVER_ERROR},
        {"unknown_parameter", FAILURE_UNKNOWN_PARAMETER},
        {"missing_required_parameter", FAILURE_MISSING_REQUIRED_PARAMETER},
        {"invalid_value", FAILURE_INVALID_VALUE},
        {"invalid_type", FAILURE_INVALID_VALUE},
        {"integer_below_min_value", FAILURE_INVALID_VALUE},
        {"integer_above_max_value", FAILURE_INVALID_VALUE},
        {"invalid_json", FAILURE_INVALID_VALUE},
        {"invalid_event", FAILURE_INVALID_VALUE},
        {"cannot_update_voice", FAILURE_CANNOT_UPDATE_VOICE},
        {"input_audio_buffer_commit_empty", FAILURE_COMMIT_EMPTY},
        {"item_create_duplicate_item_id", FAILURE_DUPLICATE_ITEM},
        {"conversation_already_has_active_response", FAILURE_ACTIVE_RESPONSE},
        {"response_cancel_not_active", FAILURE_CANCEL_NOT_ACTIVE},
        {"inference_not_found_error", FAILURE_MODEL_NOT_SERVED},
        {"model_not_found", FAILURE_MODEL_NOT_SERVED},
        {"invalid_model", FAILURE_MODEL_NOT_SERVED},
        {"missing_model", FAILURE_MODEL_NOT_SERVED},
        {"DeploymentNotFound", FAILURE_DEPLOYMENT_NOT_FOUND},
        {"session_expired", FAILURE_SESSION_EXPIRED},
        {"invalid_api_key", FAILURE_INVALID_API_KEY},
        {"content_filter", FAILURE_CONTENT_FILTER},
        {"content_policy_violation", FAILURE_CONTENT_FILTER},
        {"beta_api_shape_disabled", FAILURE_INVALID_REQUEST},
    };
    return find_exact(codes, COUNT_OF(codes), code);
}

static enum failure_id by_error_type(const char *type)
{
    static const struct text_to_class types[] = {
        {"server_error", FAILURE_SERVER_ERROR},
        {"service_unavailable_error", FAILURE_SERVICE_UNAVAILABLE},
        {"rate_limit_exceeded", FAILURE_RATE_LIMIT_EXCEEDED},
        {"rate_limit_error", FAILURE_RATE_LIMIT_EXCEEDED},
        {"insufficient_quota", FAILURE_QUOTA_EXHAUSTED},
        {"authentication_error", FAILURE_INVALID_API_KEY},
    };
    return find_exact(types, COUNT_OF(types), type);
}

/*
 * "rate limit" as words of their own: "Rate limit reached", but neither "generate limited" nor "sample rate
 * limit", which speak of something else.
 */
static bool says_rate_limit(const char *message)
{
    static const char phrase[] = "rate limit";
    static const char other[] = "sample ";
    for (const char *at = strcasestr(message, phrase); at != NULL; at = strcasestr(at + 1, phrase)) {
        size_t before = (size_t)(at - message);
        const char *after = at + sizeof phrase - 1;
        if (*after == 's') after++;
        bool words = (before == 0 || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)*after);
        bool sample =
            before >= sizeof other - 1 && strncasecmp(at - (sizeof other - 1), other, sizeof other - 1) == 0;
        if (words && !sample) return true;
    }
    return false;
}

static enum failure_id by_error_text(const char *message)
{
    static const struct text_to_class phrases[] = {
        {"already has an active response", FAILURE_ACTIVE_RESPONSE}, /* came without a code in 2024 */
        {"hit the maximum duration", FAILURE_SESSION_EXPIRED},
        {"server had an error while processing", FAILURE_SERVER_ERROR},
        {"server is overloaded", FAILURE_SERVICE_UNAVAILABLE},
        {"too many requests", FAILURE_RATE_LIMIT_EXCEEDED},
    };
    if (says_rate_limit(message)) return FAILURE_RATE_LIMIT_EXCEEDED;
    return find_phrase(phrases, COUNT_OF(phrases), message);
}

static enum failure_id by_error(const struct failure_facts *facts)
{
    const struct event_facts *event = facts->event;
    enum failure_id id = by_error_code(event->error_code);
    if (id == NO_ANSWER) id = by_error_type(event->error_type);
    if (id == FAILURE_SERVER_ERROR && (says(event->error_message, "invalid Unicode output") ||
                                       says(event->error_message, "Unexpected special token"))) {
        return FAILURE_BAD_SAMPLING; /* the one server_error that the same session survives */
    }
    if (id == NO_ANSWER) id = by_error_text(event->error_message);
    if (id != NO_ANSWER) return id;
    if (strcmp(event->error_type, "invalid_request_error") == 0) return FAILURE_INVALID_REQUEST;
    bool first = event->kind == EVENT_ERROR && facts->phase == PHASE_SESSION;
    return first ? FAILURE_FIRST_EVENT_ERROR : FAILURE_UNKNOWN_ERROR;
}

static bool has_lower_evidence(const struct failure_facts *facts)
{
    return facts->protocol_violation || facts->closed || facts->close_code != 0 || facts->os_error != 0 ||
           facts->deadline != DEADLINE_NONE;
}

static enum failure_id by_event(const struct failure_facts *facts)
{
    const struct event_facts *event = facts->event;
    if (event == NULL || (event->kind != EVENT_ERROR && event->kind != EVENT_RESPONSE_DONE)) return NO_ANSWER;
    if (event->kind == EVENT_ERROR || event->has_error) {
        enum failure_id id = by_error(facts);
        /* A cancel that came too late harms nothing: whatever else was observed is the cause. */
        return id == FAILURE_CANCEL_NOT_ACTIVE && has_lower_evidence(facts) ? NO_ANSWER : id;
    }
    switch (event->status) {
    case STATUS_FAILED:
        return FAILURE_UNKNOWN_ERROR;
    case STATUS_CANCELLED:
        return FAILURE_CANCELLED;
    case STATUS_INCOMPLETE:
        if (strcmp(event->reason, "content_filter") == 0) return FAILURE_CONTENT_FILTER;
        if (facts->empty_output) return FAILURE_EMPTY_OUTPUT;
        return strcmp(event->reason, "max_output_tokens") == 0 ? FAILURE_MAX_OUTPUT_TOKENS
                                                               : FAILURE_INCOMPLETE;
    case STATUS_COMPLETED:
    case STATUS_UNKNOWN:
        break;
    }
    return facts->empty_output ? FAILURE_EMPTY_OUTPUT : NO_ANSWER;
}

/* ---- the end of the connection ---- */

/* Reasons have the form <error.type>.<error.code>, or are a sentence. */
static enum failure_id by_close_reason(const char *reason)
{
    if (reason == NULL) return NO_ANSWER;
    if (says(reason, "maximum duration")) return FAILURE_SESSION_EXPIRED;
    const char *dot = strrchr(reason, '.');
    return dot == NULL ? NO_ANSWER : by_error_code(dot + 1);
}

static enum failure_id by_close_code(const struct failure_facts *facts)
{
    enum failure_id id = by_close_reason(facts->close_reason);
    if (id != NO_ANSWER) return id;
    switch (facts->close_code) {
    case 1000:
        return facts->phase == PHASE_SESSION ? FAILURE_CLOSED_BEFORE_CREATED : FAILURE_CLOSE_1000;
    case 1001:
        return FAILURE_CLOSE_1001;
    case 1002:
        return FAILURE_CLOSE_1002;
    case 1007:
        return FAILURE_CLOSE_1007;
    case 1008:
        return FAILURE_CLOSE_1008;
    case 1009:
        return FAILURE_CLOSE_1009;
    case 1011:
        return FAILURE_CLOSE_1011;
    case 1012:
        return FAILURE_CLOSE_1012;
    case 1013:
        return FAILURE_CLOSE_1013;
    case 3000:
        return FAILURE_INVALID_API_KEY;
    default:
        return FAILURE_CLOSE_OTHER;
    }
}

static enum failure_id by_close(const struct failure_facts *facts)
{
    if (facts->protocol_violation) return FAILURE_PROTOCOL_VIOLATION;
    if (facts->close_code != 0 && facts->close_code != 1006) return by_close_code(facts);
    if (is_reset(facts->os_error)) return FAILURE_CONNECTION_RESET;
    if (facts->os_error != 0) return FAILURE_CONNECTION_LOST;
    if (!facts->closed) return NO_ANSWER;
    switch (facts->phase) {
    case PHASE_RESOLVE:
    case PHASE_CONNECT:
        return FAILURE_CONNECT_RESET;
    case PHASE_TLS:
        return FAILURE_TLS_CLOSED;
    case PHASE_UPGRADE:
        return FAILURE_UPGRADE_CLOSED;
    case PHASE_SESSION:
        return FAILURE_CLOSED_BEFORE_CREATED;
    case PHASE_NONE:
    case PHASE_RESPONSE:
    case PHASE_STREAM:
    case PHASE_CLOSE:
        break;
    }
    return FAILURE_CONNECTION_LOST;
}

/* ---- our deadlines ---- */

static enum failure_id by_deadline(const struct failure_facts *facts)
{
    switch (facts->deadline) {
    case DEADLINE_NONE:
        break;
    case DEADLINE_RESOLVE:
        return FAILURE_RESOLVE_TIMEOUT;
    case DEADLINE_CONNECT:
        return FAILURE_CONNECT_TIMEOUT;
    case DEADLINE_TLS:
        return FAILURE_TLS_TIMEOUT;
    case DEADLINE_UPGRADE:
        return FAILURE_UPGRADE_TIMEOUT;
    case DEADLINE_SESSION:
        return FAILURE_NO_SESSION_CREATED;
    case DEADLINE_CONFIGURE:
        return FAILURE_NO_SESSION_UPDATED;
    case DEADLINE_FIRST_OUTPUT:
        return FAILURE_RESPONSE_NOT_STARTED;
    case DEADLINE_STALL:
        return FAILURE_STALL;
    case DEADLINE_RESPONSE:
        return FAILURE_RESPONSE_TIMEOUT;
    }
    return NO_ANSWER;
}

struct failure_class failure_classify(const struct failure_facts *facts)
{
    static enum failure_id (*const layers[])(const struct failure_facts *) = {by_transport, by_http, by_event,
                                                                              by_close, by_deadline};
    enum failure_id id = NO_ANSWER;
    for (size_t i = 0; id == NO_ANSWER && i < COUNT_OF(layers); i++) id = layers[i](facts);

    const struct failure_row *row = failure_row(id == NO_ANSWER ? FAILURE_UNKNOWN : id);
    struct failure_class class = row->class;
    if (row->moves && facts->phase != PHASE_NONE) class.phase = facts->phase;
    bool alone = facts->event != NULL && facts->event->kind == EVENT_ERROR;
    if (alone && row->alone != NULL) class.catalogue = row->alone;
    return class;
}
