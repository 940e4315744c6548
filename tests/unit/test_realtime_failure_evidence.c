/* What decides among several observations, and what is reported besides the class. */
#include "failure_fixture.h"

#include <errno.h>

/* An `error` earlier in the turn decides if it can be why the rest happened. */
static void hears_the_error_before(void **state)
{
    (void)state;
    const struct event_facts *const server_error = ERROR_EVENT("server_error", "", "");
    const struct event_facts *const late_cancel = ERROR_EVENT("", "response_cancel_not_active", "");
    const struct event_facts *const bad_setting =
        ERROR_EVENT("invalid_request_error", "unknown_parameter", "");
    const struct sample samples[] = {
        {{.error_before = server_error, .closed = true, .close_code = 1011, .phase = PHASE_STREAM},
         "server_error",
         "F59"},
        {{.error_before = server_error, .deadline = DEADLINE_STALL, .phase = PHASE_STREAM},
         "server_error",
         "F59"},
        {{.error_before = late_cancel, .deadline = DEADLINE_STALL, .phase = PHASE_STREAM},
         "stall",
         "F62"},
        {{.error_before = late_cancel,
          .event = FAILED("server_error", "", ""),
          .phase = PHASE_STREAM},
         "server_error",
         "F64"},
        {{.error_before = bad_setting,
          .event = FAILED("server_error", "", ""),
          .phase = PHASE_STREAM},
         "server_error",
         "F64"},
        {{.error_before = bad_setting, .closed = true, .close_code = 1000, .phase = PHASE_SESSION},
         "unknown_parameter",
         "F45"},
        {{.error_before = ERROR_EVENT("rate_limit_exceeded", "inference_rate_limit_exceeded", ""),
          .event = FAILED("server_error", "", ""),
          .phase = PHASE_STREAM},
         "rate_limit_exceeded",
         "F58"},
        {{.error_before = server_error, .event = ENDED(STATUS_CANCELLED, "turn_detected")},
         "cancelled",
         "F71"},
        {{.error_before = server_error, .event = ENDED(STATUS_INCOMPLETE, "content_filter")},
         "content_filter",
         "F69"},
    };
    CHECK(samples);
}

#define SECONDS(n) ((n)*INT64_C(1000000000))

