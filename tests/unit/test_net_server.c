#include "net/server.h"

#include "base/files.h"
#include "wire_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
/* cmocka wants the above first */
#include <cmocka.h>

/* A server that accepts /ws, refuses /refuse, leaves /later unanswered, and echoes messages but for a few
 * orders. */
static struct {
    uv_loop_t loop;
    struct authority *authority;
    struct tls_identity *identity;
    struct ws_server *server;
    struct ws_peer *waiting;
    int requests, gone, close_code, binary;
    size_t queued;
    char header[64];
} fixture;

static char ca_file[] = "/tmp/test_net_server_XXXXXX";

static void on_request(void *user, struct ws_peer *peer, const struct ws_request *request)
{
    assert_ptr_equal(user, &fixture);
    fixture.requests++;
    const char *value = ws_request_header(peer, "x-test");
    (void)snprintf(fixture.header, sizeof fixture.header, "%s", value == NULL ? "" : value);
    ws_peer_set_user(peer, &fixture);
    if (strcmp(request->target, "/refuse") == 0 || !request->is_websocket) {
        ws_peer_refuse(peer, 404, "x-why: test\r\n", "application/json", "{\"error\":1}");
    } else if (strcmp(request->target, "/later") == 0) {
        fixture.waiting = peer;
    } else if (strcmp(request->target, "/wrong") == 0) {
        ws_peer_accept_wrongly(peer, "");
    } else if (strcmp(request->target, "/bare") == 0) {
        ws_peer_refuse(peer, 400, "", NULL, "");
    } else if (strcmp(request->target, "/cut") == 0) {
        ws_peer_cut(peer, false);
    } else {
        ws_peer_accept(peer, "x-region: here\r\n");
        ws_peer_send(peer, "welcome", 7);
    }
}

#define HUGE_LENGTH ((size_t)32 << 20)

/* Does what a sound server does not, when the text is an order for that. */
static bool misbehave(struct ws_peer *peer, const char *text)
{
    if (strcmp(text, "glut") == 0) {
        static char block[1 << 20];
        for (int i = 0; i < 40; i++) ws_peer_send(peer, block, sizeof block - 1);
    } else if (strcmp(text, "raw") == 0) {
        ws_peer_send_raw(peer, WS_BINARY, "\x00\xFF\x01", 3);
        ws_peer_send_raw(peer, WS_TEXT, "\"\xE2\x82", 3);
    } else if (strcmp(text, "huge") == 0) {
        char *block = malloc(HUGE_LENGTH);
        assert_non_null(block);
        memset(block, 'h', HUGE_LENGTH);
        ws_peer_send(peer, "before", 6);
        ws_peer_send(peer, block, HUGE_LENGTH);
        ws_peer_send(peer, "after", 5);
        free(block);
    } else if (strcmp(text, "cut") == 0 || strcmp(text, "cut with notice") == 0) {
        ws_peer_send(peer, "last words", 10);
        ws_peer_cut(peer, strcmp(text, "cut") != 0);
    } else if (strcmp(text, "mute") == 0) {
        ws_peer_mute(peer);
    } else if (strncmp(text, "close ", 6) == 0) {
        ws_peer_close(peer, atoi(text + 6), "");
    } else {
        return false;
    }
    return true;
}

static void on_message(struct ws_peer *peer, const char *text, size_t length, uint64_t at_ns)
{
    assert_true(at_ns > 0);
    assert_ptr_equal(ws_peer_user(peer), &fixture);
    assert_int_equal(strlen(text), length);
    if (strcmp(text, "reset") == 0) {
        ws_peer_send(peer, "last words", 10);
        ws_peer_flush(peer);
        ws_peer_reset(peer);
    } else if (strcmp(text, "close") == 0) {
        ws_peer_close(peer, 4000, "enough");
    } else if (strcmp(text, "many") == 0) {
        for (int i = 0; i < 3; i++) ws_peer_send(peer, "one of three", 12);
    } else if (strcmp(text, "flood") == 0) {
        static char block[1 << 20];
        memset(block, 'x', sizeof block);
        for (int i = 0; i < 16; i++) ws_peer_send(peer, block, sizeof block - 1);
        fixture.queued = ws_peer_queued(peer);
    } else if (!misbehave(peer, text)) {
        ws_peer_send(peer, text, length);
    }
}

static void on_gone(struct ws_peer *peer, int close_code)
{
    assert_ptr_equal(ws_peer_user(peer), &fixture);
    fixture.gone++;
    fixture.close_code = close_code;
}

static void on_binary(struct ws_peer *peer, size_t length, uint64_t at_ns)
{
    (void)peer;
    (void)at_ns;
    fixture.binary = (int)length;
}

