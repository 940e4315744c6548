/* Faults of single responses as a client sees them, held against the failure catalogue, sections
 * 1.4 to 1.6. */
#include "test_simulator_fault_response_fixture.h"

/* F52 to F59: an error replaces the response, and the session continues. */
static void test_errors_instead(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *number, *type, *code, *fragment;
    } cases[] = {
        {"commit_empty", "F52", "invalid_request_error", "input_audio_buffer_commit_empty",
         "buffer too small. Expected at least 100ms of audio, but buffer only has 0.00ms"},
        {"duplicate_item", "F53", "invalid_request_error", "item_create_duplicate_item_id", ""},
        {"active_response", "F55", "invalid_request_error",
         "conversation_already_has_active_response",
         "already has an active response in progress: resp_"},
        {"rate_limit_event", "F58", "rate_limit_exceeded", "rate_limit_exceeded",
         "try again in 250ms"},
        {"error_event", "F59", "server_error", "(null)", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < REGIONS; region++) {
            ask_for_response(region);
            for (int times = 0; times < 2; times++) {
                cJSON *error = next_event();
                assert_true(is(error, "error"));
                assert_string_equal(at_path(error, "error.type"), cases[i].type);
                assert_string_equal(at_path(error, "error.code"), cases[i].code);
                assert_string_equal(at_path(error, "error.param"), "(null)");
                assert_string_equal(at_path(error, "error.event_id"), "mine");
                assert_memory_equal(at_path(error, "event_id"), "event_", 6);
                assert_non_null(strstr(at_path(error, "error.message"), cases[i].fragment));
                cJSON_Delete(error);
                wire_send_text(&wire, "{\"type\":\"response.create\",\"event_id\":\"mine\"}");
            }
        }
        cJSON *lines = ledger_after_stop();
        for (int region = 0; region < REGIONS; region++) {
            const cJSON *line = response_line(lines, region);
            assert_string_equal(at_path(line, "fault"), cases[i].number);
            assert_string_equal(at_path(line, "fault_name"), cases[i].fault);
            assert_string_equal(at_path(line, "outcome"), "refused");
            assert_string_equal(at_path(line, "response_id"), "(null)"); /* there never was one */
        }
        cJSON_Delete(lines);
        finish();
    }
}

static void assert_usage(const cJSON *event, const struct done *expected)
{
    static const char *const paths[] = {"response.usage.input_tokens",
                                        "response.usage.output_tokens",
                                        "response.usage.input_token_details.cached_tokens"};
    const char *const values[] = {expected->input, expected->output, expected->cached};
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        if (values[i] == NULL) {
            assert_true(atoi(at_path(event, paths[i])) > 0);
        } else {
            assert_string_equal(at_path(event, paths[i]), values[i]);
        }
        if (i < 2) sum += atoi(at_path(event, paths[i]));
    }
    assert_int_equal(atoi(at_path(event, "response.usage.total_tokens")), sum);
}

static void assert_done(const cJSON *event, const struct done *expected, int region)
{
    assert_string_equal(at_path(event, "response.status"), expected->status);
    if (expected->type != NULL) {
        bool reported_otherwise = strcmp(expected->number, "F66") == 0 && region == 1;
        assert_string_equal(at_path(event, "response.status_details.type"), "failed");
        assert_string_equal(at_path(event, "response.status_details.error.type"),
                            reported_otherwise ? "invalid_request_error" : expected->type);
        assert_string_equal(at_path(event, "response.status_details.error.code"), expected->code);
        assert_non_null(
            strstr(at_path(event, "response.status_details.error.message"), expected->fragment));
    } else if (expected->reason != NULL) {
        assert_string_equal(at_path(event, "response.status_details.type"), expected->status);
        assert_string_equal(at_path(event, "response.status_details.reason"), expected->reason);
    } else {
        assert_string_equal(at_path(event, "response.status_details"), "(null)");
    }
    const cJSON *output = cJSON_GetObjectItem(cJSON_GetObjectItem(event, "response"), "output");
    assert_int_equal(cJSON_GetArraySize(output), expected->items);
    if (expected->items > 0)
        assert_string_equal(at_path(event, "response.output.0.status"), "incomplete");
    assert_usage(event, expected);
}

/* F60 to F73: the forms of response.done. response.created comes first, output only where some was
 * said. */
