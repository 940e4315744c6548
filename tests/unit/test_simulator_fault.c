/* Faults, delays and endings of the simulator, as seen by a client and as recorded in the
 * ledger. */
#include "service_fixture.h"

static void test_second_response_and_cancel(void **state)
{
    (void)state;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"first_output\":\"1ms\",\"delta\":\"40ms\"}],\"output_deltas\":100}");
    open_session(0);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    cJSON *created = await("response.created");
    char id[64];
    (void)snprintf(id, sizeof id, "%s", at_path(created, "response.id"));
    cJSON_Delete(created);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.code"), "conversation_already_has_active_response");
    assert_non_null(strstr(at_path(error, "error.message"), id));
    cJSON_Delete(error);
    /* an out-of-band one may run at the same time */
    wire_send_text(&wire, "{\"type\":\"response.create\",\"response\":{\"conversation\":\"none\","
                          "\"metadata\":{\"a\":\"b\"}}}");
    created = await("response.created");
    assert_string_equal(at_path(created, "response.conversation_id"), "(null)");
    assert_string_equal(at_path(created, "response.metadata.a"), "b");
    char other[64];
    (void)snprintf(other, sizeof other, "%s", at_path(created, "response.id"));
    cJSON_Delete(created);
    expect("response.output_audio.delta");
    wire_send_text(&wire, "{\"type\":\"response.cancel\"}");
    cJSON *done = await("response.done");
    assert_string_equal(at_path(done, "response.id"), id);
    assert_string_equal(at_path(done, "response.status"), "cancelled");
    assert_string_equal(at_path(done, "response.status_details.reason"), "client_cancelled");
    assert_string_equal(at_path(done, "response.output.0.status"), "incomplete");
    cJSON_Delete(done);
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 3);
    assert_string_equal(at_path(lines, "0.response_id"), id);
    assert_string_equal(at_path(lines, "0.outcome"), "cancelled");
    assert_string_equal(at_path(lines, "1.response_id"), other);
    assert_string_equal(at_path(lines, "1.outcome"), "abandoned");
    assert_string_equal(at_path(lines, "2.kind"), "session");
    assert_string_equal(at_path(lines, "2.outcome"), "abandoned");
    assert_string_equal(at_path(lines, "2.responses"), "2");
    cJSON_Delete(lines);
    finish();
}

static void test_server_error(void **state)
{
    (void)state;
    char session_id[64];
    start("{" QUICK ",\"faults\":[{\"fault\":\"server_error\",\"rate\":\"100%\"}]}");
    open_session(0);
    cJSON *created = await("session.created");
    (void)snprintf(session_id, sizeof session_id, "%s", at_path(created, "session.id"));
    cJSON_Delete(created);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    cJSON *done = await("response.done");
    assert_string_equal(at_path(done, "response.status"), "failed");
    assert_string_equal(at_path(done, "response.status_details.type"), "failed");
    assert_string_equal(at_path(done, "response.status_details.error.type"), "server_error");
    assert_string_equal(at_path(done, "response.status_details.error.code"), "(null)");
    const char *message = at_path(done, "response.status_details.error.message");
    const char *first = strstr(message, session_id);
    assert_non_null(first);
    assert_non_null(strstr(first + 1, session_id));
    assert_int_equal(
        cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetObjectItem(done, "response"), "output")),
        0);
    assert_string_equal(at_path(done, "response.usage.output_tokens"), "0");
    assert_true(atoi(at_path(done, "response.usage.input_tokens")) > 0);
    char response_id[64];
    (void)snprintf(response_id, sizeof response_id, "%s", at_path(done, "response.id"));
    cJSON_Delete(done);
    wire_send_text(&wire, "{\"type\":\"response.create\"}"); /* the socket stays open */
    expect("response.done");
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.kind"), "response");
    assert_string_equal(at_path(lines, "0.fault"), "F64");
    assert_string_equal(at_path(lines, "0.outcome"), "failed");
    assert_string_equal(at_path(lines, "0.session_id"), session_id);
    assert_string_equal(at_path(lines, "0.response_id"), response_id);
    assert_string_equal(at_path(lines, "0.delay_us.first_output"), "(absent)");
    assert_string_equal(at_path(lines, "2.fault"), "(null)");
    cJSON_Delete(lines);
    finish();
}

static int count_deltas_to_the_end(int *end)
{
    int deltas = 0;
    while ((*end = wire_read_frame(&wire)) == 0x81) {
        deltas += strstr((const char *)wire.frame, "\"response.output_audio.delta\"") != NULL;
        assert_null(strstr((const char *)wire.frame, "\"response.done\""));
    }
    return deltas;
}

