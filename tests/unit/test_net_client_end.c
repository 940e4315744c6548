/* How a connection ends, and what is received before that: closes, resets, aborts. */
#include "test_net_client_fixture.h"

static int close_code;
static const char *close_text;

static void close_with_code(int fd)
{
    char payload[128] = {(char)(close_code >> 8), (char)close_code}, answer[128];
    if (!upgrade(fd, "")) return;
    (void)snprintf(payload + 2, sizeof payload - 2, "%s", close_text);
    say_frame(fd, 0x81, "x", 1);
    say_frame(fd, 0x88, payload, 2 + strlen(close_text));
    (void)read_frame(fd, answer, sizeof answer);
}

static void test_close_codes_and_reasons(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *reason;
    } cases[] = {{1000, ""},           {1001, "session expired"},
                 {1002, ""},           {1008, "policy"},
                 {1011, "internal"},   {1012, "restart"},
                 {1013, ""},           {1013, "try again later"},
                 {1014, "gateway"},    {2000, "own"},
                 {3000, "a"},          {4408, "idle"},
                 {1002, "a violation"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard heard = {0};
        close_code = cases[i].code;
        close_text = cases[i].reason;
        run_one(close_with_code, &heard);
        assert_int_equal(heard.messages, 1);
        assert_int_equal(heard.end.close_code, cases[i].code);
        assert_string_equal(heard.reason, cases[i].reason);
        assert_int_equal(heard.end.os_error, 0);
        assert_false(heard.end.by_us);
    }
}

/* Codes that nobody may send are told as sent, and as a violation (RFC 6455, 7.4). */
static void test_codes_that_may_not_be_sent(void **state)
{
    (void)state;
    static const int codes[] = {1, 999, 1004, 1005, 1006, 1015, 5000, 65535};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct heard heard = {0};
        char words[64];
        close_code = codes[i];
        close_text = "strange";
        run_one(close_with_code, &heard);
        (void)snprintf(words, sizeof words, "a Close frame with the code %d", codes[i]);
        assert_int_equal(heard.end.close_code, codes[i]);
        assert_true(heard.end.protocol_violation);
        assert_string_equal(heard.detail, words);
    }
}

static void close_twice(int fd)
{
    static const char frames[] = "\x88\x07\x03\xe9"
                                 "first\x88\x08\x03\xf3"
                                 "second\x81\x01x";
    char answer[128];
    if (!upgrade(fd, "")) return;
    usleep(30000);
    say(fd, frames, sizeof frames - 1);
    (void)read_frame(fd, answer, sizeof answer);
}

/* And what was sent in one piece with a reset behind it. */
static void close_twice_and_reset(int fd)
{
    static const char frames[] = "\x88\x07\x03\xe9"
                                 "first\x88\x08\x03\xf3"
                                 "second\x81\x01x";
    if (!upgrade(fd, "")) return;
    usleep(30000);
    say(fd, frames, sizeof frames - 1);
    reset_on_close(fd);
}

static void test_nothing_follows_a_close(void **state)
{
    static hand_script *const scripts[] = {close_twice, close_twice_and_reset};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct heard heard = {0};
        run_one(scripts[i], &heard);
        assert_int_equal(heard.end.close_code, 1001);
        assert_string_equal(heard.reason, "first");
        assert_int_equal(heard.messages, 0);
    }
}

static void close_behind_a_message_or_not(int fd)
{
    static bool second;
    char frames[1008] = "\x81\x7e\x03\xe8", answer[128];
    if (!upgrade(fd, "")) return;
    usleep(30000);
    memset(frames + 4, 'x', 1000);
    frames[1004] = (char)0x88;
    frames[1005] = 2;
    frames[1006] = 1013 >> 8;
    frames[1007] = (char)(1013 & 0xff);
    if (second)
        say_frame(fd, 0x88, "\x03\xea", 2);
    else
        say(fd, frames, sizeof frames);
    second = true;
    (void)read_frame(fd, answer, sizeof answer);
}

/* The first Close leaves its bytes in lws's buffer, behind those of the second. */
static void test_an_old_close_is_not_taken_for_a_new_one(void **state)
{
    (void)state;
    struct hand_server server;
    struct bench bench;
    struct heard heard[2];
    memset(heard, 0, sizeof heard);
    hand_begin(&server, close_behind_a_message_or_not, 2);
    bench_begin(&bench, NULL, 0);
    struct http_target target = plain_target(server.port);
    for (int i = 0; i < 2; i++) {
        dial(&bench, &target, &heard[i]);
        bench_run(&bench, &heard[i].closed, 1);
    }
    assert_int_equal(heard[0].end.close_code, 1013);
    assert_int_equal(heard[1].end.close_code, 1002);
    bench_end(&bench);
    hand_end(&server);
}