static int start(bool tls)
{
    static const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_message, .on_gone = on_gone, .on_binary = on_binary};
    memset(&fixture, 0, sizeof fixture);
    uv_loop_init(&fixture.loop);
    struct text pem = {0};
    int file = tls ? mkstemp(ca_file) : -1;
    if (tls &&
        (file < 0 || authority_new(&fixture.authority, NULL) != ERR_OK ||
         authority_issue(fixture.authority, "contoso.openai.azure.com", &fixture.identity, NULL) != ERR_OK ||
         authority_pem(fixture.authority, &pem, NULL) != ERR_OK ||
         write(file, pem.data, pem.length) != (ssize_t)pem.length))
        return -1;
    if (file >= 0) close(file);
    text_free(&pem);
    return ws_server_listen(&fixture.loop, "127.0.0.1", 0, fixture.identity, &handlers, &fixture,
                            &fixture.server, NULL) == ERR_OK
               ? 0
               : -1;
}

static int start_plain(void **state)
{
    (void)state;
    return start(false);
}

static int start_tls(void **state)
{
    (void)state;
    return start(true);
}

static int stop(void **state)
{
    (void)state;
    ws_server_close(fixture.server);
    uv_run(&fixture.loop, UV_RUN_DEFAULT);
    tls_identity_free(fixture.identity);
    authority_free(fixture.authority);
    if (fixture.identity != NULL) {
        unlink(ca_file);
        memcpy(ca_file + sizeof ca_file - 7, "XXXXXX", 6);
    }
    return uv_loop_close(&fixture.loop);
}

static struct wire wire;

static void dial(void)
{
    assert_true(wire_connect(&wire, &fixture.loop, ws_server_port(fixture.server)));
    if (fixture.identity != NULL) assert_true(wire_tls(&wire, ca_file, "contoso.openai.azure.com"));
}

static void open_socket(void)
{
    char head[1024];
    dial();
    wire_send_upgrade(&wire, "/ws", "");
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, "welcome");
}

static void wait_gone(int count)
{
    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (fixture.gone < count && !wire_late(&begin)) uv_run(&fixture.loop, UV_RUN_ONCE);
    assert_int_equal(fixture.gone, count);
}

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

/* A refusal must reach a client that still sends: a close with unread bytes would reset the connection. */
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
        {"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
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
    wire_send_text(&wire, "too late"); /* not echoed any more */
    wire_send_frame(&wire, 0x88, "\x0F\xA0", 2);
    assert_int_equal(wire_read_frame(&wire), WIRE_EOF);
    wire_close(&wire);
    wait_gone(1);
    assert_int_equal(fixture.close_code, 4000);
}

static void test_reader_that_is_too_slow(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "glut");
    assert_int_equal(wire_read_frame(&wire), WIRE_RESET); /* nothing was flushed before the limit was met */
    wait_gone(1);
    wire_close(&wire);
}

static void test_raw_frames(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "raw");
    assert_int_equal(wire_read_frame(&wire), 0x82);
    assert_int_equal(wire.frame_length, 3);
    assert_memory_equal(wire.frame, "\x00\xFF\x01", 3);
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_int_equal(wire.frame_length, 3);
    assert_memory_equal(wire.frame, "\"\xE2\x82", 3);
    wire_close(&wire);
    wait_gone(1);
}

/* A message above the limit for what may lie unread: it comes whole, and the next one behind it. */
static void test_huge_message(void **state)
{
    (void)state;
    unsigned char head[10];
    char *payload = malloc(HUGE_LENGTH);
    assert_non_null(payload);
    open_socket();
    wire_send_text(&wire, "huge");
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_true(wire_read_all(&wire, head, sizeof head));
    assert_memory_equal(head, "\x81\x7F\0\0\0\0\x02\0\0\0", 10); /* 2^25 in 64 bits */
    assert_true(wire_read_all(&wire, payload, HUGE_LENGTH));
    for (size_t i = 0; i < HUGE_LENGTH; i++) {
        if (payload[i] != 'h') fail_msg("byte %zu is wrong", i);
    }
    free(payload);
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, "after");
    wire_close(&wire);
    wait_gone(1);
}

/* The end without a Close frame: FIN after the last words, whatever the client still sends. */
static void test_cut(void **state)
{
    (void)state;
    static const char *const orders[] = {"cut", "cut with notice"};
    for (int i = 0; i < 2; i++) {
        open_socket();
        wire_send_text(&wire, orders[i]);
        assert_int_equal(wire_read_frame(&wire), 0x81);
        assert_string_equal((char *)wire.frame, "last words");
        wire_send_text(&wire, "are you there?");
        assert_int_equal(wire_read_frame(&wire), WIRE_EOF);
        if (wire.ssl != NULL)
            assert_int_equal(SSL_get_shutdown(wire.ssl) & SSL_RECEIVED_SHUTDOWN,
                             i == 0 ? 0 : SSL_RECEIVED_SHUTDOWN);
        wire_close(&wire);
        wait_gone(i + 1);
        assert_int_equal(fixture.close_code, 0);
    }
}

