#include "failure_fixture.h"

#include <errno.h>
#include <netdb.h>

static void classifies_the_way_to_the_socket(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {{.local_error = EMFILE, .phase = PHASE_CONNECT}, "local_limit", "F07"},
        {{.os_error = EADDRNOTAVAIL, .phase = PHASE_CONNECT}, "local_limit", "F07"},
        {{.resolve_error = EAI_NONAME, .phase = PHASE_RESOLVE}, "resolve_failed", "F01"},
        {{.resolve_error = EAI_FAIL, .phase = PHASE_RESOLVE}, "resolve_failed", "F01"},
        {{.resolve_error = EAI_AGAIN, .phase = PHASE_RESOLVE}, "resolve_temporary", "F02"},
        {{.deadline = DEADLINE_RESOLVE, .phase = PHASE_RESOLVE}, "resolve_timeout", "F02"},
        {{.os_error = ECONNREFUSED, .closed = true, .phase = PHASE_CONNECT},
         "connect_refused",
         "F04"},
        {{.os_error = ETIMEDOUT, .phase = PHASE_CONNECT}, "connect_timeout", "F05"},
        {{.deadline = DEADLINE_CONNECT, .phase = PHASE_CONNECT}, "connect_timeout", "F05"},
        {{.os_error = EHOSTUNREACH, .phase = PHASE_CONNECT}, "connect_unreachable", "F05"},
        {{.os_error = ENETUNREACH, .phase = PHASE_CONNECT}, "connect_unreachable", "F05"},
        {{.os_error = ECONNRESET, .phase = PHASE_CONNECT}, "connect_reset", "F06"},
        {{.os_error = ECONNRESET, .tls_failed = true, .phase = PHASE_TLS}, "connect_reset", "F06"},
        {{.os_error = EPROTO, .phase = PHASE_CONNECT}, "connect_failed", "unknown"},
        /* X509_V_ERR: self-signed in chain 19, no local issuer 20, expired 10, not yet valid 9,
         * host name 62 */
        {{.tls_verify_error = 19, .tls_failed = true, .phase = PHASE_TLS}, "tls_untrusted", "F08"},
        {{.tls_verify_error = 20, .phase = PHASE_TLS}, "tls_untrusted", "F08"},
        {{.tls_verify_error = 62, .phase = PHASE_TLS}, "tls_wrong_name", "F08"},
        {{.tls_verify_error = 64, .phase = PHASE_TLS}, "tls_wrong_name", "F08"},
        {{.tls_verify_error = 10, .phase = PHASE_TLS}, "tls_expired", "F10"},
        {{.tls_verify_error = 9, .phase = PHASE_TLS}, "tls_not_yet_valid", "F10"},
        {{.tls_failed = true, .closed = true, .phase = PHASE_TLS}, "tls_failed", "F09"},
        {{.closed = true, .phase = PHASE_TLS}, "tls_closed", "F11"},
        {{.deadline = DEADLINE_TLS, .phase = PHASE_TLS}, "tls_timeout", "F90"},
        {{.proxy_status = 407, .phase = PHASE_CONNECT}, "proxy_auth", "F12"},
        {{.proxy_status = 502, .phase = PHASE_CONNECT}, "proxy_refused", "F13"},
        {{.deadline = DEADLINE_UPGRADE, .phase = PHASE_UPGRADE}, "upgrade_timeout", "F38"},
        {{.closed = true, .phase = PHASE_UPGRADE}, "upgrade_closed", "F11"},
        {{.os_error = ECONNRESET, .closed = true, .phase = PHASE_UPGRADE}, "upgrade_closed", "F11"},
        {{.phase = PHASE_NONE}, "unknown", "unknown"},
    };
    CHECK(samples);
}