static void reset_after_message(int fd)
{
    if (!upgrade(fd, "")) return;
    say_frame(fd, 0x81, "x", 1);
    usleep(50000);
    reset_on_close(fd);
}

static void test_reset_is_told_from_an_end(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(reset_after_message, &heard);
    assert_int_equal(heard.messages, 1);
    assert_int_equal(heard.end.os_error, ECONNRESET);
    assert_int_equal(heard.end.close_code, 0);
    assert_true(heard.end.opened);
    assert_false(heard.end.protocol_violation);
}

static void reset_behind_a_close(int fd)
{
    static const char frames[] = "\x81\x01"
                                 "a\x82\x01"
                                 "b\x88\x06\x03\xf5soon";
    if (!upgrade(fd, "")) return;
    usleep(30000);
    say(fd, frames, sizeof frames - 1);
    reset_on_close(fd);
}

static void test_what_came_before_a_reset_is_heard(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(reset_behind_a_close, &heard);
    assert_int_equal(heard.messages, 2);
    assert_false(heard.last_is_text);
    assert_int_equal(heard.end.close_code, 1013);
    assert_string_equal(heard.reason, "soon");
    assert_int_equal(heard.end.os_error, 0);
}

static void wait_only(int fd)
{
    if (upgrade(fd, "")) wait_for_end(fd);
}

static void test_abort_at_open(void **state)
{
    (void)state;
    struct heard heard = {.abort_at_open = true};
    run_one(wait_only, &heard);
    assert_int_equal(heard.opened, 1);
    assert_true(heard.end.by_us && heard.end.opened);
}

static void two_messages(int fd)
{
    if (!upgrade(fd, "")) return;
    say(fd,
        "\x81\x01"
        "a\x81\x01"
        "b",
        6);
    wait_for_end(fd);
}

static void test_abort_inside_a_message_silences_the_rest(void **state)
{
    (void)state;
    struct heard heard = {.abort_in_message = true};
    run_one(two_messages, &heard);
    assert_int_equal(heard.messages, 1);
    assert_true(heard.end.by_us);
}

static void take_one(int fd)
{
    char payload[128];
    if (!upgrade(fd, "")) return;
    (void)read_frame(fd, payload, sizeof payload);
    wait_for_end(fd);
}

static void test_send_refuses_after_close(void **state)
{
    (void)state;
    struct pair pair;
    struct heard heard = {0};
    pair_begin(&pair, take_one, false);
    dial(&pair.bench, &pair.target, &heard);
    assert_false(ws_send(heard.conn, "too early", 9));
    bench_run(&pair.bench, &heard.opened, 1);
    assert_string_equal(ws_address(heard.conn), "127.0.0.1");
    ws_close(heard.conn);
    assert_false(ws_send(heard.conn, "too late", 8));
    bench_run_ms(&pair.bench, 100);
    assert_int_equal(heard.closed, 0); /* the server does not answer the Close */
    ws_abort(heard.conn);
    ws_abort(heard.conn);
    assert_int_equal(heard.closed, 0);
    bench_run(&pair.bench, &heard.closed, 1);
    assert_int_equal(heard.closed, 1);
    assert_true(heard.end.by_us);
    pair_end(&pair);
}

static void test_free_ends_what_is_open(void **state)
{
    (void)state;
    struct pair pair;
    struct heard heard[3] = {{0}};
    pair_begin(&pair, wait_only, false);
    for (int i = 0; i < 3; i++)
        dial(&pair.bench, &pair.target, &heard[i]); /* open, hanging, not begun */
    bench_run(&pair.bench, &heard[0].opened, 1);
    bench_end(&pair.bench);
    for (int i = 0; i < 3; i++) assert_int_equal(heard[i].closed, 1);
    hand_end(&pair.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_codes_and_reasons),
        cmocka_unit_test(test_codes_that_may_not_be_sent),
        cmocka_unit_test(test_nothing_follows_a_close),
        cmocka_unit_test(test_an_old_close_is_not_taken_for_a_new_one),
        cmocka_unit_test(test_reset_is_told_from_an_end),
        cmocka_unit_test(test_what_came_before_a_reset_is_heard),
        cmocka_unit_test(test_abort_at_open),
        cmocka_unit_test(test_abort_inside_a_message_silences_the_rest),
        cmocka_unit_test(test_send_refuses_after_close),
        cmocka_unit_test(test_free_ends_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
