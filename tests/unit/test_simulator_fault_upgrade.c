/* Refused upgrades as seen by a client, compared with the failure catalogue, section 1.2. */
#include "service_fixture.h"

#define AZURE 2 /* regions 0 and 1 of the fixture: ga and preview */

struct expected {
    const char *fault, *number;
    int status;
    const char *code;     /* error.code on Azure; NULL if no error object */
    const char *fragment; /* of the message, or of the page */
    const char *headers;  /* what must be present, separated by '|' */
    const char *absent;   /* what must be absent */
};

#define IDS "apim-request-id: |x-ms-region: "
#define HINT "retry-after-ms: |retry-after: "

static const struct expected cases[] = {
    {"websocket_blocked", "F14", 200, NULL, "<html>", "content-type: text/html",
     "apim-request-id|x-ms-region"},
    {"upgrade_426", "F14", 426, "UpgradeRequired", "", IDS "|upgrade: websocket", "retry-after"},
    {"model_not_realtime", "F15", 400, "OpperationNotSupported",
     "The realtime operation does not work with the specified model.", IDS, "retry-after"},
    {"model_not_realtime_v1", "F16", 400, "OperationNotSupported",
     "The realtime operation does not work with the specified model.", IDS, "retry-after"},
    {"api_version_not_allowed", "F17", 400, "BadRequest",
     "api-version query parameter is not allowed when using /v1 path", IDS, "retry-after"},
    {"api_version_unknown", "F18", 400, "BadRequest", "API version not supported", IDS,
     "retry-after"},
    {"upgrade_400", "F19", 400, NULL, NULL, "content-length: 0\r", "retry-after|content-type"},
    {"upgrade_401", "F20", 401, "401", "", IDS, "retry-after"},
    {"permission_denied", "F21", 401, "PermissionDenied", "does not have access to API/Operation",
     IDS, "retry-after"},
    {"ephemeral_token_required", "F23", 401, "401", "Realtime session ephemeral token is required",
     IDS, "retry-after"},
    {"upgrade_403", "F24", 403, "403", "Access denied due to Virtual Network/Firewall rules.", IDS,
     "retry-after"},
    {"public_access_disabled", "F25", 403, "403", "Public access is disabled.", IDS, "retry-after"},
    {"resource_blocked", "F26", 403, "403", "resource has been temporarily blocked", IDS,
     "retry-after"},
    {"deployment_not_found", "F27", 404, "DeploymentNotFound",
     "The API deployment for this resource does not exist.", IDS, "retry-after"},
    {"path_not_found", "F28", 404, "404", "Resource not found", IDS, "retry-after"},
    {"upgrade_408", "F29", 408, "Timeout", "", IDS, "retry-after"},
    {"upgrade_429", "F30", 429, "429", "have exceeded call rate limit",
     IDS
     "|" HINT
     "|x-ratelimit-limit-requests: |x-ratelimit-remaining-requests: 0\r|x-ratelimit-limit-tokens: ",
     NULL},
    {"capacity_429", "F31", 429, "429", "temporarily unable to process", IDS "|" HINT,
     "remaining-tokens: 0\r"},
    {"unclear_429", "F33", 429, "too_many_requests", "", IDS, "retry-after|x-ratelimit"},
    {"upgrade_431", "F34", 431, "431", "", IDS, "retry-after"},
    {"upgrade_500", "F35", 500, "InternalServerError", "", IDS, "retry-after"},
    {"upgrade_502", "F36", 502, NULL, "<html>",
     "content-type: text/html|server: ", "apim-request-id|x-ms-"},
    {"upgrade_504", "F36", 504, NULL, "<html>",
     "content-type: text/html|server: ", "apim-request-id|x-ms-"},
    {"upgrade_503", "F37", 503, "ServiceUnavailable", "temporarily unable to process your request",
     IDS "|" HINT, NULL},
    {"redirected", "F91", 302, NULL, NULL,
     IDS "|location: wss://contoso.cognitiveservices.azure.com/v1/realtime?", "retry-after"},
    {"redirected_slash", "F91", 307, NULL, NULL, "server: uvicorn|location: /openai/v1/realtime/?",
     "apim-request-id|x-ms-"},
    {"captive_portal", "F91", 302, NULL, "<html>", "location: http://portal",
     "apim-request-id|x-ms-"},
    {"gateway_401", "F92", 401, NULL,
     "{\"statusCode\":401,\"message\":\"Access denied due to missing",
     "content-type: application/json|www-authenticate: AzureApiManagementKey",
     "apim-request-id|x-ms-"},
    {"gateway_403", "F93", 403, NULL, NULL, "server: uvicorn", "apim-request-id|x-ms-"},
    {"cloudflare_403", "F93", 403, NULL, "<html>",
     "server: cloudflare|cf-ray: ", "apim-request-id|x-ms-"},
    {"gateway_404", "F94", 404, NULL, "<html>", "server: nginx", "apim-request-id|x-ms-"},
    {"gateway_429", "F95", 429, NULL, "Rate limit is exceeded. Try again in 2 seconds.", HINT,
     "apim-request-id|x-ms-|x-ratelimit"},
    {"gateway_quota", "F96", 403, NULL, "Out of call volume quota.",
     "content-type: application/json", "apim-request-id|x-ms-"},
    {"gateway_503", "F97", 503, NULL, "no healthy upstream",
     "server: envoy|content-type: text/plain", "apim-request-id|x-ms-|retry-after"},
    {"bare_403", "unknown", 403, NULL, NULL, "content-length: 0\r",
     "server: |apim-request-id|x-ms-"},
    {"upgrade_418", "unknown", 418, "Teapot", "", IDS, "retry-after"},
};

