#include "profile/command.h"

#include "base/clock.h"
#include "profile/command_kin.h"
#include "profile/command_said.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_MS 100

/* For its last words, once the shell itself has ended. */
#define AFTERWARDS_NS NS_PER_S

struct command {
    pid_t child;    /* and the number of its group */
    int output;     /* -1: closed by the other side */
    int complaints; /* likewise */
    char *out;
    size_t size, length;
    struct said *said;
    struct command_kin kin;
    uint64_t begun_ns, ended_ns; /* when the shell was seen to have ended; 0: not yet */
};

enum ending { ENDED, TOO_LONG, STOPPED, TOO_MUCH, LEFT_OTHERS, WANTS_TERMINAL };

/* ---- starting ---- */

static int set_streams(posix_spawn_file_actions_t *actions, int output, int complaints)
{
    int status = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (status == 0) status = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (status == 0) status = posix_spawn_file_actions_adddup2(actions, complaints, STDERR_FILENO);
    return status;
}

/* Starts the shell with default signal handling. Returns 0 or an errno. */
static int start(const char *text, int output, int complaints, struct command *command)
{
    char shell[] = "sh", option[] = "-c";
    char *words[] = {shell, option, (char *)(uintptr_t)text,
                     NULL}; /* exec promises not to write to them */
    sigset_t none, defaults;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)sigaddset(&defaults, SIGXFSZ);
    int status = posix_spawn_file_actions_init(&actions);
    if (status != 0) return status;
    status = posix_spawnattr_init(&attributes);
    if (status == 0) {
        (void)posix_spawnattr_setsigmask(&attributes, &none);
        (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
        (void)posix_spawnattr_setpgroup(&attributes, 0);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                        POSIX_SPAWN_SETPGROUP);
        status = set_streams(&actions, output, complaints);
        if (status == 0)
            status = posix_spawn(&command->child, "/bin/sh", &actions, &attributes, words,
                                 command->kin.environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return status;
}

/* ---- reading ---- */

static void close_end(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* False if it prints more than a token. */
static bool read_output(struct command *command)
{
    char more;
    const bool full = command->length == command->size;
    const ssize_t got = read(command->output, full ? &more : command->out + command->length,
                             full ? 1 : command->size - command->length);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) {
        close_end(&command->output);
        return true;
    }
    if (full) return false;
    command->length += (size_t)got;
    return true;
}

/* How it stands with the shell, without releasing its number: its group may still be in use. */
static bool look_at_child(struct command *command, uint64_t now_ns)
{
    siginfo_t info = {0};
    const int kinds = WEXITED | WSTOPPED | WNOHANG | WNOWAIT;
    if (waitid(P_PID, (id_t)command->child, &info, kinds) != 0 || info.si_pid == 0) return true;
    if (info.si_code == CLD_STOPPED) return false;
    if (command->ended_ns == 0) command->ended_ns = now_ns;
    return true;
}

/* Whoever presses Ctrl-C does not reach the other group: it is ended first, and then we are. */
static bool is_ending_us(void)
{
    sigset_t waiting;
    return sigpending(&waiting) == 0 &&
           (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
            sigismember(&waiting, SIGHUP) == 1);
}

static enum ending read_all(struct command *command, int64_t limit_ns, const atomic_bool *stop)
{
    while (command->output >= 0 || command->complaints >= 0 || command->ended_ns == 0) {
        struct pollfd wait[] = {{.fd = command->output, .events = POLLIN},
                                {.fd = command->complaints, .events = POLLIN}};
        const int ready = poll(wait, 2, LOOK_EVERY_MS);
        const uint64_t now_ns = clock_mono_ns();
        if ((stop != NULL && atomic_load(stop)) || is_ending_us()) return STOPPED;
        if (!look_at_child(command, now_ns)) return WANTS_TERMINAL;
        if (now_ns - command->begun_ns >= (uint64_t)limit_ns) return TOO_LONG;
        if (ready > 0 && wait[0].revents != 0 && !read_output(command)) return TOO_MUCH;
        if (ready > 0 && wait[1].revents != 0 && !said_read(command->said, command->complaints))
            close_end(&command->complaints);
        if (command->ended_ns == 0 || now_ns - command->ended_ns < (uint64_t)AFTERWARDS_NS)
            continue;
        if (command->output >= 0) return LEFT_OTHERS;
        break; /* only the complaints are held open */
    }
    command->out[command->length] = '\0';
    return memchr(command->out, '\0', command->length) == NULL ? ENDED : TOO_MUCH;
}

/* ---- judging ---- */

static enum err_code judge_status(int status, struct error *err)
{
    if (WIFSIGNALED(status))
        return error_set(err, ERR_PROFILE, "the command was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == 127) {
        return error_set(
            err, ERR_PROFILE,
            "the command was not found (status 127): install it, or write its whole path");
    }
    if (WEXITSTATUS(status) == 0) return ERR_OK;
    return error_set(err, ERR_PROFILE,
                     "the command failed with status %d: run it by hand and see what it says",
                     WEXITSTATUS(status));
}

static enum err_code judge(enum ending ending, int status, int64_t limit_ns, struct error *err)
{
    switch (ending) {
    case ENDED:
        return judge_status(status, err);
    case TOO_LONG:
        return error_set(err, ERR_PROFILE,
                         "the command took longer than %lld s and was ended, with all that it had "
                         "started: it must print a token without asking anything",
                         (long long)(limit_ns / NS_PER_S));
    case STOPPED:
        return error_set(err, ERR_PROFILE, "the command was ended since the run is over");
    case TOO_MUCH:
        return error_set(
            err, ERR_PROFILE,
            "the command prints a NUL byte or more than 64 KiB: it should print the token alone");
    case LEFT_OTHERS:
        return error_set(err, ERR_PROFILE,
                         "the command ended, but left a process behind that held its output and "
                         "was ended: let that one write to /dev/null");
    case WANTS_TERMINAL:
        return error_set(err, ERR_PROFILE,
                         "the command wanted to read from the terminal and was ended: sign in "
                         "before, it must print a token without asking anything");
    }
    return ERR_INTERNAL;
}

/* ---- one command ---- */

/* Ends the group and takes the shell's status. A command that has done its work may leave a daemon
 * behind on purpose, such as an agent that holds a passphrase. */
static int end(const struct command *command, enum ending ending, int *status)
{
    (void)kill(-command->child, SIGKILL);
    if (ending != ENDED) command_kin_end(&command->kin);
    while (waitpid(command->child, status, 0) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

static enum err_code run(struct command *command, const char *text, int64_t limit_ns,
                         const atomic_bool *stop, struct error *err)
{
    int output[2] = {-1, -1}, complaints[2] = {-1, -1};
    int failed = pipe2(output, O_CLOEXEC) != 0 || pipe2(complaints, O_CLOEXEC) != 0 ? errno : 0;
    if (failed == 0) failed = start(text, output[1], complaints[1], command);
    close_end(&output[1]);
    close_end(&complaints[1]);
    command->output = output[0];
    command->complaints = complaints[0];
    enum err_code code = ERR_OK;
    if (failed != 0) {
        code =
            error_set(err, ERR_PROFILE, "the command could not be started: %s", strerror(failed));
    } else {
        const enum ending ending = read_all(command, limit_ns, stop);
        int status = 0;
        const int lost = end(command, ending, &status);
        code = lost == 0 ? judge(ending, status, limit_ns, err)
                         : error_set(err, ERR_PROFILE, "the command's end could not be awaited: %s",
                                     strerror(lost));
    }
    close_end(&command->output);
    close_end(&command->complaints);
    return code;
}

enum err_code command_read(const char *command, int64_t limit_ns, const atomic_bool *stop,
                           char *out, size_t size, struct error *err)
{
    struct command running = {.out = out, .size = size, .begun_ns = clock_mono_ns()};
    sigset_t held, before;
    running.said = said_new();
    if (running.said == NULL) return error_set(err, ERR_NOMEM, "no memory for a command's words");
    command_kin_init(&running.kin);
    if (running.kin.environment == NULL) {
        said_free(running.said);
        return error_set(err, ERR_NOMEM, "no memory to start a command");
    }
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &held, &before);
    const enum err_code code = run(&running, command, limit_ns, stop, err);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    out[running.length] = '\0';
    said_show(running.said, out);
    said_free(running.said);
    command_kin_free(&running.kin);
    return code;
}
