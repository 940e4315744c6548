/* What an open connection receives, over real sockets: control frames and their answers, what came
 * with the 101, violations, a bound per turn of the loop, and the times of arrival. */
#include "test_net_client_fixture.h"

#include <openssl/ssl.h>

/* ---- a script for both: plain, and within TLS ---- */

static SSL *secure; /* NULL: plain */

static void put(int fd, const void *bytes, size_t length)
{
    if (secure != NULL) {
        (void)SSL_write(secure, bytes, (int)length);
    } else {
        say(fd, bytes, length);
    }
}

static bool get(int fd, void *bytes, size_t length)
{
    char *at = bytes;
    while (length > 0) {
        const ssize_t n =
            secure != NULL ? SSL_read(secure, at, (int)length) : recv(fd, at, length, 0);
        if (n <= 0) return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

static bool get_request(int fd, char *request, size_t size)
{
    for (size_t used = 0; used + 1 < size; used++) {
        if (!get(fd, request + used, 1)) return false;
        request[used + 1] = '\0';
        if (used >= 3 && strcmp(request + used - 3, "\r\n\r\n") == 0) return true;
    }
    return false;
}

/* One frame of the client, unmasked; its opcode, or -1 at the end. */
static int get_frame(int fd, char *payload, size_t *length)
{
    unsigned char head[6];
    if (!get(fd, head, sizeof head)) return -1;
    assert_true((head[1] & 0x80) != 0 && (head[1] & 0x7f) < 126);
    *length = head[1] & 0x7f;
    if (!get(fd, payload, *length)) return -1;
    for (size_t i = 0; i < *length; i++) payload[i] = (char)(payload[i] ^ head[2 + i % 4]);
    return head[0] & 0x0f;
}

/* What the server says behind its 101: at once in the same write, and after a while. */
static struct {
    const char *early, *late;
    size_t early_length, late_length;
} lines;

/* What the client answered: "pong(hi) close(1002) ". */
static char answers[1024];

static void note_answers(int fd)
{
    char payload[128];
    size_t length = 0, used = 0;
    int opcode;
    answers[0] = '\0';
    while ((opcode = get_frame(fd, payload, &length)) >= 0) {
        if (opcode == 8 && length >= 2) {
            used += (size_t)snprintf(answers + used, sizeof answers - used, "close(%d) ",
                                     (unsigned char)payload[0] << 8 | (unsigned char)payload[1]);
        } else {
            used += (size_t)snprintf(answers + used, sizeof answers - used, "%s(%.*s) ",
                                     opcode == 8    ? "close"
                                     : opcode == 10 ? "pong"
                                                    : "text",
                                     (int)length, payload);
        }
        assert_true(used < sizeof answers);
        if (opcode == 8) break;
    }
}

static void converse(int fd)
{
    char request[4096], first[70000];
    if (!get_request(fd, request, sizeof request)) return;
    size_t length = make_101(request, "", first, sizeof first);
    memcpy(first + length, lines.early, lines.early_length);
    put(fd, first, length + lines.early_length);
    usleep(20000);
    if (lines.late_length > 0) put(fd, lines.late, lines.late_length);
    note_answers(fd);
}

static void converse_plain(int fd)
{
    secure = NULL;
    converse(fd);
}

static void converse_tls(int fd)
{
    secure = SSL_new(tls_identity_context(identity));
    SSL_set_fd(secure, fd);
    if (SSL_accept(secure) == 1) converse(fd);
    (void)SSL_shutdown(secure);
    SSL_free(secure);
    secure = NULL;
}

static void run_both(const char *early, size_t early_length, const char *late, size_t late_length,
                     void (*check)(const struct heard *heard), int close_after)
{
    lines.early = early;
    lines.early_length = early_length;
    lines.late = late;
    lines.late_length = late_length;
    for (int tls = 0; tls < 2; tls++) {
        struct heard heard = {.close_after = close_after};
        if (tls) {
            run_one_tls(converse_tls, &heard);
        } else {
            run_one(converse_plain, &heard);
        }
        check(&heard);
    }
}

#define BYTES(literal) literal, sizeof(literal) - 1

/* ---- frames with the 101 ---- */

static void check_two_then_close(const struct heard *heard)
{
    assert_int_equal(heard->messages, 2);
    assert_string_equal(heard->last, "second");
    assert_int_equal(heard->end.close_code, 1013);
    assert_string_equal(heard->reason, "later");
    assert_string_equal(answers, "pong(p) close(1013) ");
    assert_false(heard->end.protocol_violation || heard->end.by_us);
    assert_int_equal(heard->end.os_error, 0);
}

/* Cut at every place, so that heads, payloads and the Close lie on both sides. */
static void test_frames_in_the_write_of_the_101(void **state)
{
    (void)state;
    static const char wire[] = "\x81\x05"
                               "first"
                               "\x89\x01p"
                               "\x81\x06"
                               "second"
                               "\x88\x07\x03\xF5"
                               "later";
    for (size_t cut = 0; cut < sizeof wire; cut++)
        run_both(wire, cut, wire + cut, sizeof wire - 1 - cut, check_two_then_close, 0);
}

static void check_large(const struct heard *heard)
{
    assert_int_equal(heard->messages, 1);
    assert_int_equal(heard->last_length, 60000);
    assert_string_equal(answers, "close(1000) ");
}

static void test_a_large_message_with_the_101(void **state)
{
    (void)state;
    static char wire[60004] = "\x82\x7E\xEA\x60";
    run_both(wire, sizeof wire, "", 0, check_large, 1);
}

/* ---- control frames ---- */

static void check_pings(const struct heard *heard)
{
    assert_int_equal(heard->messages, 1);
    assert_string_equal(heard->last, "ab");
    assert_string_equal(answers, "pong(one) pong() close(1000) ");
}

static void test_pings_are_answered(void **state)
{
    (void)state;
    run_both("", 0,
             BYTES("\x89\x03"
                   "one"
                   "\x01\x01"
                   "a"
                   "\x89\x00"
                   "\x8A\x01x"
                   "\x80\x01"
                   "b"),
             check_pings, 1);
}

static const char *wanted_answer;

static void check_answer(const struct heard *heard)
{
    assert_int_equal(heard->closed, 1);
    assert_string_equal(answers, wanted_answer);
}

static void test_closes_are_answered(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        size_t length;
        const char *answer;
    } closes[] = {
        {BYTES("\x88\x02\x03\xE8"), "close(1000) "},
        {BYTES("\x88\x00"), "close() "},
        {BYTES("\x88\x02\x03\xF6"), "close(1014) "},
        {BYTES("\x88\x02\x0B\xB8"), "close(3000) "},
        {BYTES("\x88\x01x"), "close(1002) "},
        {BYTES("\x88\x02\x03\xEE"), "close(1002) "},
        {BYTES("\x88\x03\x03\xE8\xFF"), "close(1007) "},
    };
    for (size_t i = 0; i < sizeof closes / sizeof *closes; i++) {
        wanted_answer = closes[i].answer;
        run_both("", 0, closes[i].wire, closes[i].length, check_answer, 0);
    }
}

static void check_violation(const struct heard *heard)
{
    assert_true(heard->end.protocol_violation);
    assert_false(heard->end.by_us || heard->end.tls_failed);
    assert_int_equal(heard->end.close_code, 0);
    assert_int_equal(heard->end.os_error, 0);
    assert_string_equal(heard->detail, strstr(wanted_answer, "1007") != NULL
                                           ? "a text message that is not UTF-8"
                                           : "invalid WebSocket frame");
    assert_string_equal(answers, wanted_answer);
}

static void test_violations_are_answered(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        size_t length;
        const char *answer;
    } violations[] = {
        {BYTES("\x81\x81"
               "masky"),
         "close(1002) "},
        {BYTES("\xC1\x01"
               "a"),
         "close(1002) "},
        {BYTES("\x83\x01"
               "a"),
         "close(1002) "},
        {BYTES("\x89\x7E\x00\x80"), "close(1002) "},
        {BYTES("\x09\x00"), "close(1002) "},
        {BYTES("\x80\x00"), "close(1002) "},
        {BYTES("\x82\x7F\x80\0\0\0\0\0\0\0"), "close(1002) "},
        {BYTES("\x81\x02\xC0\xAF"), "close(1007) "},
        {BYTES("\x01\x01\xE2\x80\x01"
               "a"),
         "close(1007) "},
    };
    for (size_t i = 0; i < sizeof violations / sizeof *violations; i++) {
        wanted_answer = violations[i].answer;
        run_both("", 0, violations[i].wire, violations[i].length, check_violation, 0);
        run_both(violations[i].wire, violations[i].length, "", 0, check_violation, 0);
    }
}

