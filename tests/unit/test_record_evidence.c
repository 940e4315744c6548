/* The evidence record against the contract's list of keys, and what must never be in it. */
#include "test_record_fixture.h"

static const char *const contract_keys[] = {
    "time",          "local_time",
    "clock_skew_ms", "region",
    "host",          "address",
    "deployment",    "model",
    "dialect",       "api_version",
    "transport",     "scope",
    "phase",         "domain",
    "code",          "message",
    "error_type",    "error_code",
    "error_param",   "http_status",
    "headers",       "client_request_id",
    "session_id",    "response_id",
    "event_id",      "events",
    "close_code",    "close_reason",
    "os_error",      "tls_error",
    "tls_alert",     "paused_ms",
    "attempt",       "decision",
    "socket_age_ms", "turn",
    "elapsed_ms",    "tokens",
    "usage_shape",   "possibly_billed",
    "sent",          "catalogue",
    "also",          "signature",
    "brief",
};
#define CONTRACT_KEYS (sizeof contract_keys / sizeof *contract_keys)

static cJSON *parse_line(const struct text *line)
{
    assert_true(line->length > 0);
    assert_ptr_equal(strchr(line->data, '\n'), line->data + line->length - 1);
    cJSON *record = cJSON_Parse(line->data);
    assert_true(cJSON_IsObject(record));
    return record;
}

static const cJSON *at(const cJSON *record, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, key);
    assert_non_null(item);
    return item;
}

static void assert_string_at(const cJSON *record, const char *key, const char *wanted)
{
    assert_true(cJSON_IsString(at(record, key)));
    assert_string_equal(at(record, key)->valuestring, wanted);
}

static void assert_keys(const cJSON *record)
{
    size_t next = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, record)
    {
        if (next < CONTRACT_KEYS && strcmp(item->string, contract_keys[next]) == 0) {
            next++;
        } else {
            assert_string_equal(item->string, "interaction"); /* the one key of our own */
        }
    }
    assert_int_equal(next, CONTRACT_KEYS);
}

static void test_a_full_record(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct text line = {0};
    fixture_evidence(f, 1, &line);
    cJSON *record = parse_line(&line);
    assert_keys(record);
    assert_string_at(record, "time", "2026-04-14T15:00:01.500Z");
    assert_string_at(record, "region", "sweden-central");
    assert_string_at(record, "host", "contoso.openai.azure.com");
    assert_string_at(record, "address", "203.0.113.7:443");
    assert_string_at(record, "dialect", "preview");
    assert_string_at(record, "api_version", "2025-04-01-preview");
    assert_string_at(record, "scope", "attempt");
    assert_string_at(record, "phase", "response");
    assert_string_at(record, "domain", "service");
    assert_string_at(record, "code", "server_error");
    assert_string_at(record, "decision", "retry_new_session");
    assert_string_at(record, "catalogue", "F64");
    assert_true(at(record, "socket_age_ms")->valuedouble == 1500);
    assert_true(at(record, "elapsed_ms")->valuedouble == 1234.568);
    assert_int_equal(at(record, "close_code")->valueint, 1011);
    assert_int_equal(at(record, "interaction")->valueint, 2);
    assert_int_equal(at(record, "turn")->valueint, 3);
    assert_true(cJSON_IsTrue(at(record, "possibly_billed")));
    const cJSON *events = at(record, "events");
    assert_int_equal(cJSON_GetArraySize(events), 2);
    assert_true(cJSON_GetArrayItem(cJSON_GetArrayItem(events, 0), 0)->valuedouble == 12.5);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(events, 1), 1)->valuestring,
                        "response.created");
    cJSON_Delete(record);
    text_free(&line);
    fixture_free(f);
}

static void test_what_is_unknown_is_null(void **state)
{
    (void)state;
    static const char *const nulls[] = {
        "address",       "api_version", "message",     "http_status", "client_request_id",
        "session_id",    "response_id", "event_id",    "close_code",  "close_reason",
        "os_error",      "tls_error",   "interaction", "attempt",     "decision",
        "socket_age_ms", "turn",        "elapsed_ms",  "tokens",      "sent",
        "clock_skew_ms", "error_type",  "error_code",  "error_param", "signature",
        "tls_alert",     "paused_ms",
    };
    struct fixture *f = fixture_new();
    const struct evidence evidence = {
        .transport = "websocket",
        .utc_ns = START_NS,
        .region = &f->regions[0],
        .address = "",
        .session_scope = true,
        .failure = {.phase = PHASE_RESOLVE,
                    .domain = DOMAIN_NETWORK,
                    .code = "dns",
                    .catalogue = "F02"},
        .session_id = "",
        .socket_age_ns = -1,
        .elapsed_ns = -1,
    };
    struct text line = {0};
    evidence_write(&line, &evidence, NULL);
    cJSON *record = parse_line(&line);
    assert_keys(record);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        assert_true(cJSON_IsNull(at(record, nulls[i])));
    assert_string_at(record, "scope", "session");
    assert_int_equal(cJSON_GetArraySize(at(record, "events")), 0);
    assert_int_equal(cJSON_GetArraySize(at(record, "also")), 0);
    assert_string_at(record, "usage_shape", "none");
    assert_true(cJSON_IsObject(at(record, "headers")));
    assert_true(cJSON_IsFalse(at(record, "possibly_billed")));
    cJSON_Delete(record);
    text_free(&line);
    fixture_free(f);
}

