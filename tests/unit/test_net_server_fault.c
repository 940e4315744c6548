/* The faults that a server can be told to commit, and how it treats a client that does not read. */
#include "server_fixture.h"

static void test_reader_that_is_too_slow(void **state)
{
    (void)state;
    open_socket();
    wire_send_text(&wire, "glut");
    assert_int_equal(wire_read_frame(&wire), WIRE_RESET); /* nothing was flushed before the limit
                                                             was reached */
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

/* A message larger than the limit for unread output arrives whole, followed by the next one. */
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

/* The end without a Close frame: FIN after the last message, whatever the client still sends. */
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
    } cases[] = {
        {"close 3000", 2, "\x0B\xB8"}, {"close 4000", 2, "\x0F\xA0"}, {"close 1005", 0, ""}};
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

/* A mute server still answers pings and messages, and still reports the code at the end. */
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
    assert_string_equal(
        answer, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    wire_close(&wire);
    wait_gone(1);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
