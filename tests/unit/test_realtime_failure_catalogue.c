/*
 * One row and more for each number of the failure catalogue, written from its wire signature: the JSON that
 * comes over the wire goes through the same readers as in a run.
 */
#include "realtime/failure.h"

#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)
#define MINUTE (60 * S)

struct row {
    const char *number;
    struct failure_facts facts;
    const char *body;          /* of a refused upgrade, or NULL */
    const char *event, *error; /* what ended the attempt, and an `error` before it; or NULL */
    const char *code;
    enum domain domain;
    const char *also; /* numbers of secondary evidence, space between; or NULL */
};

#define REFUSED(status) .facts = {.phase = PHASE_UPGRADE, .http_status = (status), .from_service = true}
#define ERROR_BODY(code, message) "{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define ERROR_EVENT(type, code, message)                                                                     \
    "{\"type\":\"error\",\"event_id\":\"event_1\",\"error\":{\"type\":\"" type "\",\"code\":" code           \
    ",\"message\":\"" message "\",\"param\":null,\"event_id\":null}}"
#define REQUEST_ERROR(code) ERROR_EVENT("invalid_request_error", "\"" code "\"", "No.")
#define DONE(status, details, usage)                                                                         \
    "{\"type\":\"response.done\",\"event_id\":\"event_2\",\"response\":{\"object\":\"realtime.response\","   \
    "\"id\":\"resp_1\",\"status\":\"" status "\",\"status_details\":" details                                \
    ",\"output\":[],\"usage\":" usage "}}"
#define FAILED(type, code, message, usage)                                                                   \
    DONE("failed",                                                                                           \
         "{\"type\":\"failed\",\"error\":{\"type\":\"" type "\",\"code\":" code ",\"message\":\"" message    \
         "\"}}",                                                                                             \
         usage)
#define USED "{\"total_tokens\":250,\"input_tokens\":200,\"output_tokens\":50}"
#define UNUSED "{\"total_tokens\":0,\"input_tokens\":0,\"output_tokens\":0}"
#define SERVER_HAD_AN_ERROR                                                                                  \
    "The server had an error while processing your request. Please include the session ID sess_1."
#define IN_SESSION .phase = PHASE_SESSION, .session_created = true
#define IN_RESPONSE .phase = PHASE_RESPONSE, .session_created = true, .in_turn = true
#define IN_STREAM .phase = PHASE_STREAM, .session_created = true, .in_turn = true
#define BETWEEN_TURNS .phase = PHASE_CLOSE, .session_created = true, .closed = true