static void test_errors_tokens_and_local_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct zone *zone = NULL;
    struct error err = {0};
    assert_int_equal(zone_open("America/Los_Angeles", &zone, &err), ERR_OK);
    const struct evidence evidence = {
        .transport = "websocket",
        .utc_ns = START_NS + 123 * NS_PER_MS,
        .region = &f->regions[0],
        .failure = {.phase = PHASE_CONNECT,
                    .domain = DOMAIN_NETWORK,
                    .code = "reset",
                    .catalogue = "unknown"},
        .os_error = 104, /* Linux: ECONNRESET */
        .tls_error = 19,
        .tls_alert = 116,
        .paused_ns = 1500 * NS_PER_MS,
        .http_status = 429,
        .usage =
            {.present = true, .input = 10, .cached = 4, .output = 3, .text_in = 6, .audio_out = 2},
    };
    struct text line = {0};
    evidence_write(&line, &evidence, zone);
    cJSON *record = parse_line(&line);
    assert_string_at(record, "local_time", "2026-04-14T08:00:00.123-07:00");
    assert_string_at(record, "os_error", "ECONNRESET");
    assert_int_equal(at(record, "tls_error")->valueint, 19);
    assert_int_equal(at(record, "tls_alert")->valueint, 116);
    assert_int_equal(at(record, "paused_ms")->valueint, 1500);
    assert_int_equal(at(record, "http_status")->valueint, 429);
    const cJSON *tokens = at(record, "tokens");
    assert_int_equal(at(tokens, "input")->valueint, 10);
    assert_int_equal(at(tokens, "cached")->valueint, 4);
    assert_int_equal(at(tokens, "text_in")->valueint, 6);
    assert_int_equal(at(tokens, "audio_out")->valueint, 2);
    assert_int_equal(at(tokens, "audio_in")->valueint, 0);
    cJSON_Delete(record);
    text_free(&line);
    zone_free(zone);
    fixture_free(f);
}

/* What was observed beside the class, and how far the clocks are apart. */
static void test_further_evidence(void **state)
{
    (void)state;
    static const char *const also[] = {"F59", "F68"};
    static const struct {
        struct usage usage;
        const char *shape;
    } shapes[] = {
        {{0}, "none"},
        {{.present = true}, "zero"},
        {{.present = true, .input = 14000}, "input_only"},
        {{.present = true, .input = 30, .output = 4}, "full"},
    };
    struct fixture *f = fixture_new();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct evidence evidence = {
            .transport = "websocket",
            .utc_ns = START_NS,
            .has_skew = true,
            .skew_ns = -1500 * NS_PER_MS,
            .region = &f->regions[1],
            .failure = {.phase = PHASE_RESPONSE,
                        .domain = DOMAIN_NONE,
                        .code = "x",
                        .catalogue = "unknown"},
            .error_type = "odd_error",
            .error_code = "E" CANARY_KEY,
            .error_param = "session.voice",
            .also = also,
            .also_count = 2,
            .signature = "event:odd_error/E",
            .usage = shapes[i].usage,
        };
        struct text line = {0};
        evidence_write(&line, &evidence, NULL);
        cJSON *record = parse_line(&line);
        assert_string_at(record, "domain", "none");
        assert_int_equal(at(record, "clock_skew_ms")->valueint, -1500);
        assert_string_at(record, "error_type", "odd_error");
        assert_string_at(record, "error_code", "E[redacted]");
        assert_string_at(record, "error_param", "session.voice");
        assert_int_equal(cJSON_GetArraySize(at(record, "also")), 2);
        assert_string_equal(cJSON_GetArrayItem(at(record, "also"), 1)->valuestring, "F68");
        assert_string_at(record, "signature", "event:odd_error/E");
        assert_string_at(record, "usage_shape", shapes[i].shape);
        cJSON_Delete(record);
        text_free(&line);
    }
    fixture_free(f);
}

