#include "net/server_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

static int parse(const char *head, size_t length, char *copy, struct http_request *request)
{
    memcpy(copy, head, length);
    return http_parse(copy, length, request);
}

#define UPGRADE                                                                                    \
    "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"        \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static const struct {
    const char *name;
    const char *head;
    int status;
    bool websocket;
} heads[] = {
    {"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, false},
    {"an empty line before it", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, false},
    {"HTTP/1.0 needs no host", "GET / HTTP/1.0\r\n\r\n", 0, false},
    {"upgrade", "GET /x?y=1 HTTP/1.1\r\n" UPGRADE "\r\n", 0, true},
    {"upgrade with lists and case",
     "GET / HTTP/1.1\r\nhost:a\r\nupgrade: foo, WebSocket\r\nconnection:keep-alive,  upgrade\t\r\n"
     "sec-websocket-version:13\r\nsec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
     0, true},
    {"upgrade by HTTP/1.0", "GET / HTTP/1.0\r\n" UPGRADE "\r\n", 0, false},
    {"upgrade by POST", "POST / HTTP/1.1\r\n" UPGRADE "\r\n", 0, false},
    {"two keys", "GET / HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
     0, false},
    {"old version",
     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
     "Upgrade\r\nSec-WebSocket-Version: 8\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
     0, false},
    {"short key",
     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
     "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n",
     0, false},
    {"token inside a word",
     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websockets\r\nConnection: "
     "Upgrade\r\nSec-WebSocket-Version: "
     "13\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
     0, false},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400, false},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, false},
    {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, false},
    {"folded line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, false},
    {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400, false},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400, false},
    {"no name", "GET / HTTP/1.1\r\n: a\r\n\r\n", 400, false},
    {"no version", "GET /\r\n\r\n", 400, false},
    {"no target", "GET  HTTP/1.1\r\n\r\n", 400, false},
    {"two spaces", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
    {"tail after the version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, false},
    {"raw bytes in the target", "GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, false},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505, false},
    {"TLS on a plain port", "\x16\x03\x01\x02\r\n\r\n", 400, false},
};

static void test_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char copy[1024];
        struct http_request request;
        int status = parse(heads[i].head, strlen(heads[i].head), copy, &request);
        if (status != heads[i].status) fail_msg("%s: status %d", heads[i].name, status);
        if (status == 0 && http_is_websocket(&request) != heads[i].websocket)
            fail_msg("%s: upgrade", heads[i].name);
    }
}

static void test_parts(void **state)
{
    (void)state;
    static const char head[] = "GET /a/b?c=d HTTP/1.1\r\nHost: x.example:8443\r\nX-Two:  b c \t\r\n"
                               "Sec-WebSocket-Protocol: one, openai-insecure-api-key.ek_1\r\n"
                               "sec-websocket-protocol: realtime\r\nEmpty:\r\n\r\n";
    char copy[sizeof head];
    struct http_request request;
    assert_int_equal(parse(head, sizeof head - 1, copy, &request), 0);
    assert_string_equal(request.method, "GET");
    assert_string_equal(request.target, "/a/b?c=d");
    assert_int_equal(request.minor, 1);
    assert_int_equal(request.field_count, 5);
    assert_string_equal(http_field(&request, "host"), "x.example:8443");
    assert_string_equal(http_field(&request, "x-two"), "b c");
    assert_string_equal(http_field(&request, "empty"), "");
    assert_null(http_field(&request, "absent"));
    assert_true(http_list_has(&request, "sec-websocket-protocol", "realtime", true));
    assert_false(http_list_has(&request, "sec-websocket-protocol", "Realtime", true));
    assert_true(http_list_has(&request, "sec-websocket-protocol", "Realtime", false));
    assert_false(http_list_has(&request, "sec-websocket-protocol", "real", true));
}

static void test_nul_and_many_fields(void **state)
{
    (void)state;
    char copy[8192];
    struct http_request request;
    static const char hidden[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
    assert_int_equal(parse(hidden, sizeof hidden - 1, copy, &request), 400);

    struct text many = {0};
    text_puts(&many, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < HTTP_FIELDS_MAX - 1; i++) text_printf(&many, "x-%d: 1\r\n", i);
    size_t fits = many.length;
    text_puts(&many, "\r\n");
    assert_int_equal(parse(many.data, many.length, copy, &request), 0);
    many.length = fits;
    text_puts(&many, "x-more: 1\r\n\r\n");
    assert_int_equal(parse(many.data, many.length, copy, &request), 431);
    text_free(&many);
}

static void test_head_length(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        {"", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", 27},
        {"\r\nGET / HTTP/1.1\r\n\r\n", 20},
        {"GET / HTTP/1.1\nHost", 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(http_head_length(cases[i].bytes, strlen(cases[i].bytes)), cases[i].length);
}

/* RFC 6455, 1.3. */
static void test_accept_value(void **state)
{
    (void)state;
    char value[HTTP_ACCEPT_SIZE];
    assert_true(http_accept_value("dGhlIHNhbXBsZSBub25jZQ==", value));
    assert_string_equal(value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void test_refusal(void **state)
{
    (void)state;
    struct text out = {0};
    http_refusal(&out, 429, "retry-after: 2\r\n", "application/json", "{}", false);
    assert_string_equal(text_str(&out),
                        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n"
                        "content-length: 2\r\nconnection: close\r\nretry-after: 2\r\n\r\n{}");
    text_clear(&out);
    http_refusal(&out, 404, "", "text/plain", "gone", true);
    assert_non_null(strstr(text_str(&out), "content-length: 4\r\n"));
    assert_null(strstr(text_str(&out), "gone"));
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_nul_and_many_fields),
        cmocka_unit_test(test_head_length),
        cmocka_unit_test(test_accept_value),
        cmocka_unit_test(test_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
