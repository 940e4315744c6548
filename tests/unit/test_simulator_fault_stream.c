/* Faults that strike while a response streams, by what a client sees of each. */
#include "test_simulator_fault_response_fixture.h"

/* F81 to F86: a Close frame after some deltas. */
static void test_closes(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *number;
        unsigned code;
    } cases[] = {
        {"close_1000", "unknown", 1000}, {"close_1001", "unknown", 1001},
        {"close_1002", "F83", 1002},     {"close_1007", "F83", 1007},
        {"close_1008", "F81", 1008},     {"close_1009", "F82", 1009},
        {"close_1011", "F84", 1011},     {"close_1012", "F85", 1012},
        {"close_1013", "F85", 1013},     {"close_4000", "F86", 4000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < REGIONS; region++) {
            int outputs = 0;
            int first;
            ask_for_response(region);
            while ((first = wire_read_frame(&wire)) == 0x81) {
                outputs += strstr((const char *)wire.frame, ".delta\"") != NULL;
                assert_null(strstr((const char *)wire.frame, "\"response.done\""));
            }
            assert_int_equal(first, 0x88);
            assert_int_equal(wire.frame_length, 2);
            assert_int_equal(wire.frame[0] << 8 | wire.frame[1], cases[i].code);
            assert_in_range(outputs, 1, 11);
        }
        assert_ledger(cases[i].fault, cases[i].number, "closed");
    }
}

/* F75: a message that breaks the protocol mid-stream; the response continues after it. */
static void test_violations(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        int opcode;
    } cases[] = {{"invalid_json", 0x81}, {"invalid_utf8", 0x81}, {"binary_frame", 0x82}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < REGIONS; region++) {
            int bad = 0;
            int outputs = 0;
            bool done = false;
            ask_for_response(region);
            while (!done) {
                int first = wire_read_frame(&wire);
                const char *text = (const char *)wire.frame;
                cJSON *event = first == 0x81 ? cJSON_Parse(text) : NULL;
                bool violates = event == NULL || strstr(text, "\xE2\x82\"") != NULL;
                if (violates) {
                    assert_int_equal(first, cases[i].opcode);
                    assert_in_range(outputs, 2, 10);
                    assert_int_equal(event != NULL, i == 1);
                    bad++;
                } else {
                    outputs += is_output(event);
                    done = is(event, "response.done");
                }
                cJSON_Delete(event);
            }
            assert_int_equal(bad, 1);
            assert_int_equal(outputs, 12);
        }
        assert_ledger(cases[i].fault, "F75", "completed");
    }
}

/* F75: a message of 32 MiB, valid JSON to its end. */
static void test_oversized(void **state)
{
    (void)state;
    static const unsigned char length[] = {0x81, 127, 0, 0, 0, 0, 2, 0, 0, 0};
    static char piece[65536];
    char head[64];
    start_fault("oversized_message", "");
    for (int region = 0; region < REGIONS; region++) {
        unsigned char first[10] = {0};
        ask_for_response(region);
        do { /* frames up to the one of a length of 64 bits */
            assert_true(wire_read_all(&wire, first, 2));
            size_t more = first[1] == 126 ? 2 : first[1] == 127 ? 8 : 0;
            assert_true(wire_read_all(&wire, first + 2, more));
            size_t payload = more == 0 ? first[1] : (size_t)(first[2] << 8 | first[3]);
            if (more < 8) assert_true(wire_read_all(&wire, piece, payload));
        } while (first[1] != 127);
        assert_memory_equal(first, length, sizeof length);
        size_t left = (size_t)32 << 20;
        for (bool begun = false; left > 0; begun = true) {
            size_t now = left < sizeof piece ? left : sizeof piece;
            assert_true(wire_read_all(&wire, piece, now));
            if (!begun) memcpy(head, piece, sizeof head);
            left -= now;
        }
        assert_memory_equal(head, "{\"type\":\"response.", 18);
        assert_memory_equal(piece + sizeof piece - 4, "aa\"}", 4);
        expect("response.done");
    }
    assert_ledger("oversized_message", "F105", "completed");
}