/* 1.1: DNS, TCP, TLS, proxy */
static const struct row transport[] = {
    {"F01",
     {.phase = PHASE_RESOLVE, .resolve_error = EAI_NONAME},
     .code = "resolve_failed",
     .domain = DOMAIN_CONFIG},
    {"F02",
     {.phase = PHASE_RESOLVE, .resolve_error = EAI_AGAIN},
     .code = "resolve_temporary",
     .domain = DOMAIN_CLIENT},
    {"F02",
     {.phase = PHASE_RESOLVE, .deadline = DEADLINE_RESOLVE},
     .code = "resolve_timeout",
     .domain = DOMAIN_CLIENT},
    {"F04",
     {.phase = PHASE_CONNECT, .os_error = ECONNREFUSED},
     .code = "connect_refused",
     .domain = DOMAIN_NETWORK},
    {"F05",
     {.phase = PHASE_CONNECT, .os_error = ETIMEDOUT},
     .code = "connect_timeout",
     .domain = DOMAIN_NETWORK},
    {"F05",
     {.phase = PHASE_CONNECT, .deadline = DEADLINE_CONNECT},
     .code = "connect_timeout",
     .domain = DOMAIN_NETWORK},
    {"F05",
     {.phase = PHASE_CONNECT, .os_error = EHOSTUNREACH},
     .code = "connect_unreachable",
     .domain = DOMAIN_NETWORK},
    {"F06",
     {.phase = PHASE_CONNECT, .os_error = ECONNRESET},
     .code = "connect_reset",
     .domain = DOMAIN_NETWORK},
    {"F06",
     {.phase = PHASE_TLS, .os_error = ECONNRESET, .tls_failed = true, .closed = true},
     .code = "connect_reset",
     .domain = DOMAIN_NETWORK,
     .also = "F11"},
    {"F07",
     {.phase = PHASE_CONNECT, .os_error = EADDRNOTAVAIL},
     .code = "local_limit",
     .domain = DOMAIN_CLIENT},
    {"F07", {.phase = PHASE_CONNECT, .local_error = EMFILE}, .code = "local_limit", .domain = DOMAIN_CLIENT},
    {"F07", {.phase = PHASE_CONNECT, .os_error = ENOBUFS}, .code = "local_limit", .domain = DOMAIN_CLIENT},
    /* X509_V_ERR: unable to get the issuer locally 20, self-signed in chain 19, host name 62 */
    {"F08",
     {.phase = PHASE_TLS, .tls_verify_error = 20, .tls_failed = true},
     .code = "tls_untrusted",
     .domain = DOMAIN_NETWORK},
    {"F08", {.phase = PHASE_TLS, .tls_verify_error = 19}, .code = "tls_untrusted", .domain = DOMAIN_NETWORK},
    {"F08", {.phase = PHASE_TLS, .tls_verify_error = 62}, .code = "tls_wrong_name", .domain = DOMAIN_NETWORK},
    {"F09",
     {.phase = PHASE_TLS, .tls_failed = true, .closed = true},
     .code = "tls_failed",
     .domain = DOMAIN_CONFIG},
    /* not yet valid 9, expired 10 */
    {"F10", {.phase = PHASE_TLS, .tls_verify_error = 9}, .code = "tls_expired", .domain = DOMAIN_CLIENT},
    {"F10", {.phase = PHASE_TLS, .tls_verify_error = 10}, .code = "tls_expired", .domain = DOMAIN_CLIENT},
    {"F11", {.phase = PHASE_TLS, .closed = true}, .code = "tls_closed", .domain = DOMAIN_NETWORK},
    {"F11",
     {.phase = PHASE_UPGRADE, .closed = true, .os_error = ECONNRESET},
     .code = "upgrade_closed",
     .domain = DOMAIN_NETWORK},
    {"F12", {.phase = PHASE_CONNECT, .proxy_status = 407}, .code = "proxy_auth", .domain = DOMAIN_NETWORK},
    {"F13", {.phase = PHASE_CONNECT, .proxy_status = 403}, .code = "proxy_refused", .domain = DOMAIN_NETWORK},
    {"F13", {.phase = PHASE_CONNECT, .proxy_status = 504}, .code = "proxy_refused", .domain = DOMAIN_NETWORK},
    {"F14",
     {.phase = PHASE_UPGRADE, .http_status = 200, .html = true},
     .code = "websocket_blocked",
     .domain = DOMAIN_NETWORK},
    {"F14",
     {.phase = PHASE_UPGRADE, .http_status = 403, .html = true},
     .code = "websocket_blocked",
     .domain = DOMAIN_NETWORK},
    {"F14",
     {.phase = PHASE_UPGRADE, .http_status = 426},
     .code = "websocket_blocked",
     .domain = DOMAIN_NETWORK},
};

