/* Dials that come to nothing, in each of their steps; addresses, proxies, and aborts in every
 * state. */
#include "test_net_client_fixture.h"

#include <errno.h>
#include <netdb.h>
#include <sys/resource.h>

static void wait_closed(struct http_target *target, struct heard *heard)
{
    struct bench bench;
    bench_begin(&bench, NULL, 0);
    dial(&bench, target, heard);
    bench_run(&bench, &heard->closed, 1);
    bench_end(&bench);
}

static void garbage(int fd)
{
    char request[4096];
    if (read_request(fd, request, sizeof(request)))
        say_text(fd, "220 mail.example.test: ready\r\n\r\n");
    wait_for_end(fd);
}

static void wrong_key(int fd)
{
    char request[4096];
    if (!read_request(fd, request, sizeof(request))) return;
    say_text(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
    wait_for_end(fd);
}

static void no_upgrade_header(int fd)
{
    char request[4096];
    if (!read_request(fd, request, sizeof(request))) return;
    say_text(fd, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    wait_for_end(fd);
}

static void test_broken_answers_are_violations(void **state)
{
    (void)state;
    hand_script *const cases[] = {garbage, wrong_key, no_upgrade_header};
    for (size_t i = 0; i < 3; i++) {
        struct heard heard = {0};
        run_one(cases[i], &heard);
        assert_true(heard.end.protocol_violation);
        assert_int_equal(heard.end.steps_done, 2);
        assert_int_equal(heard.opened + heard.refused, 0);
        assert_true(heard.detail[0] != '\0');
    }
}

static void leave_before_answer(int fd)
{
    char request[4096];
    (void)read_request(fd, request, sizeof(request));
}

static void reset_before_answer(int fd)
{
    char request[4096];
    (void)read_request(fd, request, sizeof(request));
    reset_on_close(fd);
}

static void test_ends_before_the_answer(void **state)
{
    (void)state;
    struct heard left = {0}, reset = {0};
    run_one(leave_before_answer, &left);
    run_one(reset_before_answer, &reset);
    assert_int_equal(left.end.os_error, 0);
    assert_int_equal(reset.end.os_error, ECONNRESET);
    assert_int_equal(left.end.steps_done, 2);
    assert_int_equal(reset.end.steps_done, 2);
    assert_false(left.end.protocol_violation || reset.end.protocol_violation);
    assert_int_equal(left.end.http_status, 0);
}

static void hang(int fd)
{
    wait_for_end(fd);
}

/* After `ms`, in whatever state it is then, the dial is aborted. */
static void abort_after(struct http_target *target, uint64_t ms, struct heard *heard)
{
    struct bench bench;
    bench_begin(&bench, NULL, 0);
    dial(&bench, target, heard);
    if (ms > 0) bench_run_ms(&bench, ms);
    assert_int_equal(heard->closed, 0);
    uint64_t start = clock_mono_ns();
    ws_abort(heard->conn);
    assert_int_equal(heard->closed, 0);
    bench_run(&bench, &heard->closed, 1);
    assert_true(clock_mono_ns() - start < 500 * (uint64_t)NS_PER_MS);
    assert_true(heard->end.by_us);
    assert_int_equal(heard->end.os_error, 0);
    bench_end(&bench);
}

static void test_abort_in_every_state(void **state)
{
    (void)state;
    struct hand_server server;
    hand_begin(&server, hang, 2);
    struct http_target target = plain_target(server.port);
    struct heard upgrading = {0}, shaking = {0}, connecting = {0}, resolving = {0}, waiting = {0};
    abort_after(&target, 60, &upgrading);
    assert_int_equal(upgrading.end.steps_done, 2);
    target.tls = true;
    abort_after(&target, 60, &shaking);
    assert_int_equal(shaking.end.steps_done, 1);
    assert_false(shaking.end.tls_failed);
    hand_end(&server);
    abort_after(&target, 0, &waiting);
    assert_int_equal(waiting.end.steps_done, 0);
    target.address = NULL;
    target.host = "nonexistent.invalid";
    abort_after(&target, 0, &resolving);
    assert_int_equal(resolving.end.steps_done, 0);

    /* A listener whose queue is full answers no SYN: the connection stays under way. */
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(where);
    int fd = socket(AF_INET, SOCK_STREAM, 0), fillers[4];
    assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&where, size);
    }
    usleep(20000);
    target = plain_target(ntohs(where.sin_port));
    abort_after(&target, 60, &connecting);
    assert_int_equal(connecting.end.steps_done, 0); /* not connected, and not reported as such */
    for (int i = 0; i < 4; i++) (void)close(fillers[i]);
    (void)close(fd);
}

