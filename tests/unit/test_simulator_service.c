/* The simulator as a client sees it: over TLS, in one process, by a client that shares no code with it. */
#include "simulator/simulator.h"

#include "base/files.h"
#include "wire_client.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
/* cmocka wants the above first */
#include <cmocka.h>

#define GA "/openai/v1/realtime?model=gpt-realtime"
#define PREVIEW "/openai/realtime?api-version=2025-04-01-preview&deployment=rt-preview"
#define OPENAI "/v1/realtime?model=gpt-realtime"

static const char profile_head[] =
    "{\"name\":\"t\",\"regions\":["
    "{\"name\":\"eastus2\",\"endpoint\":\"https://contoso.openai.azure.com\",\"deployment\":\"gpt-realtime\","
    "\"dialect\":\"ga\",\"auth\":{\"api_key\":\"${UNSET_KEY}\"}},"
    "{\"name\":\"beta\",\"endpoint\":\"https://contoso-sc.openai.azure.com\",\"deployment\":\"rt-preview\","
    "\"dialect\":\"preview\",\"api_version\":\"2025-04-01-preview\",\"auth\":{\"api_key\":\"${UNSET_KEY}\"}},"
    "{\"name\":\"openai\",\"endpoint\":\"https://api.openai.com\",\"model\":\"gpt-realtime\","
    "\"dialect\":\"openai\",\"auth\":{\"api_key\":\"${UNSET_KEY}\"}}],"
    "\"load\":{\"model\":\"sessions\",\"stages\":[{\"duration\":\"1s\",\"target\":1}]},"
    "\"session\":{\"interactions\":1,\"prompts\":[\"x\"]},\"simulator\":";

static struct {
    uv_loop_t loop;
    struct profile *profile;
    struct simulator *simulator;
    cJSON *ready;
    char ledger[64];
} fixture;

static struct wire wire;

/* No delay unless the test says so: the profile's defaults are not what is tested here. */
#define NO_DELAYS                                                                                            \
    "{\"upgrade\":\"0s\",\"session\":\"0s\",\"configure\":\"0s\",\"response_created\":\"0s\",\"first_"       \
    "output\":\"0s\","                                                                                       \
    "\"delta\":\"0s\"}"
#define QUICK "\"latency\":[" NO_DELAYS "]"