static void test_reset(void **state)
{
    (void)state;
    int end;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"delta\":\"1ms\"}],\"output_deltas\":8,\"faults\":[{\"fault\":\"connection_"
          "reset\",\"rate\":"
          "\"100%\"}]}");
    for (int i = 0; i < 10; i++) {
        open_session(0);
        wire_send_text(&wire, "{\"type\":\"response.create\"}");
        int deltas = count_deltas_to_the_end(&end);
        assert_int_equal(end, WIRE_RESET);
        assert_in_range(deltas, 1, 7);
    }
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 20);
    assert_string_equal(at_path(lines, "0.fault"), "F61");
    assert_string_equal(at_path(lines, "0.outcome"), "reset");
    assert_string_equal(at_path(lines, "1.outcome"), "reset");
    assert_string_equal(at_path(lines, "1.fault"), "(null)");
    cJSON_Delete(lines);
    finish();
}

/* A timed fault strikes on time, although every delta was sent long before. */
static void test_timed_reset(void **state)
{
    (void)state;
    int end;
    start("{" QUICK
          ",\"output_deltas\":3,\"faults\":[{\"fault\":\"connection_reset\",\"rate\":\"100%\","
          "\"after\":\"60ms\"}]}");
    open_session(0);
    uint64_t before = clock_mono_ns();
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    assert_int_equal(count_deltas_to_the_end(&end), 3);
    assert_int_equal(end, WIRE_RESET);
    assert_in_range((clock_mono_ns() - before) / NS_PER_MS, 59, 5000);
    stop();
}

static void test_stall(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":4,\"faults\":[{\"fault\":\"stall\",\"rate\":\"100%\"}]}");
    open_session(1);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    expect("response.audio.delta");
    for (int i = 0; i < 50; i++) wire_turn(&wire);
    wire_send_frame(&wire, 0x89, "?", 1);
    int first;
    while ((first = wire_read_frame(&wire)) == 0x81)
        assert_null(strstr((const char *)wire.frame, "\"response.done\""));
    assert_int_equal(first, 0x8A); /* the socket is alive */
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.code"), "conversation_already_has_active_response");
    cJSON_Delete(error);
    wire_send_frame(&wire, 0x88, "\x03\xE8", 2);
    assert_int_equal(wire_read_frame(&wire), 0x88);
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 2);
    assert_string_equal(at_path(lines, "0.fault"), "F62");
    assert_string_equal(at_path(lines, "0.outcome"), "stalled");
    assert_string_equal(at_path(lines, "0.delay_us.response"), "(absent)");
    assert_string_equal(at_path(lines, "1.outcome"), "completed");
    cJSON_Delete(lines);
    finish();
}

static void test_upgrade_faults(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *status, *retry, *number;
    } cases[] = {
        {"upgrade_429", "HTTP/1.1 429 ", "\r\nretry-after-ms: ", "F30"},
        {"upgrade_503", "HTTP/1.1 503 ", "\r\nretry-after: ", "F37"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char block[256];
        char headers[256];
        char head[2048];
        (void)snprintf(block, sizeof block,
                       "{" QUICK ",\"faults\":[{\"fault\":\"%s\",\"rate\":\"100%%\"}]}",
                       cases[i].fault);
        start(block);
        /* no chance for a fault: it is refused anyway */
        ask(0, GA, "api-key: wrong\r\n", head, sizeof head);
        assert_memory_equal(head, "HTTP/1.1 401 ", 13);
        (void)snprintf(headers, sizeof headers, "api-key: %s\r\n", ready_value(0, "api_key"));
        ask(0, GA, headers, head, sizeof head);
        assert_memory_equal(head, cases[i].status, 13);
        assert_non_null(strstr(head, cases[i].retry));
        cJSON *lines = ledger_after_stop();
        assert_int_equal(cJSON_GetArraySize(lines), 2);
        assert_string_equal(at_path(lines, "0.fault"), "(null)");
        assert_string_equal(at_path(lines, "1.fault"), cases[i].number);
        assert_string_equal(at_path(lines, "1.outcome"), "refused");
        cJSON_Delete(lines);
        finish();
    }
}

static void test_session_age(void **state)
{
    (void)state;
    start("{" QUICK ",\"max_session_age\":\"1s\"}");
    uint64_t before = clock_mono_ns();
    open_session(0);
    cJSON *created = await("session.created");
    double left =
        atof(at_path(created, "session.expires_at")) - (double)(clock_wall_ns() / NS_PER_S);
    assert_true(left >= 0 && left <= 2);
    cJSON_Delete(created);
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.code"), "session_expired");
    assert_string_equal(at_path(error, "error.message"),
                        "Your session hit the maximum duration of 1 seconds.");
    cJSON_Delete(error);
    assert_int_equal(wire_read_frame(&wire), 0x88);
    assert_memory_equal(wire.frame, "\x03\xE9Your session hit the maximum duration of 1 seconds.",
                        wire.frame_length);
    assert_in_range((clock_mono_ns() - before) / NS_PER_MS, 990, 8000);
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.outcome"), "expired");
    cJSON_Delete(lines);
    finish();
}

