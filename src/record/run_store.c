#include "record/run_store_private.h"

#include "base/clock.h"
#include "record/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TELL_EVERY_NS ((uint64_t)60 * NS_PER_S)
#define CHECK_EVERY_NS ((uint64_t)NS_PER_S)
#define SYNC_EVERY_NS ((uint64_t)10 * NS_PER_S)
#define SPILL_EVERY_NS ((uint64_t)10 * NS_PER_S)

/* Set aside on the disk: at the end for the last lines, and for a run.json that says how the run
 * ended when nothing else can be written. */
#define RESERVE_BYTES (512 << 10)
#define OF_MANIFEST_BYTES (128 << 10)

const char *const run_file_names[RUN_FILE_COUNT] = {RUN_INTERVALS, RUN_LATENCIES, RUN_ATTEMPTS,
                                                    RUN_FAILURES};

/* ---- what went wrong ---- */

void run_store_meet(struct run_store *store, const char *name, const char *what)
{
    const int reason = errno;
    (void)error_set(&store->trouble, ERR_IO, "%s/%s: cannot %s: %s", store->folder.path, name, what,
                    strerror(reason));
}

void run_store_flaw(struct run_store *store, const char *sentence)
{
    if (strstr(text_str(&store->flaws), sentence) != NULL) return;
    text_printf(&store->flaws, "%s%s", store->flaws.length > 0 ? "; " : "", sentence);
}

static void overcome(struct run_store *store)
{
    if (store->trouble.code == ERR_OK) return;
    if (store->told_ns != 0)
        text_printf(&store->news, "%s: all that was held is written", store->folder.path);
    store->trouble.code = ERR_OK;
    store->told_ns = 0;
}

static enum err_code failed(const struct run_store *store, struct error *err)
{
    if (store->failure.code != ERR_OK && err != NULL) *err = store->failure;
    return store->failure.code;
}

enum err_code run_store_lose(struct run_store *store, enum run_file file, struct error *err)
{
    if (!store->lost) {
        store->lost = true;
        (void)error_set(&store->failure, ERR_NOMEM, "%s/%s: cannot write: %s", store->folder.path,
                        run_file_names[file], strerror(ENOMEM));
    }
    return failed(store, err);
}

/* ---- opening ---- */

static struct run_store *new_store(const struct run_store_plan *plan)
{
    struct run_store *store = calloc(1, sizeof *store);
    if (store == NULL) return NULL;
    store->folder.fd = store->reserve = -1;
    for (int i = 0; i < RUN_FILE_COUNT; i++) store->files[i] = -1;
    store->last = &store->first;
    store->held_most = plan->held_most > 0 ? plan->held_most : HELD_MOST_DEFAULT;
    store->folder_mode = run_folder_mode(plan->share);
    store->mode = run_file_mode(plan->share);
    store->synced_ns = clock_mono_ns();
    return store;
}

/* DIR and the last part of the run folder's name. */
static char *spill_path(const char *spill, const char *path)
{
    struct text joined = {0};
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') begin--;
    text_printf(&joined, "%s/%.*s", spill, (int)(end - begin), path + begin);
    return text_take(&joined);
}

static void set_aside(struct run_store *store)
{
    store->reserve = file_unnamed(&store->folder);
    /* where the file system cannot, there is none */
    if (store->reserve >= 0) (void)!fallocate(store->reserve, 0, 0, RESERVE_BYTES);
}

enum err_code run_store_open(const struct run_store_plan *plan, struct run_store **out,
                             struct error *err)
{
    struct run_store *store = new_store(plan);
    *out = NULL;
    if (store == NULL) return error_set(err, ERR_NOMEM, "%s: no memory to write it", plan->path);
    enum err_code code =
        folder_make_own(plan->path, store->folder_mode, plan->must_be_new, &store->made_from, err);
    if (code == ERR_OK) {
        code = folder_open(plan->path, &store->folder, err);
        if (code != ERR_OK) folder_unmake(plan->path, store->made_from);
    }
    if (code == ERR_OK && plan->spill != NULL) {
        store->spill = spill_path(plan->spill, plan->path);
        if (store->spill == NULL) code = error_set(err, ERR_NOMEM, "%s: no memory", plan->path);
    }
    if (code == ERR_OK) {
        set_aside(store);
        *out = store;
        return ERR_OK;
    }
    const int reason = errno;
    run_store_free(store);
    errno = reason;
    return code;
}

enum err_code run_store_create(struct run_store *store, enum run_file file, struct error *err)
{
    enum err_code code =
        file_create(&store->folder, run_file_names[file], store->mode, &store->files[file], err);
    if (code == ERR_OK && !run_store_in_place(store, file)) store->unnumbered = true;
    return code;
}

