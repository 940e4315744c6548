/* What the sessions of a process may hold together: unfinished messages, sockets. */
#include "net/budget.h"
#include "test_net_client_fixture.h"

#include <errno.h>

#define SESSIONS 40
#define ANNOUNCED ((size_t)15 * 1024 * 1024)

/* All of a message of 15 MiB but its last byte. */
static void say_unfinished(int fd)
{
    static const char block[65536];
    unsigned char head[10] = {0x81, 127};
    for (int i = 0; i < 8; i++) head[2 + i] = (unsigned char)(ANNOUNCED >> (56 - 8 * i));
    say(fd, head, sizeof head);
    for (size_t left = ANNOUNCED - 1; left > 0;) {
        const size_t piece = left < sizeof block ? left : sizeof block;
        if (send(fd, block, piece, MSG_NOSIGNAL) != (ssize_t)piece) return;
        left -= piece;
    }
}

static void *serve_all(void *argument)
{
    const struct hand_server *server = argument;
    int fds[SESSIONS + 1];
    for (int i = 0; i <= SESSIONS; i++) {
        fds[i] = accept(server->fd, NULL, NULL);
        if (!upgrade(fds[i], "")) continue;
        if (i < SESSIONS) {
            say_unfinished(fds[i]);
        } else {
            static char usual[60000];
            memset(usual, 'a', sizeof usual);
            say_frame(fds[i], 0x01, usual, sizeof usual);
            say_frame(fds[i], 0x80, usual, 4000);
            wait_for_end(fds[i]);
        }
    }
    for (int i = 0; i <= SESSIONS; i++) (void)close(fds[i]);
    return NULL;
}

static void begin(struct hand_server *server)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&where, &size), 0);
    server->port = ntohs(where.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve_all, server), 0);
}

static long resident_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    assert_non_null(status);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) kib = strtol(line + 6, NULL, 10);
    }
    (void)fclose(status);
    return kib;
}

static int closed_of(const struct heard *heard, int count)
{
    int closed = 0;
    for (int i = 0; i < count; i++) closed += heard[i].closed;
    return closed;
}

static void test_unfinished_messages_have_a_budget(void **state)
{
    (void)state;
    static struct heard heard[SESSIONS + 1];
    struct hand_server server;
    struct bench bench;
    const int fit = (int)(BUDGET_MESSAGES / ANNOUNCED);
    begin(&server);
    bench_begin(&bench, NULL, 0);
    const long before = resident_kib();
    long most = 0;
    struct http_target target = plain_target(server.port);
    for (int i = 0; i < SESSIONS; i++) {
        dial(&bench, &target, &heard[i]);
        bench_run(&bench, &heard[i].opened, 1);
    }
    while (closed_of(heard, SESSIONS) < SESSIONS - fit) {
        uv_run(&bench.loop, UV_RUN_ONCE);
        if (resident_kib() > most) most = resident_kib();
    }
    for (int i = 0; i < SESSIONS; i++) {
        if (heard[i].closed == 0) continue;
        assert_int_equal(heard[i].end.local_error, EMSGSIZE);
        assert_false(heard[i].end.protocol_violation);
        assert_non_null(strstr(heard[i].detail, "256 MiB, which is our own limit"));
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they keep what is freed */
    assert_true((size_t)(most - before) * 1024 < BUDGET_MESSAGES + ((size_t)48 << 20));
#else
    (void)before;
#endif
    /* a usual message needs nothing of the budget, and all is given back */
    dial(&bench, &target, &heard[SESSIONS]);
    bench_run(&bench, &heard[SESSIONS].messages, 1);
    assert_int_equal(heard[SESSIONS].last_length, 64000);
    bench_end(&bench);
    assert_true(budget_take_message(BUDGET_MESSAGES));
    assert_false(budget_take_message(1));
    budget_return_message(BUDGET_MESSAGES);
    hand_end(&server);
}

static void hold(int fd)
{
    if (upgrade(fd, "")) wait_for_end(fd);
}

static void test_sockets_have_a_budget(void **state)
{
    (void)state;
    struct hand_server server;
    struct bench bench;
    struct heard first = {0}, second = {0}, third = {0};
    hand_begin(&server, hold, 2);
    bench_begin(&bench, NULL, 0);
    budget_set_sockets(1);
    struct http_target target = plain_target(server.port);
    dial(&bench, &target, &first);
    bench_run(&bench, &first.opened, 1);
    dial(&bench, &target, &second);
    bench_run(&bench, &second.closed, 1);
    assert_int_equal(second.end.local_error, EMFILE);
    assert_non_null(strstr(second.detail, "meant for sessions"));
    ws_abort(first.conn);
    bench_run(&bench, &first.closed, 1);
    dial(&bench, &target, &third);
    bench_run(&bench, &third.opened, 1);
    budget_set_sockets(UINT64_MAX);
    bench_end(&bench);
    hand_end(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unfinished_messages_have_a_budget),
        cmocka_unit_test(test_sockets_have_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
