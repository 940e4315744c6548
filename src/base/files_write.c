#include "base/files.h"
#include "base/files_private.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NEW_FILE_MODE 0644

/* For someone to open the other end of a pipe. */
#define READER_WAIT_MS 5000
#define LOOK_EVERY_MS 10

#define TEMPORARY_SIZE 40
#define TEMPORARY_TRIES 100

bool file_put(int fd, const char *bytes, size_t length, size_t *done)
{
    *done = 0;
    while (*done < length) {
        const ssize_t written = write(fd, bytes + *done, length - *done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        *done += (size_t)written;
    }
    return true;
}

/* ---- replacing a regular file ---- */

/* One file to be replaced: its folder (or AT_FDCWD), its name there, and how it is called in
 * messages. */
struct replacing {
    int folder;
    const char *name, *shown;
    const struct stat *old; /* NULL: there is none */
    mode_t mode;            /* of a new file */
    bool exact;             /* whatever the umask */
    bool only_new;
};

static int make_temporary(int folder, char name[TEMPORARY_SIZE], mode_t mode)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) return -1;
        (void)snprintf(name, TEMPORARY_SIZE, ".rushhour-%016" PRIx64 ".tmp", random);
        const int fd =
            openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

/* Some file systems have no modes of their own. */
static bool set_mode(int fd, mode_t mode)
{
    return fchmod(fd, mode) == 0 || errno == EPERM || errno == ENOTSUP || errno == ENOSYS;
}

/* As the file that it takes the place of; only root can give it to another owner. */
static bool dress(const struct replacing *to, int fd)
{
    if (to->old == NULL) return !to->exact || set_mode(fd, to->mode);
    struct stat now;
    if (fstat(fd, &now) != 0) return false;
    if (now.st_uid != to->old->st_uid || now.st_gid != to->old->st_gid)
        (void)!fchown(fd, to->old->st_uid, to->old->st_gid);
    return set_mode(fd, to->old->st_mode & 07777);
}

/* Gives the finished file its name. Not every file system knows the call that refuses a taken
 * one; a second link does so as well. */