bool run_store_has(const struct run_store *store, enum run_file file)
{
    return store->files[file] >= 0;
}

void run_store_abandon(struct run_store *store)
{
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        if (store->files[i] >= 0) (void)unlinkat(store->folder.fd, run_file_names[i], 0);
    }
    if (store->manifest != NULL) (void)unlinkat(store->folder.fd, RUN_MANIFEST, 0);
    folder_unmake(store->folder.path, store->made_from);
    run_store_free(store);
}

void run_store_free(struct run_store *store)
{
    if (store == NULL) return;
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        if (store->files[i] >= 0) (void)close(store->files[i]);
    }
    while (store->first != NULL) {
        struct held *next = store->first->next;
        free(store->first);
        store->first = next;
    }
    if (store->reserve >= 0) (void)close(store->reserve);
    run_store_rotate_free(store);
    folder_close(&store->folder);
    text_free(&store->news);
    text_free(&store->flaws);
    text_free(&store->path);
    free(store->manifest);
    free(store->spill);
    free(store);
}

/* ---- writing ---- */

/* Goes on in the other folder, once. */
static bool spill(struct run_store *store)
{
    struct text words = {0};
    const uint64_t now_ns = clock_mono_ns();
    if (store->spill == NULL || store->moved) return false;
    if (store->spilled_ns != 0 && now_ns - store->spilled_ns < SPILL_EVERY_NS) return false;
    store->spilled_ns = now_ns;
    char *before = strdup(store->folder.path);
    store->moved = before != NULL && run_store_move(store, store->spill);
    if (store->moved) {
        text_printf(&words, "the run goes on in %s: %s", store->spill, store->trouble.text);
        text_puts(&store->news, text_str(&words));
        store->trouble.code = ERR_OK;
        store->told_ns = 0;
        if (store->reserve >= 0) (void)close(store->reserve);
        run_store_leave_word(store, before, text_str(&words));
        set_aside(store);
    }
    text_free(&words);
    free(before);
    return store->moved;
}

static bool write_held(struct run_store *store)
{
    while (store->first != NULL) {
        struct held *held = store->first;
        size_t done;
        const bool whole = file_put(store->files[held->file], held->bytes + held->done,
                                    held->length - held->done, &done);
        held->done += done;
        if (!whole) return false;
        store->held -= held->length;
        store->first = held->next;
        if (store->first == NULL) store->last = &store->first;
        free(held);
    }
    return true;
}

bool run_store_flush(struct run_store *store)
{
    if (store->first == NULL) return true;
    bool whole = write_held(store);
    for (int tries = 0; !whole && tries < 2; tries++) {
        run_store_meet(store, run_file_names[store->first->file], "write");
        if (!spill(store)) return false;
        whole = write_held(store);
    }
    if (whole) overcome(store);
    return whole;
}

/* The whole of it, also what is written already (`done`): a copy elsewhere may have to begin
 * again. */
static enum err_code hold(struct run_store *store, enum run_file file, const char *bytes,
                          size_t length, size_t done, struct error *err)
{
    struct held *held = NULL;
    if (length <= 2 * store->held_most - store->held) held = malloc(sizeof *held + length);
    if (held == NULL) return run_store_lose(store, file, err);
    held->next = NULL;
    held->file = file;
    held->length = length;
    held->done = done;
    memcpy(held->bytes, bytes, length);
    *store->last = held;
    store->last = &held->next;
    store->held += length;
    if (store->held > store->held_most && store->failure.code == ERR_OK)
        (void)error_set(&store->failure, ERR_IO, "%s; more than %zu bytes would have to be held",
                        store->trouble.text, store->held_most);
    return failed(store, err);
}

static enum err_code append(struct run_store *store, enum run_file file, const char *bytes,
                            size_t length, struct error *err)
{
    size_t done = 0;
    if (store->lost || length == 0) return failed(store, err);
    if (run_store_flush(store)) {
        if (file_put(store->files[file], bytes, length, &done)) return failed(store, err);
        run_store_meet(store, run_file_names[file], "write");
    }
    enum err_code code = hold(store, file, bytes, length, done, err);
    if (store->lost || store->spill == NULL || !run_store_flush(store)) return code;
    store->failure.code = ERR_OK; /* the other folder took it */
    return ERR_OK;
}

enum err_code run_store_append(struct run_store *store, enum run_file file, const char *bytes,
                               size_t length, struct error *err)
{
    enum err_code code = append(store, file, bytes, length, err);
    run_store_rotate(store);
    return code;
}