/* 1.2: the HTTP upgrade */
static const struct row upgrade[] = {
    {"F15", REFUSED(400),
     ERROR_BODY("OpperationNotSupported", "The realtime operation does not work with the specified model."),
     .code = "model_not_realtime", .domain = DOMAIN_CONFIG},
    {"F16", REFUSED(400), ERROR_BODY("OperationNotSupported", "It does not work with the specified model."),
     .code = "model_not_realtime", .domain = DOMAIN_CONFIG},
    {"F17", REFUSED(400),
     ERROR_BODY("BadRequest", "api-version query parameter is not allowed when using /v1 path"),
     .code = "api_version_not_allowed", .domain = DOMAIN_CONFIG},
    {"F18", REFUSED(400), ERROR_BODY("BadRequest", "API version not supported"),
     .code = "api_version_unknown", .domain = DOMAIN_CONFIG},
    {"F18", REFUSED(404), ERROR_BODY("404", "API version not supported"), .code = "api_version_unknown",
     .domain = DOMAIN_CONFIG},
    {"F19", REFUSED(400), .code = "upgrade_400", .domain = DOMAIN_CONFIG},
    {"F20", REFUSED(401), .code = "upgrade_401", .domain = DOMAIN_AUTH},
    {"F21", REFUSED(401),
     ERROR_BODY("PermissionDenied", "The principal does not have access to API/Operation"),
     .code = "permission_denied", .domain = DOMAIN_AUTH},
    {"F22",
     {.phase = PHASE_UPGRADE, .http_status = 401, .key_as_subprotocol = true},
     .code = "subprotocol_auth",
     .domain = DOMAIN_CONFIG},
    {"F23", REFUSED(401), ERROR_BODY("401", "Realtime session ephemeral token is required"),
     .code = "ephemeral_token_required", .domain = DOMAIN_CONFIG},
    {"F24", REFUSED(403), ERROR_BODY("403", "Access denied due to Virtual Network/Firewall rules."),
     .code = "upgrade_403", .domain = DOMAIN_NETWORK},
    {"F25", REFUSED(403), ERROR_BODY("403", "Public access is disabled. Please use a private endpoint."),
     .code = "public_access_disabled", .domain = DOMAIN_NETWORK},
    {"F26", REFUSED(403), ERROR_BODY("403", "Your resource has been temporarily blocked because of abuse."),
     .code = "resource_blocked", .domain = DOMAIN_AUTH},
    {"F27", REFUSED(404),
     ERROR_BODY("DeploymentNotFound", "The API deployment for this resource does not exist."),
     .code = "deployment_not_found", .domain = DOMAIN_CONFIG},
    {"F28", REFUSED(404), ERROR_BODY("404", "Resource not found"), .code = "path_not_found",
     .domain = DOMAIN_CONFIG},
    {"F29", REFUSED(408), .code = "upgrade_408", .domain = DOMAIN_SERVICE},
    {"F30",
     {.phase = PHASE_UPGRADE,
      .http_status = 429,
      .hinted = true,
      .limit_tokens = 100000,
      .usual_limit_tokens = 100000},
     ERROR_BODY("429",
                "Requests to this operation have exceeded call rate limit. Please retry after 7 seconds"),
     .code = "upgrade_429",
     .domain = DOMAIN_QUOTA},
    {"F30",
     {.phase = PHASE_UPGRADE, .http_status = 429, .hinted = true},
     .code = "upgrade_429",
     .domain = DOMAIN_QUOTA},
    {"F31",
     {.phase = PHASE_UPGRADE, .http_status = 429, .hinted = true},
     ERROR_BODY("429", "The service is temporarily unable to process your request."),
     .code = "capacity_429",
     .domain = DOMAIN_SERVICE},
    {"F31", REFUSED(429), ERROR_BODY("429", "We are experiencing high demand."), .code = "capacity_429",
     .domain = DOMAIN_SERVICE},
    {"F32",
     {.phase = PHASE_UPGRADE,
      .http_status = 429,
      .hinted = true,
      .limit_tokens = 40000,
      .usual_limit_tokens = 100000},
     ERROR_BODY("429", "Requests have exceeded token rate limit."),
     .code = "lowered_limit_429",
     .domain = DOMAIN_SERVICE},
    {"F33", REFUSED(429), ERROR_BODY("too_many_requests", "Too many requests"), .code = "unclear_429",
     .domain = DOMAIN_QUOTA},
    {"F33", REFUSED(429), ERROR_BODY("RateLimitReached", ""), .code = "unclear_429", .domain = DOMAIN_QUOTA},
    {"F34", REFUSED(431), .code = "upgrade_431", .domain = DOMAIN_CONFIG},
    {"F35", REFUSED(500), ERROR_BODY("InternalServerError", "Oops."), .code = "upgrade_500",
     .domain = DOMAIN_SERVICE},
    {"F36", REFUSED(502), .code = "upgrade_502", .domain = DOMAIN_SERVICE},
    {"F36",
     {.phase = PHASE_UPGRADE, .http_status = 502, .html = true},
     .code = "upgrade_502",
     .domain = DOMAIN_NETWORK},
    {"F36",
     {.phase = PHASE_UPGRADE, .http_status = 504, .html = true, .from_service = true},
     .code = "upgrade_504",
     .domain = DOMAIN_SERVICE},
    {"F36", {.phase = PHASE_UPGRADE, .http_status = 504}, .code = "upgrade_504", .domain = DOMAIN_NETWORK},
    {"F37", REFUSED(503), ERROR_BODY("503", "temporarily unable to process your request"),
     .code = "upgrade_503", .domain = DOMAIN_SERVICE},
    {"F38",
     {.phase = PHASE_UPGRADE, .deadline = DEADLINE_UPGRADE},
     .code = "upgrade_timeout",
     .domain = DOMAIN_SERVICE},
    {"F39",
     {.phase = PHASE_UPGRADE, .http_status = 101, .closed = true},
     .code = "bad_handshake",
     .domain = DOMAIN_NETWORK},
    {"F88",
     {.phase = PHASE_UPGRADE, .http_status = 401, .credential_expired = true},
     .code = "token_expired",
     .domain = DOMAIN_AUTH},
    {"F88", REFUSED(401), ERROR_BODY("401", "The access token has expired."), .code = "token_expired",
     .domain = DOMAIN_AUTH},
};

