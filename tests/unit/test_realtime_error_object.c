/*
 * An error means the same in any form. The forms are generated here from what services and gateways
 * send: values as strings, numbers, objects and lists; the other fields missing, null, empty, or of
 * another type; the whole in an object, a list, an object within an object, a JSON string.
 */
#include "realtime/error_object.h"

#include "base/text.h"
#include "realtime/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* One value of an error, with %s for its JSON. */
static const char *const word_forms[] = {"%s", "[%s]", "{\"value\":%s}", "{\"code\":%s,\"x\":1}"};

/* Other members that say nothing. */
static const char *const silences[] = {
    "",
    ",\"type\":null,\"message\":null,\"param\":null,\"event_id\":null",
    ",\"type\":\"\",\"message\":\"\",\"param\":\"\"",
    ",\"type\":{},\"message\":{},\"param\":[],\"event_id\":{}",
    ",\"type\":[],\"message\":[],\"param\":7,\"event_id\":9",
    ",\"message\":false,\"param\":true,\"details\":[{\"a\":1}]",
};

/* The whole error, with %s for its object. */
static const char *const containers[] = {"%s",
                                         "[%s]",
                                         "{\"error\":%s}",
                                         "{\"errors\":[%s]}",
                                         "{\"message\":%s}",
                                         "{\"detail\":%s,\"code\":null}"};

/* The events that carry it, with %s for the error. */
static const char *const events[] = {
    "{\"type\":\"error\",\"event_id\":\"e\",\"error\":%s}",
    "{\"type\":\"error\",\"event_id\":5,\"error\":%s,\"code\":null,\"message\":\"no more\"}",
    "{\"type\":\"response.done\",\"response\":{\"status\":\"failed\",\"status_details\":{\"type\":"
    "\"failed\",\"error\":%s}}}",
    "{\"type\":\"response.done\",\"response\":{\"status\":\"failed\",\"status_details\":%s}}",
    "{\"type\":\"response.done\",\"response\":{\"status\":\"failed\",\"status_details\":null,"
    "\"error\":%s}}",
    "{\"type\":\"response.done\",\"response\":{\"status\":[\"failed\"],\"error\":%s}}",
};

/* The format is one of the tables above: exactly one %s. */
static void put(struct text *out, const char *form, const char *inner)
{
    const char *at = strstr(form, "%s");
    assert_non_null(at);
    text_append(out, form, (size_t)(at - form));
    text_puts(out, inner);
    text_puts(out, at + 2);
}

static const char *class_of_event(const char *message)
{
    char type[EVENT_TYPE_SIZE];
    struct event_facts event;
    enum event_kind kind = event_scan(message, strlen(message), type);
    if (!event_parse(kind, message, strlen(message), &event)) fail_msg("no event: %s", message);
    return failure_classify(&(struct failure_facts){.event = &event, .phase = PHASE_RESPONSE}).code;
}

static const char *class_of_body(int status, const char *body)
{
    char code[64], message[512];
    assert_true(failure_body_parse(body, strlen(body), code, message));
    const struct failure_facts facts = {.phase = PHASE_UPGRADE,
                                        .http_status = status,
                                        .from_service = true,
                                        .body_code = code,
                                        .body_message = message};
    return failure_classify(&facts).code;
}

static size_t checked;

static void expect(const char *class, const char *wanted, const char *said)
{
    if (strcmp(class, wanted) != 0) fail_msg("%s, not %s: %s", class, wanted, said);
    checked++;
}

/* Checks it in all events and, with a status, in the body of a refusal. */
static void check_error(const char *error, const char *in_event, int status, const char *in_body)
{
    struct text message = {0};
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        text_clear(&message);
        put(&message, events[i], error);
        expect(class_of_event(text_str(&message)), in_event, text_str(&message));
    }
    if (status != 0) {
        expect(class_of_body(status, error), in_body, error);
        text_clear(&message);
        put(&message, "{\"error\":%s}", error);
        expect(class_of_body(status, text_str(&message)), in_body, text_str(&message));
    }
    text_free(&message);
}

