/* Upgrades that are refused, with bodies in all shapes, plain and over TLS; and dials that never
 * come to an answer. */
#include "test_net_client_fixture.h"

#include <openssl/ssl.h>

/* What the server says after the request, piece by piece with a pause between. */
static const char *const *pieces;
static SSL_CTX *tls_context;
static bool hold_open; /* after the last piece */

/* The client may leave while a server is still sending its answer. */
static bool client_has_left(int fd)
{
    char byte;
    usleep(40000);
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static void say_pieces(int fd)
{
    char request[4096];
    if (!read_request(fd, request, sizeof(request))) return;
    for (const char *const *piece = pieces; *piece; piece++) {
        if (piece != pieces && client_has_left(fd)) break;
        say_text(fd, *piece);
    }
    if (hold_open) wait_for_end(fd);
}

static void say_pieces_tls(int fd)
{
    char request[4096];
    SSL *ssl = SSL_new(tls_context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
        for (const char *const *piece = pieces; *piece; piece++) {
            if (piece != pieces && client_has_left(fd)) break;
            (void)SSL_write(ssl, *piece, (int)strlen(*piece));
        }
        if (hold_open) (void)SSL_read(ssl, request, sizeof(request));
    }
    SSL_free(ssl);
}

static int make_context(void **state)
{
    assert_int_equal(make_authority(state), 0);
    tls_context = tls_identity_context(identity);
    return 0;
}

static const struct refusal_case {
    const char *pieces[5];
    int status;
    bool hold_open; /* the end must be found without the end of the stream */
    const char *header, *body;
} refusals[] = {
    {{"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nretry-after-ms: "
      "17000\r\nContent-Length: "
      "11\r\n\r\nhello world"},
     429,
     true,
     "retry-after=17;retry-after-ms=17000;",
     "hello world"},
    {{"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 11\r\n\r\nhello",
      " world"},
     429,
     true,
     "retry-after=17;",
     "hello world"},
    {{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 11\r\n\r\n", "hello", " world"},
     503,
     true,
     "",
     "hello world"},
    {{"HTTP/1.1 401 Unauthorized\r\nWWW-Authen",
      "ticate: Bearer x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
      "world\r\n0\r\n\r\n"},
     401,
     true,
     "www-authenticate=Bearer x;",
     "hello world"},
    {{"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "6\r\n worl",
      "d\r\n0", "\r\n\r\n"},
     500,
     true,
     "",
     "hello world"},
    {{"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhel", "lo world\r\n0\r\n\r\n"},
     500,
     true,
     "",
     "hello world"},
    {{"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n", "b\r\nhello world\r\n0\r\n\r\n"},
     500,
     true,
     "",
     "hello world"},
    {{"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}, 500, true, "", ""},
    {{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}, 403, true, "", ""},
    {{"HTTP/1.1 404 Not Found\r\nx-ms-region: West\r\n\r\nhello", " world"},
     404,
     false,
     "x-ms-region=West;",
     "hello world"},
    {{"HTTP/1.1 404 Not Found\r\n\r\n"}, 404, false, "", ""},
    {{"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\nContent-Length: 2\r\n\r\nno"},
     302,
     true,
     "",
     "no"},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, 200, true, "", "ok"},
    {{"HTTP/1.1 103 Early Hints\r\nx-ms-region: West\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"},
     103,
     true,
     "x-ms-region=West;",
     ""},
    {{"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nno"}, 999, true, "", "no"},
    {{"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>"}, 502, false, "", "<html>"},
    {{"HTTP/1.1 429 Slow\r\nContent-Length: 50\r\n\r\nonly this", " much"},
     429,
     false,
     "",
     "only this much"},
};

static void check_refusals(bool over_tls)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct heard heard = {0};
        pieces = refusals[i].pieces;
        hold_open = refusals[i].hold_open;
        if (over_tls) {
            run_one_tls(say_pieces_tls, &heard);
        } else {
            run_one(say_pieces, &heard);
        }
        assert_int_equal(heard.refused, 1);
        assert_int_equal(heard.opened, 0);
        assert_int_equal(heard.status, refusals[i].status);
        assert_string_equal(heard.body, refusals[i].body);
        assert_non_null(strstr(heard.headers, refusals[i].header));
        assert_int_equal(heard.closed, 1);
        assert_int_equal(heard.end.http_status, refusals[i].status);
        assert_int_equal(heard.end.steps_done, 2);
        assert_false(heard.end.opened || heard.end.by_us || heard.end.protocol_violation ||
                     heard.end.tls_failed);
    }
}

/* A status has three digits (RFC 9112, 4): no other number is recorded, nor what it wraps around
 * to. */
static void test_a_status_that_cannot_be(void **state)
{
    static const char *const cases[] = {"99999999999 Much",
                                        "4294967397 Wraps to 101",
                                        "4294967725 Wraps to 429",
                                        "42 Short",
                                        "1011 Long",
                                        "007 Bond",
                                        "-29 Negative"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard heard = {0};
        char answer[128];
        const char *const all[] = {answer, NULL};
        (void)snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nno",
                       cases[i]);
        pieces = all;
        hold_open = false;
        run_one(say_pieces, &heard);
        if (heard.refused + heard.opened != 0 || heard.end.http_status != 0 ||
            !heard.end.protocol_violation)
            fail_msg("%s: %d %d, status %d", cases[i], heard.refused, heard.opened,
                     heard.end.http_status);
    }
}