/* 1.3: session establishment and configuration */
static const struct row session[] = {
    {"F41",
     {.phase = PHASE_SESSION, .deadline = DEADLINE_SESSION},
     .code = "no_session_created",
     .domain = DOMAIN_SERVICE},
    {"F42",
     {IN_SESSION, .closed = true, .close_code = 1000},
     .code = "closed_before_created",
     .domain = DOMAIN_SERVICE},
    {"F43",
     {.phase = PHASE_SESSION},
     .event = ERROR_EVENT("gateway_error", "\"upstream\"", "No upstream."),
     .code = "first_event_error",
     .domain = DOMAIN_SERVICE},
    {"F43",
     {.phase = PHASE_SESSION},
     .event = ERROR_EVENT("server_error", "null", "Upstream failed."),
     .code = "first_event_error",
     .domain = DOMAIN_SERVICE},
    /* "by code": what the gateway passes on keeps its class */
    {"F27",
     {.phase = PHASE_SESSION},
     .event = REQUEST_ERROR("DeploymentNotFound"),
     .code = "deployment_not_found",
     .domain = DOMAIN_CONFIG,
     .also = "F43"},
    {"F44",
     {.phase = PHASE_SESSION,
      .closed = true,
      .close_code = 3000,
      .close_reason = "invalid_request_error.invalid_api_key"},
     .code = "invalid_api_key",
     .domain = DOMAIN_AUTH},
    {"F44",
     {.phase = PHASE_SESSION},
     .event = REQUEST_ERROR("invalid_api_key"),
     .code = "invalid_api_key",
     .domain = DOMAIN_AUTH,
     .also = "F43"},
    {"F45",
     {IN_SESSION},
     .event = REQUEST_ERROR("unknown_parameter"),
     .code = "unknown_parameter",
     .domain = DOMAIN_CONFIG},
    {"F46",
     {IN_SESSION},
     .event = REQUEST_ERROR("missing_required_parameter"),
     .code = "missing_required_parameter",
     .domain = DOMAIN_CONFIG},
    {"F47",
     {IN_SESSION},
     .event = REQUEST_ERROR("invalid_value"),
     .code = "invalid_value",
     .domain = DOMAIN_CONFIG},
    {"F49",
     {IN_SESSION},
     .event = REQUEST_ERROR("cannot_update_voice"),
     .code = "cannot_update_voice",
     .domain = DOMAIN_CONFIG},
    {"F50",
     {IN_SESSION, .deadline = DEADLINE_CONFIGURE},
     .code = "no_session_updated",
     .domain = DOMAIN_SERVICE},
};