static bool give_name(const struct replacing *to, const char *temporary)
{
    if (!to->only_new) return renameat(to->folder, temporary, to->folder, to->name) == 0;
    if (renameat2(to->folder, temporary, to->folder, to->name, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    if (linkat(to->folder, temporary, to->folder, to->name, 0) != 0) return false;
    (void)unlinkat(to->folder, temporary, 0);
    return true;
}

static enum err_code replace(const struct replacing *to, const char *bytes, size_t length,
                             struct error *err)
{
    char temporary[TEMPORARY_SIZE];
    size_t done;
    const mode_t first = to->old != NULL ? 0600 : to->mode;
    const int fd = make_temporary(to->folder, temporary, first);
    if (fd < 0) return file_error(err, to->shown, "create");
    enum err_code code = ERR_OK;
    if (!dress(to, fd) || !file_put(fd, bytes, length, &done) || fsync(fd) != 0)
        code = file_error(err, to->shown, "write");
    if (close(fd) != 0 && code == ERR_OK) code = file_error(err, to->shown, "write");
    if (code == ERR_OK && !give_name(to, temporary)) code = file_error(err, to->shown, "replace");
    const int reason = errno;
    if (code != ERR_OK) (void)unlinkat(to->folder, temporary, 0);
    if (code == ERR_OK && to->folder >= 0) (void)fsync(to->folder); /* the name is on disk too */
    errno = reason;
    return code;
}

static char *join(const struct folder *folder, const char *name)
{
    struct text path = {0};
    text_printf(&path, "%s/%s", folder->path, name);
    return text_take(&path);
}

static enum err_code replace_in(const struct folder *folder, const char *name, mode_t mode,
                                const char *bytes, size_t length, bool only_new, struct error *err)
{
    struct stat old;
    char *shown = join(folder, name);
    if (shown == NULL) return error_set(err, ERR_NOMEM, "%s: no memory to write it", name);
    struct replacing to = {.folder = folder->fd,
                           .name = name,
                           .shown = shown,
                           .mode = mode,
                           .exact = true,
                           .only_new = only_new};
    enum err_code code = ERR_OK;
    if (!only_new && fstatat(folder->fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
        to.old = &old;
        if (!S_ISREG(old.st_mode))
            code = error_set(err, ERR_IO, "%s: is %s, not a file of ours: it stays as it is", shown,
                             file_kind_name(old.st_mode));
    }
    if (code == ERR_OK) code = replace(&to, bytes, length, err);
    free(shown);
    return code;
}

enum err_code file_replace(const struct folder *folder, const char *name, mode_t mode,
                           const char *bytes, size_t length, struct error *err)
{
    return replace_in(folder, name, mode, bytes, length, false, err);
}

enum err_code file_put_new(const struct folder *folder, const char *name, mode_t mode,
                           const char *bytes, size_t length, struct error *err)
{
    return replace_in(folder, name, mode, bytes, length, true, err);
}

/* ---- writing into what stands there ---- */

/* A pipe that nobody reads yet cannot be opened without waiting. */
static int open_existing(const char *path, int flags)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    int fd = -1;
    for (int waited = 0; waited <= READER_WAIT_MS; waited += LOOK_EVERY_MS) {
        fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, NEW_FILE_MODE);
        if (fd >= 0 || errno != ENXIO) break;
        (void)nanosleep(&pause, NULL);
    }
    if (fd >= 0) (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

static enum err_code open_special(const char *path, int flags, int *fd, struct error *err)
{
    const int own = file_own_descriptor(path);
    struct stat status;
    *fd = own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 0) : open_existing(path, O_WRONLY | flags);
    if (*fd < 0 && errno == ENXIO)
        return error_set(err, ERR_IO, "%s: is a pipe or device that nobody has read for %d s", path,
                         READER_WAIT_MS / 1000);
    if (*fd < 0) return file_error(err, path, "open");
    /* A stream of ours may be a file that others append to: only what was opened here is
     * emptied. */
    if (own >= 0 || fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode)) return ERR_OK;
    return ftruncate(*fd, 0) == 0 ? ERR_OK : file_error(err, path, "empty");
}

static enum err_code write_into(const char *path, int flags, const char *bytes, size_t length,
                                struct error *err)
{
    int fd;
    size_t done;
    enum err_code code = open_special(path, flags, &fd, err);
    if (code == ERR_OK && !file_put(fd, bytes, length, &done))
        code = file_error(err, path, "write");
    /* pipes and many devices cannot be synced */
    if (code == ERR_OK && fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        code = file_error(err, path, "write");
    if (fd >= 0 && close(fd) != 0 && code == ERR_OK) code = file_error(err, path, "write");
    return code;
}

/* Opens the folder of a path; *name is the rest. */
static int open_parent(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash == NULL ? path : slash + 1;
    if (slash == NULL) return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (parent == NULL) return -1;
    const int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(parent);
    return fd;
}

/* Whether the folder, not the file, forbids a replacement: a file mounted into a container, a
 * folder without write permission. */
static bool is_of_the_folder(int reason)
{
    return reason == EBUSY || reason == EACCES || reason == EPERM || reason == EROFS;
}

static enum err_code replace_at(const char *path, const struct stat *old, const char *bytes,
                                size_t length, struct error *err)
{
    struct replacing to = {.shown = path, .old = old, .mode = NEW_FILE_MODE};
    to.folder = open_parent(path, &to.name);
    if (to.folder < 0) return file_error(err, path, "create");
    enum err_code code = replace(&to, bytes, length, err);
    const int reason = errno;
    (void)close(to.folder);
    if (code == ERR_OK || old == NULL || !is_of_the_folder(reason)) return code;
    return write_into(path, 0, bytes, length, err);
}

enum err_code file_write(const char *path, const char *bytes, size_t length, struct error *err)
{
    struct stat status;
    if (memory_ran_out()) return error_set(err, ERR_NOMEM, "%s: no memory to write it", path);
    if (file_own_descriptor(path) >= 0) return write_into(path, 0, bytes, length, err);
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? replace_at(path, NULL, bytes, length, err)
                               : file_error(err, path, "create");
    if (S_ISDIR(status.st_mode))
        return error_set(err, ERR_IO, "%s: is a folder: name a file", path);
    if (S_ISREG(status.st_mode)) return replace_at(path, &status, bytes, length, err);
    /* the file that a link leads to may not exist yet */
    return write_into(path, S_ISLNK(status.st_mode) ? O_CREAT : 0, bytes, length, err);
}

/* ---- new files ---- */

enum err_code file_create(const struct folder *folder, const char *name, mode_t mode, int *fd,
                          struct error *err)
{
    *fd = openat(folder->fd, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 mode);
    if (*fd >= 0 && set_mode(*fd, mode)) return ERR_OK;
    if (*fd >= 0) {
        (void)close(*fd);
        (void)unlinkat(folder->fd, name, 0);
        *fd = -1;
    }
    char *shown = join(folder, name);
    enum err_code code = file_error(err, shown != NULL ? shown : name, "create");
    free(shown);
    return code;
}

enum err_code file_create_at(const char *path, int *fd, struct error *err)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, NEW_FILE_MODE);
    return *fd >= 0 ? ERR_OK : file_error(err, path, "create");
}

enum err_code file_create_stream(const char *path, FILE **out, struct error *err)
{
    int fd;
    *out = NULL;
    enum err_code code = file_create_at(path, &fd, err);
    if (code != ERR_OK) return code;
    *out = fdopen(fd, "wb");
    if (*out != NULL) return ERR_OK;
    (void)close(fd);
    return error_set(err, ERR_NOMEM, "%s: no memory to write it", path);
}

enum err_code file_open_output(const char *path, int *fd, struct error *err)
{
    return open_special(path, O_CREAT, fd, err);
}

int file_open_in(const struct folder *folder, const char *name)
{
    struct stat status;
    const int fd =
        openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return -1;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return fd;
    (void)close(fd);
    errno = EINVAL;
    return -1;
}

bool file_rename(const struct folder *folder, const char *from, const char *to)
{
    const struct replacing renaming = {.folder = folder->fd, .name = to, .only_new = true};
    return give_name(&renaming, from);
}

int file_unnamed(const struct folder *folder)
{
    char name[TEMPORARY_SIZE];
    const int fd = make_temporary(folder->fd, name, 0600);
    if (fd >= 0) (void)unlinkat(folder->fd, name, 0);
    return fd;
}

enum err_code file_move(const char *from, const char *to, struct error *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return ERR_OK;
    struct stat status;
    const bool unknown = errno == EINVAL || errno == ENOSYS;
    if (unknown && lstat(to, &status) == 0)
        errno = EEXIST;
    else if (unknown && rename(from, to) == 0)
        return ERR_OK;
    return file_error(err, to, "put it there");
}
