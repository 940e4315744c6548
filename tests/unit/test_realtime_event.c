#include "base/files.h"
#include "realtime/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Classifies and parses a copy of the exact size, so that a sanitizer catches any overrun. */
static bool parse(const char *message, struct event_facts *out)
{
    size_t length = strlen(message);
    char *copy = calloc(length > 0 ? length : 1, 1);
    for (size_t i = 0; i < length; i++) copy[i] = message[i];
    char type[EVENT_TYPE_SIZE];
    enum event_kind kind = event_scan(copy, length, type);
    bool good = event_parse(kind, copy, length, out);
    free(copy);
    return good;
}

/* A line of a sample file (from 0), parsed. */
static struct event_facts sample(const char *file, int line)
{
    struct text path = {0};
    struct text text = {0};
    struct error err;
    text_printf(&path, "%s/wire/%s.jsonl", TEST_DATA, file);
    if (file_read(path.data, 100000, &text, &err) != ERR_OK) fail_msg("%s", err.text);
    char *message = strtok(text.data, "\n");
    for (int i = 0; i < line && message != NULL; i++) message = strtok(NULL, "\n");
    assert_non_null(message);
    struct event_facts facts;
    assert_true(parse(message, &facts));
    text_free(&path);
    text_free(&text);
    return facts;
}

static void reads_a_session(void **state)
{
    (void)state;
    static const struct {
        const char *file, *model;
    } cases[] = {{"text_turn_ga_server", "gpt-realtime"},
                 {"text_turn_preview_server", "gpt-4o-realtime-preview-2024-12-17"}};
    for (size_t i = 0; i < 2; i++) {
        struct event_facts facts = sample(cases[i].file, 0);
        assert_int_equal(facts.kind, EVENT_SESSION_CREATED);
        assert_string_equal(facts.session_id, "sess_01");
        assert_string_equal(facts.event_id, "event_01");
        assert_string_equal(facts.model, cases[i].model);
        assert_int_equal(facts.expires_at_s, 1795200000);
        assert_false(facts.has_error);
        assert_int_equal(sample(cases[i].file, 1).kind, EVENT_SESSION_UPDATED);
    }
}

static void reads_a_completed_response(void **state)
{
    (void)state;
    struct event_facts facts = sample("audio_turn_ga_server", 14);
    assert_int_equal(facts.kind, EVENT_RESPONSE_DONE);
    assert_int_equal(facts.status, STATUS_COMPLETED);
    assert_string_equal(facts.response_id, "resp_01");
    assert_string_equal(facts.event_id, "event_17");
    assert_false(facts.output_empty);
    assert_false(facts.has_error);
    assert_string_equal(facts.reason, "");
    assert_true(facts.usage.present);
    assert_int_equal(facts.usage.input, 91);
    assert_int_equal(facts.usage.output, 52);
    assert_int_equal(facts.usage.cached, 0);
    assert_int_equal(facts.usage.text_in, 60);
    assert_int_equal(facts.usage.audio_in, 31);
    assert_int_equal(facts.usage.text_out, 14);
    assert_int_equal(facts.usage.audio_out, 38);
    assert_string_equal(sample("text_turn_ga_server", 4).response_id, "resp_01");
    facts = sample("text_turn_preview_server", 12);
    assert_int_equal(facts.status, STATUS_COMPLETED);
    assert_int_equal(facts.usage.input, 32);
    assert_true(facts.remaining_tokens < 0);
}

static void reads_cached_tokens(void **state)
{
    (void)state;
    struct event_facts facts;
    assert_true(parse(
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_9\",\"status\":\"completed\","
        "\"output\":[{}],"
        "\"usage\":{\"input_tokens\":300,\"input_token_details\":{\"cached_tokens\":192,"
        "\"cached_tokens_details\":{\"text_tokens\":128,\"audio_tokens\":64}}}}}",
        &facts));
    assert_int_equal(facts.usage.cached, 192);
    assert_int_equal(facts.usage.text_cached, 128);
    assert_int_equal(facts.usage.audio_cached, 64);
    assert_int_equal(facts.usage.output, 0);
}