/* 1.4: input and response start */
static const struct row start[] = {
    {"F52",
     {IN_RESPONSE},
     .event = ERROR_EVENT("invalid_request_error", "\"input_audio_buffer_commit_empty\"",
                          "buffer too small. Expected at least 100ms of audio, but buffer only has 0.00ms"),
     .code = "commit_empty",
     .domain = DOMAIN_CLIENT},
    {"F53",
     {IN_RESPONSE},
     .event = REQUEST_ERROR("item_create_duplicate_item_id"),
     .code = "duplicate_item",
     .domain = DOMAIN_CLIENT},
    {"F54",
     {IN_RESPONSE},
     .event = "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":"
              "\"string_above_max_length\",\"message\":\"Too long.\",\"param\":\"audio\"}}",
     .code = "append_too_big",
     .domain = DOMAIN_CONFIG},
    {"F54",
     {IN_RESPONSE},
     .event = ERROR_EVENT("invalid_request_error", "null", "Audio of more than 15 MiB in one append."),
     .code = "append_too_big",
     .domain = DOMAIN_CONFIG},
    {"F55",
     {IN_RESPONSE},
     .event = REQUEST_ERROR("conversation_already_has_active_response"),
     .code = "active_response",
     .domain = DOMAIN_CLIENT},
    {"F55",
     {IN_RESPONSE},
     .event = ERROR_EVENT("invalid_request_error", "null",
                          "Conversation already has an active response in progress: resp_2"),
     .code = "active_response",
     .domain = DOMAIN_CLIENT},
    {"F56",
     {IN_RESPONSE},
     .event = REQUEST_ERROR("response_cancel_not_active"),
     .code = "cancel_not_active",
     .domain = DOMAIN_CLIENT},
    {"F57",
     {IN_RESPONSE, .deadline = DEADLINE_FIRST_OUTPUT},
     .code = "response_not_started",
     .domain = DOMAIN_SERVICE},
    {"F58",
     {IN_RESPONSE},
     .event = ERROR_EVENT("rate_limit_exceeded", "\"rate_limit_exceeded\"", "Slow down."),
     .code = "rate_limit_exceeded",
     .domain = DOMAIN_QUOTA},
    {"F59",
     {IN_RESPONSE},
     .event = ERROR_EVENT("server_error", "null", SERVER_HAD_AN_ERROR),
     .code = "server_error",
     .domain = DOMAIN_SERVICE},
    {"F60",
     {IN_RESPONSE},
     .event = FAILED("invalid_request_error", "\"inference_not_found_error\"", "No.", USED),
     .code = "model_not_served",
     .domain = DOMAIN_CONFIG},
};