/* The same as JSON text in a string, the way a gateway passes on a body. */
static void check_quoted(const char *error, const char *in_event, int status, const char *in_body)
{
    struct text quoted = {0};
    text_json(&quoted, error);
    check_error(text_str(&quoted), in_event, status, in_body);
    text_free(&quoted);
}

static void check_object(const char *object, const char *in_event, int status, const char *in_body)
{
    struct text error = {0};
    for (size_t i = 0; i < COUNT_OF(containers); i++) {
        text_clear(&error);
        put(&error, containers[i], object);
        check_error(text_str(&error), in_event, status, in_body);
    }
    text_free(&error);
    check_quoted(object, in_event, status, in_body);
}

struct said {
    const char *word; /* JSON of its code */
    const char *in_event;
    int status;
    const char *in_body;
};

static void a_code_in_any_form(void **state)
{
    (void)state;
    static const struct said cases[] = {
        {"\"server_error\"", "server_error", 500, "upgrade_500"},
        {"\"rate_limit_exceeded\"", "rate_limit_exceeded", 429, "unclear_429"},
        {"429", "rate_limit_exceeded", 429, "unclear_429"},
        {"\"429\"", "rate_limit_exceeded", 429, "unclear_429"},
        {"503", "service_unavailable", 503, "upgrade_503"},
        {"\"insufficient_quota\"", "quota_exhausted", 429, "quota_exhausted"},
        {"\"DeploymentNotFound\"", "deployment_not_found", 404, "deployment_not_found"},
        {"\"PermissionDenied\"", "permission_denied", 401, "permission_denied"},
        {"\"OperationNotSupported\"", "model_not_realtime", 400, "model_not_realtime"},
        {"\"invalid_api_key\"", "invalid_api_key", 401, "upgrade_401"},
        {"\"content_filter\"", "content_filter", 0, NULL},
        {"\"something_new\"", "unknown_error", 418, "upgrade_rejected"},
    };
    struct text word = {0}, object = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct said *said = &cases[i];
        check_error(said->word, said->in_event, said->status, said->in_body);
        for (size_t form = 0; form < COUNT_OF(word_forms); form++) {
            for (size_t rest = 0; rest < COUNT_OF(silences); rest++) {
                text_clear(&word);
                text_clear(&object);
                put(&word, word_forms[form], said->word);
                text_printf(&object, "{\"code\":%s%s}", text_str(&word), silences[rest]);
                check_object(text_str(&object), said->in_event, said->status, said->in_body);
            }
        }
    }
    text_free(&word);
    text_free(&object);
    assert_true(checked > 10000);
}

/* Only the type identifies it: the code is of another kind, or missing. */
static void a_type_without_a_code(void **state)
{
    (void)state;
    static const struct said cases[] = {
        {"\"server_error\"", "server_error", 500, "upgrade_500"},
        {"\"rate_limit_error\"", "rate_limit_exceeded", 429, "unclear_429"},
        {"\"insufficient_quota\"", "quota_exhausted", 429, "quota_exhausted"},
        {"\"invalid_request_error\"", "invalid_request", 400, "upgrade_400"},
    };
    static const char *const codes[] = {"", ",\"code\":null", ",\"code\":\"\"", ",\"code\":{}",
                                        ",\"code\":[]"};
    struct text object = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t code = 0; code < COUNT_OF(codes); code++) {
            text_clear(&object);
            text_printf(&object, "{\"type\":%s%s}", cases[i].word, codes[code]);
            check_object(text_str(&object), cases[i].in_event, cases[i].status, cases[i].in_body);
        }
    }
    text_free(&object);
}

/* Only the message identifies it, as a string, in an object, in a list, or as the whole error. */
static void a_message_alone(void **state)
{
    (void)state;
    static const char limit[] = "\"Rate limit reached for gpt-realtime. Try again in 2s.\"";
    static const char *const messages[] = {"%s", "[%s]", "{\"value\":%s,\"lang\":\"en\"}",
                                           "{\"message\":%s}", "{\"text\":1,\"message\":[%s]}"};
    struct text message = {0}, object = {0};
    check_error(limit, "rate_limit_exceeded", 429, "upgrade_429");
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        text_clear(&message);
        text_clear(&object);
        put(&message, messages[i], limit);
        put(&object, "{\"message\":%s}", text_str(&message));
        check_object(text_str(&object), "rate_limit_exceeded", 429, "upgrade_429");
    }
    /* a sentence in place of the code is not a code */
    check_object("{\"code\":\"Rate limit reached, slow down.\"}", "rate_limit_exceeded", 429,
                 "upgrade_429");
    text_free(&message);
    text_free(&object);
}