static const char *const targets[] = {GA, PREVIEW, OPENAI};

static void start_fault(const char *fault, const char *more)
{
    char block[512];
    (void)snprintf(block, sizeof block,
                   "{" QUICK ",\"faults\":[{\"fault\":\"%s\",\"rate\":\"100%%\"%s}]}", fault, more);
    start(block);
}

/* Requests with a bearer token (accepted by every region) and extra header lines; the rest of the
 * response is the body. */
static void ask_for_body(int region, const char *more, char *head, char *body, size_t size)
{
    char headers[512];
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n%s",
                   ready_value(region, "api_key"), more);
    ask(region, targets[region], headers, head, size);
    (void)wire_read_rest(&wire, body, size);
}

static void assert_each(const char *head, const char *list, bool present)
{
    char part[64];
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, "|");
        (void)snprintf(part, sizeof part, "%.*s", (int)length, list);
        if ((strstr(head, part) != NULL) != present)
            fail_msg("'%s' is %s in\n%s", part, present ? "not" : "wrongly", head);
        list += length + (list[length] == '|');
    }
}

static void assert_body(const struct expected *expected, const char *body, bool azure)
{
    if (expected->code == NULL) {
        if (expected->fragment == NULL) {
            assert_string_equal(body, "");
        } else {
            assert_non_null(strstr(body, expected->fragment));
        }
        return;
    }
    cJSON *json = cJSON_Parse(body);
    assert_non_null(json);
    assert_non_null(strstr(at_path(json, "error.message"), expected->fragment));
    if (azure) {
        assert_string_equal(at_path(json, "error.code"), expected->code);
        assert_string_equal(at_path(json, "error.type"), "(absent)");
    } else {
        assert_string_not_equal(at_path(json, "error.type"), "(absent)");
        assert_string_equal(at_path(json, "error.param"), "(null)");
    }
    cJSON_Delete(json);
}

static void assert_ledger(const struct expected *expected, int lines_expected)
{
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), lines_expected);
    const cJSON *line;
    cJSON_ArrayForEach(line, lines)
    {
        assert_string_equal(at_path(line, "kind"), "session");
        assert_string_equal(at_path(line, "fault"), expected->number);
        assert_string_equal(at_path(line, "fault_name"), expected->fault);
        assert_string_equal(at_path(line, "outcome"), "refused");
        assert_int_equal(atoi(at_path(line, "http_status")), expected->status);
    }
    cJSON_Delete(lines);
    finish();
}

