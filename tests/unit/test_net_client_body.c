/* The body of a refusal in all three framings, whole and in pieces of every size. */
#include "net/client_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT ((size_t)4096)

static const struct {
    const char *encoding, *length, *bytes, *body;
    bool done;
} cases[] = {
    {NULL, "5", "hello and more", "hello", true},
    {NULL, "5", "hel", "hel", false},
    {"", "0", "", "", true},
    {NULL, NULL, "all of it", "all of it", false},
    {NULL, "nonsense", "all of it", "all of it", false},
    {"chunked", NULL, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", true},
    {"gzip, Chunked", "3", "5\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n", "hello", true},
    {"chunked", NULL, "A;name=value\r\n0123456789\r\n0\r\n\r\n", "0123456789", true},
    {"chunked", NULL, "0\r\n\r\n", "", true},
    {"chunked", NULL, "5\r\nhel", "hel", false},
    {"chunked", NULL, "zz\r\nhello", "", true},                /* broken: given up */
    {"chunked", NULL, "fffffffffffffffff\r\nhello", "", true}, /* no such size */
    {"chunked", "5", "2\r\n{}\r\n0\r\n", "{}", false},         /* the last line is missing */
};

static void test_framings_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = strlen(cases[i].bytes);
        for (size_t piece = 1; piece <= length + 1; piece++) {
            struct client_body body;
            char data[LIMIT + 1];
            client_body_begin(&body, data, LIMIT, cases[i].encoding, cases[i].length);
            for (size_t at = 0; at < length; at += piece) {
                client_body_feed(&body, cases[i].bytes + at,
                                 at + piece < length ? piece : length - at);
            }
            assert_string_equal(body.data, cases[i].body);
            assert_int_equal(body.length, strlen(cases[i].body));
            assert_int_equal(body.done, cases[i].done);
        }
    }
}

static void test_keeps_no_more_than_its_limit(void **state)
{
    (void)state;
    static const char *const encodings[] = {"chunked", NULL};
    char *bytes = malloc(10000);
    assert_non_null(bytes);
    memset(bytes, 'x', 10000);
    for (size_t i = 0; i < 2; i++) {
        struct client_body body;
        char data[LIMIT + 1];
        client_body_begin(&body, data, LIMIT, encodings[i], "9000");
        if (encodings[i]) client_body_feed(&body, "2710\r\n", 6);
        for (size_t at = 0; at < 10000; at += 1000) client_body_feed(&body, bytes + at, 1000);
        assert_int_equal(body.length, LIMIT);
        assert_int_equal(strlen(body.data), LIMIT);
        assert_true(body.done);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framings_in_pieces),
        cmocka_unit_test(test_keeps_no_more_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