static uint16_t unused_port(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(where);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    (void)close(fd);
    return ntohs(where.sin_port);
}

static void test_refused_and_unreachable(void **state)
{
    (void)state;
    struct http_target target = plain_target(unused_port());
    struct heard refused = {0}, unreachable = {0}, unknown = {0};
    wait_closed(&target, &refused);
    assert_int_equal(refused.end.os_error, ECONNREFUSED);
    assert_int_equal(refused.end.steps_done, 0);
    assert_int_equal(refused.end.local_error, 0);
    target.address = "255.255.255.255"; /* connect() fails at once */
    wait_closed(&target, &unreachable);
    assert_int_not_equal(unreachable.end.os_error, 0);
    assert_int_equal(unreachable.end.steps_done, 0);
    target.address = NULL;
    target.host = "nonexistent.invalid";
    wait_closed(&target, &unknown);
    assert_int_not_equal(unknown.end.resolve_error, 0);
    assert_int_equal(unknown.end.os_error, 0);
    assert_int_equal(unknown.end.steps_done, 0);
}

static void say_yes(int fd)
{
    if (upgrade(fd, "")) say_frame(fd, 0x88, "\x03\xe8", 2);
    wait_for_end(fd);
}

static void test_a_name_is_resolved_and_the_next_address_tried(void **state)
{
    (void)state;
    struct hand_server server;
    struct heard heard = {0};
    hand_begin(&server, say_yes, 1);
    struct http_target target = plain_target(server.port);
    target.address = NULL;
    target.host = "localhost"; /* usually ::1 first, where nobody listens */
    wait_closed(&target, &heard);
    assert_int_equal(heard.opened, 1);
    assert_int_equal(heard.step_count, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(heard.steps[i], i);
    for (int i = 1; i < 4; i++) assert_true(heard.step_at[i] >= heard.step_at[i - 1]);
    assert_int_equal(heard.end.os_error, 0);
    assert_string_equal(heard.detail, "");
    hand_end(&server);
}

static void test_no_file_descriptor_is_our_own_fault(void **state)
{
    (void)state;
    struct bench bench;
    struct heard heard = {0};
    struct rlimit limit, none;
    bench_begin(&bench, NULL, 0);
    struct http_target target = plain_target(unused_port());
    dial(&bench, &target, &heard);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bench_run(&bench, &heard.closed, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(heard.end.local_error, EMFILE);
    assert_int_equal(heard.end.os_error, 0);
    bench_end(&bench);
}

static void test_wrong_targets_start_nothing(void **state)
{
    (void)state;
    struct bench bench;
    struct heard heard = {0};
    const struct http_header breaks[] = {{"x-a", "fine"}, {"x-b", "two\r\nlines: 1"}};
    struct http_target good = plain_target(443), cases[8];
    for (size_t i = 0; i < 8; i++) cases[i] = good;
    cases[0].headers = breaks;
    cases[0].header_count = 2;
    cases[1].target = "no-slash";
    cases[2].host = "";
    cases[3].address = "localhost";
    cases[3].address_port = 0;
    cases[4].port = 0;
    cases[5].proxy = "http://nobody";
    cases[6].proxy = "http://host:99999";
    cases[7].tls = true;
    cases[7].terms.ca_file = "never-announced.pem";
    bench_begin(&bench, NULL, 0);
    for (size_t i = 0; i < 8; i++) {
        struct error err = {0};
        struct ws_conn *conn = NULL;
        assert_int_not_equal(ws_connect(bench.client, &cases[i], &heard, &conn, &err), ERR_OK);
        assert_true(strlen(err.text) > 10);
    }
    bench_end(&bench);
    assert_int_equal(heard.closed + heard.step_count, 0);
}

static void test_the_environment_is_ignored(void **state)
{
    (void)state;
    struct heard heard = {0};
    char proxy[64];
    (void)snprintf(proxy, sizeof(proxy), "127.0.0.1:%u", unused_port());
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    run_one(say_yes, &heard);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(heard.opened, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_answers_are_violations),
        cmocka_unit_test(test_ends_before_the_answer),
        cmocka_unit_test(test_abort_in_every_state),
        cmocka_unit_test(test_refused_and_unreachable),
        cmocka_unit_test(test_a_name_is_resolved_and_the_next_address_tried),
        cmocka_unit_test(test_no_file_descriptor_is_our_own_fault),
        cmocka_unit_test(test_wrong_targets_start_nothing),
        cmocka_unit_test(test_the_environment_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