static void test_forms_of_done(void **state)
{
    (void)state;
    static const struct done cases[] = {
        {"model_not_served", "F60", "failed", "invalid_request_error", "inference_not_found_error",
         "", NULL, "failed", "0", "0", "0", 0},
        {"server_error", "F64", "failed", "server_error", "(null)",
         "The server had an error while processing your request.", NULL, "failed", NULL, "0", "0",
         0},
        {"service_unavailable", "F65", "failed", "service_unavailable_error",
         "inference_service_unavailable_error", "The server is overloaded or not ready yet", NULL,
         "failed", "14000", "0", "0", 0},
        {"rate_limit_exceeded", "F66", "failed", "rate_limit_exceeded",
         "inference_rate_limit_exceeded", "try again in 250ms", NULL, "failed", "0", "0", "0", 0},
        {"daily_limit", "F104", "failed", "requests", "rate_limit_exceeded",
         "on requests per day (RPD): Limit 1000, Used 1000, Requested 1. Please try again in "
         "1m26.4s.",
         NULL, "failed", "0", "0", "0", 0},
        {"failed_unbilled", "F67", "failed", "server_error", "(null)", "", NULL, "failed", "0", "0",
         "0", 0},
        {"failed_billed", "F68", "failed", "server_error", "(null)", "", NULL, "failed", NULL, "0",
         "0", 0},
        {"content_filter", "F69", "incomplete", NULL, NULL, NULL, "content_filter", "incomplete",
         NULL, NULL, "0", 1},
        {"max_output_tokens", "F70", "incomplete", NULL, NULL, NULL, "max_output_tokens",
         "incomplete", NULL, NULL, "0", 1},
        {"reasoning_limit", "F70", "incomplete", NULL, NULL, NULL, "max_output_tokens",
         "incomplete", NULL, "4096", "0", 0},
        {"turn_detected", "F71", "cancelled", NULL, NULL, NULL, "turn_detected", "cancelled", NULL,
         NULL, "0", 1},
        {"empty_output", "F72", "completed", NULL, NULL, NULL, NULL, "completed", NULL, "0", "0",
         0},
        {"bad_sampling", "F73", "failed", "server_error", "(null)", "invalid Unicode output", NULL,
         "failed", NULL, "0", "0", 0},
        {"unknown_error", "unknown", "failed", "novel_error", "never_seen_before", "", NULL,
         "failed", NULL, "0", "0", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < REGIONS; region++) {
            ask_for_response(region);
            cJSON *event = next_event();
            int outputs = 0;
            assert_true(is(event, "response.created"));
            while (!is(event, "response.done")) {
                outputs += is_output(event);
                assert_false(is(event, "error"));
                cJSON_Delete(event);
                event = next_event();
            }
            assert_int_equal(outputs > 0, cases[i].items > 0);
            assert_done(event, &cases[i], region);
            cJSON_Delete(event);
            wire_send_text(&wire, "{\"type\":\"response.create\"}"); /* the session stays open */
            expect("response.created");
        }
        assert_ledger(cases[i].fault, cases[i].number, cases[i].outcome);
    }
}

/* `after` is the wait that a hint asks for, in whole seconds as `20 seconds`. */
static void test_hint_in_seconds(void **state)
{
    (void)state;
    start_fault("rate_limit_exceeded", ",\"after\":\"20s\"");
    ask_for_response(0);
    cJSON *done = await("response.done");
    assert_non_null(
        strstr(at_path(done, "response.status_details.error.message"), "try again in 20 seconds"));
    cJSON_Delete(done);
    stop();
}

/* A turn that is detected is announced before the response ends for it. */
static void test_order_of_turn_detected(void **state)
{
    (void)state;
    start_fault("turn_detected", "");
    ask_for_response(0);
    expect("response.output_audio.delta");
    expect("input_audio_buffer.speech_started");
    expect("response.output_audio.done");
    expect("response.output_item.done");
    expect("response.done");
    stop();
}

/* F56, F74, F75: strays, and the response as usual. */
static void test_strays(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *number, *type;
        int count;
    } cases[] = {
        {"cancel_not_active", "F56", "error", 1},
        {"transcription_failed", "F74", "conversation.item.input_audio_transcription.failed", 1},
        {"unknown_event", "F75", "response.novelty.added", 1},
        {"event_flood", "F75", "response.novelty.added", 10000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < REGIONS; region++) {
            ask_for_response(region);
            expect("response.created");
            int strays = 0;
            int outputs = 0;
            cJSON *event = next_event();
            while (!is(event, "response.done")) {
                outputs += is_output(event);
                if (is(event, cases[i].type)) {
                    strays++;
                    assert_memory_equal(at_path(event, "event_id"), "event_", 6);
                    assert_int_equal(outputs, 0);
                }
                if (is(event, "error")) {
                    assert_string_equal(at_path(event, "error.code"), "response_cancel_not_active");
                    assert_string_equal(at_path(event, "error.event_id"), "(null)");
                }
                if (strstr(cases[i].type, "transcription") != NULL && is(event, cases[i].type)) {
                    assert_memory_equal(at_path(event, "item_id"), "item_", 5);
                    assert_string_equal(at_path(event, "error.type"), "transcription_error");
                }
                cJSON_Delete(event);
                event = next_event();
            }
            assert_string_equal(at_path(event, "response.status"), "completed");
            cJSON_Delete(event);
            assert_int_equal(strays, cases[i].count);
            assert_int_equal(outputs, 12); /* six of audio, six of its transcript */
        }
        assert_ledger(cases[i].fault, cases[i].number, "completed");
    }
}

/* F57: nothing comes, and the socket lives. */
static void test_not_started(void **state)
{
    (void)state;
    start_fault("response_not_started", "");
    for (int region = 0; region < REGIONS; region++) {
        ask_for_response(region);
        for (int i = 0; i < 30; i++) wire_turn(&wire);
        wire_send_frame(&wire, 0x89, "?", 1);
        assert_int_equal(wire_read_frame(&wire), 0x8A);
        wire_send_frame(&wire, 0x88, "\x03\xE8", 2);
        assert_int_equal(wire_read_frame(&wire), 0x88);
    }
    assert_ledger("response_not_started", "F57", "stalled");
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_instead),  cmocka_unit_test(test_forms_of_done),
        cmocka_unit_test(test_hint_in_seconds), cmocka_unit_test(test_order_of_turn_detected),
        cmocka_unit_test(test_strays),          cmocka_unit_test(test_not_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
