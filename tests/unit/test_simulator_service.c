/* What the simulated service sends to its clients, compared with what the real one is documented to
 * send. */
#include "service_fixture.h"

/* The shape of a value: its keys in order and their kinds; strings that are identifiers of things
 * are kept. */
static void shape(const cJSON *value, const char *key, struct text *out)
{
    static const char *const literal[] = {"type", "status", "role", "object",
                                          "name", "voice",  "rate"};
    bool keep = false;
    for (size_t i = 0; i < sizeof literal / sizeof *literal; i++)
        keep = keep || strcmp(key, literal[i]) == 0;
    if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
        text_puts(out, cJSON_IsObject(value) ? "{" : "[");
        const cJSON *member;
        cJSON_ArrayForEach(member, value)
        {
            if (cJSON_IsObject(value)) text_printf(out, "%s:", member->string);
            shape(member, cJSON_IsObject(value) ? member->string : key, out);
            text_puts(out, " ");
        }
        text_puts(out, cJSON_IsObject(value) ? "}" : "]");
    } else if (cJSON_IsString(value)) {
        text_puts(out, keep ? value->valuestring : "string");
    } else {
        text_puts(out, cJSON_IsNumber(value) ? "number" : cJSON_IsNull(value) ? "null" : "bool");
    }
}

static char *shape_of(const char *json)
{
    cJSON *value = cJSON_Parse(json);
    if (value == NULL) fail_msg("no JSON: %s", json);
    struct text out = {0};
    shape(value, "", &out);
    cJSON_Delete(value);
    return text_take(&out);
}

/* Plays a documented client side and compares every event with the documented server side, in shape
 * and order. */
