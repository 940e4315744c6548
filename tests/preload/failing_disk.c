/*
 * Put before a program with LD_PRELOAD: a disk that fails. From when the file FAIL_WHEN exists
 * until it is gone, the calls in FAIL_CALL (names with commas between) fail with FAIL_ERRNO: those
 * with a descriptor on regular files, those with a name if they make or rename one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool is_named(const char *list, const char *call)
{
    const size_t length = strlen(call);
    for (const char *at = list; (at = strstr(at, call)) != NULL; at += length) {
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0')) return true;
    }
    return false;
}

static bool fails(const char *call)
{
    const char *when = getenv("FAIL_WHEN"), *which = getenv("FAIL_CALL");
    if (when == NULL || which == NULL || !is_named(which, call) || access(when, F_OK) != 0)
        return false;
    errno = atoi(getenv("FAIL_ERRNO"));
    return true;
}

static bool fails_on(const char *call, int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && fails(call);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    return fails_on("write", fd) ? -1 : REAL(write)(fd, bytes, length);
}

int fdatasync(int fd)
{
    return fails_on("fdatasync", fd) ? -1 : REAL(fdatasync)(fd);
}

int fsync(int fd)
{
    return fails_on("fsync", fd) ? -1 : REAL(fsync)(fd);
}

int renameat(int from, const char *old, int to, const char *name)
{
    return fails("renameat") ? -1 : REAL(renameat)(from, old, to, name);
}

int renameat2(int from, const char *old, int to, const char *name, unsigned flags)
{
    return fails("renameat2") ? -1 : REAL(renameat2)(from, old, to, name, flags);
}

int openat(int folder, const char *name, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return (flags & O_CREAT) != 0 && fails("openat") ? -1 : REAL(openat)(folder, name, flags, mode);
}