/* ---- the end ---- */

static void say_much_and_leave(int fd)
{
    static char payload[60000];
    memset(payload, 'x', sizeof payload);
    if (!upgrade(fd, "")) return;
    for (int i = 0; i < 20; i++) say_frame(fd, 0x81, payload, sizeof payload);
}

static void test_what_lies_before_the_end_is_heard(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one(say_much_and_leave, &heard);
    assert_int_equal(heard.messages, 20);
    assert_int_equal(heard.end.os_error, 0);
    assert_int_equal(heard.end.close_code, 0);
    assert_false(heard.end.protocol_violation || heard.end.by_us);
}

static void end_tls(int fd)
{
    char request[4096], answer[1024];
    secure = SSL_new(tls_identity_context(identity));
    SSL_set_fd(secure, fd);
    if (SSL_accept(secure) == 1 && get_request(fd, request, sizeof request)) {
        put(fd, answer, make_101(request, "", answer, sizeof answer));
        put(fd, "\x81\x01x", 3);
        (void)SSL_shutdown(secure);
    }
    SSL_free(secure);
    secure = NULL;
    wait_for_end(fd); /* TCP goes on: the close_notify alone is the end */
}

static void test_close_notify_is_an_end(void **state)
{
    (void)state;
    struct heard heard = {0};
    run_one_tls(end_tls, &heard);
    assert_int_equal(heard.messages, 1);
    assert_int_equal(heard.end.os_error, 0);
    assert_false(heard.end.protocol_violation || heard.end.tls_failed || heard.end.by_us);
}

