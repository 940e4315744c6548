/* A well-behaved server: upgrades, messages, refusals, closes, and misbehaving clients. */
#include "server_fixture.h"

static void test_upgrade_and_echo(void **state)
{
    (void)state;
    char head[1024];
    dial();
    wire_send_upgrade(&wire, "/ws", "X-Test: abc\r\nSec-WebSocket-Protocol: a, realtime\r\n");
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_non_null(strstr(head, "sec-websocket-accept: " WIRE_ACCEPT "\r\n"));
    assert_non_null(strstr(head, "sec-websocket-protocol: realtime\r\n"));
    assert_non_null(strstr(head, "x-region: here\r\n"));
    assert_string_equal(fixture.header, "abc");
    assert_int_equal(wire_read_frame(&wire), 0x81);
    wire_send_text(&wire, "h\xC3\xA9llo");
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, "h\xC3\xA9llo");
    wire_send_frame(&wire, 0x82, "\x00\xFF", 2);
    wire_send_frame(&wire, 0x89, "are you there", 13);
    assert_int_equal(wire_read_frame(&wire), 0x8A);
    assert_string_equal((char *)wire.frame, "are you there");
    assert_int_equal(fixture.binary, 2);
    wire_send_frame(&wire, 0x88, "\x03\xE8", 2);
    assert_int_equal(wire_read_frame(&wire), 0x88);
    assert_memory_equal(wire.frame, "\x03\xE8", 2);
    assert_int_equal(wire_read_frame(&wire), WIRE_EOF);
    wire_close(&wire);
    wait_gone(1);
    assert_int_equal(fixture.close_code, 1000);
}

static void test_large_message(void **state)
{
    (void)state;
    enum { LENGTH = 900000 };
    char *message = malloc(LENGTH + 1);
    assert_non_null(message);
    for (int i = 0; i < LENGTH; i++) message[i] = (char)('a' + i % 26);
    message[LENGTH] = '\0';
    open_socket();
    wire_send_text(&wire, message);
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_int_equal(wire.frame_length, LENGTH);
    assert_memory_equal(wire.frame, message, LENGTH);
    free(message);
    wire_close(&wire);
    wait_gone(1);
    assert_int_equal(fixture.close_code, 0);
}

