/* Which class takes precedence, and what follows from it: phase, domain, retry. */
#include "failure_fixture.h"

#include "base/clock.h"
#include "realtime/failure_table.h"

#include <errno.h>
#include <netdb.h>

/* With two observations, the one in the earlier layer determines the class. */
static void keeps_the_order_of_precedence(void **state)
{
    (void)state;
    const struct sample samples[] = {
        {{.local_error = EMFILE, .resolve_error = EAI_AGAIN}, "local_limit", "F07"},
        {{.resolve_error = EAI_AGAIN, .http_status = 503}, "resolve_temporary", "F02"},
        {{.http_status = 503, .event = FAILED("server_error", "", ""), .phase = PHASE_UPGRADE},
         "upgrade_503",
         "F37"},
        {{.event = ERROR_EVENT("server_error", "", ""),
          .closed = true,
          .close_code = 1011,
          .phase = PHASE_STREAM},
         "server_error",
         "F59"},
        {{.event = ERROR_EVENT("invalid_request_error", "session_expired", ""),
          .closed = true,
          .close_code = 1001,
          .phase = PHASE_STREAM},
         "session_expired",
         "F76"},
        {{.event = FAILED("server_error", "", ""),
          .closed = true,
          .os_error = ECONNRESET,
          .phase = PHASE_STREAM},
         "server_error",
         "F64"},
        {{.closed = true, .close_code = 1011, .deadline = DEADLINE_STALL, .phase = PHASE_STREAM},
         "close_1011",
         "F84"},
        {{.closed = true, .close_code = 1011, .os_error = ECONNRESET, .phase = PHASE_STREAM},
         "close_1011",
         "F84"},
        /* a cancel with nothing to cancel explains nothing */
        {{.event = ERROR_EVENT("invalid_request_error", "response_cancel_not_active", ""),
          .deadline = DEADLINE_STALL,
          .phase = PHASE_STREAM},
         "stall",
         "F62"},
    };
    CHECK(samples);
}

static void decides_phase_domain_and_retry(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum phase phase;
        enum domain domain;
        bool new_session, retryable;
    } classes[] = {
        {"local_limit", PHASE_CONNECT, DOMAIN_CLIENT, true, false},
        {"resolve_failed", PHASE_RESOLVE, DOMAIN_CONFIG, true, false},
        {"connect_timeout", PHASE_CONNECT, DOMAIN_NETWORK, true, true},
        {"tls_untrusted", PHASE_TLS, DOMAIN_NETWORK, true, false},
        {"upgrade_401", PHASE_UPGRADE, DOMAIN_AUTH, true, false},
        {"upgrade_429", PHASE_UPGRADE, DOMAIN_QUOTA, true, true},
        {"capacity_429", PHASE_UPGRADE, DOMAIN_SERVICE, true, true},
        {"upgrade_503", PHASE_UPGRADE, DOMAIN_SERVICE, true, true},
        {"server_error", PHASE_RESPONSE, DOMAIN_SERVICE, true, true},
        {"rate_limit_exceeded", PHASE_RESPONSE, DOMAIN_QUOTA, false, true},
        {"active_response", PHASE_RESPONSE, DOMAIN_CLIENT, false, true},
        {"content_filter", PHASE_RESPONSE, DOMAIN_CONTENT, false, false},
        {"max_output_tokens", PHASE_RESPONSE, DOMAIN_NONE, false, false},
        {"session_expired", PHASE_CLOSE, DOMAIN_NONE, true, true},
        {"stall", PHASE_STREAM, DOMAIN_SERVICE, true, true},
        {"connection_reset", PHASE_STREAM, DOMAIN_SERVICE, true, true},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        const struct failure_class *class = failure_class_of(classes[i].code);
        assert_non_null(class);
        assert_int_equal(class->phase, classes[i].phase);
        assert_int_equal(class->domain, classes[i].domain);
        assert_int_equal(class->new_session, classes[i].new_session);
        assert_int_equal(class->retryable, classes[i].retryable);
        assert_true(strlen(class->advice) > 10);
    }
    assert_null(failure_class_of("no_such_code"));
    assert_null(failure_class_of(""));
}