static void classifies_refused_upgrades(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {REFUSED(400, "OpperationNotSupported",
                 "The realtime operation does not work with the specified model."),
         "model_not_realtime", "F15"},
        {REFUSED(400, "OperationNotSupported", NULL), "model_not_realtime", "F16"},
        {REFUSED(400, "BadRequest",
                 "api-version query parameter is not allowed when using /v1 path"),
         "api_version_not_allowed", "F17"},
        {REFUSED(400, "BadRequest", "API version not supported"), "api_version_unknown", "F18"},
        {REFUSED(400, NULL, NULL), "upgrade_400", "F19"},
        {REFUSED(401, NULL, NULL), "upgrade_401", "F20"},
        {REFUSED(401, "401", "Access denied due to invalid subscription key"), "upgrade_401",
         "F20"},
        {REFUSED(401, "PermissionDenied", "does not have access to API/Operation"),
         "permission_denied", "F21"},
        {REFUSED(403, "403", "Access denied due to Virtual Network/Firewall rules."), "upgrade_403",
         "F24"},
        {REFUSED(403, "403", "Public access is disabled. Use a private endpoint."),
         "public_access_disabled", "F25"},
        {REFUSED(403, NULL, "Your resource has been temporarily blocked"), "resource_blocked",
         "F26"},
        {REFUSED(404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
         "deployment_not_found", "F27"},
        {REFUSED(404, "404", "Resource not found"), "path_not_found", "F28"},
        {REFUSED(404, NULL, NULL), "upgrade_404", "F28"},
        {REFUSED(408, NULL, NULL), "upgrade_408", "F29"},
        {REFUSED(429, "429",
                 "Requests to the service have exceeded call rate limit. Retry after 10 seconds."),
         "upgrade_429", "F30"},
        {REFUSED(429, NULL, NULL), "unclear_429", "F33"},
        {REFUSED(429, "insufficient_quota", "You exceeded your current quota"), "quota_exhausted",
         "unknown"},
        {REFUSED(429, "429", "We are temporarily unable to process your request"), "capacity_429",
         "F31"},
        {REFUSED(429, "429", "The model is experiencing high demand"), "capacity_429", "F31"},
        {REFUSED(431, NULL, NULL), "upgrade_431", "F34"},
        {REFUSED(500, "InternalServerError", NULL), "upgrade_500", "F35"},
        {REFUSED(502, NULL, NULL), "upgrade_502", "F36"},
        {REFUSED(503, NULL, "temporarily unable to process your request"), "upgrade_503", "F37"},
        {REFUSED(504, NULL, NULL), "upgrade_504", "F36"},
        {REFUSED(520, NULL, NULL), "upgrade_500", "unknown"},
        {REFUSED(403, NULL, NULL), "unclear_403", "unknown"},
        {REFUSED(426, NULL, NULL), "websocket_blocked", "F14"},
        {REFUSED(200, NULL, NULL), "websocket_blocked", "F14"},
        {REFUSED(101, NULL, NULL), "bad_handshake", "F39"},
        {REFUSED(302, NULL, NULL), "redirected", "F91"},
        {REFUSED(100, NULL, NULL), "interim_answer", "F108"},
        {REFUSED(199, NULL, NULL), "interim_answer", "F108"},
        {REFUSED(99, NULL, NULL), "protocol_violation", "F75"},
        {REFUSED(599, NULL, NULL), "upgrade_500", "unknown"},
        {REFUSED(600, NULL, NULL), "protocol_violation", "F75"},
        {REFUSED(999, NULL, NULL), "protocol_violation", "F75"},
        {REFUSED(418, "teapot", "rate limit"), "upgrade_rejected", "unknown"},
        {{.http_status = 503, .os_error = ECONNRESET, .closed = true, .phase = PHASE_UPGRADE},
         "upgrade_503",
         "F37"},
    };
    CHECK(samples);
}

