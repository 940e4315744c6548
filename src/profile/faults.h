/* The faults that the simulator can inject: their names in a profile, and what each one means. */
#ifndef RUSHHOUR_PROFILE_FAULTS_H
#define RUSHHOUR_PROFILE_FAULTS_H

#include <stdbool.h>

/* What the rate of a fault refers to. */
enum fault_chance {
    CHANCE_PER_REGION,     /* the whole region: the rate must be 100% */
    CHANCE_PER_CONNECTION, /* each TCP connection */
    CHANCE_PER_CONNECT,    /* each CONNECT to the proxy, in regions that have one */
    CHANCE_PER_UPGRADE,    /* each upgrade request */
    CHANCE_PER_SESSION,    /* each accepted session */
    CHANCE_PER_RESPONSE    /* each response.create */
};

/* identifier, name in a profile, number in the failure catalogue, when it is drawn, help */
#define FAULT_MAP(X)                                                                               \
    FAULT_NETWORK_MAP(X)                                                                           \
    FAULT_UPGRADE_MAP(X)                                                                           \
    FAULT_SESSION_MAP(X)                                                                           \
    FAULT_RESPONSE_MAP(X)

/* Below HTTP. */
#define FAULT_NETWORK_MAP(X)                                                                       \
    X(RESOLVE_FAILED, "resolve_failed", "F01", CHANCE_PER_REGION,                                  \
      "the region's name does not exist")                                                          \
    X(CONNECT_REFUSED, "connect_refused", "F04", CHANCE_PER_REGION,                                \
      "nothing listens at the region's port")                                                      \
    X(CONNECT_TIMEOUT, "connect_timeout", "F05", CHANCE_PER_REGION,                                \
      "connects to the region are never answered")                                                 \
    X(CONNECT_RESET, "connect_reset", "F06", CHANCE_PER_CONNECTION,                                \
      "the TCP connection is reset before TLS is up")                                              \
    X(TLS_UNTRUSTED, "tls_untrusted", "F08", CHANCE_PER_CONNECTION,                                \
      "a certificate of an authority that nobody trusts, as an inspecting proxy shows it")         \
    X(TLS_WRONG_NAME, "tls_wrong_name", "F08", CHANCE_PER_CONNECTION,                              \
      "a certificate for another name")                                                            \
    X(TLS_FAILED, "tls_failed", "F09", CHANCE_PER_CONNECTION,                                      \
      "the TLS handshake is refused with alert 40")                                                \
    X(TLS_EXPIRED, "tls_expired", "F10", CHANCE_PER_CONNECTION, "a certificate that has expired")  \
    X(TLS_NOT_YET_VALID, "tls_not_yet_valid", "F10", CHANCE_PER_CONNECTION,                        \
      "a certificate that is not valid yet")                                                       \
    X(CLIENT_CERTIFICATE_REQUIRED, "client_certificate_required", "F98", CHANCE_PER_CONNECTION,    \
      "a client certificate is demanded; said after the handshake, as TLS 1.3 does (alert 116)")   \
    X(TLS_CLOSED, "tls_closed", "F11", CHANCE_PER_CONNECTION,                                      \
      "the connection ends in the TLS handshake")                                                  \
    X(PROXY_AUTH, "proxy_auth", "F12", CHANCE_PER_CONNECT,                                         \
      "the proxy answers CONNECT with 407; for regions with a `proxy`")                            \
    X(PROXY_403, "proxy_403", "F13", CHANCE_PER_CONNECT, "the proxy answers CONNECT with 403")     \
    X(PROXY_502, "proxy_502", "F13", CHANCE_PER_CONNECT, "the proxy answers CONNECT with 502")     \
    X(PROXY_504, "proxy_504", "F13", CHANCE_PER_CONNECT, "the proxy answers CONNECT with 504")

