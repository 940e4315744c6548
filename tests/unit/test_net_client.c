/* Upgrade, messages both ways, ends: against a server that writes each byte by hand. */
#include "test_net_client_fixture.h"

#include <errno.h>

static char seen_request[4096];

static void echo_once(int fd)
{
    char answer[2048], payload[128];
    if (!read_request(fd, seen_request, sizeof seen_request)) return;
    say(fd, answer,
        make_101(seen_request,
                 "apim-request-id: 42-abc\r\nX-MS-Region: East US 2\r\nSet-Cookie: secret=1\r\n"
                 "Date: Tue, 14 Apr 2026 15:00:00 GMT\r\n",
                 answer, sizeof answer));
    if (read_frame(fd, payload, sizeof payload) != 1) return;
    say_frame(fd, 0x81, payload, strlen(payload));
    if (read_frame(fd, payload, sizeof payload) != 8) return;
    say_frame(fd, 0x88, "\x03\xe8", 2);
    wait_for_end(fd);
}

static void test_opens_sends_receives_closes(void **state)
{
    (void)state;
    struct heard heard = {.send_at_open = "hello", .close_after = 1};
    const struct http_header headers[] = {{"api-key", "canary"}, {"OpenAI-Beta", "realtime=v1"}};
    struct pair pair;
    pair_begin(&pair, echo_once, false);
    pair.target.headers = headers;
    pair.target.header_count = 2;
    pair_run(&pair, &heard);
    assert_int_equal(heard.step_count, 3);
    assert_int_equal(heard.steps[0], WS_STEP_CONNECTED); /* a numeric address is not resolved */
    assert_int_equal(heard.steps[1], WS_STEP_TLS);
    assert_int_equal(heard.steps[2], WS_STEP_UPGRADED);
    assert_int_equal(heard.opened, 1);
    assert_int_equal(heard.status, 101);
    assert_non_null(strstr(heard.headers, "apim-request-id=42-abc;"));
    assert_non_null(strstr(heard.headers, "x-ms-region=East US 2;"));
    assert_non_null(strstr(heard.headers, "date=Tue, 14 Apr 2026 15:00:00 GMT;"));
    assert_null(strstr(heard.headers, "secret"));
    assert_int_equal(heard.messages, 1);
    assert_string_equal(heard.last, "hello");
    assert_true(heard.last_is_text);
    assert_true(heard.end.opened && heard.end.by_us);
    assert_int_equal(heard.end.steps_done, 3);
    assert_int_equal(heard.end.close_code, 1000);
    assert_int_equal(heard.end.http_status, 101);
    assert_int_equal(heard.end.os_error, 0);
    assert_false(heard.end.protocol_violation);
}

static void test_request_is_what_was_asked(void **state)
{
    (void)state;
    assert_non_null(strstr(seen_request, "GET /openai/v1/realtime?model=m HTTP/1.1\r\n"));
    assert_non_null(strstr(seen_request, "\r\nHost: localhost.test:"));
    assert_non_null(strstr(seen_request, "\r\napi-key: canary\r\n"));
    assert_non_null(strstr(seen_request, "\r\nOpenAI-Beta: realtime=v1\r\n"));
    assert_non_null(strstr(seen_request, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_null(strstr(seen_request, "Sec-WebSocket-Extensions"));
    assert_null(strstr(seen_request, "Origin"));
}

static void message_with_the_101(int fd)
{
    char request[4096], answer[4096];
    if (!read_request(fd, request, sizeof request)) return;
    size_t length = make_101(request, "", answer, sizeof answer);
    static const char frames[] = "\x81\x05"
                                 "first\x81\x06"
                                 "second";
    memcpy(answer + length, frames, sizeof frames - 1);
    say(fd, answer, length + 11); /* the second message is truncated */
    usleep(30000);
    say(fd, answer + length + 11, 4);
    say_frame(fd, 0x88, "\x03\xe9going away", 12);
    wait_for_end(fd);
}

static void test_message_in_the_segment_of_the_101(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(message_with_the_101, &heard);
    assert_int_equal(heard.messages, 2);
    assert_string_equal(heard.last, "second");
    assert_int_equal(heard.end.close_code, 1001);
    assert_string_equal(heard.reason, "going away");
    assert_false(heard.end.by_us);
}

static bool pong_came;

static void fragments_around_a_ping(int fd)
{
    char payload[128];
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0x01, "one ", 4);
    say_frame(fd, 0x00, "two ", 4);
    say_frame(fd, 0x89, "are you there", 13);
    say_frame(fd, 0x80, "three", 5);
    say_frame(fd, 0x82, "\x00\x01\x02", 3);
    pong_came =
        read_frame(fd, payload, sizeof payload) == 10 && strcmp(payload, "are you there") == 0;
}

static void test_fragments_with_a_ping_between(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(fragments_around_a_ping, &heard);
    assert_true(pong_came);
    assert_int_equal(heard.messages, 2);
    assert_false(heard.last_is_text);
    assert_int_equal(heard.last_length, 3);
    assert_int_equal(heard.bytes, 13 + 3);
}

static void large_message(int fd)
{
    static char bytes[60000];
    if (!upgrade(fd, "")) return;
    memset(bytes, 'a', sizeof bytes);
    for (int i = 0; i < 3; i++)
        say_frame(fd, i == 0 ? 0x01 : i < 2 ? 0x00 : 0x80, bytes, sizeof bytes);
    say_frame(fd, 0x81, "", 0);
    say_frame(fd, 0x81, "small", 5);
}

static void test_large_messages_come_whole(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(large_message, &heard);
    assert_int_equal(heard.messages, 3);
    assert_int_equal(heard.bytes, 180000 + 5);
    assert_string_equal(heard.last, "small");
    assert_int_equal(heard.end.close_code, 0); /* a plain end of the stream */
    assert_int_equal(heard.end.os_error, 0);
    assert_false(heard.end.protocol_violation);
}

static void too_large_message(int fd)
{
    if (!upgrade(fd, "")) return;
    say(fd, "\x81\x7f\x00\x00\x00\x00\x7f\x00\x00\x00", 10);
    for (int i = 0; i < 1200; i++) say(fd, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 40);
    wait_for_end(fd);
}

static void test_a_message_beyond_16_mib_ends_it(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(too_large_message, &heard);
    assert_int_equal(heard.messages, 0);
    assert_false(heard.end.protocol_violation); /* no one but us says so */
    assert_int_equal(heard.end.local_error, EMSGSIZE);
    assert_false(heard.end.by_us);
    assert_non_null(strstr(heard.detail, "16 MiB, which is our own limit"));
}

static void reserved_opcode(int fd)
{
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0x83, "x", 1);
    wait_for_end(fd);
}