static void test_refusal(void **state)
{
    (void)state;
    char answer[1024];
    dial();
    wire_send_upgrade(&wire, "/refuse", "");
    wire_read_rest(&wire, answer, sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 404 Not Found\r\n", 24);
    assert_non_null(strstr(answer, "\r\nx-why: test\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n{\"error\":1}"));
    wire_close(&wire);
    wait_gone(1);
}

/* A refusal must reach a client that is still sending: closing with unread bytes would reset the
 * connection. */
static void test_refusal_of_a_post_with_body(void **state)
{
    (void)state;
    static char body[200000];
    memset(body, 'b', sizeof body);
    char answer[1024];
    dial();
    static const char head[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n";
    wire_send(&wire, head, sizeof head - 1);
    wire_send(&wire, body, sizeof body);
    wire_read_rest(&wire, answer, sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 404 ", 13);
    wire_close(&wire);
    wait_gone(1);
}

static void test_malformed_requests(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *status;
    } cases[] = {
        {"GARBAGE\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\n\n", "HTTP/1.1 400 "},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 "},
        {"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Version: "
         "13\r\n"
         "Sec-WebSocket-Key: " WIRE_KEY "\r\n\r\nearly",
         "HTTP/1.1 400 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char answer[1024];
        dial();
        wire_send(&wire, cases[i].request, strlen(cases[i].request));
        wire_read_rest(&wire, answer, sizeof answer);
        assert_memory_equal(answer, cases[i].status, strlen(cases[i].status));
        wire_close(&wire);
    }
    assert_int_equal(fixture.requests, 0);
}

static void test_head_too_long(void **state)
{
    (void)state;
    char answer[1024];
    static char padding[20000];
    memset(padding, 'p', sizeof padding);
    dial();
    static const char begin[] = "GET / HTTP/1.1\r\nHost: a\r\nx: ";
    wire_send(&wire, begin, sizeof begin - 1);
    wire_send(&wire, padding, sizeof padding);
    wire_read_rest(&wire, answer, sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 431 ", 13);
    wire_close(&wire);
}

static void open_idle(struct wire *idle)
{
    assert_true(wire_connect(idle, &fixture.loop, ws_server_port(fixture.server)));
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
}

/* Connections that ask for nothing neither fill the server nor stay. */
static void test_bounds_for_strangers(void **state)
{
    (void)state;
    static struct wire idle[30];
    char answer[1024];
    ws_server_bound(fixture.server, 4, 200);
    for (size_t i = 0; i < 30; i++) open_idle(&idle[i]);
    for (int i = 0; i < 3; i++) { /* whoever asks is served at once */
        static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        dial();
        wire_send(&wire, request, sizeof request - 1);
        wire_read_rest(&wire, answer, sizeof answer);
        assert_memory_equal(answer, "HTTP/1.1 404 ", 13);
        wire_close(&wire);
    }
    for (size_t i = 0; i < 30; i++) { /* all have been ended, the last four by the deadline */
        wire_read_rest(&idle[i], answer, sizeof answer);
        assert_string_equal(answer, "");
        wire_close(&idle[i]);
    }
    assert_int_equal(fixture.requests, 3);
}

static void test_violations_end_with_a_close(void **state)
{
    (void)state;
    static const struct {
        unsigned first;
        const char *payload;
        size_t length;
        const char *code;
    } cases[] = {
        {0xC1, "a", 1, "\x03\xEA"},
        {0x80, "a", 1, "\x03\xEA"},
        {0x81, "\xFF\xFF", 2, "\x03\xEF"},
        {0x88, "\x00", 1, "\x03\xEA"},
    };
    int count = (int)(sizeof cases / sizeof *cases);
    for (int i = 0; i < count; i++) {
        open_socket();
        wire_send_frame(&wire, cases[i].first, cases[i].payload, cases[i].length);
        assert_int_equal(wire_read_frame(&wire), 0x88);
        assert_memory_equal(wire.frame, cases[i].code, 2);
        assert_int_equal(wire_read_frame(&wire), WIRE_EOF);
        wire_close(&wire);
    }
    wait_gone(count);
    assert_int_equal(fixture.close_code, 0);
}

static void test_close_by_the_server(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "close");
    assert_int_equal(wire_read_frame(&wire), 0x88);
    assert_memory_equal(wire.frame,
                        "\x0F\xA0"
                        "enough",
                        8);
    wire_send_text(&wire, "too late"); /* no longer echoed */
    wire_send_frame(&wire, 0x88, "\x0F\xA0", 2);
    assert_int_equal(wire_read_frame(&wire), WIRE_EOF);
    wire_close(&wire);
    wait_gone(1);
    assert_int_equal(fixture.close_code, 4000);
}

/* What was flushed before the reset still arrives; then comes the reset, without a Close. */
static void test_reset(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "reset");
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, "last words");
    assert_int_equal(wire_read_frame(&wire), WIRE_RESET);
    wire_close(&wire);
    wait_gone(1);
    assert_int_equal(fixture.close_code, 0);
}

/* Several sends in one callback are one segment: one read returns them all. */
static void test_one_flush(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "many");
    char bytes[256];
    while (recv(wire.fd, bytes, sizeof bytes, MSG_PEEK) <= 0) wire_turn(&wire);
    assert_int_equal(recv(wire.fd, bytes, sizeof bytes, 0), 3 * (2 + 12));
    wire_close(&wire);
}

