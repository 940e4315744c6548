/* The command that prints a token: bounded in time, ended as a whole, and its words without
 * secrets. */
#include "profile/command.h"

#include "base/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_NS (20 * NS_PER_S) /* not met, even on a busy machine */

static char folder[] = "/tmp/rushhour-command-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink("pid");
    (void)unlink("said");
    return chdir("/") != 0 || rmdir(folder) != 0;
}

/* Whether the process whose number a command wrote to "pid" still runs. */
static bool still_runs(void)
{
    char path[64], line[256] = "";
    int pid = 0;
    FILE *file = fopen("pid", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    (void)fclose(file);
    for (int i = 0; i < 200; i++) { /* a killed process takes a moment to end */
        (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
        file = fopen(path, "re");
        if (file == NULL) return false;
        const bool read = fgets(line, sizeof line, file) != NULL;
        (void)fclose(file);
        const char *state = read ? strrchr(line, ')') : NULL;
        if (state == NULL || state[2] == 'Z' || state[2] == 'X') return false;
        usleep(20000);
    }
    return true;
}

static void test_what_is_read(void **state)
{
    char out[65];
    struct error err = {0};
    (void)state;
    assert_int_equal(command_read("printf tok; cat; printf en", LIMIT_NS, NULL, out, 64, &err),
                     ERR_OK); /* nothing comes from standard input */
    assert_string_equal(out, "token");
}

static void test_it_ends_as_a_whole(void **state)
{
    static const struct {
        const char *command;
        int64_t limit_ns;
        const char *says;
    } cases[] = {
        {"echo $$ >pid; exec sleep 300", NS_PER_S / 2, "took longer than"},
        {"sleep 300 & echo $! >pid; wait", NS_PER_S / 2, "took longer than"},
        {"(trap '' TERM HUP; sleep 300) & echo $! >pid; sleep 300", NS_PER_S / 2,
         "took longer than"},
        {"sleep 300 & echo $! >pid; echo CANARY-token", LIMIT_NS, "left a process behind"},
        {"sleep 300 & echo $! >pid; head -c 70000 /dev/zero", LIMIT_NS, "more than 64 KiB"},
        {"echo $$ >pid; kill -STOP $$; echo CANARY-token", LIMIT_NS, "from the terminal"},
        /* in a session of its own, and without a parent */
        {"setsid sh -c 'echo $$ >new; mv new pid; exec sleep 300'", NS_PER_S / 2,
         "took longer than"},
        {"setsid -f sh -c 'echo $$ >new; mv new pid; exec sleep 300'; sleep 300", NS_PER_S / 2,
         "took longer than"},
        {"(setsid setsid -f sh -c 'trap \"\" TERM HUP; echo $$ >new; mv new pid; exec sleep 300' "
         ">/dev/null 2>&1 </dev/null &); sleep 300",
         NS_PER_S / 2, "took longer than"},
        {"setsid -f sh -c 'echo $$ >new; mv new pid; exec sleep 300'; while [ ! -e pid ]; do :; "
         "done; echo CANARY-token",
         LIMIT_NS, "left a process behind"},
        {"setsid -f sh -c 'echo $$ >new; mv new pid; exec sleep 300'; while [ ! -e pid ]; do :; "
         "done; head -c 70000 /dev/zero",
         LIMIT_NS, "more than 64 KiB"},
        /* what lets go of the output is no reason to refuse the token, and ends all the same */
        {"sleep 300 >/dev/null 2>&1 & echo $! >pid; echo CANARY-token", LIMIT_NS, NULL},
        {"sleep 300 >/dev/null & echo $! >pid; echo CANARY-token", LIMIT_NS, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char out[65537];
        struct error err = {0};
        (void)unlink("pid");
        const enum err_code code =
            command_read(cases[i].command, cases[i].limit_ns, NULL, out, sizeof out - 1, &err);
        if (cases[i].says == NULL) {
            assert_int_equal(code, ERR_OK);
            assert_string_equal(out, "CANARY-token\n");
        } else if (code != ERR_PROFILE || strstr(err.text, cases[i].says) == NULL) {
            fail_msg("%s: %d %s", cases[i].command, code, err.text);
        }
        assert_null(strstr(err.text, "CANARY"));
        if (still_runs()) fail_msg("%s: left behind", cases[i].command);
    }
}

static void test_it_ends_with_the_run(void **state)
{
    char out[65];
    struct error err = {0};
    atomic_bool stop = true;
    (void)state;
    assert_int_equal(command_read("sleep 300", LIMIT_NS, &stop, out, 64, &err), ERR_PROFILE);
    assert_non_null(strstr(err.text, "the run is over"));
}

/* A signal that ends us at its first word ends the command before. */
static void test_it_ends_with_us(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)unlink("pid");
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            char out[65];
            struct error err = {0};
            (void)!command_read("sleep 300 & echo $! >new; mv new pid; wait", LIMIT_NS, NULL, out,
                                64, &err);
            _exit(99);
        }
        for (int tries = 0; tries < 1000 && access("pid", F_OK) != 0; tries++) usleep(10000);
        int status = 0;
        assert_int_equal(kill(child, numbers[i]), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
        assert_false(still_runs());
    }
}

static void test_its_words_are_without_secrets(void **state)
{
    static const char command[] =
        "echo 'asking for a token' >&2;"
        "echo '> api-key: CANARY-named' >&2; echo 'Authorization: Bearer CANARY-bearer' >&2;"
        "echo \"+ curl -d $CANARY_CLIENT_SECRET\" >&2; echo 'got CANARY-printed-token' >&2;"
        "echo ' CANARY-printed-token'";
    char out[65], said[4096] = "";
    struct error err = {0};
    (void)state;
    const int file = open("said", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const int usual = dup(STDERR_FILENO);
    assert_true(file >= 0 && usual >= 0);
    assert_int_equal(setenv("CANARY_CLIENT_SECRET", "CANARY-of-the-environment", 1), 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    const enum err_code code = command_read(command, LIMIT_NS, NULL, out, 64, &err);
    assert_int_equal(dup2(usual, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(code, ERR_OK);
    assert_string_equal(out, " CANARY-printed-token\n");
    assert_true(pread(file, said, sizeof said - 1, 0) > 0);
    assert_non_null(strstr(said, "asking for a token\n"));
    assert_non_null(strstr(said, "got [redacted]\n"));
    assert_null(strstr(said, "CANARY-"));
    (void)close(file);
    (void)close(usual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_it_ends_as_a_whole),
        cmocka_unit_test(test_it_ends_with_the_run),
        cmocka_unit_test(test_it_ends_with_us),
        cmocka_unit_test(test_its_words_are_without_secrets),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
