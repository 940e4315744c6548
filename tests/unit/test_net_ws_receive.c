/* Frames of a server, taken apart: a table of wire cases, each in one piece, byte by byte, and cut
 * in two at every place. */
#include "base/text.h"
#include "net/ws_receive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

struct wire {
    const char *bytes;
    size_t length;
};

#define WIRE(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* Reads on; appends what happened: "text(abc) ping(p) close(..) bad(1002)", with a message when it
 * is complete. False after a violation. */
static bool read_on(struct ws_receiver *receiver, const char *bytes, size_t length,
                    struct text *message, struct text *out)
{
    enum ws_received event;
    while ((event = ws_receive_next(receiver, &bytes, &length)) != WS_RECEIVED_ALL) {
        static const char *const names[] = {"", "", "ping", "pong", "close"};
        if (event == WS_RECEIVED_VIOLATION) {
            text_printf(out, "bad(%d) ", receiver->answer_code);
            return false;
        }
        if (event == WS_RECEIVED_PIECE) {
            text_append(message, receiver->bytes, receiver->length);
            if (!receiver->last) continue;
            text_printf(out, "%s(%s) ", receiver->is_text ? "text" : "binary", text_str(message));
            text_clear(message);
        } else {
            text_printf(out, "%s(", names[event]);
            text_append(out, receiver->bytes, receiver->length);
            text_puts(out, ") ");
        }
    }
    assert_int_equal(length, 0);
    return true;
}

/* cut: where the first call ends; then pieces of `size`. */
static void read_all(const struct wire *wire, size_t cut, size_t size, struct text *out)
{
    struct ws_receiver receiver = {0};
    struct text message = {0};
    text_clear(out);
    bool good = read_on(&receiver, wire->bytes, cut, &message, out);
    for (size_t at = cut; good && at < wire->length; at += size) {
        const size_t left = wire->length - at;
        good = read_on(&receiver, wire->bytes + at, left < size ? left : size, &message, out);
    }
    if (good && ws_receive_inside(&receiver)) text_puts(out, "inside ");
    text_free(&message);
}

static const struct {
    const char *name;
    struct wire wire;
    const char *expected;
} cases[] = {
    {"one message",
     WIRE("\x81\x03"
          "abc"),
     "text(abc) "},
    {"an empty message", WIRE("\x81\x00"), "text() "},
    {"two at once",
     WIRE("\x81\x01"
          "a\x82\x01"
          "b"),
     "text(a) binary(b) "},
    {"fragments",
     WIRE("\x01\x01"
          "a\x00\x00\x80\x01"
          "b"),
     "text(ab) "},
    {"an empty last fragment",
     WIRE("\x01\x01"
          "a\x80\x00"),
     "text(a) "},
    {"only empty fragments", WIRE("\x02\x00\x00\x00\x80\x00"), "binary() "},
    {"a character cut by fragments", WIRE("\x01\x02\xE2\x82\x00\x00\x80\x01\xAC"),
     "text(\xE2\x82\xAC) "},
    {"a ping", WIRE("\x89\x02hi"), "ping(hi) "},
    {"a ping without payload", WIRE("\x89\x00"), "ping() "},
    {"a pong that nobody asked for", WIRE("\x8A\x01x"), "pong(x) "},
    {"control frames between fragments",
     WIRE("\x01\x01"
          "a\x89\x01p\x8A\x01q\x80\x01"
          "b"),
     "ping(p) pong(q) text(ab) "},
    {"a ping inside a character", WIRE("\x01\x01\xC3\x89\x00\x80\x01\xA9"),
     "ping() text(\xC3\xA9) "},
    {"a close",
     WIRE("\x88\x05\x03\xE8"
          "bye"),
     "close(\x03\xE8"
     "bye) "},
    {"a close without a code", WIRE("\x88\x00"), "close() "},
    {"a close of one byte", WIRE("\x88\x01x"), "close(x) "},
    {"a close between fragments",
     WIRE("\x01\x01"
          "a\x88\x02\x03\xF3"),
     "close(\x03\xF3) inside "},
    {"an unfinished head", WIRE("\x81\x7E\x01"), "inside "},
    {"an unfinished payload",
     WIRE("\x81\x05"
          "abc"),
     "inside "},
    {"an unfinished message",
     WIRE("\x01\x01"
          "a"),
     "inside "},
    {"nothing", WIRE(""), ""},
    {"masked",
     WIRE("\x81\x81"
          "mask"
          "a"),
     "bad(1002) "},
    {"masked, behind a message",
     WIRE("\x81\x01"
          "a\x89\x80"),
     "text(a) bad(1002) "},
    {"RSV1",
     WIRE("\xC1\x01"
          "a"),
     "bad(1002) "},
    {"RSV2",
     WIRE("\xA1\x01"
          "a"),
     "bad(1002) "},
    {"RSV3",
     WIRE("\x91\x01"
          "a"),
     "bad(1002) "},
    {"RSV1 on a continuation",
     WIRE("\x01\x01"
          "a\xC0\x01"
          "b"),
     "bad(1002) "},
    {"opcode 3", WIRE("\x83\x00"), "bad(1002) "},
    {"opcode 7", WIRE("\x87\x00"), "bad(1002) "},
    {"opcode B", WIRE("\x8B\x00"), "bad(1002) "},
    {"opcode F", WIRE("\x8F\x00"), "bad(1002) "},
    {"a fragmented ping", WIRE("\x09\x00"), "bad(1002) "},
    {"a fragmented close", WIRE("\x08\x02\x03\xE8"), "bad(1002) "},
    {"a ping of 126 bytes", WIRE("\x89\x7E\x00\x7E"), "bad(1002) "},
    {"a continuation of nothing",
     WIRE("\x80\x01"
          "a"),
     "bad(1002) "},
    {"a continuation of a message that is whole",
     WIRE("\x81\x01"
          "a\x80\x01"
          "b"),
     "text(a) bad(1002) "},
    {"a message inside a message",
     WIRE("\x01\x01"
          "a\x81\x01"
          "b"),
     "bad(1002) "},
    {"16 bits for what 7 can hold", WIRE("\x82\x7E\x00\x7D"), "bad(1002) "},
    {"64 bits for what 16 can hold", WIRE("\x82\x7F\0\0\0\0\0\0\xFF\xFF"), "bad(1002) "},
    {"the top bit of 64", WIRE("\x82\x7F\x80\0\0\0\0\0\0\1"), "bad(1002) "},
    {"the longest length",
     WIRE("\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
          "a"),
     "inside "},
    {"a surrogate", WIRE("\x81\x03\xED\xA0\x80"), "bad(1007) "},
    {"an overlong slash", WIRE("\x81\x02\xC0\xAF"), "bad(1007) "},
    {"above U+10FFFF", WIRE("\x81\x04\xF4\x90\x80\x80"), "bad(1007) "},
    {"a lone continuation byte", WIRE("\x81\x01\x80"), "bad(1007) "},
    {"a text that ends inside a character", WIRE("\x81\x02\xE2\x82"), "bad(1007) "},
    {"a fragmented text that ends inside a character", WIRE("\x01\x01\xC3\x80\x00"), "bad(1007) "},
    {"a bad byte before the frame is whole", WIRE("\x81\x7E\x01\x00\xFF"), "bad(1007) "},
    {"binary is not checked", WIRE("\x82\x02\xFF\xC3"), "binary(\xFF\xC3) "},
    {"text after binary begins anew", WIRE("\x82\x01\xC3\x81\x02\xC3\xA9"),
     "binary(\xC3) text(\xC3\xA9) "},
};