/* 1.5: mid-stream and response.done */
static const struct row stream[] = {
    {"F61",
     {IN_STREAM, .closed = true, .os_error = ECONNRESET},
     .code = "connection_reset",
     .domain = DOMAIN_SERVICE},
    {"F61", {IN_STREAM, .closed = true}, .code = "connection_lost", .domain = DOMAIN_SERVICE},
    {"F61",
     {IN_STREAM, .closed = true, .close_code = 1006},
     .code = "connection_lost",
     .domain = DOMAIN_SERVICE},
    {"F62", {IN_STREAM, .deadline = DEADLINE_STALL}, .code = "stall", .domain = DOMAIN_SERVICE},
    {"F63",
     {IN_STREAM, .deadline = DEADLINE_RESPONSE, .output_flows = true},
     .code = "slow_output",
     .domain = DOMAIN_SERVICE},
    {"F64",
     {IN_STREAM},
     .event = FAILED("server_error", "null", SERVER_HAD_AN_ERROR, USED),
     .code = "server_error",
     .domain = DOMAIN_SERVICE},
    {"F65",
     {IN_STREAM},
     .event = FAILED("service_unavailable_error", "\"inference_service_unavailable_error\"",
                     "The server is overloaded or not ready yet.",
                     "{\"total_tokens\":14000,\"input_tokens\":14000,\"output_tokens\":0}"),
     .code = "service_unavailable",
     .domain = DOMAIN_SERVICE,
     .also = "F68"},
    {"F66",
     {IN_RESPONSE},
     .event = FAILED("invalid_request_error", "\"inference_rate_limit_exceeded\"",
                     "Rate limit reached, try again in 20 seconds", USED),
     .code = "rate_limit_exceeded",
     .domain = DOMAIN_QUOTA},
    {"F66",
     {IN_RESPONSE},
     .event =
         FAILED("rate_limit_exceeded", "\"inference_rate_limit_exceeded\"", "try again in 250ms", UNUSED),
     .code = "rate_limit_exceeded",
     .domain = DOMAIN_QUOTA,
     .also = "F67"},
    {"F64",
     {IN_RESPONSE},
     .event = FAILED("server_error", "null", SERVER_HAD_AN_ERROR, UNUSED),
     .code = "server_error",
     .domain = DOMAIN_SERVICE,
     .also = "F67"},
    {"F69",
     {IN_STREAM},
     .event = DONE("incomplete", "{\"type\":\"incomplete\",\"reason\":\"content_filter\"}", USED),
     .code = "content_filter",
     .domain = DOMAIN_CONTENT},
    {"F70",
     {IN_STREAM},
     .event = DONE("incomplete", "{\"type\":\"incomplete\",\"reason\":\"max_output_tokens\"}", USED),
     .code = "max_output_tokens",
     .domain = DOMAIN_NONE},
    {"F71",
     {IN_STREAM},
     .event = DONE("cancelled", "{\"type\":\"cancelled\",\"reason\":\"turn_detected\"}", USED),
     .code = "cancelled",
     .domain = DOMAIN_NONE},
    {"F71",
     {IN_STREAM},
     .event = DONE("cancelled", "{\"type\":\"cancelled\",\"reason\":\"client_cancelled\"}", USED),
     .code = "cancelled",
     .domain = DOMAIN_NONE},
    {"F72",
     {IN_RESPONSE, .empty_output = true},
     .event = DONE("completed", "null", USED),
     .code = "empty_output",
     .domain = DOMAIN_SERVICE},
    {"F73",
     {IN_STREAM},
     .event = FAILED("server_error", "null", "The model made invalid Unicode output", USED),
     .code = "bad_sampling",
     .domain = DOMAIN_SERVICE},
    {"F73",
     {IN_STREAM},
     .event = FAILED("server_error", "\"server_error\"", "Unexpected special token", USED),
     .code = "bad_sampling",
     .domain = DOMAIN_SERVICE},
    {"F74",
     {IN_RESPONSE, .transcription_failed = true},
     .code = "transcription_failed",
     .domain = DOMAIN_CONFIG},
    {"F75", {IN_STREAM, .protocol_violation = true}, .code = "protocol_violation", .domain = DOMAIN_SERVICE},
};