static void reserved_bits(int fd)
{
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0xc1, "x", 1);
    wait_for_end(fd);
}

static void test_broken_frames_are_violations(void **state)
{
    (void)state;
    hand_script *const cases[] = {reserved_opcode, reserved_bits};
    for (size_t i = 0; i < 2; i++) {
        struct heard heard = {0};
        run_one(cases[i], &heard);
        assert_true(heard.end.protocol_violation);
        assert_int_equal(heard.messages, 0);
        assert_int_equal(heard.end.os_error, 0);
    }
}

/* The first two bytes of a three-byte character; whole, and split across two fragments. */
static void half_a_character(int fd)
{
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0x81, "\xe2\x82", 2);
    wait_for_end(fd);
}

static void half_a_character_in_fragments(int fd)
{
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0x01, "\xe2", 1);
    say_frame(fd, 0x80, "\x82", 1);
    wait_for_end(fd);
}

static void test_text_that_is_not_utf_8_is_a_violation(void **state)
{
    (void)state;
    hand_script *const cases[] = {half_a_character, half_a_character_in_fragments};
    for (size_t i = 0; i < 2; i++) {
        struct heard heard = {0};
        run_one(cases[i], &heard);
        assert_true(heard.end.protocol_violation);
        assert_false(heard.end.by_us);
        assert_int_equal(heard.messages, 0);
        assert_non_null(strstr(heard.detail, "UTF-8"));
    }
}

static void a_character_in_fragments(int fd)
{
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0x82, "\xe2\x82", 2); /* binary: anything goes */
    say_frame(fd, 0x01, "\xe2\x82", 2);
    say_frame(fd, 0x80, "\xac", 1);
    say_frame(fd, 0x88, "\x03\xe8", 2);
    wait_for_end(fd);
}

static void test_a_character_may_be_cut_by_fragments(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(a_character_in_fragments, &heard);
    assert_false(heard.end.protocol_violation);
    assert_int_equal(heard.messages, 2);
    assert_string_equal(heard.last, "\xe2\x82\xac");
}

/* The client sends until the socket is full, and then more; everything arrives in order. */
static sem_t may_read;

static int in_order;

static void read_numbers(int fd)
{
    char payload[128];
    if (!upgrade(fd, "")) return;
    (void)sem_wait(&may_read);
    in_order = 0;
    while (read_frame(fd, payload, sizeof payload) == 1 && atoi(payload) == in_order) in_order++;
    if (strcmp(payload, "last") == 0) say_frame(fd, 0x81, "done", 4);
}

static void send_number(struct heard *heard, int number)
{
    char text[128];
    int length =
        snprintf(text, sizeof text,
                 "%d and words enough to fill the buffers of a socket in a short time", number);
    assert_true(ws_send(heard->conn, text, (size_t)length));
}

static void test_sends_in_order_under_pressure(void **state)
{
    (void)state;
    struct pair pair;
    struct bench *bench = &pair.bench;
    struct heard heard = {0};
    int sent = 0;
    assert_int_equal(sem_init(&may_read, 0, 0), 0);
    pair_begin(&pair, read_numbers, false);
    dial(bench, &pair.target, &heard);
    bench_run(bench, &heard.opened, 1);
    while (ws_queued(heard.conn) < 100000) send_number(&heard, sent++);
    (void)sem_post(&may_read);
    for (int i = 0; i < 1000; i++) send_number(&heard, sent++);
    assert_true(ws_send(heard.conn, "last", 4));
    bench_run(bench, &heard.messages, 1);
    assert_int_equal(ws_queued(heard.conn), 0);
    bench_run(bench, &heard.closed, 1);
    assert_int_equal(in_order, sent);
    pair_end(&pair);
    (void)sem_destroy(&may_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_sends_receives_closes),
        cmocka_unit_test(test_request_is_what_was_asked),
        cmocka_unit_test(test_message_in_the_segment_of_the_101),
        cmocka_unit_test(test_fragments_with_a_ping_between),
        cmocka_unit_test(test_large_messages_come_whole),
        cmocka_unit_test(test_a_message_beyond_16_mib_ends_it),
        cmocka_unit_test(test_broken_frames_are_violations),
        cmocka_unit_test(test_text_that_is_not_utf_8_is_a_violation),
        cmocka_unit_test(test_a_character_may_be_cut_by_fragments),
        cmocka_unit_test(test_sends_in_order_under_pressure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