static void test_cut_instead_of_an_answer(void **state)
{
    (void)state;
    char answer[64];
    dial();
    wire_send_upgrade(&wire, "/cut", "");
    assert_int_equal(wire_read(&wire, answer, sizeof answer), WIRE_EOF);
    wire_close(&wire);
    wait_gone(1);
}

static void test_close_without_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *order;
        size_t length;
        const char *payload;
    } cases[] = {{"close 3000", 2, "\x0B\xB8"}, {"close 4000", 2, "\x0F\xA0"}, {"close 1005", 0, ""}};
    for (int i = 0; i < 3; i++) {
        open_socket();
        wire_send_text(&wire, cases[i].order);
        assert_int_equal(wire_read_frame(&wire), 0x88);
        assert_int_equal(wire.frame_length, cases[i].length);
        assert_memory_equal(wire.frame, cases[i].payload, cases[i].length);
        wire_close(&wire);
        wait_gone(i + 1);
    }
}

/* A mute server still answers pings and messages, and still knows the code at the end. */
static void test_mute(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "mute");
    wire_send_frame(&wire, 0x88, "\x03\xE8", 2);
    wire_send_frame(&wire, 0x89, "p", 1);
    assert_int_equal(wire_read_frame(&wire), 0x8A);
    wire_send_text(&wire, "echo");
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, "echo");
    wire_close(&wire);
    wait_gone(1);
    assert_int_equal(fixture.close_code, 1000);
}

static void test_accept_wrongly(void **state)
{
    (void)state;
    char head[1024];
    dial();
    wire_send_upgrade(&wire, "/wrong", "");
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_non_null(strstr(head, "sec-websocket-accept: "));
    assert_null(strstr(head, WIRE_ACCEPT));
    wire_close(&wire);
    wait_gone(1);
}

static void test_bare_refusal(void **state)
{
    (void)state;
    char answer[1024];
    dial();
    wire_send_upgrade(&wire, "/bare", "");
    wire_read_rest(&wire, answer, sizeof answer);
    assert_string_equal(answer, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    wire_close(&wire);
    wait_gone(1);
}

/* What was flushed before the reset still arrives; then the reset is seen, and no Close. */
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

/* Sends of one callback are one segment: one read brings them all. */
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
    open_socket(); /* and the server is well */
    wire_close(&wire);
}

static void test_bad_addresses(void **state)
{
    (void)state;
    static const struct ws_server_handlers handlers = {
        .on_request = on_request, .on_message = on_message, .on_gone = on_gone};
    struct ws_server *server = NULL;
    struct error err = {0};
    assert_int_equal(ws_server_listen(&fixture.loop, "localhost", 0, NULL, &handlers, NULL, &server, &err),
                     ERR_NET);
    assert_non_null(strstr(err.text, "localhost"));
    assert_int_equal(ws_server_listen(&fixture.loop, "192.0.2.1", 0, NULL, &handlers, NULL, &server, &err),
                     ERR_NET);
    assert_non_null(strstr(err.text, "192.0.2.1"));
    assert_null(server);
}

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, start_plain, stop)
#define TLS(name) cmocka_unit_test_setup_teardown(name, start_tls, stop)

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
        PLAIN(test_violations_end_with_a_close),
        TLS(test_violations_end_with_a_close),
        PLAIN(test_close_by_the_server),
        TLS(test_close_by_the_server),
        PLAIN(test_reset),
        TLS(test_reset),
        PLAIN(test_one_flush),
        PLAIN(test_slow_reader),
        TLS(test_slow_reader),
        PLAIN(test_reader_that_is_too_slow),
        PLAIN(test_raw_frames),
        TLS(test_raw_frames),
        TLS(test_huge_message),
        PLAIN(test_cut),
        TLS(test_cut),
        PLAIN(test_cut_instead_of_an_answer),
        TLS(test_cut_instead_of_an_answer),
        PLAIN(test_close_without_a_reason),
        PLAIN(test_mute),
        TLS(test_mute),
        PLAIN(test_accept_wrongly),
        PLAIN(test_bare_refusal),
        PLAIN(test_late_answer),
        TLS(test_late_answer),
        PLAIN(test_client_that_leaves_before_the_answer),
        PLAIN(test_close_with_open_connections),
        TLS(test_garbage_instead_of_tls),
        PLAIN(test_bad_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