/* 1.6: close and lifetime */
static const struct row life[] = {
    {"F76",
     {BETWEEN_TURNS, .close_code = 1001, .socket_age_ns = 60 * MINUTE},
     .error = ERROR_EVENT("invalid_request_error", "\"session_expired\"",
                          "Your session hit the maximum duration of 60 minutes."),
     .code = "session_expired",
     .domain = DOMAIN_NONE},
    {"F76",
     {BETWEEN_TURNS, .close_code = 1001,
      .close_reason = "Your session hit the maximum duration of 60 minutes."},
     .code = "session_expired",
     .domain = DOMAIN_NONE},
    /* the same in the guise of a server_error (livekit/agents 2341) */
    {"F76",
     {IN_STREAM, .has_expiry = true, .expires_in_ns = 0},
     .event = ERROR_EVENT("server_error", "null", SERVER_HAD_AN_ERROR),
     .code = "expiry_suspected",
     .domain = DOMAIN_SERVICE,
     .also = "F59"},
    {"F76",
     {IN_STREAM, .socket_age_ns = 30 * MINUTE},
     .event = FAILED("server_error", "null", SERVER_HAD_AN_ERROR, UNUSED),
     .code = "expiry_suspected",
     .domain = DOMAIN_SERVICE,
     .also = "F67 F64"},
    {"F77",
     {BETWEEN_TURNS, .close_code = 1001, .socket_age_ns = 30 * MINUTE},
     .code = "session_cap",
     .domain = DOMAIN_NONE},
    {"F77",
     {IN_STREAM, .closed = true, .close_code = 1001, .has_expiry = true, .expires_in_ns = 1 * S},
     .code = "session_cap",
     .domain = DOMAIN_NONE},
    {"F78",
     {BETWEEN_TURNS, .close_code = 1000, .socket_age_ns = 20 * S, .idle_ns = 20 * S},
     .code = "idle_timeout",
     .domain = DOMAIN_NONE},
    {"F78",
     {BETWEEN_TURNS, .close_code = 1001, .idle_ns = 15 * MINUTE},
     .code = "idle_timeout",
     .domain = DOMAIN_NONE},
    {"F79",
     {IN_STREAM, .closed = true, .ping_timeout = true},
     .code = "ping_timeout",
     .domain = DOMAIN_NETWORK},
    {"F81", {IN_STREAM, .closed = true, .close_code = 1008}, .code = "close_1008", .domain = DOMAIN_AUTH},
    {"F82", {IN_STREAM, .closed = true, .close_code = 1009}, .code = "close_1009", .domain = DOMAIN_CONFIG},
    {"F83", {IN_STREAM, .closed = true, .close_code = 1002}, .code = "close_1002", .domain = DOMAIN_CLIENT},
    {"F83", {IN_STREAM, .closed = true, .close_code = 1007}, .code = "close_1007", .domain = DOMAIN_CLIENT},
    {"F84", {IN_STREAM, .closed = true, .close_code = 1011}, .code = "close_1011", .domain = DOMAIN_SERVICE},
    {"F85", {IN_STREAM, .closed = true, .close_code = 1012}, .code = "close_1012", .domain = DOMAIN_SERVICE},
    {"F85", {IN_STREAM, .closed = true, .close_code = 1013}, .code = "close_1013", .domain = DOMAIN_SERVICE},
    {"F86", {IN_STREAM, .closed = true, .close_code = 4000}, .code = "close_other", .domain = DOMAIN_SERVICE},
    {"F86", {IN_STREAM, .closed = true, .close_code = 4999}, .code = "close_other", .domain = DOMAIN_SERVICE},
    {"F87", {BETWEEN_TURNS, .idle_ns = 60 * S}, .code = "idle_cut", .domain = DOMAIN_NETWORK},
    {"F87",
     {BETWEEN_TURNS, .idle_ns = 120 * S, .os_error = ECONNRESET},
     .code = "idle_cut",
     .domain = DOMAIN_NETWORK},
    {"F87",
     {BETWEEN_TURNS, .idle_ns = 300 * S, .close_code = 1006},
     .code = "idle_cut",
     .domain = DOMAIN_NETWORK},
    {"F87", {BETWEEN_TURNS, .idle_ns = 600 * S}, .code = "idle_cut", .domain = DOMAIN_NETWORK},
    {"F90", {.phase = PHASE_TLS, .deadline = DEADLINE_TLS}, .code = "tls_timeout", .domain = DOMAIN_NETWORK},
    {"F90", {IN_STREAM, .deadline = DEADLINE_RESPONSE}, .code = "response_timeout", .domain = DOMAIN_SERVICE},
};

