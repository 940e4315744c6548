#include "base/files.h"
#include "realtime/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Scans a copy of the exact size, so that a sanitizer catches any overrun. */
static enum event_kind scan(const char *message, size_t length, char type[EVENT_TYPE_SIZE])
{
    char *copy = calloc(length > 0 ? length : 1, 1);
    for (size_t i = 0; i < length; i++) copy[i] = message[i];
    enum event_kind kind = event_scan(copy, length, type);
    free(copy);
    return kind;
}

static void finds_the_type_of_the_top_level(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        enum event_kind kind;
        const char *type;
    } cases[] = {
        {"{\"type\":\"error\"}", EVENT_ERROR, "error"},
        {" \t\r\n{ \"type\" \n: \"error\" }", EVENT_ERROR, "error"},
        {"{\"event_id\":\"e1\",\"type\":\"response.done\"}", EVENT_RESPONSE_DONE, "response.done"},
        {"{\"a\":{\"type\":\"error\"},\"type\":\"session.created\"}", EVENT_SESSION_CREATED,
         "session.created"},
        {"{\"a\":[{\"type\":\"error\"},[]],\"b\":null,\"c\":-1.5e3 "
         ",\"d\":true,\"type\":\"session.updated\"}",
         EVENT_SESSION_UPDATED, "session.updated"},
        {"{\"delta\":\"\\\"type\\\":\\\"error\\\"\",\"type\":\"response.text.delta\"}",
         EVENT_TEXT_DELTA, "response.text.delta"},
        {"{\"delta\":\"ends with a backslash \\\\\",\"type\":\"error\"}", EVENT_ERROR, "error"},
        {"{\"delta\":\"\\\\\\\"}{\",\"type\":\"error\"}", EVENT_ERROR, "error"},
        {"{\"a\":{\"b\":\"}]\\\"\"},\"type\":\"error\"}", EVENT_ERROR, "error"},
        {"{\"Type\":\"error\",\"typ\":\"error\",\"types\":\"error\",\"type\":\"response.created\"}",
         EVENT_RESPONSE_CREATED, "response.created"},
        {"{\"\":\"error\",\"type\":\"error\"}", EVENT_ERROR, "error"},
        {"{\"value\":\"type\",\"type\":\"error\"}", EVENT_ERROR, "error"},
        /* escapes in the key and in the value */
        {"{\"\\u0074ype\":\"error\"}", EVENT_ERROR, "error"},
        {"{\"t\\u0079p\\u0065\":\"\\u0065rror\"}", EVENT_ERROR, "error"},
        {"{\"type\":\"a\\/b\\n\\u00e9\"}", EVENT_UNKNOWN, "a/b\n?"},
        /* the first of two counts, as for cJSON */
        {"{\"type\":\"error\",\"type\":\"response.done\"}", EVENT_ERROR, "error"},
        {"{\"type\":\"something.new\"}", EVENT_UNKNOWN, "something.new"},
        {"{\"type\":\"response.text.delt\"}", EVENT_UNKNOWN, "response.text.delt"},
        {"{\"type\":\"\"}", EVENT_UNKNOWN, ""},
        {"{\"type\":\"response.output_item.done\"}", EVENT_OTHER, "response.output_item.done"},
        {"{\"type\":\"conversation.item.added\"}", EVENT_OTHER, "conversation.item.added"},
        /* whatever follows the type is ignored */
        {"{\"type\":\"error\",broken", EVENT_ERROR, "error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char type[EVENT_TYPE_SIZE];
        assert_int_equal(scan(cases[i].message, strlen(cases[i].message), type), cases[i].kind);
        assert_string_equal(type, cases[i].type);
    }
}

static void refuses_what_has_no_type(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "",
        " ",
        "null",
        "\"type\"",
        "[{\"type\":\"error\"}]",
        "{",
        "{}",
        "{ }",
        "{\"type\"",
        "{\"type\":",
        "{\"type\":\"",
        "{\"type\":\"error",
        "{\"type\":\"error\\\"}",
        "{\"type\":null}",
        "{\"type\":5}",
        "{\"type\":[\"error\"]}",
        "{\"type\":{\"type\":\"error\"}}",
        "{\"type\":\"\\x\"}",
        "{\"type\":\"\\u12\"}",
        "{\"type\":\"\\u00gg\"}",
        "{\"a\":{\"type\":\"error\"}}",
        "{\"a\":\"\\\"type\\\":\\\"error\\\"\"}",
        "{\"a\":1 \"type\":\"error\"}",
        "{\"a\" \"type\":\"error\"}",
        "{\"a\":,\"type\":\"error\"}",
        "{,\"type\":\"error\"}",
        "{\"a\":[1,2,\"type\":\"error\"",
        "{\"a\":{\"b\":\"c",
        "{\"a\":tr\"type\":\"error\"}",
        "{type:\"error\"}",
        "{'type':'error'}",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        char type[EVENT_TYPE_SIZE] = "before";
        if (scan(messages[i], strlen(messages[i]), type) != EVENT_INVALID)
            fail_msg("%s", messages[i]);
        assert_string_equal(type, "");
    }
}

