/* A server on the test's own loop that accepts /ws, echoes, and obeys a few commands. */
#ifndef RUSHHOUR_TESTS_SERVER_FIXTURE_H
#define RUSHHOUR_TESTS_SERVER_FIXTURE_H

#include "net/server.h"

#include "base/files.h"
#include "wire_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
/* cmocka needs the headers above first */
#include <cmocka.h>

/* A server that accepts /ws, refuses /refuse, never answers /later, and echoes messages, except for
 * a few commands. */
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

/* Misbehaves if the text is a command to do so. */
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
    static const struct ws_server_handlers handlers = {.on_request = on_request,
                                                       .on_message = on_message,
                                                       .on_gone = on_gone,
                                                       .on_binary = on_binary};
    memset(&fixture, 0, sizeof fixture);
    uv_loop_init(&fixture.loop);
    struct text pem = {0};
    int file = tls ? mkstemp(ca_file) : -1;
    if (tls && (file < 0 || authority_new(&fixture.authority, NULL) != ERR_OK ||
                authority_issue(fixture.authority, "contoso.openai.azure.com", &fixture.identity,
                                NULL) != ERR_OK ||
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

static WIRE_UNUSED int start_plain(void **state)
{
    (void)state;
    return start(false);
}

static WIRE_UNUSED int start_tls(void **state)
{
    (void)state;
    return start(true);
}

static WIRE_UNUSED int stop(void **state)
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

static WIRE_UNUSED void dial(void)
{
    assert_true(wire_connect(&wire, &fixture.loop, ws_server_port(fixture.server)));
    if (fixture.identity != NULL) assert_true(wire_tls(&wire, ca_file, "contoso.openai.azure.com"));
}

static WIRE_UNUSED void open_socket(void)
{
    char head[1024];
    dial();
    wire_send_upgrade(&wire, "/ws", "");
    assert_true(wire_read_head(&wire, head, sizeof head));
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_int_equal(wire_read_frame(&wire), 0x81);
    assert_string_equal((char *)wire.frame, "welcome");
}

static WIRE_UNUSED void wait_gone(int count)
{
    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (fixture.gone < count && !wire_late(&begin)) uv_run(&fixture.loop, UV_RUN_ONCE);
    assert_int_equal(fixture.gone, count);
}

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, start_plain, stop)
#define TLS(name) cmocka_unit_test_setup_teardown(name, start_tls, stop)

#endif
