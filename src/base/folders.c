#include "base/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err_code folder_open(const char *path, struct folder *out, struct error *err)
{
    *out = (struct folder){.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (out->fd < 0)
        return error_set(err, ERR_IO, "%s: cannot open the folder: %s", path, strerror(errno));
    out->path = strdup(path);
    if (out->path != NULL) return ERR_OK;
    folder_close(out);
    return error_set(err, ERR_NOMEM, "%s: no memory", path);
}

void folder_close(struct folder *folder)
{
    if (folder->fd >= 0) (void)close(folder->fd);
    free(folder->path);
    *folder = (struct folder){.fd = -1};
}

enum err_code folder_make_with(const char *path, mode_t mode, struct error *err)
{
    if (path[0] == '\0') return error_set(err, ERR_IO, "cannot make a folder without a name");
    char *copy = strdup(path);
    if (copy == NULL) return error_set(err, ERR_NOMEM, "%s: no memory", path);
    size_t length = strlen(copy);
    while (length > 1 && copy[length - 1] == '/') copy[--length] = '\0'; /* the last part is ours */
    enum err_code code = ERR_OK;
    for (char *slash = strchr(copy + 1, '/'); code == ERR_OK; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) *slash = '\0';
        if (mkdir(copy, slash == NULL ? mode : 0755) != 0 && errno != EEXIST)
            code = error_set(err, ERR_IO, "%s: cannot make the folder: %s", copy, strerror(errno));
        if (slash == NULL) break;
        *slash = '/';
    }
    struct stat status;
    if (code == ERR_OK && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)))
        code = error_set(err, ERR_IO, "%s: is not a folder", path);
    free(copy);
    return code;
}

enum err_code folder_make(const char *path, struct error *err)
{
    return folder_make_with(path, 0755, err);
}

enum err_code folder_make_temporary(struct text *path, struct error *err)
{
    const char *above = getenv("TMPDIR");
    struct text made = {0};
    text_printf(&made, "%s/rushhour-XXXXXX", above != NULL && above[0] == '/' ? above : "/tmp");
    enum err_code code = ERR_OK;
    if (made.failed)
        code = error_set(err, ERR_NOMEM, "no memory for a temporary folder");
    else if (mkdtemp(made.data) == NULL)
        code = error_set(err, ERR_IO, "%s: cannot make a temporary folder: %s", made.data,
                         strerror(errno));
    if (code == ERR_OK) text_puts(path, made.data);
    text_free(&made);
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