/* In the response to the upgrade. */
#define FAULT_UPGRADE_MAP(X)                                                                       \
    X(WEBSOCKET_BLOCKED, "websocket_blocked", "F14", CHANCE_PER_UPGRADE,                           \
      "the upgrade is answered 200 with a page, as by a proxy that knows no WebSocket")            \
    X(UPGRADE_426, "upgrade_426", "F14", CHANCE_PER_UPGRADE,                                       \
      "the upgrade is answered 426: its Upgrade header was lost")                                  \
    X(BAD_HANDSHAKE, "bad_handshake", "F39", CHANCE_PER_UPGRADE,                                   \
      "101 with a wrong Sec-WebSocket-Accept")                                                     \
    X(HEAD_TOO_LONG, "head_too_long", "F103", CHANCE_PER_UPGRADE,                                  \
      "401 with a head of 100 KiB, longer than is taken here")                                     \
    X(MODEL_NOT_REALTIME, "model_not_realtime", "F15", CHANCE_PER_UPGRADE,                         \
      "400 OpperationNotSupported: the model serves no realtime API")                              \
    X(MODEL_NOT_REALTIME_V1, "model_not_realtime_v1", "F16", CHANCE_PER_UPGRADE,                   \
      "400 OperationNotSupported, the same in the spelling of the v1 route")                       \
    X(API_VERSION_NOT_ALLOWED, "api_version_not_allowed", "F17", CHANCE_PER_UPGRADE,               \
      "400: the v1 path takes no api-version")                                                     \
    X(API_VERSION_UNKNOWN, "api_version_unknown", "F18", CHANCE_PER_UPGRADE,                       \
      "400: this api-version is not served")                                                       \
    X(UPGRADE_400, "upgrade_400", "F19", CHANCE_PER_UPGRADE, "400 without a body")                 \
    X(UPGRADE_401, "upgrade_401", "F20", CHANCE_PER_UPGRADE, "401: wrong key")                     \
    X(PERMISSION_DENIED, "permission_denied", "F21", CHANCE_PER_UPGRADE,                           \
      "401 PermissionDenied: the identity lacks the role")                                         \
    X(SUBPROTOCOL_REFUSED, "subprotocol_refused", "F22", CHANCE_PER_UPGRADE,                       \
      "401 to a key in Sec-WebSocket-Protocol; strikes only requests that carry one")              \
    X(EPHEMERAL_TOKEN_REQUIRED, "ephemeral_token_required", "F23", CHANCE_PER_UPGRADE,             \
      "401: an ephemeral token is required")                                                       \
    X(UPGRADE_403, "upgrade_403", "F24", CHANCE_PER_UPGRADE,                                       \
      "403: network rules refuse the address")                                                     \
    X(PUBLIC_ACCESS_DISABLED, "public_access_disabled", "F25", CHANCE_PER_UPGRADE,                 \
      "403: the resource is reached by its private endpoint only")                                 \
    X(RESOURCE_BLOCKED, "resource_blocked", "F26", CHANCE_PER_UPGRADE,                             \
      "403: the resource is blocked")                                                              \
    X(DEPLOYMENT_NOT_FOUND, "deployment_not_found", "F27", CHANCE_PER_UPGRADE,                     \
      "404 DeploymentNotFound")                                                                    \
    X(PATH_NOT_FOUND, "path_not_found", "F28", CHANCE_PER_UPGRADE, "404 Resource not found")       \
    X(UPGRADE_408, "upgrade_408", "F29", CHANCE_PER_UPGRADE,                                       \
      "408: the service gave up on the request")                                                   \
    X(UPGRADE_429, "upgrade_429", "F30", CHANCE_PER_UPGRADE,                                       \
      "429 with retry-after of `after` (2s): call rate limit")                                     \
    X(CAPACITY_429, "capacity_429", "F31", CHANCE_PER_UPGRADE,                                     \
      "429 with retry-after: the shared pool is busy")                                             \
    X(LOWERED_LIMIT_429, "lowered_limit_429", "F32", CHANCE_PER_UPGRADE,                           \
      "429 whose x-ratelimit-limit-tokens is below that of an earlier 101")                        \
    X(UNCLEAR_429, "unclear_429", "F33", CHANCE_PER_UPGRADE,                                       \
      "429 too_many_requests without any hint")                                                    \
    X(UPGRADE_431, "upgrade_431", "F34", CHANCE_PER_UPGRADE, "431: too many headers")              \
    X(UPGRADE_500, "upgrade_500", "F35", CHANCE_PER_UPGRADE, "500 InternalServerError")            \
    X(UPGRADE_502, "upgrade_502", "F36", CHANCE_PER_UPGRADE, "502 with a page, from a gateway")    \
    X(UPGRADE_504, "upgrade_504", "F36", CHANCE_PER_UPGRADE, "504 with a page, from a gateway")    \
    X(UPGRADE_503, "upgrade_503", "F37", CHANCE_PER_UPGRADE,                                       \
      "503 with retry-after of `after` (2s): overloaded")                                          \
    X(UPGRADE_TIMEOUT, "upgrade_timeout", "F38", CHANCE_PER_UPGRADE,                               \
      "the upgrade is never answered")                                                             \
    X(UPGRADE_CLOSED, "upgrade_closed", "F11", CHANCE_PER_UPGRADE,                                 \
      "the connection ends instead of an answer to the upgrade")                                   \
    X(TOKEN_EXPIRED, "token_expired", "F88", CHANCE_PER_UPGRADE,                                   \
      "401 to a bearer token, as for one that has expired")                                        \
    X(REDIRECTED, "redirected", "F91", CHANCE_PER_UPGRADE,                                         \
      "302 from the retired preview route to /v1/realtime, with a key in its Location")            \
    X(REDIRECTED_SLASH, "redirected_slash", "F91", CHANCE_PER_UPGRADE,                             \
      "307 of a Python gateway to the same path with a slash more")                                \
    X(CAPTIVE_PORTAL, "captive_portal", "F91", CHANCE_PER_UPGRADE,                                 \
      "302 with a page, to the login of the network's portal")                                     \
    X(GATEWAY_401, "gateway_401", "F92", CHANCE_PER_UPGRADE,                                       \
      "401 of API Management: its own subscription key is missing")                                \
    X(GATEWAY_403, "gateway_403", "F93", CHANCE_PER_UPGRADE,                                       \
      "403 of uvicorn without a body: no WebSocket route at this path")                            \
    X(CLOUDFLARE_403, "cloudflare_403", "F93", CHANCE_PER_UPGRADE,                                 \
      "403 of Cloudflare with a page: its rules refuse the request")                               \
    X(GATEWAY_404, "gateway_404", "F94", CHANCE_PER_UPGRADE,                                       \
      "404 of nginx with a page: no such route")                                                   \
    X(GATEWAY_429, "gateway_429", "F95", CHANCE_PER_UPGRADE,                                       \
      "429 of API Management with a wait of `after` (2s): its own rate limit")                     \
    X(GATEWAY_QUOTA, "gateway_quota", "F96", CHANCE_PER_UPGRADE,                                   \
      "403 of API Management: its own quota of calls is used up")                                  \
    X(GATEWAY_503, "gateway_503", "F97", CHANCE_PER_UPGRADE,                                       \
      "503 of Envoy as plain text: no healthy upstream")                                           \
    X(BARE_403, "bare_403", "unknown", CHANCE_PER_UPGRADE,                                         \
      "403 without a body, a Server header or a request id")                                       \
    X(UPGRADE_418, "upgrade_418", "unknown", CHANCE_PER_UPGRADE,                                   \
      "418: a status that no catalogue knows")

