#include "base/files.h"
#include "base/random.h"
#include "realtime/event.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* ---- generated events, against cJSON ---- */

#define GENERATED 20000
#define SEED 20261130

static void generate_string(struct text *out, struct random *random)
{
    static const char *const parts[] = {"a",  "type", "\\\"",     "\\\\", "\\n",      "{",     "]",
                                        "[,", "\\/",  "\xc3\xa4", ":",    "response", ".done", " "};
    text_puts(out, "\"");
    for (uint64_t n = random_below(random, 5); n > 0; n--)
        text_puts(out, parts[random_below(random, sizeof parts / sizeof *parts)]);
    text_puts(out, "\"");
}

static void generate_space(struct text *out, struct random *random)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t", "\r\n"};
    text_puts(out, spaces[random_below(random, sizeof spaces / sizeof *spaces)]);
}

static void generate_value(struct text *out, struct random *random, int depth);

/* Members in any order, with the key "type" at any place, more than once, or not at all. */
static void generate_object(struct text *out, struct random *random, int depth)
{
    static const char *const types[] = {"\"response.output_audio.delta\"",
                                        "\"response.done\"",
                                        "\"error\"",
                                        "\"nobody.knows\"",
                                        "\"response\\u002edone\"",
                                        "null",
                                        "{\"type\":\"error\"}"};
    text_puts(out, "{");
    const uint64_t count = random_below(random, 6);
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) text_puts(out, ",");
        generate_space(out, random);
        const bool is_type = random_below(random, 3) == 0;
        if (is_type) {
            text_puts(out, "\"type\"");
        } else {
            generate_string(out, random);
        }
        generate_space(out, random);
        text_puts(out, ":");
        generate_space(out, random);
        if (is_type && random_below(random, 4) > 0) {
            text_puts(out, types[random_below(random, sizeof types / sizeof *types)]);
        } else {
            generate_value(out, random, depth + 1);
        }
        generate_space(out, random);
    }
    text_puts(out, "}");
}

static void generate_value(struct text *out, struct random *random, int depth)
{
    static const char *const plain[] = {"true", "null",    "-1.5e3",   "0",
                                        "[]",   "[[],{}]", "[1,\"]\"]"};
    const uint64_t kind = random_below(random, depth < 4 ? 3 : 2);
    if (kind == 0) text_puts(out, plain[random_below(random, sizeof plain / sizeof *plain)]);
    if (kind == 1) generate_string(out, random);
    if (kind == 2) generate_object(out, random, depth);
}

static void sees_what_cjson_sees(void **state)
{
    (void)state;
    struct random random;
    struct text message = {0};
    unsigned known = 0, without = 0;
    random_seed(&random, SEED, 0);
    for (int i = 0; i < GENERATED; i++) {
        char type[EVENT_TYPE_SIZE];
        text_clear(&message);
        generate_object(&message, &random, 0);
        cJSON *root = cJSON_ParseWithLength(message.data, message.length);
        if (root == NULL) fail_msg("cJSON refuses %s", message.data);
        const char *wanted = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "type"));
        const enum event_kind kind = scan(message.data, message.length, type);
        if ((wanted == NULL) != (kind == EVENT_INVALID) ||
            (wanted != NULL &&
             (strcmp(type, wanted) != 0 || kind != event_kind_of(wanted, strlen(wanted)))))
            fail_msg("%s: \"%s\"", message.data, type);
        known += wanted != NULL && kind != EVENT_UNKNOWN;
        without += wanted == NULL;
        cJSON_Delete(root);
    }
    assert_true(known > GENERATED / 10 && without > GENERATED / 10);
    text_free(&message);
}

/* A delta has its type first; what it carries lies in pages that nobody may read. */
static void reads_nothing_of_what_a_delta_carries(void **state)
{
    (void)state;
    static const char head[] = "{\"type\":\"response.output_audio.delta\",";
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char type[EVENT_TYPE_SIZE];
    char *pages = mmap(NULL, 5 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    char *message = pages + page - (sizeof head - 1);
    memcpy(message, head, sizeof head - 1);
    assert_int_equal(mprotect(pages + page, 4 * page, PROT_NONE), 0);
    assert_int_equal(event_scan(message, sizeof head - 1 + 4 * page, type), EVENT_AUDIO_DELTA);
    assert_string_equal(type, "response.output_audio.delta");
    assert_int_equal(munmap(pages, 5 * page), 0);
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
        cmocka_unit_test(sees_what_cjson_sees),
        cmocka_unit_test(reads_nothing_of_what_a_delta_carries),
        cmocka_unit_test(knows_every_sample_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