/* ---- is it there, and on the disk? ---- */

static void sync_files(struct run_store *store)
{
    for (int i = 0; i < RUN_FILE_COUNT; i++) {
        if (store->files[i] < 0 || fdatasync(store->files[i]) == 0) continue;
        struct text words = {0};
        text_printf(&words,
                    "%s: the disk did not take it (%s): what it holds may be gone when "
                    "this machine stops",
                    run_file_names[i], strerror(errno));
        run_store_meet(store, run_file_names[i], "sync");
        const bool moved = spill(store);
        if (!moved) run_store_flaw(store, text_str(&words));
        text_free(&words);
        if (moved) sync_files(store);
        return;
    }
    if (store->first == NULL) overcome(store);
}

void run_store_check(struct run_store *store)
{
    const uint64_t now_ns = clock_mono_ns();
    if (now_ns - store->checked_ns < CHECK_EVERY_NS) return;
    store->checked_ns = now_ns;
    if (!run_store_restore(store) && !spill(store)) return;
    if (!run_store_flush(store) || now_ns - store->synced_ns < SYNC_EVERY_NS) return;
    store->synced_ns = now_ns;
    sync_files(store);
}

bool run_store_news(struct run_store *store, struct text *out)
{
    const uint64_t now_ns = clock_mono_ns();
    if (store->news.length > 0) {
        text_puts(out, text_str(&store->news));
        text_clear(&store->news);
        return true;
    }
    if (store->trouble.code == ERR_OK) return false;
    if (store->told_ns != 0 && now_ns - store->told_ns < TELL_EVERY_NS) return false;
    store->told_ns = now_ns;
    text_puts(out, store->trouble.text);
    if (store->first != NULL)
        text_printf(out,
                    "; %.1f of at most %.1f MiB are held in memory, to be written when that is "
                    "possible again",
                    (double)store->held / (1 << 20), (double)store->held_most / (1 << 20));
    return true;
}

/* ---- run.json ---- */

static enum err_code put_manifest(struct run_store *store, bool first, struct error *err)
{
    return (first ? file_put_new : file_replace)(&store->folder, RUN_MANIFEST, store->mode,
                                                 store->manifest, store->manifest_length, err);
}

enum err_code run_store_manifest(struct run_store *store, const char *json, size_t length,
                                 struct error *err)
{
    const bool first = store->manifest == NULL;
    char *copy = malloc(length);
    if (copy == NULL)
        return error_set(err, ERR_NOMEM, "%s/%s: no memory to write it", store->folder.path,
                         RUN_MANIFEST);
    memcpy(copy, json, length);
    free(store->manifest);
    store->manifest = copy;
    store->manifest_length = length;
    enum err_code code = put_manifest(store, first, err);
    if (code == ERR_IO && (errno == ENOSPC || errno == EDQUOT) && store->reserve >= 0) {
        (void)close(store->reserve);
        store->reserve = -1;
        code = put_manifest(store, first, err);
    }
    if (code == ERR_OK || !first) return code;
    free(store->manifest);
    store->manifest = NULL;
    return code;
}

/* ---- the end ---- */

enum err_code run_store_end(struct run_store *store, struct error *err)
{
    run_store_rotate_end(store);
    (void)!run_store_restore(store);
    if (!run_store_flush(store) &&
        (store->reserve < 0 || ftruncate(store->reserve, OF_MANIFEST_BYTES) != 0 ||
         !run_store_flush(store))) {
        struct text words = {0};
        text_printf(&words, "%s: the last %zu bytes are missing", store->trouble.text, store->held);
        run_store_flaw(store, text_str(&words));
        text_free(&words);
    }
    sync_files(store);
    if (store->lost) return failed(store, err);
    if (store->flaws.length == 0) return failed(store, err);
    return error_set(err, ERR_IO, "%s", text_str(&store->flaws));
}

const char *run_store_path(struct run_store *store)
{
    struct stat named, open;
    if (stat(store->folder.path, &named) == 0 && fstat(store->folder.fd, &open) == 0 &&
        named.st_ino == open.st_ino && named.st_dev == open.st_dev)
        return store->folder.path;
    char link[40];
    char found[4096];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", store->folder.fd);
    const ssize_t length = readlink(link, found, sizeof found - 1);
    if (length <= 0) return store->folder.path;
    found[length] = '\0';
    if (stat(found, &named) != 0) return store->folder.path; /* it was removed */
    text_clear(&store->path);
    text_puts(&store->path, found);
    return text_str(&store->path);
}
