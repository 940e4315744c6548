#include "net/budget.h"
#include "net/ws_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

#define LIMIT 1000

/* Builds a masked frame; `first` is FIN, RSV and opcode. */
static void add_frame(struct text *out, unsigned first, const char *payload, size_t length)
{
    static const unsigned char mask[4] = {0xA1, 0x02, 0xC3, 0x04};
    unsigned char head[14] = {(unsigned char)first};
    size_t at = 1;
    if (length < 126) {
        head[at++] = (unsigned char)(0x80U | length);
    } else if (length < 65536) {
        head[at++] = 0x80 | 126;
        head[at++] = (unsigned char)(length >> 8);
        head[at++] = (unsigned char)length;
    } else {
        head[at++] = 0x80 | 127;
        for (int shift = 56; shift >= 0; shift -= 8)
            head[at++] = (unsigned char)((unsigned long long)length >> shift);
    }
    memcpy(head + at, mask, 4);
    text_append(out, (const char *)head, at + 4);
    for (size_t i = 0; i < length; i++) {
        char byte = (char)((unsigned char)payload[i] ^ mask[i % 4]);
        text_append(out, &byte, 1);
    }
}

/* Feeds bytes in pieces of a given size; appends what happened: "text(abc) ping() close(1000)
 * bad(1002)". */
static void read_all(const struct text *bytes, size_t piece, struct text *out)
{
    struct ws_reader reader = {.limit = LIMIT};
    for (size_t i = 0; i < bytes->length; i += piece) {
        const char *at = bytes->data + i;
        size_t length = bytes->length - i < piece ? bytes->length - i : piece;
        enum ws_read result;
        while ((result = ws_reader_next(&reader, &at, &length)) != WS_READ_MORE) {
            static const char *const names[] = {"more", "text",  "binary", "ping",
                                                "pong", "close", "bad",    "nomem"};
            text_printf(out, "%s(", names[result]);
            if (result == WS_READ_TEXT || result == WS_READ_BINARY) {
                text_append(out, text_str(&reader.message), reader.message.length);
            } else if (result == WS_READ_PING || result == WS_READ_PONG) {
                text_append(out, (const char *)reader.control, reader.control_length);
            } else {
                text_printf(out, "%d", reader.close_code);
            }
            text_puts(out, ") ");
            if (result == WS_READ_VIOLATION) {
                ws_reader_free(&reader);
                return;
            }
        }
        assert_int_equal(length, 0);
    }
    ws_reader_free(&reader);
}

struct frame {
    unsigned first;
    const char *payload;
    size_t length; /* 0: that of the string */
};

static const struct {
    const char *name;
    struct frame frames[5];
    size_t count;
    const char *expected;
} sequences[] = {
    {"one message", {{0x81, "abc", 0}}, 1, "text(abc) "},
    {"an empty message", {{0x81, "", 0}}, 1, "text() "},
    {"two in one piece", {{0x81, "a", 0}, {0x81, "b", 0}}, 2, "text(a) text(b) "},
    {"fragments", {{0x01, "a", 0}, {0x00, "", 0}, {0x80, "b", 0}}, 3, "text(ab) "},
    {"a character cut by a fragment", {{0x01, "\xC3", 0}, {0x80, "\xA9", 0}}, 2, "text(\xC3\xA9) "},
    {"ping between fragments",
     {{0x01, "a", 0}, {0x89, "p", 0}, {0x80, "b", 0}},
     3,
     "ping(p) text(ab) "},
    {"binary", {{0x82, "\xFF\xFE", 0}, {0x81, "x", 0}}, 2, "binary(\xFF\xFE) text(x) "},
    {"pong", {{0x8A, "q", 0}}, 1, "pong(q) "},
    {"close without a code", {{0x88, "", 0}}, 1, "close(1005) "},
    {"close with a code",
     {{0x88,
       "\x03\xE8"
       "bye",
       0}},
     1,
     "close(1000) "},
    {"close of an application", {{0x88, "\x0F\xA0", 0}}, 1, "close(4000) "},
    {"close with one byte", {{0x88, "\x03", 0}}, 1, "bad(1002) "},
    {"close with a code that never is on the wire", {{0x88, "\x03\xED", 0}}, 1, "bad(1002) "},
    {"close with a code out of range", {{0x88, "\x13\x88", 0}}, 1, "bad(1002) "},
    {"close with a broken reason", {{0x88, "\x03\xE8\xFF", 0}}, 1, "bad(1007) "},
    {"broken text", {{0x81, "\xED\xA0\x80", 0}}, 1, "bad(1007) "},
    {"reserved bit", {{0xC1, "a", 0}}, 1, "bad(1002) "},
    {"unknown opcode", {{0x83, "a", 0}}, 1, "bad(1002) "},
    {"unknown control opcode", {{0x8B, "a", 0}}, 1, "bad(1002) "},
    {"fragmented control", {{0x09, "a", 0}}, 1, "bad(1002) "},
    {"continuation of nothing", {{0x80, "a", 0}}, 1, "bad(1002) "},
    {"a message inside a message", {{0x01, "a", 0}, {0x81, "b", 0}}, 2, "bad(1002) "},
};