static void replay(int region, const char *name, const char *skip)
{
    char path[256];
    struct text client = {0};
    struct text server = {0};
    (void)snprintf(path, sizeof path, TEST_DATA "/wire/%s_client.jsonl", name);
    assert_int_equal(file_read(path, 1 << 20, &client, NULL), ERR_OK);
    (void)snprintf(path, sizeof path, TEST_DATA "/wire/%s_server.jsonl", name);
    assert_int_equal(file_read(path, 1 << 20, &server, NULL), ERR_OK);
    open_session(region);
    for (char *line = strtok(client.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strstr(line, "input_audio_buffer.append") != NULL) { /* abbreviated in the document */
            char audio[6500];
            int length = snprintf(audio, sizeof audio,
                                  "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
            memset(audio + length, 'A', 6400);
            (void)snprintf(audio + length + 6400, sizeof audio - (size_t)length - 6400, "\"}");
            wire_send_text(&wire, audio);
        } else {
            wire_send_text(&wire, line);
        }
    }
    for (char *line = strtok(server.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        do {
            assert_int_equal(wire_read_frame(&wire), 0x81);
        } while (*skip != '\0' && strstr((const char *)wire.frame, skip) != NULL);
        char *expected = shape_of(line);
        char *found = shape_of((const char *)wire.frame);
        if (strcmp(expected, found) != 0)
            fail_msg("documented %s\n          found %s\n%s", expected, found, (char *)wire.frame);
        free(expected);
        free(found);
    }
    text_free(&client);
    text_free(&server);
}

static void test_documented_turns(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":2}");
    replay(0, "text_turn_ga", "");
    replay(1, "text_turn_preview", "");
    stop();
    start("{" QUICK ",\"output_deltas\":1}");
    replay(0, "audio_turn_ga", "\"session.");
    replay(2, "audio_turn_ga", "\"session.");
    stop();
}

static void test_refusals(void **state)
{
    (void)state;
    char head[2048];
    char body[2048];
    char headers[512];
    start("{" QUICK "}");
    ask(0, GA, "api-key: wrong\r\nx-ms-client-request-id: abc-1\r\n", head, sizeof head);
    wire_read_rest(&wire, body, sizeof body);
    assert_memory_equal(head, "HTTP/1.1 401 ", 13);
    assert_non_null(strstr(head, "\r\nx-ms-region: East US 2\r\n"));
    assert_non_null(strstr(head, "\r\nx-ms-client-request-id: abc-1\r\n"));
    assert_non_null(strstr(head, "\r\napim-request-id: "));
    assert_non_null(strstr(body, "\"code\":\"401\""));
    (void)snprintf(headers, sizeof headers, "api-key: %s\r\n", ready_value(0, "api_key"));
    ask(0, "/openai/v1/realtime?model=nothing", headers, head, sizeof head);
    wire_read_rest(&wire, body, sizeof body);
    assert_memory_equal(head, "HTTP/1.1 404 ", 13);
    assert_non_null(strstr(body, "DeploymentNotFound"));

    ask(2, OPENAI, "Authorization: Bearer wrong\r\n", head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_null(strstr(head, "apim-request-id"));
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.code"), "invalid_api_key");
    cJSON_Delete(error);
    assert_int_equal(wire_read_frame(&wire), 0x88);
    assert_memory_equal(wire.frame, "\x0B\xB8invalid_request_error.invalid_api_key", 2 + 37);
    wire_send_frame(&wire, 0x88, "\x0B\xB8", 2);

    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 3);
    assert_string_equal(at_path(lines, "0.outcome"), "refused");
    assert_string_equal(at_path(lines, "0.http_status"), "401");
    assert_string_equal(at_path(lines, "0.client_request_id"), "abc-1");
    assert_string_equal(at_path(lines, "0.session_id"), "(null)");
    assert_string_equal(at_path(lines, "0.fault"), "(null)");
    assert_string_equal(at_path(lines, "1.http_status"), "404");
    assert_string_equal(at_path(lines, "2.http_status"), "101");
    cJSON_Delete(lines);
    finish();
}

static const struct {
    int region;
    const char *event;
    const char *code, *param, *event_id;
} complaints[] = {
    {0, "{\"type\":\"foo\",\"event_id\":\"mine\"}", "invalid_value", "type", "mine"},
    {0, "{\"type\":\"session.update\",\"event_id\":\"e\",\"session\":{}}",
     "missing_required_parameter", "session.type", "e"},
    {1, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\"}}", "unknown_parameter",
     "session.type", "(null)"},
    {0, "{\"type\":\"session.update\"}", "missing_required_parameter", "session", "(null)"},
    {0, "{\"type\":", "invalid_json", "(null)", "(null)"},
    {0, "[1,2]", "invalid_json", "(null)", "(null)"},
    {0, "{\"type\":\"session.update\"} x", "invalid_json", "(null)", "(null)"},
    {0, "{\"type\":7}", "invalid_type", "type", "(null)"},
    {0, "{}", "missing_required_parameter", "type", "(null)"},
    {0, "{\"type\":\"response.cancel\"}", "response_cancel_not_active", "(null)", "(null)"},
    {0, "{\"type\":\"input_audio_buffer.commit\"}", "input_audio_buffer_commit_empty", "(null)",
     "(null)"},
    {0, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"***\"}", "invalid_value", "audio",
     "(null)"},
    {0, "{\"type\":\"conversation.item.create\"}", "missing_required_parameter", "item", "(null)"},
    {0,
     "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"king\","
     "\"content\":[]}"
     "}",
     "invalid_value", "item.role", "(null)"},
    {0,
     "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"user\","
     "\"content\":[{"
     "\"type\":"
     "\"text\",\"text\":\"x\"}]}}",
     "invalid_value", "item.content[0].type", "(null)"},
    {0, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_x\"}", "item_not_found",
     "item_id", "(null)"},
    {0, "{\"type\":\"response.create\",\"response\":{\"colour\":1}}", "unknown_parameter",
     "response.colour", "(null)"},
};

/* Each is an `error`, and the session continues. */
static void test_complaints(void **state)
{
    (void)state;
    start("{" QUICK "}");
    for (int region = 0; region < 2; region++) {
        open_session(region);
        expect("session.created");
        for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
            if (complaints[i].region != region) continue;
            wire_send_text(&wire, complaints[i].event);
            cJSON *error = next_event();
            if (strcmp(at_path(error, "type"), "error") != 0 ||
                strcmp(at_path(error, "error.type"), "invalid_request_error") != 0 ||
                strcmp(at_path(error, "error.code"), complaints[i].code) != 0 ||
                strcmp(at_path(error, "error.param"), complaints[i].param) != 0 ||
                strcmp(at_path(error, "error.event_id"), complaints[i].event_id) != 0)
                fail_msg("%s: %s", complaints[i].event, (char *)wire.frame);
            cJSON_Delete(error);
        }
        wire_send_frame(&wire, 0x82, "\x01\x02", 2);
        cJSON *error = await("error");
        assert_string_equal(at_path(error, "error.code"), "invalid_event");
        cJSON_Delete(error);
        wire_send_text(&wire, "{\"type\":\"response.create\"}");
        expect("response.done");
    }
    stop();
}