static void start(const char *simulator_block)
{
    struct error err = {0};
    struct text json = {0};
    text_puts(&json, profile_head);
    text_puts(&json, simulator_block);
    text_puts(&json, "}");
    if (profile_parse("t.json", json.data, json.length, &fixture.profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    text_clear(&json);
    memset(&wire, 0, sizeof wire);
    uv_loop_init(&fixture.loop);
    (void)snprintf(fixture.ledger, sizeof fixture.ledger, "/tmp/test_simulator_XXXXXX");
    int fd = mkstemp(fixture.ledger);
    assert_true(fd >= 0);
    close(fd);
    struct simulator_options options = {.profile = fixture.profile, .ledger_file = fixture.ledger, .seed = 3};
    if (simulator_start(&fixture.loop, &options, &fixture.simulator, &err) != ERR_OK)
        fail_msg("%s", err.text);
    simulator_ready(fixture.simulator, &json);
    assert_int_equal(json.data[json.length - 1], '\n');
    fixture.ready = cJSON_Parse(json.data);
    assert_non_null(fixture.ready);
    text_free(&json);
}

static void stop(void)
{
    struct error err = {0};
    const char *ca_file = cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring;
    assert_true(file_exists(ca_file));
    if (simulator_stop(fixture.simulator, &err) != ERR_OK) fail_msg("%s", err.text);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    assert_false(file_exists(ca_file));
    simulator_free(fixture.simulator);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    cJSON_Delete(fixture.ready);
    profile_free(fixture.profile);
    unlink(fixture.ledger);
    if (wire.ssl != NULL) wire_close(&wire);
}

static const char *ready_value(int region, const char *key)
{
    const cJSON *regions = cJSON_GetObjectItem(fixture.ready, "regions");
    return cJSON_GetObjectItem(cJSON_GetArrayItem(regions, region), key)->valuestring;
}

/* Connects to a region and asks for the upgrade; head gets the response's head. */
static void ask(int region, const char *target, const char *headers, char *head, size_t size)
{
    unsigned port = (unsigned)strtoul(strrchr(ready_value(region, "address"), ':') + 1, NULL, 10);
    if (wire.ssl != NULL) wire_close(&wire);
    assert_true(wire_connect(&wire, &fixture.loop, port));
    assert_true(wire_tls(&wire, cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
                         ready_value(region, "host")));
    wire_send_upgrade(&wire, target, headers);
    assert_true(wire_read_head(&wire, head, size));
}

/* Opens a session with the right credential. */
static void open_session(int region)
{
    static const char *const targets[] = {GA, PREVIEW, OPENAI};
    char headers[256];
    char head[2048];
    (void)snprintf(headers, sizeof headers, region == 2 ? "Authorization: Bearer %s\r\n" : "api-key: %s\r\n",
                   ready_value(region, "api_key"));
    ask(region, targets[region], headers, head, sizeof head);
    if (strncmp(head, "HTTP/1.1 101 ", 13) != 0) fail_msg("%s", head);
}

/* The next event of the server; the caller's. NULL: a Close frame or the end. */
static cJSON *next_event(void)
{
    int first = wire_read_frame(&wire);
    if (first != 0x81) return NULL;
    cJSON *event = cJSON_Parse((const char *)wire.frame);
    assert_non_null(event);
    return event;
}

static const char *at_path(const cJSON *event, const char *path)
{
    static char number[32];
    char part[64];
    const cJSON *value = event;
    while (value != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        (void)snprintf(part, sizeof part, "%.*s", (int)length, path);
        value =
            cJSON_IsArray(value) ? cJSON_GetArrayItem(value, atoi(part)) : cJSON_GetObjectItem(value, part);
        path += length + (path[length] == '.');
    }
    if (value == NULL) return "(absent)";
    if (cJSON_IsNull(value)) return "(null)";
    if (cJSON_IsNumber(value)) (void)snprintf(number, sizeof number, "%.15g", value->valuedouble);
    return cJSON_IsString(value) ? value->valuestring : cJSON_IsNumber(value) ? number : "(other)";
}

/* Reads up to an event of a type, dropping those before it. */
static cJSON *await(const char *type)
{
    for (;;) {
        cJSON *event = next_event();
        if (event == NULL) fail_msg("the connection ended before %s", type);
        if (strcmp(at_path(event, "type"), type) == 0) return event;
        cJSON_Delete(event);
    }
}

static void expect(const char *type)
{
    cJSON_Delete(await(type));
}

/* The lines of the ledger, oldest first, as an array; ends the simulator. */
static cJSON *ledger_after_stop(void)
{
    struct text found = {0};
    struct error err = {0};
    if (wire.ssl != NULL) wire_close(&wire);
    for (int i = 0; i < 20; i++) uv_run(&fixture.loop, UV_RUN_NOWAIT);
    assert_int_equal(simulator_stop(fixture.simulator, &err), ERR_OK);
    assert_int_equal(file_read(fixture.ledger, 1 << 20, &found, &err), ERR_OK);
    cJSON *lines = cJSON_CreateArray();
    for (char *line = strtok(found.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *json = cJSON_Parse(line);
        assert_non_null(json);
        cJSON_AddItemToArray(lines, json);
    }
    text_free(&found);
    return lines;
}

static void finish(void)
{
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    simulator_free(fixture.simulator);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    cJSON_Delete(fixture.ready);
    profile_free(fixture.profile);
    unlink(fixture.ledger);
}

/* The shape of a value: keys in their order and kinds, with the strings that are names of things as they are.
 */
static void shape(const cJSON *value, const char *key, struct text *out)
{
    static const char *const literal[] = {"type", "status", "role", "object", "name", "voice", "rate"};
    bool keep = false;
    for (size_t i = 0; i < sizeof literal / sizeof *literal; i++) keep = keep || strcmp(key, literal[i]) == 0;
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

/* Plays a documented client side and compares every event with the documented server side, in shape and
 * order. */
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
            int length =
                snprintf(audio, sizeof audio, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
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
    {0, "{\"type\":\"session.update\",\"event_id\":\"e\",\"session\":{}}", "missing_required_parameter",
     "session.type", "e"},
    {1, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\"}}", "unknown_parameter",
     "session.type", "(null)"},
    {0, "{\"type\":\"session.update\"}", "missing_required_parameter", "session", "(null)"},
    {0, "{\"type\":", "invalid_json", "(null)", "(null)"},
    {0, "[1,2]", "invalid_json", "(null)", "(null)"},
    {0, "{\"type\":\"session.update\"} x", "invalid_json", "(null)", "(null)"},
    {0, "{\"type\":7}", "invalid_type", "type", "(null)"},
    {0, "{}", "missing_required_parameter", "type", "(null)"},
    {0, "{\"type\":\"response.cancel\"}", "response_cancel_not_active", "(null)", "(null)"},
    {0, "{\"type\":\"input_audio_buffer.commit\"}", "input_audio_buffer_commit_empty", "(null)", "(null)"},
    {0, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"***\"}", "invalid_value", "audio", "(null)"},
    {0, "{\"type\":\"conversation.item.create\"}", "missing_required_parameter", "item", "(null)"},
    {0,
     "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"king\",\"content\":[]}"
     "}",
     "invalid_value", "item.role", "(null)"},
    {0,
     "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"user\",\"content\":[{"
     "\"type\":"
     "\"text\",\"text\":\"x\"}]}}",
     "invalid_value", "item.content[0].type", "(null)"},
    {0, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_x\"}", "item_not_found", "item_id",
     "(null)"},
    {0, "{\"type\":\"response.create\",\"response\":{\"colour\":1}}", "unknown_parameter", "response.colour",
     "(null)"},
};

/* Each is an `error`, and the session goes on. */
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

static void test_second_response_and_cancel(void **state)
{
    (void)state;
    start("{\"latency\":[" NO_DELAYS
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
    /* one that is out of band may run beside it */
    wire_send_text(
        &wire,
        "{\"type\":\"response.create\",\"response\":{\"conversation\":\"none\",\"metadata\":{\"a\":\"b\"}}}");
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
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetObjectItem(done, "response"), "output")),
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
    start("{\"latency\":[" NO_DELAYS
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

/* A timed fault strikes when it is told to, although every delta was said long before. */
static void test_timed_reset(void **state)
{
    (void)state;
    int end;
    start("{" QUICK ",\"output_deltas\":3,\"faults\":[{\"fault\":\"connection_reset\",\"rate\":\"100%\","
          "\"after\":\"60ms\"}]}");
    open_session(0);
    uint64_t before = clock_mono_ns();
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    assert_int_equal(count_deltas_to_the_end(&end), 3);
    assert_int_equal(end, WIRE_RESET);
    assert_in_range((clock_mono_ns() - before) / NS_PER_MS, 59, 2000);
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
        (void)snprintf(block, sizeof block, "{" QUICK ",\"faults\":[{\"fault\":\"%s\",\"rate\":\"100%%\"}]}",
                       cases[i].fault);
        start(block);
        ask(0, GA, "api-key: wrong\r\n", head, sizeof head); /* no chance for a fault: it is refused anyway */
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
    open_session(0);
    uint64_t before = clock_mono_ns();
    cJSON *created = await("session.created");
    double left = atof(at_path(created, "session.expires_at")) - (double)(clock_wall_ns() / NS_PER_S);
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
    assert_in_range((clock_mono_ns() - before) / NS_PER_MS, 990, 3000);
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.outcome"), "expired");
    cJSON_Delete(lines);
    finish();
}

/* Scripted delays are kept, stated in the ledger, and seen by the client. */
static void test_delays(void **state)
{
    (void)state;
    start("{\"latency\":[" NO_DELAYS
          ",{\"upgrade\":\"20ms\",\"session\":\"30ms\",\"configure\":\"25ms\",\"response_"
          "created\":\"15ms\","
          "\"first_output\":\"35ms\",\"delta\":\"5ms\"}],\"output_deltas\":3}");
    open_session(0);
    /* not waiting for session.created: taken in order all the same */
    wire_send_text(
        &wire,
        "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"output_modalities\":[\"text\"]}}");
    expect("session.created");
    expect("session.updated");
    uint64_t before = clock_mono_ns();
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    expect("response.output_text.delta");
    uint64_t seen_us = (clock_mono_ns() - before) / NS_PER_US;
    expect("response.done");
    cJSON *lines = ledger_after_stop();
    int first_output = atoi(at_path(lines, "0.delay_us.first_output"));
    assert_in_range(atoi(at_path(lines, "0.delay_us.response_created")), 15000, 30000);
    assert_in_range(first_output, 50000, 70000);
    assert_in_range(atoi(at_path(lines, "0.delay_us.response")), 60000, 90000);
    assert_in_range(seen_us, (uint64_t)first_output, (uint64_t)first_output + 15000);
    assert_in_range(atoi(at_path(lines, "1.delay_us.upgrade")), 20000, 40000);
    assert_in_range(atoi(at_path(lines, "1.delay_us.session")), 30000, 50000);
    assert_in_range(atoi(at_path(lines, "1.delay_us.configure")), 25000, 90000);
    cJSON_Delete(lines);
    finish();
}

static void test_usage_grows(void **state)
{
    (void)state;
    int input = 0;
    int cached = 0;
    start("{" QUICK ",\"output_deltas\":40}");
    open_session(0);
    for (int turn = 0; turn < 4; turn++) {
        wire_send_text(
            &wire,
            "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"user\","
            "\"content\":[{\"type\":\"input_text\",\"text\":\"Tell me more, and more, and more.\"}]}}");
        wire_send_text(&wire,
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

/* 100 ms of audio is 4,800 bytes: one base64 block less is refused, and the buffer keeps. */
static void test_audio_buffer(void **state)
{
    (void)state;
    char audio[6500];
    start("{" QUICK "}");
    open_session(0);
    expect("session.created");
    int length = snprintf(audio, sizeof audio, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
    memset(audio + length, 'A', 6396);
    (void)snprintf(audio + length + 6396, sizeof audio - (size_t)length - 6396, "\"}");
    wire_send_text(&wire, audio);
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.commit\"}");
    cJSON *error = await("error");
    assert_non_null(strstr(at_path(error, "error.message"), "99.94ms"));
    cJSON_Delete(error);
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}");
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.commit\"}");
    expect("input_audio_buffer.committed");
    wire_send_text(&wire, audio);
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.clear\"}");
    expect("input_audio_buffer.cleared");
    wire_send_text(&wire, "{\"type\":\"input_audio_buffer.commit\"}");
    error = await("error");
    assert_non_null(strstr(at_path(error, "error.message"), "only has 0.00ms"));
    cJSON_Delete(error);
    stop();
}

static void test_items(void **state)
{
    (void)state;
    static const char create[] =
        "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"item_mine\",\"type\":\"message\","
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
    wire_send_text(&wire,
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

/* What ends with the simulator is told as such, and sessions of every state are let go. */
static void test_stop_under_way(void **state)
{
    (void)state;
    static struct wire others[3];
    start("{\"latency\":[" NO_DELAYS
          ",{\"first_output\":\"10s\"},{\"regions\":[\"beta\"],\"upgrade\":\"10s\"},{"
          "\"regions\":[\"openai\"],"
          "\"session\":\"10s\"}]}");
    open_session(0);
    wire_send_text(&wire, "{\"type\":\"response.create\"}");
    expect("response.created");
    for (int region = 1; region < 3; region++) {
        char headers[256];
        unsigned port = (unsigned)strtoul(strrchr(ready_value(region, "address"), ':') + 1, NULL, 10);
        (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n",
                       ready_value(region, "api_key"));
        assert_true(wire_connect(&others[region], &fixture.loop, port));
        assert_true(wire_tls(&others[region], cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
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
    struct simulator_options options = {.profile = fixture.profile, .ledger_file = "/no/such/folder/ledger"};
    assert_int_equal(simulator_start(&fixture.loop, &options, &other, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/no/such/folder/ledger"));
    options = (struct simulator_options){.profile = fixture.profile, .listen = "192.0.2.1"};
    assert_int_equal(simulator_start(&fixture.loop, &options, &other, &err), ERR_NET);
    assert_non_null(strstr(err.text, "eastus2"));
    options = (struct simulator_options){.profile = fixture.profile, .ca_file = "/no/such/folder/ca.pem"};
    assert_int_equal(simulator_start(&fixture.loop, &options, &other, &err), ERR_IO);
    assert_non_null(strstr(err.text, "/no/such/folder"));
    assert_null(other);
    stop();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_turns),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_second_response_and_cancel),
        cmocka_unit_test(test_server_error),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_timed_reset),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_upgrade_faults),
        cmocka_unit_test(test_session_age),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_usage_grows),
        cmocka_unit_test(test_output_limit),
        cmocka_unit_test(test_audio_buffer),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_stop_under_way),
        cmocka_unit_test(test_failures_to_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