static void classifies_errors_of_the_service(void **state)
{
    (void)state;
    const struct sample samples[] = {
        {{.event = FAILED("server_error", "", "The server had an error. sess_1")},
         "server_error",
         "F64"},
        {{.event = ERROR_EVENT("server_error", "", "")}, "server_error", "F59"},
        {{.event = FAILED("server_error", "", "invalid Unicode output")}, "bad_sampling", "F73"},
        {{.event = FAILED("service_unavailable_error", "inference_service_unavailable_error", "")},
         "service_unavailable",
         "F65"},
        {{.event = FAILED("service_unavailable_error", "", "")}, "service_unavailable", "F65"},
        {{.event = FAILED("invalid_request_error", "inference_rate_limit_exceeded", "")},
         "rate_limit_exceeded",
         "F66"},
        {{.event = FAILED("rate_limit_exceeded", "", "")}, "rate_limit_exceeded", "F66"},
        {{.event = ERROR_EVENT("rate_limit_exceeded", "inference_rate_limit_exceeded", "")},
         "rate_limit_exceeded",
         "F58"},
        {{.event = FAILED("insufficient_quota", "insufficient_quota", "")},
         "quota_exhausted",
         "unknown"},
        {{.event = FAILED("invalid_request_error", "inference_not_found_error", "")},
         "model_not_served",
         "F60"},
        {{.event = FAILED("", "", "")}, "unknown_error", "unknown"},
        {{.event = ENDED(STATUS_FAILED, "")}, "unknown_error", "unknown"},
        {{.event = ENDED(STATUS_INCOMPLETE, "content_filter")}, "content_filter", "F69"},
        {{.event = ENDED(STATUS_INCOMPLETE, "max_output_tokens")}, "max_output_tokens", "F70"},
        {{.event = ENDED(STATUS_INCOMPLETE, "other")}, "incomplete", "unknown"},
        {{.event = ENDED(STATUS_CANCELLED, "turn_detected")}, "cancelled", "F71"},
        {{.event = ENDED(STATUS_COMPLETED, ""), .empty_output = true}, "empty_output", "F72"},
        {{.event = ENDED(STATUS_INCOMPLETE, "max_output_tokens"), .empty_output = true},
         "max_output_tokens",
         "F70"},
        {{.event = ENDED(STATUS_COMPLETED, ""), .empty_output = true, .output_limited = true},
         "max_output_tokens",
         "F70"},
        {{.event = ENDED(STATUS_INCOMPLETE, "novel"), .empty_output = true}, "empty_output", "F72"},
        {{.event = ERROR_EVENT("invalid_request_error", "unknown_parameter", "")},
         "unknown_parameter",
         "F45"},
        {{.event = ERROR_EVENT("invalid_request_error", "missing_required_parameter", "")},
         "missing_required_parameter",
         "F46"},
        {{.event = ERROR_EVENT("invalid_request_error", "invalid_value", "")},
         "invalid_value",
         "F47"},
        {{.event = ERROR_EVENT("invalid_request_error", "integer_below_min_value",
                               "sample rate limit is 24000")},
         "invalid_value",
         "F47"},
        {{.event = ERROR_EVENT("invalid_request_error", "cannot_update_voice", "")},
         "cannot_update_voice",
         "F49"},
        {{.event = ERROR_EVENT("invalid_request_error", "input_audio_buffer_commit_empty", "")},
         "commit_empty",
         "F52"},
        {{.event = ERROR_EVENT("invalid_request_error", "item_create_duplicate_item_id", "")},
         "duplicate_item",
         "F53"},
        {{.event =
              ERROR_EVENT("invalid_request_error", "conversation_already_has_active_response", "")},
         "active_response",
         "F55"},
        {{.event = ERROR_EVENT("invalid_request_error", "",
                               "Conversation already has an active response in progress")},
         "active_response",
         "F55"},
        {{.event = ERROR_EVENT("invalid_request_error", "response_cancel_not_active", "")},
         "cancel_not_active",
         "F56"},
        {{.event = ERROR_EVENT("invalid_request_error", "session_expired", "")},
         "session_expired",
         "F76"},
        {{.event = ERROR_EVENT("invalid_request_error", "",
                               "Your session hit the maximum duration of 60 minutes.")},
         "session_expired",
         "F76"},
        {{.event = ERROR_EVENT("invalid_request_error", "", "something else")},
         "invalid_request",
         "unknown"},
        {{.event = ERROR_EVENT("new_error", "new_code", ""), .phase = PHASE_SESSION},
         "first_event_error",
         "F43"},
        {{.event = ERROR_EVENT("new_error", "new_code", ""), .phase = PHASE_STREAM},
         "unknown_error",
         "unknown"},
        {{.event = ERROR_EVENT("", "invalid_api_key", "")}, "invalid_api_key", "F44"},
    };
    CHECK(samples);
}