static void test_slow_reader(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "flood");
    for (int i = 0; i < 16; i++) {
        assert_int_equal(wire_read_frame(&wire), 0x81);
        assert_int_equal(wire.frame_length, (1 << 20) - 1);
    }
    assert_true(fixture.queued > 10 << 20);
    wire_close(&wire);
}

static void test_late_answer(void **state)
{
    (void)state;
    char head[1024];
    dial();
    wire_send_upgrade(&wire, "/later", "");
    while (fixture.waiting == NULL) uv_run(&fixture.loop, UV_RUN_ONCE);
    ws_peer_accept(fixture.waiting, "");
    ws_peer_send(fixture.waiting, "welcome", 7); /* outside a callback: the loop flushes */
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_int_equal(wire_read_frame(&wire), 0x81);
    wire_close(&wire);
}

static void test_client_that_leaves_before_the_answer(void **state)
{
    (void)state;
    dial();
    wire_send_upgrade(&wire, "/later", "");
    while (fixture.waiting == NULL) uv_run(&fixture.loop, UV_RUN_ONCE);
    wire_close(&wire);
    wait_gone(1);
}

static void test_close_with_open_connections(void **state)
{
    (void)state;
    enum { COUNT = 20 };
    static struct wire wires[COUNT];
    for (int i = 0; i < COUNT; i++) {
        assert_true(wire_connect(&wires[i], &fixture.loop, ws_server_port(fixture.server)));
        wire_send_upgrade(&wires[i], i % 2 == 0 ? "/ws" : "/later", "");
    }
    while (fixture.requests < COUNT) uv_run(&fixture.loop, UV_RUN_ONCE);
    ws_server_close(fixture.server);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture.gone, COUNT);
    fixture.server = NULL;
    for (int i = 0; i < COUNT; i++) wire_close(&wires[i]);
}

static void test_garbage_instead_of_tls(void **state)
{
    (void)state;
    assert_true(wire_connect(&wire, &fixture.loop, ws_server_port(fixture.server)));
    wire_send(&wire, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    char answer[256];
    wire_read_rest(&wire, answer, sizeof answer);
    wire_close(&wire);
    assert_int_equal(fixture.requests, 0);
    open_socket(); /* and the server is fine */
    wire_close(&wire);
}

static void test_bad_addresses(void **state)
{
    (void)state;
    static const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_message, .on_gone = on_gone};
    struct ws_server *server = NULL;
    struct error err = {0};
    assert_int_equal(
        ws_server_listen(&fixture.loop, "localhost", 0, NULL, &handlers, NULL, &server, &err),
        ERR_NET);
    assert_non_null(strstr(err.text, "localhost"));
    assert_int_equal(
        ws_server_listen(&fixture.loop, "192.0.2.1", 0, NULL, &handlers, NULL, &server, &err),
        ERR_NET);
    assert_non_null(strstr(err.text, "192.0.2.1"));
    assert_null(server);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        PLAIN(test_upgrade_and_echo),
        TLS(test_upgrade_and_echo),
        PLAIN(test_large_message),
        TLS(test_large_message),
        PLAIN(test_refusal),
        TLS(test_refusal),
        PLAIN(test_refusal_of_a_post_with_body),
        TLS(test_refusal_of_a_post_with_body),
        PLAIN(test_malformed_requests),
        PLAIN(test_head_too_long),
        PLAIN(test_bounds_for_strangers),
        PLAIN(test_violations_end_with_a_close),
        TLS(test_violations_end_with_a_close),
        PLAIN(test_close_by_the_server),
        TLS(test_close_by_the_server),
        PLAIN(test_reset),
        TLS(test_reset),
        PLAIN(test_one_flush),
        PLAIN(test_slow_reader),
        TLS(test_slow_reader),
        PLAIN(test_late_answer),
        TLS(test_late_answer),
        PLAIN(test_client_that_leaves_before_the_answer),
        PLAIN(test_close_with_open_connections),
        TLS(test_garbage_instead_of_tls),
        PLAIN(test_bad_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