static void test_refusals(void **state)
{
    (void)state;
    static char head[4096];
    static char body[4096];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start_fault(cases[i].fault, "");
        for (int region = 0; region < 3; region++) {
            char status[32];
            ask_for_body(region, "", head, body, sizeof head);
            (void)snprintf(status, sizeof status, "HTTP/1.1 %d ", cases[i].status);
            if (strncmp(head, status, strlen(status)) != 0)
                fail_msg("%s: %s", cases[i].fault, head);
            if (region < AZURE) {
                assert_each(head, cases[i].headers, true);
                assert_each(head, cases[i].absent, false);
            } else { /* of another service: its id has another name, and there is no region */
                assert_null(strstr(head, "x-ms-"));
                bool gateway =
                    cases[i].absent != NULL && strstr(cases[i].absent, "apim-request-id") != NULL;
                assert_int_equal(strstr(head, "x-request-id: req_") != NULL, !gateway);
            }
            if (cases[i].code != NULL)
                assert_non_null(strstr(head, "content-type: application/json"));
            assert_body(&cases[i], body, region < AZURE);
        }
        assert_ledger(&cases[i], 3);
    }
}

/* `after` is the wait in the hint, in three places alike. */
static void test_hint(void **state)
{
    (void)state;
    char head[2048];
    char body[2048];
    start_fault("upgrade_429", ",\"after\":\"1500ms\"");
    ask_for_body(0, "", head, body, sizeof head);
    assert_non_null(strstr(head, "\r\nretry-after-ms: 1500\r\n"));
    assert_non_null(strstr(head, "\r\nretry-after: 2\r\n"));
    assert_non_null(strstr(body, "Please retry after 2 seconds"));
    stop();
}

/* A key as a subprotocol: Azure accepts none (F22). */
static void test_subprotocol(void **state)
{
    (void)state;
    char head[2048];
    char body[2048];
    start_fault("subprotocol_refused", "");
    ask(0, GA, "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.k\r\n", head,
        sizeof head);
    assert_memory_equal(head, "HTTP/1.1 401 ", 13); /* without any other credential */
    ask_for_body(1, "Sec-WebSocket-Protocol: openai-insecure-api-key.k\r\n", head, body,
                 sizeof head);
    assert_memory_equal(head, "HTTP/1.1 401 ", 13);
    assert_each(head, IDS, true);
    ask(0, GA, "api-key: wrong\r\n", head, sizeof head); /* no chance for the fault */
    assert_memory_equal(head, "HTTP/1.1 401 ", 13);
    open_session(0);
    expect("session.created");
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 4);
    static const char *const numbers[] = {"F22", "F22", "(null)", "(null)"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(at_path(cJSON_GetArrayItem(lines, i), "fault"), numbers[i]);
    cJSON_Delete(lines);
    finish();
}