/* F61: the end without a Close frame; and without close_notify, as left by a dead middlebox. */
static void test_connection_lost(void **state)
{
    (void)state;
    start_fault("connection_lost", "");
    for (int region = 0; region < REGIONS; region++) {
        int outputs = 0;
        int first;
        ask_for_response(region);
        while ((first = wire_read_frame(&wire)) == 0x81) {
            outputs += strstr((const char *)wire.frame, ".delta\"") != NULL;
            assert_null(strstr((const char *)wire.frame, "\"response.done\""));
        }
        assert_int_equal(first, WIRE_EOF);
        assert_in_range(outputs, 1, 11);
    }
    assert_ledger("connection_lost", "F61", "cut");
}

/* F72: the other modality, while the response still claims the requested one. */
static void test_wrong_modality(void **state)
{
    (void)state;
    static const char *const text_of[] = {"response.output_text.delta", "response.text.delta",
                                          "response.output_text.delta"};
    static const char *const audio_of[] = {"response.output_audio.delta", "response.audio.delta",
                                           "response.output_audio.delta"};
    start_fault("wrong_modality", "");
    for (int region = 0; region < REGIONS; region++) {
        ask_for_response(region); /* audio is the default */
        cJSON *created = await("response.created");
        assert_string_equal(at_path(created, region == 1 ? "response.modalities.0"
                                                         : "response.output_modalities.0"),
                            "audio");
        cJSON_Delete(created);
        cJSON *event = next_event();
        int texts = 0;
        while (!is(event, "response.done")) {
            texts += is(event, text_of[region]);
            assert_false(is(event, audio_of[region]));
            cJSON_Delete(event);
            event = next_event();
        }
        assert_string_equal(at_path(event, "response.status"), "completed");
        assert_string_equal(at_path(event, "response.usage.output_token_details.audio_tokens"),
                            "0");
        cJSON_Delete(event);
        assert_int_equal(texts, 6);
        wire_send_text(
            &wire, region == 1
                       ? "{\"type\":\"response.create\",\"response\":{\"modalities\":[\"text\"]}}"
                       : "{\"type\":\"response.create\",\"response\":{\"output_modalities\":"
                         "[\"text\"]}}");
        expect(audio_of[region]);
        expect("response.done");
    }
    assert_ledger("wrong_modality", "F72", "completed");
}

/* F63: one delta at a time, without end. */
static void test_slow_output(void **state)
{
    (void)state;
    start_fault("slow_output", ",\"after\":\"30ms\"");
    for (int region = 0; region < REGIONS; region++) {
        static const char *const types[] = {"response.output_audio.delta", "response.audio.delta",
                                            "response.output_audio.delta"};
        /* From before the first one: a busy machine may see that one late, and the others on
         * time. */
        uint64_t before = clock_mono_ns();
        ask_for_response(region);
        for (int i = 0; i < 9; i++) expect(types[region]); /* more than the six of a response */
        assert_in_range((clock_mono_ns() - before) / NS_PER_MS, 8 * 30 - 5, 9000);
    }
    assert_ledger("slow_output", "F63", "abandoned");
}

/* A fault that was drawn but not reached is not recorded. */
static void test_unreached(void **state)
{
    (void)state;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"first_output\":\"10s\"}],\"faults\":[{\"fault\":\"close_1011\","
          "\"rate\":\"100%\"}]}");
    ask_for_response(0);
    expect("response.created");
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.kind"), "response");
    assert_string_equal(at_path(lines, "0.fault"), "(null)");
    assert_string_equal(at_path(lines, "0.fault_name"), "(null)");
    assert_string_equal(at_path(lines, "0.outcome"), "abandoned");
    cJSON_Delete(lines);
    finish();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closes),         cmocka_unit_test(test_violations),
        cmocka_unit_test(test_oversized),      cmocka_unit_test(test_connection_lost),
        cmocka_unit_test(test_wrong_modality), cmocka_unit_test(test_slow_output),
        cmocka_unit_test(test_unreached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