static void test_refusals_plain(void **state)
{
    (void)state;
    check_refusals(false);
}

static void test_refusals_over_tls(void **state)
{
    (void)state;
    check_refusals(true);
}

static void test_a_body_that_never_ends_is_given_up(void **state)
{
    (void)state;
    static const char *const endless[] = {"HTTP/1.1 429 Slow\r\nContent-Length: 50\r\n\r\nonly",
                                          " this", NULL};
    struct heard heard = {0};
    pieces = endless;
    hold_open = true;
    uint64_t start = clock_mono_ns();
    run_one(say_pieces, &heard);
    assert_string_equal(heard.body, "only this");
    assert_true(clock_mono_ns() - start < 3 * (uint64_t)NS_PER_S);
}

static void test_a_large_body_is_kept_up_to_the_limit(void **state)
{
    (void)state;
    static char large[80001];
    const char *const cut[] = {"HTTP/1.1 429 Slow\r\nContent-Length: 80000\r\n\r\n", large, NULL};
    struct heard heard = {0};
    memset(large, 'b', sizeof(large) - 1);
    pieces = cut;
    hold_open = true;
    run_one(say_pieces, &heard);
    assert_int_equal(heard.body_length, 65536);
}

static void test_abort_while_the_body_comes(void **state)
{
    (void)state;
    static const char *const endless[] = {"HTTP/1.1 429 Slow\r\nContent-Length: 50\r\n\r\n", NULL};
    struct pair pair;
    struct heard heard = {0};
    pieces = endless;
    hold_open = true;
    pair_begin(&pair, say_pieces, false);
    dial(&pair.bench, &pair.target, &heard);
    bench_run_ms(&pair.bench, 100);
    assert_int_equal(heard.closed, 0);
    ws_abort(heard.conn);
    bench_run(&pair.bench, &heard.closed, 1);
    assert_int_equal(heard.end.http_status, 429);
    assert_true(heard.end.by_us);
    pair_end(&pair);
}

static void test_every_known_header_is_kept(void **state)
{
    (void)state;
    static const char *const names[] = {"content-type",
                                        "date",
                                        "server",
                                        "retry-after",
                                        "www-authenticate",
                                        "apim-request-id",
                                        "azureml-model-session",
                                        "cf-ray",
                                        "openai-processing-ms",
                                        "retry-after-ms",
                                        "x-envoy-upstream-service-time",
                                        "x-ms-client-request-id",
                                        "x-ms-deployment-name",
                                        "x-ms-error-code",
                                        "x-ms-region",
                                        "x-ms-request-id",
                                        "x-request-id",
                                        "x-ratelimit-limit-requests",
                                        "x-ratelimit-limit-tokens",
                                        "x-ratelimit-remaining-requests",
                                        "x-ratelimit-remaining-tokens",
                                        "x-ratelimit-reset-requests",
                                        "x-ratelimit-reset-tokens"};
    struct text answer = {0};
    struct heard heard = {0};
    text_puts(&answer, "HTTP/1.1 429 Slow\r\nSet-Cookie: a=canary\r\nX-Other: canary\r\n");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        text_printf(&answer, "%s: v%zu\r\n", names[i], i);
    text_puts(&answer, "Content-Length: 0\r\n\r\n");
    const char *const whole[] = {text_str(&answer), NULL};
    pieces = whole;
    hold_open = true;
    run_one(say_pieces, &heard);
    text_free(&answer);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "%s=v%zu;", names[i], i);
        assert_non_null(strstr(heard.headers, expected));
    }
    assert_null(strstr(heard.headers, "canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_status_that_cannot_be),
        cmocka_unit_test(test_refusals_plain),
        cmocka_unit_test(test_refusals_over_tls),
        cmocka_unit_test(test_a_body_that_never_ends_is_given_up),
        cmocka_unit_test(test_a_large_body_is_kept_up_to_the_limit),
        cmocka_unit_test(test_abort_while_the_body_comes),
        cmocka_unit_test(test_every_known_header_is_kept),
    };
    return cmocka_run_group_tests(tests, make_context, free_authority);
}