static void cuts_a_long_type(void **state)
{
    (void)state;
    struct text message = {0};
    text_puts(&message, "{\"type\":\"");
    for (int i = 0; i < 100; i++) text_puts(&message, "x");
    text_puts(&message, "\"}");
    char type[EVENT_TYPE_SIZE];
    assert_int_equal(scan(message.data, message.length, type), EVENT_UNKNOWN);
    assert_int_equal(strlen(type), EVENT_TYPE_SIZE - 1);
    text_free(&message);
}

/* Type first: a message truncated anywhere after it is recognised; one truncated before is not, and
 * nothing is overrun. */
static void bears_truncation_anywhere(void **state)
{
    (void)state;
    static const char message[] =
        "{\"event_id\":\"event_1\",\"item\":{\"type\":\"x\",\"n\":[1,2]},\"t\":-1.5,"
        "\"delta\":\"a\\\"b\\\\\",\"type\":\"response.output_text.delta\",\"z\":0}";
    size_t needed = (size_t)(strstr(message, ",\"z\"") - message);
    for (size_t length = 0; length < sizeof message; length++) {
        char type[EVENT_TYPE_SIZE];
        enum event_kind kind = scan(message, length, type);
        assert_int_equal(kind, length < needed ? EVENT_INVALID : EVENT_TEXT_DELTA);
    }
}

static void bears_deep_nesting(void **state)
{
    (void)state;
    struct text message = {0};
    text_puts(&message, "{\"a\":");
    for (int i = 0; i < 100000; i++) text_puts(&message, "[{\"type\":");
    char type[EVENT_TYPE_SIZE];
    assert_int_equal(scan(message.data, message.length, type), EVENT_INVALID);
    text_free(&message);
}

static void knows_every_sample_of_the_wire(void **state)
{
    (void)state;
    static const char *const files[] = {"text_turn_ga_server", "text_turn_preview_server",
                                        "audio_turn_ga_server", "errors"};
    /* What a turn must contain, counted over all files. */
    unsigned seen[EVENT_ERROR + 1] = {0};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct text path = {0};
        struct text text = {0};
        struct error err;
        text_printf(&path, "%s/wire/%s.jsonl", TEST_DATA, files[i]);
        if (file_read(path.data, 100000, &text, &err) != ERR_OK) fail_msg("%s", err.text);
        for (char *line = strtok(text.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            char type[EVENT_TYPE_SIZE];
            enum event_kind kind = scan(line, strlen(line), type);
            assert_int_not_equal(kind, EVENT_INVALID);
            assert_int_not_equal(kind, EVENT_UNKNOWN);
            seen[kind]++;
        }
        text_free(&path);
        text_free(&text);
    }
    static const unsigned expected[EVENT_ERROR + 1] = {
        [EVENT_OTHER] = 24,           [EVENT_SESSION_CREATED] = 2, [EVENT_SESSION_UPDATED] = 2,
        [EVENT_RESPONSE_CREATED] = 3, [EVENT_TEXT_DELTA] = 4,      [EVENT_AUDIO_DELTA] = 1,
        [EVENT_TRANSCRIPT_DELTA] = 1, [EVENT_ITEM_ADDED] = 3,      [EVENT_RESPONSE_DONE] = 9,
        [EVENT_RATE_LIMITS] = 2,      [EVENT_ERROR] = 5,
    };
    assert_memory_equal(seen, expected, sizeof expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_type_of_the_top_level),
        cmocka_unit_test(refuses_what_has_no_type),
        cmocka_unit_test(cuts_a_long_type),
        cmocka_unit_test(bears_truncation_anywhere),
        cmocka_unit_test(bears_deep_nesting),
        cmocka_unit_test(knows_every_sample_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