/* From the 101 response to the end of the session. */
#define FAULT_SESSION_MAP(X)                                                                       \
    X(NO_SESSION_CREATED, "no_session_created", "F41", CHANCE_PER_SESSION, "101, then silence")    \
    X(CLOSED_BEFORE_CREATED, "closed_before_created", "F42", CHANCE_PER_SESSION,                   \
      "101, then Close 1000 without session.created")                                              \
    X(FIRST_EVENT_ERROR, "first_event_error", "F43", CHANCE_PER_SESSION,                           \
      "the first event is an error instead of session.created; nothing follows")                   \
    X(INVALID_API_KEY, "invalid_api_key", "F44", CHANCE_PER_SESSION,                               \
      "101, then an error event and Close 3000, as on the OpenAI-hosted API")                      \
    X(UNKNOWN_PARAMETER, "unknown_parameter", "F45", CHANCE_PER_SESSION,                           \
      "session.update is answered with error unknown_parameter")                                   \
    X(MISSING_REQUIRED_PARAMETER, "missing_required_parameter", "F46", CHANCE_PER_SESSION,         \
      "session.update is answered with error missing_required_parameter")                          \
    X(INVALID_VALUE, "invalid_value", "F47", CHANCE_PER_SESSION,                                   \
      "session.update is answered with error invalid_value")                                       \
    X(CANNOT_UPDATE_VOICE, "cannot_update_voice", "F49", CHANCE_PER_SESSION,                       \
      "session.update is answered with error cannot_update_voice")                                 \
    X(NO_SESSION_UPDATED, "no_session_updated", "F50", CHANCE_PER_SESSION,                         \
      "session.update is never answered")                                                          \
    X(SESSION_EXPIRED, "session_expired", "F76", CHANCE_PER_SESSION,                               \
      "the session reaches its cap after `after` (max_session_age): error session_expired, Close " \
      "1001")                                                                                      \
    X(SESSION_CAP_30, "session_cap_30", "F77", CHANCE_PER_SESSION,                                 \
      "after `after` (30m) Close 1001 alone, as the older cap; tells an expires_at to match")      \
    X(DISGUISED_EXPIRY, "disguised_expiry", "F76", CHANCE_PER_SESSION,                             \
      "the cap after `after` in the guise of a server_error; tells an expires_at to match")        \
    X(IDLE_CLOSE, "idle_close", "F78", CHANCE_PER_SESSION,                                         \
      "Close 1000 after `after` (20s) without a message")                                          \
    X(PROXY_IDLE_CLOSE, "proxy_idle_close", "F87", CHANCE_PER_SESSION,                             \
      "the connection ends without a Close frame after `after` (60s) without a message")           \
    X(NO_CLOSE_ANSWER, "no_close_answer", "F80", CHANCE_PER_SESSION,                               \
      "the client's Close frame is not answered")

