#include "profile/command.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_MS 100

/* Starts the shell with our standard input and error, and default signal handling. Returns 0 or an
 * errno. */
static int start(const char *command, int output, pid_t *child)
{
    char shell[] = "sh", option[] = "-c";
    char *words[] = {shell, option, (char *)(uintptr_t)command,
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
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        status = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (status == 0)
            status = posix_spawn(child, "/bin/sh", &actions, &attributes, words, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return status;
}

enum ending { ENDED, TOO_LONG, STOPPED, TOO_MUCH };

/* Reads until the command closes its output, or must be killed. */
static enum ending read_all(int input, int64_t limit_ns, const atomic_bool *stop, char *out,
                            size_t size)
{
    const uint64_t begin_ns = clock_mono_ns();
    size_t length = 0;
    for (;;) {
        struct pollfd wait = {.fd = input, .events = POLLIN};
        if (stop != NULL && atomic_load(stop)) return STOPPED;
        if (limit_ns > 0 && clock_mono_ns() - begin_ns >= (uint64_t)limit_ns) return TOO_LONG;
        if (poll(&wait, 1, LOOK_EVERY_MS) <= 0) continue;
        char more;
        const bool full = length == size;
        ssize_t got = read(input, full ? &more : out + length, full ? 1 : size - length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (full) return TOO_MUCH;
        length += (size_t)got;
    }
    out[length] = '\0';
    return memchr(out, '\0', length) == NULL ? ENDED : TOO_MUCH;
}

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
        return error_set(err, ERR_PROFILE, "the command took longer than %lld s and was ended",
                         (long long)(limit_ns / NS_PER_S));
    case STOPPED:
        return error_set(err, ERR_PROFILE, "the command was ended since the run is over");
    case TOO_MUCH:
        return error_set(
            err, ERR_PROFILE,
            "the command prints a NUL byte or more than 64 KiB: it should print the token alone");
    }
    return ERR_INTERNAL;
}

enum err_code command_read(const char *command, int64_t limit_ns, const atomic_bool *stop,
                           char *out, size_t size, struct error *err)
{
    int ends[2];
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, ERR_PROFILE, "the command could not be started: %s", strerror(errno));
    int failed = start(command, ends[1], &child);
    (void)close(ends[1]);
    if (failed != 0) {
        (void)close(ends[0]);
        return error_set(err, ERR_PROFILE, "the command could not be started: %s",
                         strerror(failed));
    }
    enum ending ending = read_all(ends[0], limit_ns, stop, out, size);
    (void)close(ends[0]);
    if (ending != ENDED) (void)kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno == EINTR) continue;
        return error_set(err, ERR_PROFILE, "the command's end could not be awaited: %s",
                         strerror(errno));
    }
    return judge(ending, status, limit_ns, err);
}