static void test_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        struct text bytes = {0};
        for (size_t k = 0; k < sequences[i].count; k++) {
            const struct frame *frame = &sequences[i].frames[k];
            add_frame(&bytes, frame->first, frame->payload, strlen(frame->payload));
        }
        static const size_t pieces[] = {1, 2, 3, 7, 4096};
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            struct text out = {0};
            read_all(&bytes, pieces[k], &out);
            if (strcmp(text_str(&out), sequences[i].expected) != 0)
                fail_msg("%s in pieces of %zu: %s", sequences[i].name, pieces[k], text_str(&out));
            text_free(&out);
        }
        text_free(&bytes);
    }
}

/* RFC 6455, 5.7: a single-frame masked text message. */
static void test_rfc_example(void **state)
{
    (void)state;
    static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    struct text bytes = {0};
    struct text out = {0};
    text_append(&bytes, hello, sizeof hello - 1);
    read_all(&bytes, 100, &out);
    assert_string_equal(text_str(&out), "text(Hello) ");
    text_free(&bytes);
    text_free(&out);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t length;
    const char *expected;
} raw[] = {
    {"unmasked",
     "\x81\x01"
     "a",
     3, "bad(1002) "},
    {"long ping", "\x89\xFE\x00\x7E", 4, "bad(1002) "},
    {"length in more bytes than needed", "\x81\xFE\x00\x7D....", 8, "bad(1002) "},
    {"64-bit length that 16 bits could hold", "\x81\xFF\0\0\0\0\0\0\xFF\xFF....", 14, "bad(1002) "},
    {"64-bit length with the top bit", "\x81\xFF\x80\0\0\0\0\0\xFF\xFF....", 14, "bad(1002) "},
    {"more than the limit", "\x81\xFE\x03\xE9....", 8, "bad(1009) "},
    {"far more than the limit", "\x81\xFF\0\0\0\0\0\1\0\0....", 14, "bad(1009) "},
};

static void test_raw_violations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
        struct text bytes = {0};
        struct text out = {0};
        text_append(&bytes, raw[i].bytes, raw[i].length);
        read_all(&bytes, 1, &out);
        if (strcmp(text_str(&out), raw[i].expected) != 0)
            fail_msg("%s: %s", raw[i].name, text_str(&out));
        text_free(&bytes);
        text_free(&out);
    }
}

/* The limit applies to a message as a whole, not to each of its fragments. */
static void test_limit_over_fragments(void **state)
{
    (void)state;
    char payload[600];
    memset(payload, 'x', sizeof payload);
    struct text bytes = {0};
    struct text out = {0};
    add_frame(&bytes, 0x01, payload, sizeof payload);
    add_frame(&bytes, 0x80, payload, sizeof payload);
    read_all(&bytes, 4096, &out);
    assert_string_equal(text_str(&out), "bad(1009) ");
    text_free(&bytes);
    text_free(&out);
}