/* status_details as the reason itself, as well as the object that the service sends. */
static void a_reason_in_any_form(void **state)
{
    (void)state;
    static const struct {
        const char *status, *reason, *class;
    } cases[] = {
        {"incomplete", "max_output_tokens", "max_output_tokens"},
        {"incomplete", "content_filter", "content_filter"},
        {"cancelled", "turn_detected", "cancelled"},
        {"failed", "server_error", "server_error"},
        {"failed", "rate_limit_exceeded", "rate_limit_exceeded"},
    };
    static const char *const forms[] = {
        "\"status_details\":\"%s\"",
        "\"status_details\":{\"reason\":\"%s\"}",
        "\"status_details\":{\"type\":\"x\",\"reason\":[\"%s\"],\"error\":null}",
        "\"status_details\":[{\"reason\":\"%s\"}]",
        "\"status_details\":{\"reason\":{\"value\":\"%s\"},\"error\":{}}",
        "\"incomplete_details\":{\"reason\":\"%s\"},\"status_details\":null",
    };
    struct text details = {0}, message = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t form = 0; form < COUNT_OF(forms); form++) {
            text_clear(&details);
            text_clear(&message);
            put(&details, forms[form], cases[i].reason);
            text_printf(&message,
                        "{\"type\":\"response.done\",\"response\":{\"status\":\"%s\",\"output\":["
                        "{}],%s}}",
                        cases[i].status, text_str(&details));
            expect(class_of_event(text_str(&message)), cases[i].class, text_str(&message));
        }
    }
    text_free(&details);
    text_free(&message);
}

/* An error that says nothing is of unknown kind, never a protocol violation. */
static void nothing_said(void **state)
{
    (void)state;
    static const char *const nothing[] = {
        "null", "{}", "[]", "\"\"", "true", "[null]", "{\"error\":null}"};
    for (size_t i = 0; i < COUNT_OF(nothing); i++) {
        struct text message = {0};
        for (size_t k = 2; k < COUNT_OF(events); k++) {
            text_clear(&message);
            put(&message, events[k], nothing[i]);
            expect(class_of_event(text_str(&message)), "unknown_error", text_str(&message));
        }
        text_free(&message);
    }
}

/* Characters of one to four bytes, at every position where a field may end. */
static void cuts_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t kind = 0; kind < COUNT_OF(characters); kind++) {
        for (size_t before = 0; before < 4; before++) {
            struct text body = {0};
            char code[64], message[512];
            const size_t width = strlen(characters[kind]);
            text_puts(&body, "{\"error\":{\"message\":\"");
            text_append(&body, "xyz", before);
            for (size_t i = 0; i < 600; i++) text_puts(&body, characters[kind]);
            text_puts(&body, "\"}}");
            assert_true(failure_body_parse(text_str(&body), body.length, code, message));
            assert_int_equal(strlen(message), before + (511 - before) / width * width);
            text_free(&body);
        }
    }
}

/* Nesting and JSON in strings are followed only to a limited depth. */
static void bears_any_depth(void **state)
{
    (void)state;
    struct text error = {0}, outer = {0};
    text_puts(&error, "{\"code\":\"server_error\"}");
    for (int i = 0; i < 9; i++) {
        text_clear(&outer);
        text_json(&outer, text_str(&error));
        text_clear(&error);
        text_puts(&error, text_str(&outer));
    }
    struct error_object said = {0};
    cJSON *item = cJSON_Parse(text_str(&error));
    (void)error_object_read(item, &said);
    assert_string_equal(said.code, "");
    cJSON_Delete(item);
    text_free(&error);
    text_free(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_in_any_form), cmocka_unit_test(a_type_without_a_code),
        cmocka_unit_test(a_message_alone),    cmocka_unit_test(a_reason_in_any_form),
        cmocka_unit_test(nothing_said),       cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(bears_any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