/* In a response to response.create. */
#define FAULT_RESPONSE_MAP(X)                                                                      \
    X(COMMIT_EMPTY, "commit_empty", "F52", CHANCE_PER_RESPONSE,                                    \
      "error input_audio_buffer_commit_empty instead of a response")                               \
    X(DUPLICATE_ITEM, "duplicate_item", "F53", CHANCE_PER_RESPONSE,                                \
      "error item_create_duplicate_item_id instead of a response")                                 \
    X(ACTIVE_RESPONSE, "active_response", "F55", CHANCE_PER_RESPONSE,                              \
      "error conversation_already_has_active_response instead of a response")                      \
    X(CANCEL_NOT_ACTIVE, "cancel_not_active", "F56", CHANCE_PER_RESPONSE,                          \
      "a stray error response_cancel_not_active; the response comes as usual")                     \
    X(RESPONSE_NOT_STARTED, "response_not_started", "F57", CHANCE_PER_RESPONSE,                    \
      "response.create is never answered")                                                         \
    X(RATE_LIMIT_EVENT, "rate_limit_event", "F58", CHANCE_PER_RESPONSE,                            \
      "error rate_limit_exceeded instead of a response, with a wait of `after` (250ms)")           \
    X(ERROR_EVENT, "error_event", "F59", CHANCE_PER_RESPONSE,                                      \
      "error server_error instead of a response; the session stays open")                          \
    X(MODEL_NOT_SERVED, "model_not_served", "F60", CHANCE_PER_RESPONSE,                            \
      "response.done failed, inference_not_found_error")                                           \
    X(CONNECTION_RESET, "connection_reset", "F61", CHANCE_PER_RESPONSE,                            \
      "the TCP connection is reset in mid-stream, without a close frame")                          \
    X(CONNECTION_LOST, "connection_lost", "F61", CHANCE_PER_RESPONSE,                              \
      "the connection ends in mid-stream, without a close frame")                                  \
    X(STALL, "stall", "F62", CHANCE_PER_RESPONSE,                                                  \
      "the response falls silent in mid-stream; the socket stays open")                            \
    X(SLOW_OUTPUT, "slow_output", "F63", CHANCE_PER_RESPONSE,                                      \
      "deltas come one in `after` (250ms), until our deadline")                                    \
    X(SERVER_ERROR, "server_error", "F64", CHANCE_PER_RESPONSE,                                    \
      "response.done with status failed and error type server_error")                              \
    X(SERVICE_UNAVAILABLE, "service_unavailable", "F65", CHANCE_PER_RESPONSE,                      \
      "response.done failed, inference_service_unavailable_error; 14,000 tokens read, none said")  \
    X(RATE_LIMIT_EXCEEDED, "rate_limit_exceeded", "F66", CHANCE_PER_RESPONSE,                      \
      "response.done failed, inference_rate_limit_exceeded, with a wait of `after` (250ms)")       \
    X(DAILY_LIMIT, "daily_limit", "F104", CHANCE_PER_RESPONSE,                                     \
      "response.done failed, rate_limit_exceeded on requests per day, with a wait of `after` "     \
      "(86.4s)")                                                                                   \
    X(FAILED_UNBILLED, "failed_unbilled", "F67", CHANCE_PER_RESPONSE,                              \
      "response.done failed, server_error, all usage 0")                                           \
    X(FAILED_BILLED, "failed_billed", "F68", CHANCE_PER_RESPONSE,                                  \
      "response.done failed, server_error, input tokens but no output")                            \
    X(CONTENT_FILTER, "content_filter", "F69", CHANCE_PER_RESPONSE,                                \
      "response.done incomplete, content_filter")                                                  \
    X(MAX_OUTPUT_TOKENS, "max_output_tokens", "F70", CHANCE_PER_RESPONSE,                          \
      "response.done incomplete, max_output_tokens")                                               \
    X(REASONING_LIMIT, "reasoning_limit", "F70", CHANCE_PER_RESPONSE,                              \
      "response.done incomplete, max_output_tokens, without any output: all went into reasoning")  \
    X(TURN_DETECTED, "turn_detected", "F71", CHANCE_PER_RESPONSE,                                  \
      "speech_started, then response.done cancelled, turn_detected")                               \
    X(EMPTY_OUTPUT, "empty_output", "F72", CHANCE_PER_RESPONSE,                                    \
      "response.done completed with empty output")                                                 \
    X(WRONG_MODALITY, "wrong_modality", "F72", CHANCE_PER_RESPONSE,                                \
      "audio where text was asked for, or text where audio was")                                   \
    X(BAD_SAMPLING, "bad_sampling", "F73", CHANCE_PER_RESPONSE,                                    \
      "response.done failed, server_error that speaks of invalid Unicode output")                  \
    X(TRANSCRIPTION_FAILED, "transcription_failed", "F74", CHANCE_PER_RESPONSE,                    \
      "a stray event input_audio_transcription.failed; the response comes as usual")               \
    X(INVALID_JSON, "invalid_json", "F75", CHANCE_PER_RESPONSE,                                    \
      "a text message that is no JSON, between two deltas")                                        \
    X(BINARY_FRAME, "binary_frame", "F75", CHANCE_PER_RESPONSE,                                    \
      "a binary message between two deltas")                                                       \
    X(INVALID_UTF8, "invalid_utf8", "F75", CHANCE_PER_RESPONSE,                                    \
      "a text message with truncated UTF-8, between two deltas")                                   \
    X(UNKNOWN_EVENT, "unknown_event", "F75", CHANCE_PER_RESPONSE,                                  \
      "an event of an unknown type; the response comes as usual")                                  \
    X(OVERSIZED_MESSAGE, "oversized_message", "F105", CHANCE_PER_RESPONSE,                         \
      "a message of 32 MiB between two deltas")                                                    \
    X(EVENT_FLOOD, "event_flood", "F75", CHANCE_PER_RESPONSE,                                      \
      "10,000 events of an unknown type at once; the response comes as usual")                     \
    X(CLOSE_1000, "close_1000", "unknown", CHANCE_PER_RESPONSE, "Close 1000 in mid-stream")        \
    X(CLOSE_1001, "close_1001", "unknown", CHANCE_PER_RESPONSE, "Close 1001 in mid-stream")        \
    X(CLOSE_1002, "close_1002", "F83", CHANCE_PER_RESPONSE, "Close 1002 in mid-stream")            \
    X(CLOSE_1007, "close_1007", "F83", CHANCE_PER_RESPONSE, "Close 1007 in mid-stream")            \
    X(CLOSE_1008, "close_1008", "F81", CHANCE_PER_RESPONSE, "Close 1008 in mid-stream")            \
    X(CLOSE_1009, "close_1009", "F82", CHANCE_PER_RESPONSE, "Close 1009 in mid-stream")            \
    X(CLOSE_1011, "close_1011", "F84", CHANCE_PER_RESPONSE, "Close 1011 in mid-stream")            \
    X(CLOSE_1012, "close_1012", "F85", CHANCE_PER_RESPONSE, "Close 1012 in mid-stream")            \
    X(CLOSE_1013, "close_1013", "F85", CHANCE_PER_RESPONSE, "Close 1013 in mid-stream")            \
    X(CLOSE_4000, "close_4000", "F86", CHANCE_PER_RESPONSE, "Close 4000 in mid-stream")            \
    X(UNKNOWN_ERROR, "unknown_error", "unknown", CHANCE_PER_RESPONSE,                              \
      "response.done failed with a code that no catalogue knows")

enum fault_kind {
#define X(id, name, number, chance, help) FAULT_##id,
    FAULT_MAP(X)
#undef X
        FAULT_COUNT
};

struct fault_info {
    const char *name;   /* "server_error" */
    const char *number; /* "F64": its row in the failure catalogue */
    enum fault_chance chance;
    const char *help;
};

/* The facts of a fault. */
const struct fault_info *fault_info(enum fault_kind kind);

/* Finds a fault by its name in a profile; false when there is none. */
bool fault_find(const char *name, enum fault_kind *out);

#endif