static void test_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 200001};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct text payload = {0};
        for (size_t k = 0; k < lengths[i]; k++) text_append(&payload, &"abcdefghijk"[k % 11], 1);
        struct text bytes = {0};
        add_frame(&bytes, 0x81, text_str(&payload), lengths[i]);
        struct ws_reader reader = {.limit = 1 << 20};
        const char *at = bytes.data;
        size_t length = 10; /* cut inside the head or the payload, out of step with the mask */
        if (length > bytes.length) length = bytes.length;
        size_t rest = bytes.length - length;
        enum ws_read result = ws_reader_next(&reader, &at, &length);
        if (result == WS_READ_MORE) {
            length = rest;
            result = ws_reader_next(&reader, &at, &length);
        }
        assert_int_equal(result, WS_READ_TEXT);
        assert_int_equal(reader.message.length, lengths[i]);
        if (lengths[i] > 0) assert_memory_equal(reader.message.data, payload.data, lengths[i]);
        ws_reader_free(&reader);
        text_free(&bytes);
        text_free(&payload);
    }
}

static void test_heads(void **state)
{
    (void)state;
    unsigned char out[WS_HEAD_MAX];
    assert_int_equal(ws_frame_head(out, WS_TEXT, 5), 2); /* RFC 6455, 5.7 */
    assert_memory_equal(out, "\x81\x05", 2);
    assert_int_equal(ws_frame_head(out, WS_BINARY, 256), 4);
    assert_memory_equal(out, "\x82\x7E\x01\x00", 4);
    assert_int_equal(ws_frame_head(out, WS_BINARY, 65536), 10);
    assert_memory_equal(out, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain text of more than eight bytes", true},
        {"12345678\xC3\xA9", true},
        {"1234567\xC3\xA9", true},
        {"\xE2\x82\xAC", true},
        {"\xF0\x9F\x98\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\xC0\xAF", false}, /* overlong */
        {"\xE0\x80\xAF", false},
        {"\xF0\x80\x80\xAF", false},
        {"\xED\xA0\x80", false},     /* surrogate */
        {"\xF4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xF8\x88\x80\x80\x80", false},
        {"\xC3", false},
        {"\xE2\x82", false},
        {"\x80", false},
        {"abcdefg\xFF", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (ws_utf8_valid(cases[i].bytes, strlen(cases[i].bytes)) != cases[i].valid)
            fail_msg("case %zu", i);
    }
}

/* All readers of a process share it: what one holds unfinished, another cannot. */
static void unfinished_messages_have_a_budget(void **state)
{
    (void)state;
    static char payload[200000];
    struct text bytes = {0};
    add_frame(&bytes, 0x01, payload, sizeof payload); /* not the last of its message */
    assert_true(budget_take_message(BUDGET_MESSAGES - 100000));
    struct ws_reader reader = {.limit = 1000000};
    const char *at = bytes.data;
    size_t left = bytes.length;
    assert_int_equal(ws_reader_next(&reader, &at, &left), WS_READ_NOMEM);
    ws_reader_free(&reader);
    budget_return_message(BUDGET_MESSAGES - 100000);

    reader = (struct ws_reader){.limit = 1000000};
    at = bytes.data;
    left = bytes.length;
    assert_int_equal(ws_reader_next(&reader, &at, &left), WS_READ_MORE);
    assert_false(budget_take_message(BUDGET_MESSAGES));
    ws_reader_free(&reader);
    assert_true(budget_take_message(BUDGET_MESSAGES));
    budget_return_message(BUDGET_MESSAGES);
    text_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),      cmocka_unit_test(test_rfc_example),
        cmocka_unit_test(test_raw_violations), cmocka_unit_test(test_limit_over_fragments),
        cmocka_unit_test(test_lengths),        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_utf8),           cmocka_unit_test(unfinished_messages_have_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