/* A round age or silence explains an end only near its mark, and only the matching kind of end. */
static void knows_the_marks_of_a_session_s_life(void **state)
{
    (void)state;
    const struct event_facts *const server_error = FAILED("server_error", "", "");
#define CLOSED .closed = true, .phase = PHASE_CLOSE
    const struct sample samples[] = {
        {{CLOSED, .close_code = 1001, .socket_age_ns = SECONDS(1800 - 11)},
         "close_1001",
         "unknown"},
        {{CLOSED, .close_code = 1001, .socket_age_ns = SECONDS(1800 - 9)}, "session_cap", "F77"},
        {{CLOSED, .close_code = 1001, .socket_age_ns = SECONDS(1800 + 9)}, "session_cap", "F77"},
        {{CLOSED, .close_code = 1001, .socket_age_ns = SECONDS(1800 + 11)},
         "close_1001",
         "unknown"},
        {{CLOSED, .close_code = 1001, .socket_age_ns = SECONDS(3600)}, "session_cap", "F77"},
        {{CLOSED, .close_code = 1011, .socket_age_ns = SECONDS(1800)}, "close_1011", "F84"},
        {{CLOSED, .close_code = 1001, .has_expiry = true, .expires_in_ns = SECONDS(6)},
         "close_1001",
         "unknown"},
        {{CLOSED, .close_code = 1001, .has_expiry = true, .expires_in_ns = SECONDS(4)},
         "session_cap",
         "F77"},
        {{CLOSED, .close_code = 1001, .has_expiry = false, .expires_in_ns = 0},
         "close_1001",
         "unknown"},
        {{CLOSED, .has_expiry = true, .expires_in_ns = SECONDS(-2)}, "session_cap", "F77"},
        {{CLOSED, .has_expiry = true, .expires_in_ns = SECONDS(-61)}, "connection_lost", "F61"},
        {{CLOSED, .close_code = 1012, .has_expiry = true, .expires_in_ns = 0}, "close_1012", "F85"},
        {{CLOSED, .close_code = 1000, .idle_ns = SECONDS(16)}, "close_1000", "unknown"},
        {{CLOSED, .close_code = 1000, .idle_ns = SECONDS(18)}, "idle_timeout", "F78"},
        {{CLOSED, .close_code = 1000, .idle_ns = SECONDS(24)}, "close_1000", "unknown"},
        {{CLOSED, .close_code = 1000, .idle_ns = SECONDS(20), .in_turn = true},
         "close_1000",
         "unknown"},
        {{CLOSED, .close_code = 1012, .idle_ns = SECONDS(20)}, "close_1012", "F85"},
        {{CLOSED, .idle_ns = SECONDS(20)}, "connection_lost", "F61"},
        {{CLOSED, .idle_ns = SECONDS(57)}, "connection_lost", "F61"},
        {{CLOSED, .idle_ns = SECONDS(61)}, "idle_cut", "F87"},
        {{CLOSED, .idle_ns = SECONDS(60), .in_turn = true}, "connection_lost", "F61"},
        {{CLOSED, .idle_ns = SECONDS(60), .close_code = 1000}, "close_1000", "unknown"},
        {{CLOSED, .idle_ns = SECONDS(240)}, "connection_lost", "F61"},
        /* a server_error is a suspected expiry only at the cap */
        {{.event = server_error, .socket_age_ns = SECONDS(1200)}, "server_error", "F64"},
        {{.event = server_error, .has_expiry = true, .expires_in_ns = SECONDS(600)},
         "server_error",
         "F64"},
        {{.event = server_error, .has_expiry = true, .expires_in_ns = SECONDS(2)},
         "expiry_suspected",
         "F76"},
        {{.event = server_error,
          .socket_age_ns = SECONDS(99),
          .has_expiry = true,
          .expires_in_ns = SECONDS(1)},
         "expiry_suspected",
         "F76"},
        {{.event = server_error,
          .socket_age_ns = SECONDS(2),
          .has_expiry = true,
          .expires_in_ns = SECONDS(1)},
         "server_error",
         "F64"},
        {{.event = server_error, .socket_age_ns = SECONDS(3600)}, "expiry_suspected", "F76"},
        {{.event = FAILED("service_unavailable_error", "", ""), .socket_age_ns = SECONDS(3600)},
         "service_unavailable",
         "F65"},
    };
#undef CLOSED
    CHECK(samples);
}

/* What we know about our own request takes precedence over the text of the refusal. */
static void weighs_the_evidence_of_a_refusal(void **state)
{
    (void)state;
#define STATUS(status) .phase = PHASE_UPGRADE, .http_status = (status)
    static const struct sample samples[] = {
        {{STATUS(401), .body_code = "PermissionDenied", .credential_expired = true},
         "permission_denied",
         "F21"},
        {{STATUS(401), .key_as_subprotocol = true, .credential_expired = true},
         "subprotocol_auth",
         "F22"},
        {{STATUS(401), .body_message = "Access token is missing, invalid, or have expired."},
         "upgrade_401",
         "F20"},
        {{STATUS(429), .limit_tokens = 50, .usual_limit_tokens = 50, .hinted = true},
         "upgrade_429",
         "F30"},
        {{STATUS(429), .limit_tokens = 50, .usual_limit_tokens = 0}, "upgrade_429", "F30"},
        {{STATUS(429), .limit_tokens = 40, .usual_limit_tokens = 50,
          .body_message = "experiencing high demand"},
         "lowered_limit_429",
         "F32"},
        {{STATUS(429), .html = true, .hinted = true, .from_service = true}, "upgrade_429", "F30"},
        {{STATUS(429), .html = true}, "websocket_blocked", "F14"},
        {{STATUS(407), .html = true}, "proxy_auth", "F12"},
        {{STATUS(302), .html = true}, "redirected", "F91"},
        {{STATUS(503), .html = true}, "upgrade_503", "F37"},
        {{STATUS(401), .tls_verify_error = 20}, "tls_untrusted", "F08"},
    };
#undef STATUS
    CHECK(samples);
}

