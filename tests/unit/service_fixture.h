/* A simulator on the test's own loop, and a client's view of it: over TLS, by a client that shares
 * no code with it. */
#ifndef RUSHHOUR_TESTS_SERVICE_FIXTURE_H
#define RUSHHOUR_TESTS_SERVICE_FIXTURE_H

#include "simulator/simulator.h"

#include "base/files.h"
#include "wire_client.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#define GA "/openai/v1/realtime?model=gpt-realtime"
#define PREVIEW "/openai/realtime?api-version=2025-04-01-preview&deployment=rt-preview"
#define OPENAI "/v1/realtime?model=gpt-realtime"

/* Further keys of the first region, with a comma behind them. */
#ifndef FIRST_REGION
#define FIRST_REGION ""
#endif

static const char profile_head[] =
    "{\"name\":\"t\",\"regions\":["
    "{\"name\":\"eastus2\",\"endpoint\":\"https://"
    "contoso.openai.azure.com\",\"deployment\":\"gpt-realtime\"," FIRST_REGION
    "\"dialect\":\"ga\",\"auth\":{\"api_key\":\"${UNSET_KEY}\"}},"
    "{\"name\":\"beta\",\"endpoint\":\"https://"
    "contoso-sc.openai.azure.com\",\"deployment\":\"rt-preview\","
    "\"dialect\":\"preview\",\"api_version\":\"2025-04-01-preview\",\"proxy\":\"http://"
    "proxy.test:3128\",\"auth\":{\"api_key\":\"${UNSET_KEY}\"}},"
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

/* No delays unless the test sets them: the profile's defaults are not being tested here. */
#define NO_DELAYS                                                                                  \
    "{\"upgrade\":\"0s\",\"session\":\"0s\",\"configure\":\"0s\",\"response_created\":\"0s\","     \
    "\"first_"                                                                                     \
    "output\":\"0s\","                                                                             \
    "\"delta\":\"0s\"}"
#define QUICK "\"quota\":\"none\",\"latency\":[" NO_DELAYS "]"

static WIRE_UNUSED void start(const char *simulator_block)
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
    struct simulator_options options = {
        .profile = fixture.profile, .ledger_file = fixture.ledger, .seed = 3};
    if (simulator_start(&fixture.loop, &options, &fixture.simulator, &err) != ERR_OK)
        fail_msg("%s", err.text);
    simulator_ready(fixture.simulator, &json);
    assert_int_equal(json.data[json.length - 1], '\n');
    fixture.ready = cJSON_Parse(json.data);
    assert_non_null(fixture.ready);
    text_free(&json);
}

static WIRE_UNUSED void stop(void)
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

static WIRE_UNUSED const char *ready_value(int region, const char *key)
{
    const cJSON *regions = cJSON_GetObjectItem(fixture.ready, "regions");
    return cJSON_GetObjectItem(cJSON_GetArrayItem(regions, region), key)->valuestring;
}

/* Connects to a region and requests the upgrade; head receives the response head. */
static WIRE_UNUSED void ask(int region, const char *target, const char *headers, char *head,
                            size_t size)
{
    unsigned port = (unsigned)strtoul(strrchr(ready_value(region, "address"), ':') + 1, NULL, 10);
    if (wire.ssl != NULL) wire_close(&wire);
    assert_true(wire_connect(&wire, &fixture.loop, port));
    assert_true(wire_tls(&wire, cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
                         ready_value(region, "host")));
    wire_send_upgrade(&wire, target, headers);
    assert_true(wire_read_head(&wire, head, size));
}

/* Opens a session with valid credentials. */
static WIRE_UNUSED void open_session(int region)
{
    static const char *const targets[] = {GA, PREVIEW, OPENAI};
    char headers[256];
    char head[2048];
    (void)snprintf(headers, sizeof headers,
                   region == 2 ? "Authorization: Bearer %s\r\n" : "api-key: %s\r\n",
                   ready_value(region, "api_key"));
    ask(region, targets[region], headers, head, sizeof head);
    if (strncmp(head, "HTTP/1.1 101 ", 13) != 0) fail_msg("%s", head);
}

/* The next event of the server; the caller frees it. NULL: a Close frame or the end. */
static WIRE_UNUSED cJSON *next_event(void)
{
    int first = wire_read_frame(&wire);
    if (first != 0x81) return NULL;
    cJSON *event = cJSON_Parse((const char *)wire.frame);
    assert_non_null(event);
    return event;
}

static WIRE_UNUSED const char *at_path(const cJSON *event, const char *path)
{
    static char number[32];
    char part[64];
    const cJSON *value = event;
    while (value != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        (void)snprintf(part, sizeof part, "%.*s", (int)length, path);
        value = cJSON_IsArray(value) ? cJSON_GetArrayItem(value, atoi(part))
                                     : cJSON_GetObjectItem(value, part);
        path += length + (path[length] == '.');
    }
    if (value == NULL) return "(absent)";
    if (cJSON_IsNull(value)) return "(null)";
    if (cJSON_IsNumber(value)) (void)snprintf(number, sizeof number, "%.15g", value->valuedouble);
    return cJSON_IsString(value) ? value->valuestring : cJSON_IsNumber(value) ? number : "(other)";
}

/* Reads up to an event of this type, dropping earlier ones. */
static WIRE_UNUSED cJSON *await(const char *type)
{
    for (;;) {
        cJSON *event = next_event();
        if (event == NULL) fail_msg("the connection ended before %s", type);
        if (strcmp(at_path(event, "type"), type) == 0) return event;
        cJSON_Delete(event);
    }
}

static WIRE_UNUSED void expect(const char *type)
{
    cJSON_Delete(await(type));
}

/* Ends the simulator and returns the lines of the ledger, oldest first, as an array. */
static WIRE_UNUSED cJSON *ledger_after_stop(void)
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

static WIRE_UNUSED void finish(void)
{
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    simulator_free(fixture.simulator);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    cJSON_Delete(fixture.ready);
    profile_free(fixture.profile);
    unlink(fixture.ledger);
}

#endif
