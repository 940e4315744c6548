/* Signals as events: each with its reason, once per signal, and the default action before and
 * after. */
#include "cli/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
    unsigned count;
    const char *last;
    bool kill_follows;
};

static void on_signal(void *user, const char *reason, bool kill_follows)
{
    struct heard *heard = user;
    heard->count++;
    heard->last = reason;
    heard->kill_follows = kill_follows;
}

static void on_work(uv_timer_t *timer)
{
    (void)timer;
}

/* Opens, raises the signal this many times, serving the loop each time, and closes. */
static struct heard heard_of(int number, unsigned times)
{
    struct heard heard = {0};
    struct signals signals = {0};
    struct error err = {0};
    uv_loop_t loop;
    uv_timer_t work; /* what keeps the loop running, as a run does */
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_timer_init(&loop, &work), 0);
    assert_int_equal(uv_timer_start(&work, on_work, 1, 1), 0);
    assert_int_equal(signals_open(&signals, &loop, on_signal, &heard, &err), ERR_OK);
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(raise(number), 0);
        for (unsigned spin = 0; heard.count == i && spin < 1000; spin++)
            (void)uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&work, NULL);
    signals_close(&signals);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0); /* so nothing was left open */
    return heard;
}

static void each_signal_has_its_reason(void **state)
{
    static const struct {
        int number;
        const char *reason;
        bool kill_follows;
    } rows[] = {{SIGINT, "Ctrl-C", false},
                {SIGTERM, "SIGTERM", true},
                {SIGHUP, "the terminal was closed", true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard heard = heard_of(rows[i].number, 1);
        assert_int_equal(heard.count, 1);
        assert_string_equal(heard.last, rows[i].reason);
        assert_int_equal(heard.kill_follows, rows[i].kill_follows);
    }
}

/* The second Ctrl-C of an impatient user is reported as well. */
static void every_one_of_them_is_told(void **state)
{
    (void)state;
    assert_int_equal(heard_of(SIGINT, 3).count, 3);
}

static void they_do_not_keep_a_loop_running(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct signals signals = {0};
    struct error err = {0};
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(signals_open(&signals, &loop, on_signal, &heard, &err), ERR_OK);
    (void)alarm(20); /* otherwise a loop kept alive by signals would never end */
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    (void)alarm(0);
    signals_close(&signals);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* How a child ends that raises SIGTERM, with or without having opened and closed before. */
static int end_of_child(bool opened)
{
    pid_t child = fork();
    if (child == 0) {
        if (opened) (void)heard_of(SIGTERM, 1);
        (void)raise(SIGTERM);
        _exit(0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void without_a_listener_they_end_the_process(void **state)
{
    (void)state;
    int before = end_of_child(false);
    int after = end_of_child(true);
    assert_true(WIFSIGNALED(before) && WTERMSIG(before) == SIGTERM);
    assert_true(WIFSIGNALED(after) && WTERMSIG(after) == SIGTERM);
}

static void closing_what_was_not_opened(void **state)
{
    (void)state;
    struct signals signals = {0};
    signals_close(&signals); /* left by a command that failed before */
    assert_null(signals.handles[0].loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_listener_they_end_the_process),
        cmocka_unit_test(each_signal_has_its_reason),
        cmocka_unit_test(every_one_of_them_is_told),
        cmocka_unit_test(they_do_not_keep_a_loop_running),
        cmocka_unit_test(closing_what_was_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
