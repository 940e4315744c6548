/* Faults of whole sessions as seen by a client, compared with the failure catalogue, sections 1.3
 * and 1.6. */
#include "service_fixture.h"

#define REGIONS 3 /* ga, preview, openai */

static const char update_ga[] =
    "{\"type\":\"session.update\",\"event_id\":\"mine\",\"session\":{\"type\":\"realtime\"}}";
static const char update_preview[] =
    "{\"type\":\"session.update\",\"event_id\":\"mine\",\"session\":{}}";

static void start_fault(const char *fault, const char *more)
{
    char block[512];
    (void)snprintf(block, sizeof block,
                   "{" QUICK
                   ",\"output_deltas\":3,\"audio_delta_bytes\":48,\"faults\":[{\"fault\":\"%s\","
                   "\"rate\":\"100%%\"%s}]}",
                   fault, more);
    start(block);
}

static void send_update(int region)
{
    wire_send_text(&wire, region == 1 ? update_preview : update_ga);
}

/* Nothing comes any more, but the socket stays open. */
static void assert_silent(void)
{
    for (int i = 0; i < 30; i++) wire_turn(&wire);
    wire_send_frame(&wire, 0x89, "?", 1);
    assert_int_equal(wire_read_frame(&wire), 0x8A);
}

static void assert_close(unsigned code, const char *reason)
{
    assert_int_equal(wire_read_frame(&wire), 0x88);
    assert_int_equal(wire.frame[0] << 8 | wire.frame[1], code);
    assert_string_equal((const char *)wire.frame + 2, reason);
}

/* Each session's line, and no fault on any response's. */
static void assert_ledger(const char *name, const char *number, const char *outcome)
{
    cJSON *lines = ledger_after_stop();
    int sessions = 0;
    const cJSON *line;
    cJSON_ArrayForEach(line, lines)
    {
        bool session = strcmp(at_path(line, "kind"), "session") == 0;
        assert_string_equal(at_path(line, "fault_name"), session ? name : "(null)");
        assert_string_equal(at_path(line, "fault"), session ? number : "(null)");
        if (session) assert_string_equal(at_path(line, "outcome"), outcome);
        if (session) assert_string_equal(at_path(line, "http_status"), "101");
        sessions += session;
    }
    assert_int_equal(sessions, REGIONS);
    cJSON_Delete(lines);
    finish();
}

static void test_no_session_created(void **state)
{
    (void)state;
    start_fault("no_session_created", "");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        send_update(region);
        assert_silent();
    }
    assert_ledger("no_session_created", "F41", "stalled");
}

static void test_closed_before_created(void **state)
{
    (void)state;
    start_fault("closed_before_created", "");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        assert_close(1000, "");
    }
    assert_ledger("closed_before_created", "F42", "closed");
}

static void test_first_event_error(void **state)
{
    (void)state;
    start_fault("first_event_error", "");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        cJSON *error = next_event();
        assert_string_equal(at_path(error, "type"), "error");
        assert_memory_equal(at_path(error, "event_id"), "event_", 6);
        cJSON_Delete(error);
        assert_silent();
    }
    assert_ledger("first_event_error", "F43", "refused");
}

static void test_invalid_api_key(void **state)
{
    (void)state;
    start_fault("invalid_api_key", "");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        cJSON *error = next_event();
        assert_string_equal(at_path(error, "type"), "error");
        assert_string_equal(at_path(error, "error.type"), "invalid_request_error");
        assert_string_equal(at_path(error, "error.code"), "invalid_api_key");
        cJSON_Delete(error);
        assert_close(3000, "invalid_request_error.invalid_api_key");
    }
    assert_ledger("invalid_api_key", "F44", "refused");
}

/* F45 to F49: session.update is refused entirely, the error names the client's event, and the
 * session survives. */
static void test_refused_updates(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *number, *param, *param_preview;
    } cases[] = {
        {"unknown_parameter", "F45", "session.modalities", "session.type"},
        {"missing_required_parameter", "F46", "session.type", "session.type"},
        {"invalid_value", "F47", "type", "type"},
        {"cannot_update_voice", "F49", "(null)", "(null)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < REGIONS; region++) {
            open_session(region);
            expect("session.created");
            for (int times = 0; times < 2; times++) {
                send_update(region);
                cJSON *error = next_event();
                assert_string_equal(at_path(error, "type"), "error");
                assert_string_equal(at_path(error, "error.type"), "invalid_request_error");
                /* named after it */
                assert_string_equal(at_path(error, "error.code"), cases[i].fault);
                assert_string_equal(at_path(error, "error.param"),
                                    region == 1 ? cases[i].param_preview : cases[i].param);
                assert_string_equal(at_path(error, "error.event_id"), "mine");
                if (i == 2)
                    assert_non_null(strstr(at_path(error, "error.message"), "'response.create'"));
                cJSON_Delete(error);
            }
            wire_send_text(&wire, "{\"type\":\"response.create\"}");
            cJSON *done = await("response.done");
            assert_string_equal(at_path(done, "response.status"), "completed");
            cJSON_Delete(done);
            wire_send_frame(&wire, 0x88, "\x03\xE8", 2);
            while (wire_read_frame(&wire) == 0x81) {}
        }
        assert_ledger(cases[i].fault, cases[i].number, "completed");
    }
}