/* Scripted delays are kept, stated in the ledger, and seen by the client. */
static void test_delays(void **state)
{
    (void)state;
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"upgrade\":\"20ms\",\"session\":\"30ms\",\"configure\":\"25ms\",\"response_"
          "created\":\"15ms\","
          "\"first_output\":\"35ms\",\"delta\":\"5ms\"}],\"output_deltas\":3}");
    open_session(0);
    /* not waiting for session.created: processed in order anyway */
    wire_send_text(&wire, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\","
                          "\"output_modalities\":[\"text\"]}}");
    expect("session.created");
    expect("session.updated");
    uint64_t before = clock_mono_ns();
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    expect("response.output_text.delta");
    uint64_t seen_us = (clock_mono_ns() - before) / NS_PER_US;
    expect("response.done");
    cJSON *lines = ledger_after_stop();
    int first_output = atoi(at_path(lines, "0.delay_us.first_output"));
    assert_in_range(atoi(at_path(lines, "0.delay_us.response_created")), 15000, 3000000);
    assert_in_range(first_output, 50000, 3000000);
    assert_in_range(atoi(at_path(lines, "0.delay_us.response")), 60000, 3000000);
    assert_in_range(seen_us, (uint64_t)first_output, (uint64_t)first_output + 1000000);
    assert_in_range(atoi(at_path(lines, "1.delay_us.upgrade")), 20000, 3000000);
    assert_in_range(atoi(at_path(lines, "1.delay_us.session")), 30000, 3000000);
    assert_in_range(atoi(at_path(lines, "1.delay_us.configure")), 25000, 3000000);
    cJSON_Delete(lines);
    finish();
}

/* What ends with the simulator is recorded as such, and sessions in every state are closed. */
static void test_stop_under_way(void **state)
{
    (void)state;
    static struct wire others[3];
    start("{\"quota\":\"none\",\"latency\":[" NO_DELAYS
          ",{\"first_output\":\"10s\"},{\"regions\":[\"beta\"],\"upgrade\":\"10s\"},{"
          "\"regions\":[\"openai\"],"
          "\"session\":\"10s\"}]}");
    open_session(0);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    expect("response.created");
    for (int region = 1; region < 3; region++) {
        char headers[256];
        unsigned port =
            (unsigned)strtoul(strrchr(ready_value(region, "address"), ':') + 1, NULL, 10);
        (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n",
                       ready_value(region, "api_key"));
        assert_true(wire_connect(&others[region], &fixture.loop, port));
        assert_true(wire_tls(&others[region],
                             cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
                             ready_value(region, "host")));
        wire_send_upgrade(&others[region], region == 1 ? PREVIEW : OPENAI, headers);
    }
    char head[1024];
    assert_true(wire_read_head(&others[2], head, sizeof head));
    for (int i = 0; i < 20; i++) uv_run(&fixture.loop, UV_RUN_NOWAIT);
    wire.loop = &fixture.loop;
    struct wire *kept = &wire;
    assert_non_null(kept->ssl);
    struct error err = {0};
    struct text found = {0};
    assert_int_equal(simulator_stop(fixture.simulator, &err), ERR_OK);
    assert_int_equal(file_read(fixture.ledger, 1 << 20, &found, &err), ERR_OK);
    int stopped = 0;
    for (const char *at = found.data; (at = strstr(at, "\"stopped\"")) != NULL; at++) stopped++;
    assert_int_equal(stopped, 4); /* three sessions and a response */
    text_free(&found);
    finish();
    wire_close(&wire);
    for (int region = 1; region < 3; region++) wire_close(&others[region]);
}

static void test_failures_to_start(void **state)
{
    (void)state;
    start("{" QUICK "}");
    struct error err = {0};
    struct simulator *other = NULL;
    struct simulator_options options = {.profile = fixture.profile,
                                        .ledger_file = "/no/such/folder/ledger"};
    assert_int_equal(simulator_start(&fixture.loop, &options, &other, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/no/such/folder/ledger"));
    options = (struct simulator_options){.profile = fixture.profile, .listen = "192.0.2.1"};
    assert_int_equal(simulator_start(&fixture.loop, &options, &other, &err), ERR_NET);
    assert_non_null(strstr(err.text, "eastus2"));
    options =
        (struct simulator_options){.profile = fixture.profile, .ca_file = "/no/such/folder/ca.pem"};
    assert_int_equal(simulator_start(&fixture.loop, &options, &other, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/no/such/folder"));
    assert_null(other);
    stop();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_response_and_cancel),
        cmocka_unit_test(test_server_error),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_timed_reset),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_upgrade_faults),
        cmocka_unit_test(test_session_age),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_stop_under_way),
        cmocka_unit_test(test_failures_to_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