/* Text decides only where no field does, and only when it leaves no doubt. */
static void is_not_fooled_by_text(void **state)
{
    (void)state;
    const struct sample samples[] = {
        {{.event = FAILED("", "", "Rate limit reached, try again in 20 seconds")},
         "rate_limit_exceeded",
         "F66"},
        {{.event = FAILED("", "", "You have exceeded your rate limits.")},
         "rate_limit_exceeded",
         "F66"},
        {{.event = FAILED("", "", "Too Many Requests")}, "rate_limit_exceeded", "F66"},
        {{.event = FAILED("", "", "Could not generate limited output")},
         "unknown_error",
         "unknown"},
        {{.event = FAILED("", "", "The moderate limit was passed")}, "unknown_error", "unknown"},
        {{.event = FAILED("", "", "The sample rate limit is 24000")}, "unknown_error", "unknown"},
        {{.event = FAILED("", "", "Invalid sample rate 16000, 429 was given")},
         "unknown_error",
         "unknown"},
        {{.event = FAILED("", "", "Unable to generate a response")}, "unknown_error", "unknown"},
        {{.event = FAILED("", "", "The model failed to generate a response")},
         "unknown_error",
         "unknown"},
        {{.event = FAILED("", "", "The output was filtered / moderated")},
         "unknown_error",
         "unknown"},
        {{.event = FAILED("", "", "Unsupported sample rate")}, "unknown_error", "unknown"},
        {{.event = FAILED("", "", "The session exceeded its maximum duration")},
         "unknown_error",
         "unknown"},
        {{.event = FAILED("", "", "Input exceeded the maximum context length")},
         "unknown_error",
         "unknown"},
        {{.event =
              FAILED("invalid_request_error", "", "Input exceeded the maximum context length")},
         "invalid_request",
         "unknown"},
        {REFUSED(400, NULL, "Input exceeded the maximum context length"), "upgrade_400", "F19"},
        {REFUSED(429, NULL, "The model failed to generate a response"), "unclear_429", "F33"},
        {REFUSED(429, "too_many_requests", "Unsupported sample rate limit"), "unclear_429", "F33"},
        {{.event = FAILED("server_error", "", "Rate limit of the pool reached")},
         "server_error",
         "F64"},
        {{.event = FAILED("invalid_request_error", "invalid_value", "rate limit")},
         "invalid_value",
         "F47"},
        {REFUSED(500, "429", "call rate limit exceeded"), "upgrade_500", "F35"},
    };
    CHECK(samples);
}

