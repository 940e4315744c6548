#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_code io_error(struct error *err, const char *path, const char *what)
{
    return error_set(err, ERR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

enum err_code file_read(const char *path, size_t limit, struct text *out, struct error *err)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return io_error(err, path, "open");
    char chunk[16384];
    size_t total = 0;
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) {
        total += got;
        if (total > limit) break;
        text_append(out, chunk, got);
    }
    if (ferror(file)) {
        enum err_code code = io_error(err, path, "read"); /* before fclose can change errno */
        (void)fclose(file);
        return code;
    }
    (void)fclose(file);
    if (total > limit) {
        return error_set(err, ERR_IO, "%s: larger than %zu bytes, which is the most that is read",
                         path, limit);
    }
    if (out->failed) return error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
    return ERR_OK;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -1;
        bytes += written;
        length -= (size_t)written;
    }
    return fsync(fd);
}

enum err_code file_write(const char *path, const char *bytes, size_t length, struct error *err)
{
    struct text temporary = {0};
    text_printf(&temporary, "%s.tmp%ld", path, (long)getpid());
    if (temporary.failed) return error_set(err, ERR_NOMEM, "%s: no memory to write it", path);
    enum err_code code = ERR_OK;
    int fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        code = io_error(err, path, "create");
    } else {
        if (write_all(fd, bytes, length) != 0) code = io_error(err, path, "write");
        if (close(fd) != 0 && code == ERR_OK) code = io_error(err, path, "write");
        if (code == ERR_OK && rename(temporary.data, path) != 0)
            code = io_error(err, path, "replace");
        if (code != ERR_OK) (void)unlink(temporary.data);
    }
    text_free(&temporary);
    return code;
}

enum err_code folder_make(const char *path, struct error *err)
{
    if (path[0] == '\0') return error_set(err, ERR_IO, "cannot make a folder without a name");
    char *copy = strdup(path);
    if (copy == NULL) return error_set(err, ERR_NOMEM, "%s: no memory", path);
    enum err_code code = ERR_OK;
    for (char *slash = strchr(copy + 1, '/'); code == ERR_OK; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) *slash = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            code = io_error(err, copy, "make the folder");
        if (slash == NULL) break;
        *slash = '/';
    }
    struct stat status;
    if (code == ERR_OK && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))) {
        code = error_set(err, ERR_IO, "%s: is not a folder", path);
    }
    free(copy);
    return code;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *where)
{
    (void)status;
    (void)flag;
    (void)where;
    (void)remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