static void reads_failed_responses(void **state)
{
    (void)state;
    struct event_facts facts = sample("errors", 0);
    assert_int_equal(facts.status, STATUS_FAILED);
    assert_true(facts.has_error);
    assert_true(facts.output_empty);
    assert_string_equal(facts.error_type, "server_error");
    assert_string_equal(facts.error_code, "");
    /* only in its message */
    assert_string_equal(facts.session_id, "sess_D1tUvWxYzAbCdEfGhIjKl");
    assert_string_equal(facts.response_id, "resp_D1aBcDeFgHiJkLmNoPqRs");
    assert_int_equal(facts.usage.input, 32);

    facts = sample("errors", 1);
    assert_string_equal(facts.error_code, "inference_service_unavailable_error");
    assert_string_equal(facts.session_id, "");
    facts = sample("errors", 2);
    assert_string_equal(facts.error_code, "inference_rate_limit_exceeded");
    assert_false(facts.usage.present);
    facts = sample("errors", 3);
    assert_int_equal(facts.status, STATUS_INCOMPLETE);
    assert_string_equal(facts.reason, "content_filter");
    facts = sample("errors", 5);
    assert_int_equal(facts.status, STATUS_CANCELLED);
    assert_string_equal(facts.reason, "client_cancelled");
}

static void reads_error_events(void **state)
{
    (void)state;
    struct event_facts facts = sample("errors", 6);
    assert_int_equal(facts.kind, EVENT_ERROR);
    assert_true(facts.has_error);
    assert_string_equal(facts.error_code, "unknown_parameter");
    assert_string_equal(facts.error_param, "session.temperature");
    assert_string_equal(facts.error_event_id, "c1");
    assert_string_equal(sample("errors", 7).error_event_id, "");
    assert_string_equal(sample("errors", 7).event_id, "");
    assert_string_equal(sample("errors", 8).response_id, "resp_D1aBcDeFgHiJkLmNoPqRs");
    assert_true(
        parse("{\"type\":\"error\",\"code\":\"429\",\"message\":\"flat, as a gateway sent it\"}",
              &facts));
    assert_string_equal(facts.error_code, "429");
    assert_string_equal(facts.error_type, "");
}

static void reads_rate_limits(void **state)
{
    (void)state;
    struct event_facts facts = sample("text_turn_preview_server", 13);
    assert_int_equal(facts.kind, EVENT_RATE_LIMITS);
    assert_true(facts.remaining_tokens == 99700.0);
    assert_true(facts.remaining_requests == 999.0);
    facts = sample("text_turn_ga_server", 15);
    assert_int_equal(facts.kind, EVENT_RATE_LIMITS);
    assert_true(facts.remaining_tokens == 99700.0);
    assert_true(facts.remaining_requests < 0); /* absent */
    assert_true(facts.limit_requests < 0);
    assert_true(parse("{\"type\":\"rate_limits.updated\",\"rate_limits\":null}", &facts));
    assert_true(facts.remaining_tokens < 0);
    assert_true(
        parse("{\"type\":\"rate_limits.updated\",\"rate_limits\":[{\"name\":\"requests\","
              "\"remaining\":0},"
              "{\"name\":\"tokens\",\"remaining\":-5},{\"name\":null},7,{\"name\":\"tokens\"}]}",
              &facts));
    assert_true(facts.remaining_requests == 0.0);
    assert_true(facts.remaining_tokens < 0);
    assert_true(facts.limit_requests < 0 && facts.limit_tokens < 0);
    assert_true(parse("{\"type\":\"rate_limits.updated\",\"rate_limits\":[{\"name\":\"requests\","
                      "\"limit\":120},{\"name\":\"tokens\",\"limit\":48000,\"remaining\":7},"
                      "{\"name\":\"other\",\"limit\":1}]}",
                      &facts));
    assert_true(facts.limit_requests == 120.0 && facts.limit_tokens == 48000.0);
    assert_true(facts.remaining_requests < 0 && facts.remaining_tokens == 7.0);
}

/* No count is made up from anything that is not a number. */
static void bears_any_number(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        uint64_t expected;
    } cases[] = {
        {"5", 5},
        {"5.9", 5},
        {"0", 0},
        {"-1", 0},
        {"null", 0},
        {"\"7\"", 0},
        {"true", 0},
        {"[3]", 0},
        {"{}", 0},
        {"1e300", 0},
        {"1e999", 0},
        {"-1e999", 0},
        {"1e-9", 0},
        {"1000000000000", UINT64_C(1000000000000)},
        {"18446744073709551616", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text message = {0};
        struct event_facts facts;
        text_printf(&message,
                    "{\"type\":\"response.done\",\"response\":{\"usage\":{\"input_tokens\":%s}}}",
                    cases[i].number);
        assert_true(parse(message.data, &facts));
        assert_int_equal(facts.usage.input, cases[i].expected);
        text_clear(&message);
        text_printf(&message, "{\"type\":\"session.created\",\"session\":{\"expires_at\":%s}}",
                    cases[i].number);
        assert_true(parse(message.data, &facts));
        assert_int_equal(facts.expires_at_s, (int64_t)cases[i].expected);
        text_free(&message);
    }
}