static void classifies_ends_and_deadlines(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {{.closed = true, .os_error = ECONNRESET, .phase = PHASE_STREAM},
         "connection_reset",
         "F61"},
        {{.closed = true, .os_error = EPIPE, .phase = PHASE_RESPONSE}, "connection_reset", "F61"},
        {{.closed = true, .os_error = ECONNRESET, .phase = PHASE_SESSION},
         "connection_reset",
         "F61"},
        {{.closed = true, .phase = PHASE_STREAM}, "connection_lost", "F61"},
        {{.closed = true, .close_code = 1006, .phase = PHASE_STREAM}, "connection_lost", "F61"},
        {{.closed = true, .os_error = ETIMEDOUT, .phase = PHASE_STREAM}, "connection_lost", "F61"},
        {{.closed = true, .phase = PHASE_SESSION}, "closed_before_created", "F61"},
        {{.closed = true, .close_code = 1000, .phase = PHASE_SESSION},
         "closed_before_created",
         "F42"},
        {{.closed = true, .close_code = 1000, .phase = PHASE_STREAM}, "close_1000", "unknown"},
        {{.closed = true,
          .close_code = 1001,
          .phase = PHASE_CLOSE,
          .close_reason = "Your session hit the maximum duration of 60 minutes."},
         "session_expired",
         "F76"},
        {{.closed = true, .close_code = 1001, .close_reason = "", .phase = PHASE_STREAM},
         "close_1001",
         "unknown"},
        {{.closed = true, .close_code = 1002}, "close_1002", "F83"},
        {{.closed = true, .close_code = 1007}, "close_1007", "F83"},
        {{.closed = true, .close_code = 1008}, "close_1008", "F81"},
        {{.closed = true, .close_code = 1009}, "close_1009", "F82"},
        {{.closed = true, .close_code = 1011}, "close_1011", "F84"},
        {{.closed = true, .close_code = 1012}, "close_1012", "F85"},
        {{.closed = true, .close_code = 1013}, "close_1013", "F85"},
        {{.closed = true, .close_code = 4001}, "close_other", "F86"},
        {{.closed = true, .close_code = 1005}, "close_other", "unknown"},
        {{.closed = true,
          .close_code = 3000,
          .close_reason = "invalid_request_error.invalid_api_key"},
         "invalid_api_key",
         "F44"},
        {{.closed = true,
          .close_code = 4000,
          .close_reason = "invalid_request_error.invalid_model"},
         "model_not_served",
         "F60"},
        {{.protocol_violation = true, .phase = PHASE_STREAM}, "protocol_violation", "F75"},
        {{.deadline = DEADLINE_SESSION, .phase = PHASE_SESSION}, "no_session_created", "F41"},
        {{.deadline = DEADLINE_CONFIGURE, .phase = PHASE_SESSION}, "no_session_updated", "F50"},
        {{.deadline = DEADLINE_FIRST_OUTPUT, .phase = PHASE_RESPONSE},
         "response_not_started",
         "F57"},
        {{.deadline = DEADLINE_STALL, .phase = PHASE_STREAM}, "stall", "F62"},
        {{.deadline = DEADLINE_RESPONSE, .phase = PHASE_STREAM}, "response_timeout", "F90"},
    };
    CHECK(samples);
}

static void reads_bodies_of_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool json;
        const char *code, *message;
    } cases[] = {
        {"{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"It does not exist.\"}}", true,
         "DeploymentNotFound", "It does not exist."},
        {"{\"error\":{\"code\":429,\"message\":null}}", true, "429", ""},
        {"{\"statusCode\":429,\"message\":\"Rate limit is exceeded.\"}", true, "429",
         "Rate limit is exceeded."},
        {"{\"error\":\"nope\"}", true, "nope", ""},
        {"\"not now\"", true, "", "not now"},
        {"{}", true, "", ""},
        {"[]", false, "", ""},
        {"", false, "", ""},
        {"<html>502</html>", false, "", ""},
        {"{\"error\":{\"code\":", false, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[64] = "before";
        char message[512] = "before";
        assert_int_equal(failure_body_parse(cases[i].body, strlen(cases[i].body), code, message),
                         cases[i].json);
        assert_string_equal(code, cases[i].code);
        assert_string_equal(message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classifies_the_way_to_the_socket),
        cmocka_unit_test(classifies_refused_upgrades),
        cmocka_unit_test(classifies_errors_of_the_service),
        cmocka_unit_test(is_not_fooled_by_text),
        cmocka_unit_test(classifies_ends_and_deadlines),
        cmocka_unit_test(reads_bodies_of_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