static void test_the_wire_cases_however_they_are_cut(void **state)
{
    (void)state;
    struct text out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct wire *wire = &cases[i].wire;
        for (size_t cut = 0; cut <= wire->length; cut++) {
            const size_t sizes[] = {1, 2, 3, 1000};
            for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
                read_all(wire, cut, sizes[k], &out);
                if (strcmp(text_str(&out), cases[i].expected) != 0)
                    fail_msg("%s, cut at %zu: %s", cases[i].name, cut, text_str(&out));
            }
        }
    }
    text_free(&out);
}

/* Every length at which the form of the head changes, in pieces that do not fit it. */
static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t size = sizes[i];
        char *bytes = calloc(1, WS_HEAD_MAX + size + 2);
        assert_non_null(bytes);
        const size_t head = ws_frame_head((unsigned char *)bytes, WS_TEXT, size);
        memset(bytes + head, 'a', size);
        memcpy(bytes + head + size, "\x8A", 2); /* and an empty pong behind it */
        struct ws_receiver receiver = {0};
        size_t got = 0, pongs = 0;
        bool complete = false;
        for (size_t at = 0; at < head + size + 2; at += 1000) {
            const size_t left = head + size + 2 - at;
            const char *piece = bytes + at;
            size_t length = left < 1000 ? left : 1000;
            enum ws_received event;
            while ((event = ws_receive_next(&receiver, &piece, &length)) != WS_RECEIVED_ALL) {
                if (event == WS_RECEIVED_PONG) {
                    pongs++;
                    continue;
                }
                assert_int_equal(event, WS_RECEIVED_PIECE);
                got += receiver.length;
                assert_int_equal(receiver.rest, size - got);
                complete = receiver.last;
            }
        }
        assert_int_equal(got, size);
        assert_true(complete);
        assert_int_equal(pongs, 1);
        free(bytes);
    }
}

/* A message that is whole in what was read is told from where it lies. */
static void test_a_whole_message_is_not_copied(void **state)
{
    (void)state;
    struct ws_receiver receiver = {0};
    static const char wire[] = "\x81\x03"
                               "abc";
    const char *bytes = wire;
    size_t length = sizeof wire - 1;
    assert_int_equal(ws_receive_next(&receiver, &bytes, &length), WS_RECEIVED_PIECE);
    assert_ptr_equal(receiver.bytes, wire + 2);
    assert_true(receiver.last);
}

/* UTF-8 in pieces agrees with the whole, for every sequence of up to four bytes of the kinds that
 * matter. */
static void test_utf8_in_pieces(void **state)
{
    (void)state;
    static const unsigned char kinds[] = {'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                          0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
                                          0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
    enum { KINDS = sizeof kinds };
    for (size_t n = 0; n < (size_t)KINDS * KINDS * KINDS * KINDS; n++) {
        char bytes[40];
        memset(bytes, 'x', sizeof bytes); /* long enough for the fast way, on both sides */
        for (size_t i = 0, rest = n; i < 4; i++, rest /= KINDS)
            bytes[34 + i] = (char)kinds[rest % KINDS];
        const size_t starts[] = {0, 34};
        for (size_t s = 0; s < 2; s++) {
            const size_t length = sizeof bytes - starts[s];
            const bool whole = ws_utf8_valid(bytes + starts[s], length);
            struct ws_utf8 utf8 = {0};
            bool pieces = true;
            for (size_t i = 0; i < length && pieces; i++)
                pieces = ws_utf8_take(&utf8, bytes + starts[s] + i, 1);
            assert_int_equal(whole, pieces && ws_utf8_whole(&utf8));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wire_cases_however_they_are_cut),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_a_whole_message_is_not_copied),
        cmocka_unit_test(test_utf8_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