/* Only a token expires (F88). */
static void test_token_expired(void **state)
{
    (void)state;
    char head[2048];
    char body[2048];
    start_fault("token_expired", "");
    ask_for_body(0, "", head, body, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 401 ", 13);
    assert_each(head, IDS "|www-authenticate: Bearer error=\"invalid_token\"", true);
    assert_non_null(strstr(body, "expired"));
    open_session(0); /* by api-key */
    expect("session.created");
    cJSON *lines = ledger_after_stop();
    assert_string_equal(at_path(lines, "0.fault"), "F88");
    assert_string_equal(at_path(lines, "0.fault_name"), "token_expired");
    assert_string_equal(at_path(lines, "1.fault"), "(null)");
    cJSON_Delete(lines);
    finish();
}

static void assert_one_line(const char *number, const char *name, const char *outcome,
                            const char *status)
{
    cJSON *lines = ledger_after_stop();
    assert_int_equal(cJSON_GetArraySize(lines), 1);
    assert_string_equal(at_path(lines, "0.fault"), number);
    assert_string_equal(at_path(lines, "0.fault_name"), name);
    assert_string_equal(at_path(lines, "0.outcome"), outcome);
    assert_string_equal(at_path(lines, "0.http_status"), status);
    cJSON_Delete(lines);
    finish();
}

static void send_upgrade(int region)
{
    char headers[256];
    unsigned port = (unsigned)strtoul(strrchr(ready_value(region, "address"), ':') + 1, NULL, 10);
    assert_true(wire_connect(&wire, &fixture.loop, port));
    assert_true(wire_tls(&wire, cJSON_GetObjectItem(fixture.ready, "ca_file")->valuestring,
                         ready_value(region, "host")));
    (void)snprintf(headers, sizeof headers, "api-key: %s\r\n", ready_value(region, "api_key"));
    wire_send_upgrade(&wire, targets[region], headers);
}

/* The socket is open, the request was sent, and no status line comes (F38). */
static void test_upgrade_timeout(void **state)
{
    (void)state;
    char byte;
    start_fault("upgrade_timeout", "");
    send_upgrade(0);
    for (int i = 0; i < 100; i++) wire_turn(&wire);
    assert_int_equal(SSL_read(wire.ssl, &byte, 1), -1);
    assert_int_equal(SSL_get_error(wire.ssl, -1), SSL_ERROR_WANT_READ);
    assert_one_line("F38", "upgrade_timeout", "stalled", "(null)");
}

/* A limit below the one in an earlier 101, and only after that one (F32). */
static void test_lowered_limit(void **state)
{
    (void)state;
    static const char line[] = "x-ratelimit-limit-tokens: ";
    char first[2048];
    char second[2048];
    start_fault("lowered_limit_429", "");
    for (int region = 0; region < AZURE; region++) {
        char headers[256];
        (void)snprintf(headers, sizeof headers, "api-key: %s\r\n", ready_value(region, "api_key"));
        ask(region, targets[region], headers, first, sizeof first);
        ask(region, targets[region], headers, second, sizeof second);
        assert_memory_equal(first, "HTTP/1.1 101 ", 13);
        assert_memory_equal(second, "HTTP/1.1 429 ", 13);
        assert_each(second, IDS "|" HINT, true);
        const char *usual = strstr(first, line);
        const char *lowered = strstr(second, line);
        assert_non_null(usual);
        assert_non_null(lowered);
        assert_true(atof(lowered + sizeof line - 1) > 0);
        assert_true(atof(lowered + sizeof line - 1) < atof(usual + sizeof line - 1));
    }
    cJSON *lines = ledger_after_stop();
    int struck = 0;
    const cJSON *each;
    cJSON_ArrayForEach(each, lines)
    {
        bool refused = strcmp(at_path(each, "outcome"), "refused") == 0;
        assert_string_equal(at_path(each, "fault"), refused ? "F32" : "(null)");
        struck += refused;
    }
    assert_int_equal(struck, AZURE);
    cJSON_Delete(lines);
    finish();
}

/* The TLS connection ends instead of a response (F11). */
static void test_upgrade_closed(void **state)
{
    (void)state;
    char byte;
    start_fault("upgrade_closed", "");
    send_upgrade(1);
    assert_int_equal(wire_read(&wire, &byte, 1), WIRE_EOF);
    assert_one_line("F11", "upgrade_closed", "cut", "(null)");
}

/* 101 with a Sec-WebSocket-Accept for a different key (F39). */
static void test_bad_handshake(void **state)
{
    (void)state;
    char head[2048];
    start_fault("bad_handshake", "");
    send_upgrade(0);
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_non_null(strstr(head, "sec-websocket-accept: "));
    assert_null(strstr(head, WIRE_ACCEPT));
    assert_null(strstr(head, "apim-request-id"));
    assert_one_line("F39", "bad_handshake", "refused", "101");
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_subprotocol),     cmocka_unit_test(test_token_expired),
        cmocka_unit_test(test_upgrade_timeout), cmocka_unit_test(test_upgrade_closed),
        cmocka_unit_test(test_bad_handshake),   cmocka_unit_test(test_lowered_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