/* A server_error occurs before or within the stream; a failed name lookup always belongs to
 * resolving. */
static void takes_the_observed_phase_where_it_moves(void **state)
{
    (void)state;
    struct event_facts failed = {.kind = EVENT_RESPONSE_DONE,
                                 .status = STATUS_FAILED,
                                 .has_error = true,
                                 .error_type = "server_error"};
    struct failure_facts facts = {.event = &failed, .phase = PHASE_STREAM};
    assert_int_equal(failure_classify(&facts).phase, PHASE_STREAM);
    facts.phase = PHASE_RESPONSE;
    assert_int_equal(failure_classify(&facts).phase, PHASE_RESPONSE);
    facts.phase = PHASE_NONE;
    assert_int_equal(failure_classify(&facts).phase, PHASE_RESPONSE);
    facts = (struct failure_facts){.resolve_error = EAI_NONAME, .phase = PHASE_CONNECT};
    assert_int_equal(failure_classify(&facts).phase, PHASE_RESOLVE);
}

/* After a pause of this machine, ends and silences may be its own doing; words are not. */
static void a_pause_explains_silence_and_no_words(void **state)
{
    (void)state;
    const struct sample samples[] = {
        {{.paused_ns = 1, .deadline = DEADLINE_RESOLVE}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_CONNECT}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_TLS}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_UPGRADE}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_SESSION}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_CONFIGURE}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_FIRST_OUTPUT}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_STALL}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_RESPONSE}, "paused", "F106"},
        {{.paused_ns = 1, .deadline = DEADLINE_RESPONSE, .output_flows = true}, "paused", "F106"},
        {{.paused_ns = 1, .ping_timeout = true}, "paused", "F106"},
        {{.paused_ns = 1, .http_status = 408, .phase = PHASE_UPGRADE}, "paused", "F106"},
        {{.paused_ns = 1, .closed = true, .close_code = 1008}, "paused", "F106"},
        {{.paused_ns = 1, .closed = true, .phase = PHASE_STREAM}, "paused", "F106"},
        {{.paused_ns = 1, .os_error = ECONNREFUSED, .phase = PHASE_CONNECT},
         "connect_refused",
         "F04"},
        {{.paused_ns = 1, .http_status = 503, .phase = PHASE_UPGRADE}, "upgrade_503", "F37"},
        {{.paused_ns = 1, .closed = true, .close_code = 1011}, "close_1011", "F84"},
        {{.paused_ns = 1, .protocol_violation = true}, "protocol_violation", "F75"},
        {{.paused_ns = 1, .local_error = EMFILE}, "local_limit", "F07"},
        {{.paused_ns = 1, .closed = true, .close_code = 1001, .idle_ns = 20 * NS_PER_S},
         "idle_timeout",
         "F78"},
        {{.paused_ns = 1}, "unknown", "unknown"},
    };
    CHECK(samples);
}

/* Domain client is ours and nothing else is: no class is half the one and half the other. */
static void what_is_ours_is_told_by_the_domain(void **state)
{
    (void)state;
    for (int id = 0; id < FAILURE_COUNT; id++) {
        const struct failure_class *class = &failure_row((enum failure_id)id)->class;
        assert_int_equal(failure_is_ours(class), class->domain == DOMAIN_CLIENT);
    }
    assert_int_equal(failure_row(FAILURE_UNKNOWN)->class.domain, DOMAIN_SERVICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_precedence),
        cmocka_unit_test(decides_phase_domain_and_retry),
        cmocka_unit_test(takes_the_observed_phase_where_it_moves),
        cmocka_unit_test(a_pause_explains_silence_and_no_words),
        cmocka_unit_test(what_is_ours_is_told_by_the_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