static void test_usage_grows(void **state)
{
    (void)state;
    int input = 0;
    int cached = 0;
    start("{" QUICK ",\"output_deltas\":40}");
    open_session(0);
    for (int turn = 0; turn < 4; turn++) {
        wire_send_text(&wire, "{\"type\":\"conversation.item.create\",\"item\":{\"type\":"
                              "\"message\",\"role\":\"user\","
                              "\"content\":[{\"type\":\"input_text\",\"text\":\"Tell me more, and "
                              "more, and more.\"}]}}");
        wire_send_text(
            &wire,
            "{\"type\":\"response.create\",\"response\":{\"output_modalities\":[\"text\"]}}");
        cJSON *done = await("response.done");
        assert_string_equal(at_path(done, "response.usage.output_tokens"), "40");
        int now = atoi(at_path(done, "response.usage.input_tokens"));
        assert_true(now > input);
        input = now;
        cached = atoi(at_path(done, "response.usage.input_token_details.cached_tokens"));
        assert_true(cached < input);
        assert_int_equal(atoi(at_path(done, "response.usage.total_tokens")), input + 40);
        cJSON_Delete(done);
    }
    assert_true(cached >= 64);
    stop();
}

static void test_output_limit(void **state)
{
    (void)state;
    start("{" QUICK ",\"output_deltas\":10}");
    open_session(0);
    wire_send_text(&wire, "{\"type\":\"response.create\",\"response\":{\"max_output_tokens\":4}}");
    cJSON *done = await("response.done");
    assert_string_equal(at_path(done, "response.status"), "incomplete");
    assert_string_equal(at_path(done, "response.status_details.reason"), "max_output_tokens");
    cJSON_Delete(done);
    stop();
}

static void test_items(void **state)
{
    (void)state;
    static const char create[] =
        "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"item_mine\",\"type\":"
        "\"message\","
        "\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"x\"}]}}";
    start("{" QUICK "}");
    open_session(0);
    wire_send_text(&wire, create);
    cJSON *added = await("conversation.item.added");
    assert_string_equal(at_path(added, "item.id"), "item_mine");
    assert_string_equal(at_path(added, "item.content.0.text"), "x");
    cJSON_Delete(added);
    wire_send_text(&wire, create);
    cJSON *error = await("error");
    assert_string_equal(at_path(error, "error.code"), "item_create_duplicate_item_id");
    cJSON_Delete(error);
    wire_send_text(
        &wire,
        "{\"type\":\"conversation.item.create\",\"previous_item_id\":\"root\",\"item\":{\"type\":"
        "\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"{}\"}}");
    added = await("conversation.item.added");
    assert_string_equal(at_path(added, "previous_item_id"), "(null)");
    assert_string_equal(at_path(added, "item.call_id"), "call_1");
    cJSON_Delete(added);
    wire_send_text(&wire, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_mine\"}");
    expect("conversation.item.deleted");
    wire_send_text(&wire, create);
    expect("conversation.item.added");
    stop();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_turns), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_complaints),       cmocka_unit_test(test_usage_grows),
        cmocka_unit_test(test_output_limit),     cmocka_unit_test(test_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