/* A refused update has no effect. */
static void test_refused_whole(void **state)
{
    (void)state;
    start_fault("unknown_parameter", "");
    open_session(0);
    wire_send_text(&wire, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\","
                          "\"output_modalities\":[\"text\"]}}");
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.event_id"), "(null)");
    cJSON_Delete(error);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    expect("response.output_audio.delta");
    stop();
}

static void test_no_session_updated(void **state)
{
    (void)state;
    start_fault("no_session_updated", "");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        expect("session.created");
        send_update(region);
        assert_silent();
    }
    assert_ledger("no_session_updated", "F50", "stalled");
}

/* The first event, which must say that the session ends within two seconds; the run's clock is the
 * wall clock. */
static void expect_created_with_expiry(void)
{
    cJSON *created = next_event();
    assert_string_equal(at_path(created, "type"), "session.created");
    double left =
        atof(at_path(created, "session.expires_at")) - (double)(clock_wall_ns() / NS_PER_S);
    assert_in_range((int)(left + 1), 0, 3);
    cJSON_Delete(created);
}

/* F76 as documented, word for word, although the cap is scaled. */
static void test_session_expired(void **state)
{
    (void)state;
    static const char text[] = "Your session hit the maximum duration of 60 minutes.";
    start_fault("session_expired", ",\"after\":\"80ms\"");
    for (int region = 0; region < REGIONS; region++) {
        uint64_t before = clock_mono_ns();
        open_session(region);
        expect_created_with_expiry();
        cJSON *error = next_event();
        assert_string_equal(at_path(error, "type"), "error");
        assert_string_equal(at_path(error, "error.type"), "invalid_request_error");
        assert_string_equal(at_path(error, "error.code"), "session_expired");
        assert_string_equal(at_path(error, "error.message"), text);
        cJSON_Delete(error);
        assert_close(1001, text);
        assert_in_range((clock_mono_ns() - before) / NS_PER_MS, 75, 9000);
    }
    assert_ledger("session_expired", "F76", "expired");
}

/* F77: only a Close frame, at the time announced by session.created. */
static void test_session_cap_30(void **state)
{
    (void)state;
    start_fault("session_cap_30", ",\"after\":\"80ms\"");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        expect_created_with_expiry();
        assert_close(1001, "");
    }
    assert_ledger("session_cap_30", "F77", "expired");
}

/* F76 in disguise, between turns: a server_error that belongs to nothing, and a Close frame. */
static void test_disguised_expiry(void **state)
{
    (void)state;
    start_fault("disguised_expiry", ",\"after\":\"80ms\"");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        expect_created_with_expiry();
        cJSON *error = next_event();
        assert_string_equal(at_path(error, "type"), "error");
        assert_string_equal(at_path(error, "error.type"), "server_error");
        assert_string_equal(at_path(error, "error.code"), "(null)");
        assert_string_equal(at_path(error, "error.event_id"), "(null)");
        cJSON_Delete(error);
        assert_close(1001, "");
    }
    assert_ledger("disguised_expiry", "F76", "expired");
}

/* The same during a turn: the response fails, as in the reference incident. */
static void test_disguised_expiry_in_turn(void **state)
{
    (void)state;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"delta\":\"20ms\"}],\"output_deltas\":1000,"
          "\"faults\":[{\"fault\":\"disguised_expiry\",\"rate\":\"100%\",\"after\":\"100ms\"}]}");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        cJSON *created = await("session.created");
        char session_id[64];
        (void)snprintf(session_id, sizeof session_id, "%s", at_path(created, "session.id"));
        cJSON_Delete(created);
        wire_send_text(&wire, "{\"type\":\"response.create\"}");
        cJSON *done = await("response.done");
        assert_string_equal(at_path(done, "response.status"), "failed");
        assert_string_equal(at_path(done, "response.status_details.error.type"), "server_error");
        assert_string_equal(at_path(done, "response.status_details.error.code"), "(null)");
        assert_non_null(strstr(at_path(done, "response.status_details.error.message"), session_id));
        cJSON_Delete(done);
        expect("rate_limits.updated");
        assert_close(1001, "");
    }
    assert_ledger("disguised_expiry", "F76", "expired");
}