/* Numbers that no attempt of a WebSocket client can be told by, and why. */
static const struct {
    const char *number, *why;
} elsewhere[] = {
    {"F03", "a wrong address resolves well; seen by comparing addresses, and afterwards as F24 or F25"},
    {"F40", "on the wire it is F15, F27 or F60; seen only by comparing regions"},
    {"F48", "a setting without effect fails nothing; the echo is no proof"},
    {"F51", "rushhour knows the event names of both dialects, so it never waits for the others"},
    {"F67", "the usage of a failed response: told beside its class"},
    {"F68", "the usage of a failed response: told beside its class"},
    {"F80", "the end of a close that we asked for: no attempt and no session fails by it"},
    {"F89", "on the wire it is F15 or F27; seen only by the date"},
};

static bool parse(const char *json, struct event_facts *out)
{
    char type[EVENT_TYPE_SIZE];
    if (json == NULL) return false;
    enum event_kind kind = event_scan(json, strlen(json), type);
    if (!event_parse(kind, json, strlen(json), out)) fail_msg("no event: %s", json);
    return true;
}

static void join(const char *const *numbers, size_t count, char out[64])
{
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        length += (size_t)snprintf(out + length, 64 - length, "%s%s", i == 0 ? "" : " ", numbers[i]);
    }
}

static void check_row(const struct row *row)
{
    struct failure_facts facts = row->facts;
    struct event_facts event, error;
    char code[64], message[512], also[64], signature[96];
    const char *numbers[4];
    if (row->body != NULL) {
        assert_true(failure_body_parse(row->body, strlen(row->body), code, message));
        facts.body_code = code;
        facts.body_message = message;
    }
    if (parse(row->event, &event)) facts.event = &event;
    if (parse(row->error, &error)) facts.error_before = &error;

    struct failure_class class = failure_classify(&facts);
    if (strcmp(class.code, row->code) != 0 || strcmp(class.catalogue, row->number) != 0) {
        fail_msg("%s is %s, not %s (%s)", class.code, class.catalogue, row->code, row->number);
    }
    if (class.domain != row->domain) {
        fail_msg("%s: domain %s, not %s", row->code, domain_name(class.domain), domain_name(row->domain));
    }
    assert_int_equal(class.phase, row->facts.phase);
    assert_true(strlen(class.advice) > 20);
    join(numbers, failure_also(&facts, numbers), also);
    if (strcmp(also, row->also == NULL ? "" : row->also) != 0) {
        fail_msg("%s %s: also \"%s\", not \"%s\"", row->number, row->code, also,
                 row->also == NULL ? "" : row->also);
    }
    failure_signature(&facts, signature);
    assert_string_equal(signature, ""); /* it has a number */
}

static const struct {
    const struct row *rows;
    size_t count;
} sections[] = {
#define SECTION(rows)                                                                                        \
    {                                                                                                        \
        rows, sizeof(rows) / sizeof(rows)[0]                                                                 \
    }
    SECTION(transport), SECTION(upgrade), SECTION(session), SECTION(start), SECTION(stream), SECTION(life),
};

static void names_every_wire_signature(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++) {
        for (size_t i = 0; i < sections[s].count; i++) check_row(&sections[s].rows[i]);
    }
}

static bool has_row(const char *number)
{
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++) {
        for (size_t i = 0; i < sections[s].count; i++) {
            if (strcmp(sections[s].rows[i].number, number) == 0) return true;
        }
    }
    return false;
}

static void knows_every_number_or_says_why_not(void **state)
{
    (void)state;
    for (int n = 1; n <= 90; n++) {
        char number[8];
        bool excused = false;
        (void)snprintf(number, sizeof number, "F%02d", n);
        for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
            excused = excused || strcmp(elsewhere[i].number, number) == 0;
        }
        if (has_row(number) == excused)
            fail_msg("%s: %s", number, excused ? "excused, yet has a row" : "no row");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_wire_signature),
        cmocka_unit_test(knows_every_number_or_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
