#include "record/folder.h"

#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Length of the shortest leading part of the path that does not exist yet; the path's length + 1 if
 * all of it exists. */
static size_t first_missing(char *path)
{
    for (char *slash = path;; slash++) {
        slash += strcspn(slash, "/");
        char kept = *slash;
        *slash = '\0';
        bool missing = slash > path && !file_exists(path);
        *slash = kept;
        if (missing) return (size_t)(slash - path);
        if (kept == '\0') return strlen(path) + 1;
    }
}

static enum err_code check_empty(const char *path, struct error *err)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return error_set(err, ERR_IO, "%s: cannot open the folder: %s", path, strerror(errno));
    bool empty = true;
    for (const struct dirent *entry; empty && (entry = readdir(folder)) != NULL;) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    (void)closedir(folder);
    if (empty) return ERR_OK;
    return error_set(err, ERR_IO,
                     "%s: is not empty; a run needs a folder of its own: name another one", path);
}

static enum err_code make_new(const char *path, mode_t mode, struct error *err)
{
    enum err_code code = ERR_OK;
    const char *slash = strrchr(path, '/');
    char *parent = slash != NULL && slash > path ? strndup(path, (size_t)(slash - path)) : NULL;
    if (parent != NULL) code = folder_make(parent, err);
    free(parent);
    if (code != ERR_OK || mkdir(path, mode) == 0) return code;
    const int reason = errno;
    code = error_set(err, ERR_IO, "%s: cannot make the folder: %s", path, strerror(reason));
    errno = reason;
    return code;
}

enum err_code folder_make_own(const char *path, mode_t mode, bool must_be_new, size_t *made_from,
                              struct error *err)
{
    *made_from = strlen(path) + 1;
    char *copy = strdup(path);
    if (copy == NULL) return error_set(err, ERR_NOMEM, "%s: no memory", path);
    *made_from = first_missing(copy);
    free(copy);
    enum err_code code =
        must_be_new ? make_new(path, mode, err) : folder_make_with(path, mode, err);
    if (code == ERR_OK && !must_be_new) code = check_empty(path, err);
    /* whatever the umask takes away; a file system without modes has none to set */
    if (code == ERR_OK && *made_from <= strlen(path)) (void)!chmod(path, mode);
    if (code == ERR_OK) return code;
    const int reason = errno;
    if (!must_be_new || reason != EEXIST) folder_unmake(path, *made_from);
    errno = reason;
    return code;
}

enum err_code folder_make_empty(const char *path, size_t *made_from, struct error *err)
{
    return folder_make_own(path, 0755, false, made_from, err);
}

void folder_unmake(const char *path, size_t made_from)
{
    char *copy = strdup(path);
    if (copy == NULL) return;
    for (size_t length = strlen(copy); length >= made_from; length--) {
        if (path[length] != '/' && path[length] != '\0') continue;
        copy[length] = '\0';
        (void)rmdir(copy);
        if (length == 0) break;
    }
    free(copy);
}
