#include "base/files.h"
#include "base/files_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a pipe may have nobody who writes into it, and how long it may be silent. */
#define WRITER_WAIT_MS 5000
#define SILENCE_MS 60000

enum err_code file_error(struct error *err, const char *path, const char *what)
{
    const int reason = errno;
    enum err_code code = error_set(err, ERR_IO, "%s: cannot %s: %s", path, what, strerror(reason));
    errno = reason;
    return code;
}

int file_own_descriptor(const char *path)
{
    static const char *const streams[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(path, streams[i]) == 0) return i;
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const size_t length = strlen(folders[i]);
        const char *digits = path + length;
        if (strncmp(path, folders[i], length) != 0) continue;
        if (*digits != '\0' && strlen(digits) < 8 && strspn(digits, "0123456789") == strlen(digits))
            return (int)strtol(digits, NULL, 10);
    }
    return -1;
}

const char *file_kind_name(mode_t mode)
{
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISLNK(mode)) return "a symbolic link";
    return S_ISREG(mode) ? "a regular file" : "a device";
}

/* ---- reading ---- */

static enum err_code check_kind(const char *path, mode_t mode, enum file_source source,
                                struct error *err)
{
    if (S_ISREG(mode)) return ERR_OK;
    if (source == FILE_GIVEN && (S_ISFIFO(mode) || S_ISSOCK(mode))) return ERR_OK;
    enum err_code code =
        error_set(err, ERR_IO, "%s: is %s, which is not read: name a regular file%s", path,
                  file_kind_name(mode), source == FILE_GIVEN ? " or a pipe" : "");
    errno = S_ISDIR(mode) ? EISDIR : EINVAL;
    return code;
}

static int open_input(const char *path, enum file_source source, struct stat *status,
                      struct error *err)
{
    const int own = file_own_descriptor(path);
    /* Looked at first: opening some devices has an effect. */
    if ((own >= 0 ? fstat(own, status) : stat(path, status)) != 0) {
        (void)file_error(err, path, "open");
        return -1;
    }
    if (check_kind(path, status->st_mode, source, err) != ERR_OK) return -1;
    const int fd = own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 0)
                            : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) (void)file_error(err, path, "open");
    return fd;
}

enum err_code file_open(const char *path, enum file_source source, int *fd, struct error *err)
{
    struct stat status;
    *fd = open_input(path, source, &status, err);
    if (*fd < 0) return ERR_IO;
    enum err_code code = fstat(*fd, &status) != 0 ? file_error(err, path, "open")
                                                  : check_kind(path, status.st_mode, source, err);
    if (code == ERR_OK) return ERR_OK;
    const int reason = errno;
    (void)close(*fd);
    *fd = -1;
    errno = reason;
    return code;
}

static enum err_code silent(struct error *err, const char *path, bool nobody)
{
    errno = ETIMEDOUT;
    if (nobody)
        return error_set(err, ERR_IO,
                         "%s: is a pipe that nobody has written into for %d s: start what writes "
                         "it first, or name a regular file",
                         path, WRITER_WAIT_MS / 1000);
    return error_set(err, ERR_IO, "%s: nothing has come from this pipe for %d s", path,
                     SILENCE_MS / 1000);
}

static int await(int fd, int limit_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&wait, 1, limit_ms);
    } while (ready < 0 && errno == EINTR);
    return ready;
}

static ssize_t read_some(int fd, char *out, size_t size)
{
    ssize_t got;
    do {
        got = read(fd, out, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

enum err_code file_get(int fd, const char *path, char *out, size_t size, size_t *got,
                       struct error *err)
{
    *got = 0;
    bool late = await(fd, WRITER_WAIT_MS) == 0;
    if (late && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0) {
        /* A pipe without a writer is at its end, one with a silent writer has nothing now. */
        const ssize_t count = read_some(fd, out, size);
        if (count == 0) return silent(err, path, true);
        if (count > 0) *got = (size_t)count;
        if (count > 0) return ERR_OK;
    }
    if (late && await(fd, SILENCE_MS - WRITER_WAIT_MS) == 0) return silent(err, path, false);
    const ssize_t count = read_some(fd, out, size);
    if (count < 0) return file_error(err, path, "read");
    *got = (size_t)count;
    return ERR_OK;
}

static enum err_code too_large(struct error *err, const char *path, size_t limit)
{
    errno = EFBIG;
    return error_set(err, ERR_IO, "%s: larger than %zu bytes, which is the most that is read", path,
                     limit);
}

static enum err_code read_whole(const char *path, enum file_source source, size_t limit,
                                struct text *out, struct error *err)
{
    int fd;
    char chunk[16384];
    size_t total = 0;
    size_t got = 1;
    struct stat status;
    enum err_code code = file_open(path, source, &fd, err);
    if (code != ERR_OK) return code;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > (off_t)limit)
        code = too_large(err, path, limit);
    while (code == ERR_OK && got > 0) {
        code = file_get(fd, path, chunk, sizeof chunk, &got, err);
        total += got;
        if (code == ERR_OK && total > limit) code = too_large(err, path, limit);
        if (code == ERR_OK) text_append(out, chunk, got);
    }
    const int reason = errno;
    (void)close(fd);
    errno = reason;
    if (code != ERR_OK) return code;
    if (out->failed) return error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
    return ERR_OK;
}

enum err_code file_read(const char *path, size_t limit, struct text *out, struct error *err)
{
    return read_whole(path, FILE_REGULAR, limit, out, err);
}

enum err_code file_read_given(const char *path, size_t limit, struct text *out, struct error *err)
{
    return read_whole(path, FILE_GIVEN, limit, out, err);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- standard streams ---- */

void files_keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
    }
}