static void keeps_the_secondary_evidence(void **state)
{
    (void)state;
    const struct event_facts failed = {.kind = EVENT_RESPONSE_DONE,
                                       .status = STATUS_FAILED,
                                       .has_error = true,
                                       .error_type = "server_error",
                                       .usage = {.present = true, .input = 14000}};
    const struct {
        struct failure_facts facts;
        const char *also[5];
    } cases[] = {
        {{.event = &failed, .phase = PHASE_STREAM}, {"F68"}},
        {{.event = &failed,
          .error_before = ERROR_EVENT("rate_limit_exceeded", "", ""),
          .transcription_failed = true,
          .deadline = DEADLINE_STALL,
          .phase = PHASE_STREAM},
         {"F68", "F74", "F90"}},
        {{.error_before = ERROR_EVENT("server_error", "", ""),
          .closed = true,
          .close_code = 1011,
          .deadline = DEADLINE_STALL,
          .phase = PHASE_STREAM},
         {"F84", "F90"}},
        {{.error_before = ERROR_EVENT("", "response_cancel_not_active", ""),
          .deadline = DEADLINE_STALL,
          .phase = PHASE_STREAM},
         {"F56"}},
        {{.closed = true, .close_code = 1011, .deadline = DEADLINE_STALL, .phase = PHASE_STREAM},
         {"F90"}},
        {{.deadline = DEADLINE_STALL, .phase = PHASE_STREAM}, {NULL}},
        /* never more than there is room for */
        {{.event = &failed,
          .error_before = ERROR_EVENT("", "response_cancel_not_active", ""),
          .closed = true,
          .close_code = 1011,
          .transcription_failed = true,
          .deadline = DEADLINE_STALL,
          .phase = PHASE_STREAM},
         {"F68", "F56", "F84", "F74"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *numbers[4];
        size_t count = failure_also(&cases[i].facts, numbers);
        for (size_t k = 0; k < count; k++) {
            assert_non_null(cases[i].also[k]);
            assert_string_equal(numbers[k], cases[i].also[k]);
        }
        assert_null(cases[i].also[count]);
    }
}

static void signs_what_has_no_number(void **state)
{
    (void)state;
    const struct {
        struct failure_facts facts;
        const char *signature;
    } cases[] = {
        {{.http_status = 418, .body_code = "teapot", .phase = PHASE_UPGRADE}, "http:418/teapot"},
        {{.http_status = 418, .phase = PHASE_UPGRADE}, "http:418"},
        {{.http_status = 418, .body_code = "say \"it\"\n", .phase = PHASE_UPGRADE},
         "http:418/say__it__"},
        {{.http_status = 520, .phase = PHASE_UPGRADE}, "http:520"},
        {{.event = FAILED("new_error", "new_code", "Secret words"), .phase = PHASE_STREAM},
         "event:new_error/new_code"},
        {{.event = ERROR_EVENT("", "", ""), .phase = PHASE_STREAM}, "event:/"},
        {{.event = ENDED(STATUS_INCOMPLETE, "new_reason")}, "event:incomplete/new_reason"},
        {{.closed = true, .close_code = 1000, .phase = PHASE_STREAM}, "close:1000"},
        {{.closed = true, .close_code = 3001, .phase = PHASE_STREAM}, "close:3001"},
        {{.os_error = EPROTO, .phase = PHASE_CONNECT}, "errno:71"},
        {{.phase = PHASE_NONE}, "nothing"},
        {{.event = FAILED("server_error", "", "")}, ""},
        {{.closed = true, .close_code = 4321, .phase = PHASE_STREAM}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char signature[96];
        failure_signature(&cases[i].facts, signature);
        assert_string_equal(signature, cases[i].signature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_the_error_before),
        cmocka_unit_test(knows_the_marks_of_a_session_s_life),
        cmocka_unit_test(weighs_the_evidence_of_a_refusal),
        cmocka_unit_test(keeps_the_secondary_evidence),
        cmocka_unit_test(signs_what_has_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