/* A cap later than the region's own has no effect. */
static void test_later_cap(void **state)
{
    (void)state;
    start("{" QUICK
          ",\"max_session_age\":\"50ms\",\"faults\":[{\"fault\":\"session_cap_30\",\"rate\":"
          "\"100%\",\"after\":\"1h\"}]}");
    open_session(0);
    expect_created_with_expiry();
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.message"),
                        "Your session hit the maximum duration of 0.05 seconds.");
    cJSON_Delete(error);
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.fault"), "(null)");
    assert_string_equal(at_path(lines, "0.outcome"), "expired");
    cJSON_Delete(lines);
    finish();
}

/* Waits while the client sends something every 40 ms, 5 times; then until the connection ends. */
static uint64_t silence_before_end(int *end)
{
    uint64_t last = clock_mono_ns();
    for (int i = 0; i < 5; i++) {
        uint64_t due = clock_mono_ns() + (uint64_t)(40 * NS_PER_MS);
        while (clock_mono_ns() < due) wire_turn(&wire);
        /* no answer */
        wire_send_text(&wire, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}");
        last = clock_mono_ns();
    }
    while ((*end = wire_read_frame(&wire)) == 0x81) {}
    return (clock_mono_ns() - last) / (uint64_t)NS_PER_MS;
}

/* F78: Close 1000 after a silence; messages in either direction postpone it. */
static void test_idle_close(void **state)
{
    (void)state;
    int end;
    start_fault("idle_close",
                ",\"after\":\"1s\""); /* a busy machine may be silent for long between two
                                         messages */
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        assert_in_range(silence_before_end(&end), 990, 9000);
        assert_int_equal(end, 0x88);
        assert_int_equal(wire.frame[0] << 8 | wire.frame[1], 1000);
        assert_int_equal(wire.frame_length, 2);
    }
    assert_ledger("idle_close", "F78", "closed");
}

/* F87: a middlebox drops the connection silently. */
static void test_proxy_idle_close(void **state)
{
    (void)state;
    int end;
    start_fault("proxy_idle_close",
                ",\"after\":\"1s\""); /* a busy machine may be silent for long between two
                                         messages */
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        assert_in_range(silence_before_end(&end), 990, 9000);
        assert_int_equal(end, WIRE_EOF);
    }
    assert_ledger("proxy_idle_close", "F87", "cut");
}

/* F80: the session works, but its close is not answered. */
static void test_no_close_answer(void **state)
{
    (void)state;
    start_fault("no_close_answer", "");
    for (int region = 0; region < REGIONS; region++) {
        open_session(region);
        expect("session.created");
        wire_send_text(&wire, "{\"type\":\"response.create\"}");
        expect("rate_limits.updated");
        wire_send_frame(&wire, 0x88, "\x03\xE8", 2);
        for (int i = 0; i < 50; i++) wire_turn(&wire);
        char byte;
        assert_int_equal(SSL_read(wire.ssl, &byte, 1), -1);
        assert_int_equal(SSL_get_error(wire.ssl, -1), SSL_ERROR_WANT_READ);
    }
    assert_ledger("no_close_answer", "F80", "completed");
}

/* A fault that was drawn but not reached is not recorded. */
static void test_unreached(void **state)
{
    (void)state;
    start_fault("no_close_answer", "");
    open_session(0);
    expect("session.created");
    cJSON *lines = ledger_after_stop(); /* the client drops the connection */
    assert_string_equal(at_path(lines, "0.fault"), "(null)");
    assert_string_equal(at_path(lines, "0.outcome"), "abandoned");
    cJSON_Delete(lines);
    finish();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_session_created),
        cmocka_unit_test(test_closed_before_created),
        cmocka_unit_test(test_first_event_error),
        cmocka_unit_test(test_invalid_api_key),
        cmocka_unit_test(test_refused_updates),
        cmocka_unit_test(test_refused_whole),
        cmocka_unit_test(test_no_session_updated),
        cmocka_unit_test(test_session_expired),
        cmocka_unit_test(test_session_cap_30),
        cmocka_unit_test(test_disguised_expiry),
        cmocka_unit_test(test_disguised_expiry_in_turn),
        cmocka_unit_test(test_later_cap),
        cmocka_unit_test(test_idle_close),
        cmocka_unit_test(test_proxy_idle_close),
        cmocka_unit_test(test_no_close_answer),
        cmocka_unit_test(test_unreached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
