#include "record/run_facts.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/files.h"
#include "record/folder.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool stamp_at(const cJSON *run, const char *key, int64_t *out_ns)
{
    const char *stamp = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, key));
    return stamp != NULL && parse_time(stamp, out_ns, NULL) == ERR_OK;
}

static void word_at(const cJSON *object, const char *key, char *out, size_t size)
{
    const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    text_copy(out, size, word == NULL ? "" : word);
}

/* "America/Los_Angeles" of "peak=07:00-09:00@America/Los_Angeles,mon-fri". */
static void read_zone(const cJSON *manifest, char *out, size_t size)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(manifest, "profile");
    const cJSON *windows = cJSON_GetObjectItemCaseSensitive(profile, "windows");
    const cJSON *spec;
    cJSON_ArrayForEach(spec, cJSON_GetObjectItemCaseSensitive(windows, "report"))
    {
        const char *at = cJSON_IsString(spec) ? strchr(spec->valuestring, '@') : NULL;
        if (at == NULL || strcspn(at + 1, ",") >= size) continue;
        (void)snprintf(out, size, "%.*s", (int)strcspn(at + 1, ","), at + 1);
        return;
    }
}

/* False without either time. */
static bool read_manifest(const char *path, struct run_facts *out)
{
    struct text json = {0};
    bool found = false;
    if (file_read(path, RUN_MANIFEST_LIMIT, &json, NULL) == ERR_OK) {
        cJSON *manifest = cJSON_ParseWithLength(text_str(&json), json.length);
        const cJSON *run = cJSON_GetObjectItemCaseSensitive(manifest, "run");
        word_at(run, "id", out->id, sizeof out->id);
        word_at(run, "profile", out->profile, sizeof out->profile);
        word_at(run, "state", out->state, sizeof out->state);
        word_at(manifest, "verdict", out->verdict, sizeof out->verdict);
        read_zone(manifest, out->zone, sizeof out->zone);
        const bool started = stamp_at(run, "started", &out->started_ns);
        const bool written = stamp_at(run, "written", &out->order_ns);
        if (!written) out->order_ns = out->started_ns;
        found = written || started;
        cJSON_Delete(manifest);
    }
    text_free(&json);
    return found;
}

bool run_facts_read(const char *folder, struct run_facts *out)
{
    struct text path = {0};
    struct stat status;
    struct stat of_folder;
    *out = (struct run_facts){.started_ns = INT64_MIN};
    text_printf(&path, "%s/%s", folder, RUN_MANIFEST);
    bool found = !path.failed && stat(folder, &of_folder) == 0 && stat(path.data, &status) == 0 &&
                 S_ISREG(status.st_mode);
    if (found) {
        out->device = of_folder.st_dev;
        out->inode = of_folder.st_ino;
        if (!read_manifest(path.data, out))
            out->order_ns = (int64_t)status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
    }
    text_free(&path);
    return found;
}

bool run_facts_same_folder(const struct run_facts *a, const struct run_facts *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* ---- the runs of a folder ---- */

/* False without memory. Takes the path if it is a run's. */
static bool list_entry(struct run_list *list, struct text *path)
{
    struct stat status;
    struct run_listed run = {0};
    if (path->failed) return false;
    if (!run_facts_read(path->data, &run.facts)) return true;
    run.is_linked = lstat(path->data, &status) == 0 && S_ISLNK(status.st_mode);
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct run_listed *runs = realloc(list->runs, capacity * sizeof *runs);
        if (runs == NULL) return false;
        list->runs = runs;
        list->capacity = capacity;
    }
    run.path = text_take(path);
    list->runs[list->count++] = run;
    return true;
}

/* Names decide between runs of the same moment, so that no result depends on directory order. */
static int newest_first(const void *a, const void *b)
{
    const struct run_listed *x = a;
    const struct run_listed *y = b;
    if (x->facts.order_ns != y->facts.order_ns)
        return x->facts.order_ns < y->facts.order_ns ? 1 : -1;
    return strcmp(y->path, x->path);
}

enum err_code run_list_read(const char *folder, struct run_list *out, struct error *err)
{
    *out = (struct run_list){0};
    DIR *entries = opendir(folder);
    if (entries == NULL) return error_set(err, ERR_IO, "%s: %s", folder, strerror(errno));
    struct text path = {0};
    bool memory = true;
    for (const struct dirent *entry; memory && (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        text_clear(&path);
        text_printf(&path, "%s/%s", folder, entry->d_name);
        memory = list_entry(out, &path);
    }
    (void)closedir(entries);
    text_free(&path);
    if (!memory) return error_set(err, ERR_NOMEM, "%s: no memory to look at its runs", folder);
    if (out->count > 0) qsort(out->runs, out->count, sizeof *out->runs, newest_first);
    return ERR_OK;
}

void run_list_free(struct run_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->runs[i].path);
    free(list->runs);
    *list = (struct run_list){0};
}