static void test_secrets_are_redacted_and_cookies_dropped(void **state)
{
    (void)state;
    static const struct evidence_header headers[] = {
        {"apim-request-id", "11111111-2222"},
        {"Set-Cookie", "a=b"},
        {"COOKIE2", "a=b"},
        {"api-key", "whatever"},
        {"x-echo", CANARY_HEADER},
    };
    struct fixture *f = fixture_new();
    const struct evidence_event event = {1, "x." CANARY_KEY};
    const struct evidence evidence = {
        .transport = "websocket",
        .utc_ns = START_NS,
        .region = &f->regions[0],
        .failure = {.phase = PHASE_UPGRADE,
                    .domain = DOMAIN_AUTH,
                    .code = "upgrade_401",
                    .catalogue = "F20"},
        .message = "Access denied for " CANARY_KEY ", proxy http://someone:" CANARY_PROXY
                   "@proxy.example:3128/",
        .close_reason = CANARY_KEY,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .events = &event,
        .event_count = 1,
    };
    struct text line = {0};
    evidence_write(&line, &evidence, NULL);
    assert_null(strstr(line.data, "CANARY"));
    cJSON *record = parse_line(&line);
    const cJSON *kept = at(record, "headers");
    assert_int_equal(cJSON_GetArraySize(kept), 2);
    assert_string_at(kept, "apim-request-id", "11111111-2222");
    assert_string_at(kept, "x-echo", "[redacted]");
    assert_string_at(record, "close_reason", "[redacted]");
    assert_non_null(strstr(at(record, "message")->valuestring, "Access denied for [redacted]"));
    cJSON_Delete(record);
    text_free(&line);
    fixture_free(f);
}

/* The messages of a service can hold anything: line breaks, quotes, bytes that are no UTF-8. The
 * record stays one line. */
static void test_hostile_text_stays_one_valid_line(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct evidence_event events[EVIDENCE_EVENTS + 8];
    for (size_t i = 0; i < EVIDENCE_EVENTS + 8; i++) {
        events[i] = (struct evidence_event){(double)i, "response.\"\n\xff"};
    }
    const struct evidence evidence = {
        .transport = "websocket",
        .utc_ns = START_NS,
        .region = &f->regions[0],
        .failure = {.phase = PHASE_STREAM,
                    .domain = DOMAIN_SERVICE,
                    .code = "x",
                    .catalogue = "unknown"},
        .message = "line\r\nbreak \"quoted\" \\ \xc3\x28 \xf0\x9f\xa6\xa6",
        .events = events,
        .event_count = EVIDENCE_EVENTS + 8,
    };
    struct text line = {0};
    evidence_write(&line, &evidence, NULL);
    cJSON *record = parse_line(&line);
    const cJSON *kept = at(record, "events");
    assert_int_equal(cJSON_GetArraySize(kept), EVIDENCE_EVENTS);
    /* the last 32 */
    assert_true(cJSON_GetArrayItem(cJSON_GetArrayItem(kept, 0), 0)->valuedouble == 8);
    assert_non_null(strstr(at(record, "message")->valuestring, "\"quoted\" \\"));
    assert_true(cJSON_IsFalse(at(record, "brief")));
    cJSON_Delete(record);

    struct evidence brief = evidence;
    brief.brief = true;
    text_clear(&line);
    evidence_write(&line, &brief, NULL);
    record = parse_line(&line);
    assert_true(cJSON_IsTrue(at(record, "brief")));
    assert_int_equal(cJSON_GetArraySize(at(record, "events")), 0);
    assert_true(cJSON_IsNull(at(record, "message")));
    assert_string_equal(at(record, "code")->valuestring, "x");
    cJSON_Delete(record);
    text_free(&line);
    fixture_free(f);
}

static void test_every_key_is_documented(void **state)
{
    (void)state;
    struct text page = {0};
    struct error err = {0};
    assert_int_equal(file_read(PROJECT_DIR "/results/README.md", 1 << 20, &page, &err), ERR_OK);
    for (size_t i = 0; i < CONTRACT_KEYS; i++) {
        char quoted[80];
        (void)snprintf(quoted, sizeof quoted, "`%s`", contract_keys[i]);
        if (strstr(page.data, quoted) == NULL)
            fail_msg("results/README.md says nothing of %s", quoted);
    }
    text_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_record),
        cmocka_unit_test(test_what_is_unknown_is_null),
        cmocka_unit_test(test_errors_tokens_and_local_time),
        cmocka_unit_test(test_further_evidence),
        cmocka_unit_test(test_secrets_are_redacted_and_cookies_dropped),
        cmocka_unit_test(test_hostile_text_stays_one_valid_line),
        cmocka_unit_test(test_every_key_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