static void refuses_what_is_not_of_the_kind(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "",
        "{\"type\":\"response.done\"",
        "{\"type\":\"response.done\",}",
        "{\"type\":\"response.done\",\"response\":{}} trailing",
        "{\"type\":\"response.done\"}",
        "{\"type\":\"response.done\",\"response\":null}",
        "{\"type\":\"session.created\",\"session\":\"sess_01\"}",
        "[\"type\"]",
        "{\"type\":7}",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        struct event_facts facts;
        memset(&facts, 0x55, sizeof facts);
        assert_false(parse(messages[i], &facts));
        assert_string_equal(facts.event_id, "");
        assert_int_equal(facts.status, STATUS_UNKNOWN);
        assert_false(facts.has_error);
        assert_int_equal(facts.usage.input, 0);
    }
    struct event_facts facts;
    static const char error[] = "{\"type\":\"error\",\"error\":{}}";
    assert_false(event_parse(EVENT_RESPONSE_DONE, error, sizeof error - 1, &facts));
    assert_true(event_parse(EVENT_ERROR, error, sizeof error - 1, &facts));
}

static void cuts_long_strings_between_characters(void **state)
{
    (void)state;
    struct text message = {0};
    text_puts(&message, "{\"type\":\"error\",\"event_id\":\"");
    for (int i = 0; i < 300; i++) text_puts(&message, "i");
    text_puts(&message, "\",\"error\":{\"message\":\"");
    for (int i = 0; i < 300; i++) text_puts(&message, "\xE2\x82\xAC");
    text_puts(&message, "\"}}");
    struct event_facts facts;
    assert_true(parse(message.data, &facts));
    assert_int_equal(strlen(facts.event_id), ID_SIZE - 1);
    assert_int_equal(strlen(facts.error_message), 510); /* 170 whole characters of three bytes in
                                                           511 */
    text_free(&message);
}

static void takes_ids_out_of_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *message, *session;
    } cases[] = {
        {"(include sess_ab12)", "sess_ab12"},
        {"sess_ab12", "sess_ab12"},
        {"see sess_... or sess_cd34.", "sess_cd34"},
        {"possess_ab12 and my_sess_ab12", ""},
        {"sess_", ""},
        {"no id", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text message = {0};
        struct event_facts facts;
        text_printf(&message, "{\"type\":\"error\",\"error\":{\"message\":\"%s\"}}",
                    cases[i].message);
        assert_true(parse(message.data, &facts));
        assert_string_equal(facts.session_id, cases[i].session);
        text_free(&message);
    }
}

static void bears_deep_nesting(void **state)
{
    (void)state;
    struct text message = {0};
    struct event_facts facts;
    text_puts(&message, "{\"type\":\"error\",\"error\":");
    for (int i = 0; i < 100000; i++) text_puts(&message, "[");
    assert_false(parse(message.data, &facts));
    text_free(&message);
}

/* Cached tokens are a part of the input, and no more of them are counted than there are. */
static void cached_tokens_are_at_most_the_input(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        uint64_t cached;
    } cases[] = {
        {"\"input_tokens\":100,\"input_token_details\":{\"cached_tokens\":100}", 100},
        {"\"input_tokens\":100,\"input_token_details\":{\"cached_tokens\":101}", 100},
        {"\"input_tokens\":100,\"input_token_details\":{\"cached_tokens\":999999999999}", 100},
        {"\"input_token_details\":{\"text_tokens\":30,\"audio_tokens\":4,\"cached_tokens\":50}",
         34},
        {"\"input_tokens\":0,\"input_token_details\":{\"cached_tokens\":50}", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text message = {0};
        struct event_facts facts;
        text_printf(&message, "{\"type\":\"response.done\",\"response\":{\"usage\":{%s}}}",
                    cases[i].usage);
        assert_true(parse(message.data, &facts));
        assert_int_equal(facts.usage.cached, cases[i].cached);
        text_free(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_session),
        cmocka_unit_test(reads_a_completed_response),
        cmocka_unit_test(reads_cached_tokens),
        cmocka_unit_test(cached_tokens_are_at_most_the_input),
        cmocka_unit_test(reads_failed_responses),
        cmocka_unit_test(reads_error_events),
        cmocka_unit_test(reads_rate_limits),
        cmocka_unit_test(bears_any_number),
        cmocka_unit_test(refuses_what_is_not_of_the_kind),
        cmocka_unit_test(cuts_long_strings_between_characters),
        cmocka_unit_test(takes_ids_out_of_sentences),
        cmocka_unit_test(bears_deep_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
