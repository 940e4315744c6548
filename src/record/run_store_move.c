#include "record/run_store_private.h"

#include "record/folder.h"
#include "record/manifest_print.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first of the held lines may be in the file in part. */
static size_t part_of(const struct run_store *store, enum run_file file)
{
    return store->first != NULL && store->first->file == file ? store->first->done : 0;
}

/* Behind what can no longer be read nothing of it may stand: back to the last whole line, and the
 * line that is partly written is written again. */
static bool cut(struct run_store *store, enum run_file file, int to, off_t whole, off_t length)
{
    struct text words = {0};
    const off_t part = (off_t)part_of(store, file);
    text_printf(&words, "%s: %lld of its %lld bytes could not be read back (%s)",
                run_file_names[file], (long long)(length - part - whole), (long long)length,
                strerror(errno));
    if (whole < length - part) run_store_flaw(store, text_str(&words));
    text_free(&words);
    if (ftruncate(to, whole) != 0) return false;
    if (part > 0) store->first->done = whole > length - part ? (size_t)(whole - length + part) : 0;
    return true;
}

/* Copies all that is written. What was written last is still in the memory of the system, even of a
 * disk that is gone. */
static bool copy(struct run_store *store, enum run_file file, int to)
{
    char buffer[64 * 1024];
    const int from = store->files[file];
    struct stat status;
    off_t at = 0;
    off_t whole = 0; /* up to the last line break */
    if (fstat(from, &status) != 0) return false;
    while (at < status.st_size) {
        size_t done;
        const ssize_t got = pread(from, buffer, sizeof buffer, at);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return cut(store, file, to, whole, status.st_size);
        if (!file_put(to, buffer, (size_t)got, &done)) return false;
        const char *line = memrchr(buffer, '\n', (size_t)got);
        if (line != NULL) whole = at + (line - buffer) + 1;
        at += got;
    }
    return true;
}

static bool copy_all(struct run_store *store, const struct folder *folder,
                     int files[RUN_FILE_COUNT])
{
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        if (store->files[i] < 0) continue;
        if (file_create(folder, run_file_names[i], store->mode, &files[i], NULL) != ERR_OK ||
            !copy(store, (enum run_file)i, files[i]))
            return false;
    }
    return store->manifest == NULL ||
           file_put_new(folder, RUN_MANIFEST, store->mode, store->manifest, store->manifest_length,
                        NULL) == ERR_OK;
}

static void drop(struct folder *folder, int files[RUN_FILE_COUNT], size_t made_from)
{
    const int reason = errno;
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        if (files[i] < 0) continue;
        (void)close(files[i]);
        (void)unlinkat(folder->fd, run_file_names[i], 0);
    }
    folder_unmake(folder->path, made_from);
    folder_close(folder);
    errno = reason;
}

bool run_store_move(struct run_store *store, const char *path)
{
    struct folder folder;
    int files[RUN_FILE_COUNT];
    size_t made_from;
    for (int i = 0; i < RUN_FILE_COUNT; i++) files[i] = -1;
    if (folder_make_own(path, store->folder_mode, false, &made_from, NULL) != ERR_OK) return false;
    if (folder_open(path, &folder, NULL) != ERR_OK) return false;
    if (!copy_all(store, &folder, files)) {
        drop(&folder, files, made_from);
        return false;
    }
    run_store_copy_parts(store, &folder);
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        if (store->files[i] >= 0) (void)close(store->files[i]);
        store->files[i] = files[i];
    }
    folder_close(&store->folder);
    store->folder = folder;
    return true;
}

void run_store_leave_word(const struct run_store *store, const char *before, const char *reason)
{
    struct folder folder;
    cJSON *manifest = cJSON_ParseWithLength(store->manifest, store->manifest_length);
    cJSON *run = cJSON_GetObjectItemCaseSensitive(manifest, "run");
    (void)cJSON_ReplaceItemInObjectCaseSensitive(run, "state", cJSON_CreateString("stopped"));
    (void)cJSON_ReplaceItemInObjectCaseSensitive(run, "reason", cJSON_CreateString(reason));
    char *json = manifest_print(manifest, true);
    if (json != NULL && folder_open(before, &folder, NULL) == ERR_OK) {
        (void)!file_replace(&folder, RUN_MANIFEST, store->mode, json, strlen(json), NULL);
        folder_close(&folder);
    }
    cJSON_free(json);
    cJSON_Delete(manifest);
}

bool run_store_in_place(const struct run_store *store, enum run_file file)
{
    struct stat named, open;
    if (store->files[file] < 0) return true;
    return fstat(store->files[file], &open) == 0 &&
           fstatat(store->folder.fd, run_file_names[file], &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           (store->unnumbered || (named.st_ino == open.st_ino && named.st_dev == open.st_dev));
}

/* What stands there instead is not ours to remove. */
static bool restore_file(struct run_store *store, enum run_file file)
{
    int fd;
    if (file_create(&store->folder, run_file_names[file], store->mode, &fd, NULL) != ERR_OK)
        return false;
    if (copy(store, file, fd)) {
        (void)close(store->files[file]);
        store->files[file] = fd;
        return true;
    }
    (void)close(fd);
    (void)unlinkat(store->folder.fd, run_file_names[file], 0);
    return false;
}

bool run_store_restore(struct run_store *store)
{
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        const enum run_file file = (enum run_file)i;
        if (run_store_in_place(store, file)) continue;
        bool made = restore_file(store, file);
        if (!made && errno == ENOENT) { /* there is no folder any more */
            char *path = strdup(store->folder.path);
            made = path != NULL && run_store_move(store, path);
            free(path);
        }
        if (!made) {
            run_store_meet(store, run_file_names[file], "make it again after it was removed");
            return false;
        }
        text_clear(&store->news);
        text_printf(&store->news, "%s/%s was removed, and was made again with all that it held",
                    store->folder.path, run_file_names[file]);
    }
    struct stat manifest;
    if (store->manifest != NULL &&
        fstatat(store->folder.fd, RUN_MANIFEST, &manifest, AT_SYMLINK_NOFOLLOW) != 0)
        (void)!file_put_new(&store->folder, RUN_MANIFEST, store->mode, store->manifest,
                            store->manifest_length, NULL);
    return true;
}