/* ---- one loud session does not keep the loop ---- */

static void shout(int fd)
{
    static char payload[60000];
    if (!upgrade(fd, "")) return;
    for (int i = 0; i < 200; i++) say_frame(fd, 0x82, payload, sizeof payload);
    wait_for_end(fd);
}

static void test_a_turn_of_the_loop_is_bounded(void **state)
{
    (void)state;
    struct pair pair;
    struct heard heard = {0};
    size_t before = 0;
    pair_begin(&pair, shout, false);
    dial(&pair.bench, &pair.target, &heard);
    bench_run(&pair.bench, &heard.opened, 1);
    while (heard.messages < 200) {
        uv_run(&pair.bench.loop, UV_RUN_ONCE);
        assert_true(heard.bytes - before <= 65536 + 60000); /* one read, and what it completes */
        before = heard.bytes;
    }
    ws_abort(heard.conn);
    bench_run(&pair.bench, &heard.closed, 1);
    pair_end(&pair);
}

/* ---- times of arrival ---- */

#define SAID_LIMIT 20

static void say_when_told(int fd)
{
    char payload[128];
    if (!upgrade(fd, "")) return;
    for (int i = 0; i < SAID_LIMIT && read_frame(fd, payload, sizeof payload) == 1; i++)
        say_frame(fd, 0x81, "x", 1);
    wait_for_end(fd);
}

/* Each message waits in the socket while nobody looks. Its time is that of its arrival, if the
 * kernel tells it (the first packets of all may come without), and of the read otherwise. */
static void test_a_message_has_the_time_of_its_arrival(void **state)
{
    (void)state;
    struct pair pair;
    struct heard heard = {0};
    struct ws_stamps counted = {0};
    size_t by_kernel = 0;
    pair_begin(&pair, say_when_told, false);
    dial(&pair.bench, &pair.target, &heard);
    bench_run(&pair.bench, &heard.opened, 1);
    for (int i = 0; i < SAID_LIMIT; i++) {
        const uint64_t asked_ns = clock_mono_ns();
        assert_true(ws_send(heard.conn, "go", 2));
        while (!ws_unread(heard.conn)) usleep(1000);
        usleep(20000);
        const uint64_t looked_ns = clock_mono_ns();
        bench_run(&pair.bench, &heard.messages, i + 1);
        const struct ws_stamps now = ws_client_stamps(pair.bench.client);
        assert_int_equal(now.kernel + now.loop, counted.kernel + counted.loop + 1);
        if (now.kernel > counted.kernel) {
            by_kernel++;
            assert_in_range(heard.last_at, asked_ns, looked_ns - 19000000);
        } else {
            assert_true(heard.last_at >= looked_ns);
        }
        counted = now;
    }
    if (by_kernel == 0) print_message("this kernel gives no receive stamps\n");
    ws_abort(heard.conn);
    bench_run(&pair.bench, &heard.closed, 1);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_in_the_write_of_the_101),
        cmocka_unit_test(test_a_large_message_with_the_101),
        cmocka_unit_test(test_pings_are_answered),
        cmocka_unit_test(test_closes_are_answered),
        cmocka_unit_test(test_violations_are_answered),
        cmocka_unit_test(test_what_lies_before_the_end_is_heard),
        cmocka_unit_test(test_close_notify_is_an_end),
        cmocka_unit_test(test_a_turn_of_the_loop_is_bounded),
        cmocka_unit_test(test_a_message_has_the_time_of_its_arrival),
    };
    return cmocka_run_group_tests(tests, make_authority, free_authority);
}
