/* The response parser, without a socket. */
#include "net/client_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the parser ---- */

static const struct {
    const char *bytes;
    enum client_answer_state state;
    int status;
    const char *body;
} answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ANSWER_COMPLETE, 200, "hi"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", ANSWER_BODY, 200, "h"},
    {"HTTP/1.1 200 OK\r\n\r\nhi", ANSWER_BODY, 200, "hi"},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ANSWER_COMPLETE, 200, ""},
    {"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 404 No\r\ncontent-length:1\r\n\r\nx",
     ANSWER_COMPLETE, 404, "x"},
    {"HTTP/1.1 204 Nothing\r\n\r\n", ANSWER_COMPLETE, 204, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", ANSWER_COMPLETE,
     200, "a"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense", ANSWER_BROKEN, 200, ""},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ANSWER_BROKEN, 200, ""},
    {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", ANSWER_BROKEN, 200, ""},
    {"HTTP/2 200 OK\r\n\r\n", ANSWER_BROKEN, 0, ""},
    {"HTTP/1.1 20 OK\r\n\r\n", ANSWER_BROKEN, 0, ""},
    {"220 smtp.example ESMTP\r\n\r\n", ANSWER_BROKEN, 0, ""},
};

static void test_answers_in_pieces(void **state)
{
    (void)state;
    static struct client_answer answer;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        size_t length = strlen(answers[i].bytes);
        for (size_t piece = 1; piece <= length + 1; piece++) {
            client_answer_begin(&answer);
            for (size_t at = 0; at < length; at += piece)
                client_answer_feed(&answer, answers[i].bytes + at,
                                   at + piece < length ? piece : length - at);
            assert_int_equal(answer.state, answers[i].state);
            assert_int_equal(answer.status, answers[i].status);
            assert_string_equal(answer.kept, answers[i].body);
        }
    }
}

static void test_keeps_headers_but_no_cookies(void **state)
{
    (void)state;
    static struct client_answer answer;
    static const char bytes[] =
        "HTTP/1.1 200 OK\r\nDate:\t Fri \r\nSET-Cookie: secret\r\nX-Two: 2\r\nDATE: later\r\n"
        "Content-Length: 0\r\n\r\n";
    client_answer_begin(&answer);
    client_answer_feed(&answer, bytes, sizeof bytes - 1);
    assert_int_equal(answer.state, ANSWER_COMPLETE);
    assert_int_equal(answer.header_count, 4);
    assert_string_equal(client_answer_header(&answer, "date"), "Fri");
    assert_string_equal(client_answer_header(&answer, "x-two"), "2");
    assert_null(client_answer_header(&answer, "set-cookie"));
}

static void test_bounds_the_head(void **state)
{
    (void)state;
    static struct client_answer answer;
    client_answer_begin(&answer);
    client_answer_feed(&answer, "HTTP/1.1 200 OK\r\nA: ", 20);
    for (size_t i = 0; i < CLIENT_HEAD_MAX; i++) client_answer_feed(&answer, "x", 1);
    assert_int_equal(answer.state, ANSWER_BROKEN);
    client_answer_begin(&answer);
    client_answer_feed(&answer, "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 25);
    assert_int_equal(answer.state, ANSWER_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_in_pieces),
        cmocka_unit_test(test_keeps_headers_but_no_cookies),
        cmocka_unit_test(test_bounds_the_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
