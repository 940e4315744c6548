#include "record/run_reader.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/files.h"
#include "record/folder.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define RESULTS "results"

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The time of a manifest: when it was written (a replay's own clock may be years off), else when
 * the run started. */
static bool written_at(const char *path, int64_t *out_ns)
{
    struct text json = {0};
    bool found = false;
    if (file_read(path, RUN_MANIFEST_LIMIT, &json, NULL) == ERR_OK) {
        cJSON *manifest = cJSON_ParseWithLength(text_str(&json), json.length);
        const cJSON *run = cJSON_GetObjectItemCaseSensitive(manifest, "run");
        static const char *const keys[] = {"written", "started"};
        for (size_t i = 0; i < sizeof keys / sizeof *keys && !found; i++) {
            const char *stamp =
                cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, keys[i]));
            found = stamp != NULL && parse_time(stamp, out_ns, NULL) == ERR_OK;
        }
        cJSON_Delete(manifest);
    }
    text_free(&json);
    return found;
}

/* False if the folder is not a run folder. */
static bool run_time(const char *folder, int64_t *out_ns)
{
    struct text path = {0};
    struct stat status;
    text_printf(&path, "%s/%s", folder, RUN_MANIFEST);
    bool found = !path.failed && stat(path.data, &status) == 0;
    if (found && !written_at(path.data, out_ns)) {
        *out_ns = (int64_t)status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
    }
    text_free(&path);
    return found;
}

/* Of two runs with the same time the name decides, so that the result does not depend on directory
 * order. */
static void take_newer(struct text *newest, int64_t *newest_ns, const char *path)
{
    int64_t ns;
    if (!run_time(path, &ns)) return;
    if (newest->length > 0) {
        if (ns < *newest_ns) return;
        if (ns == *newest_ns && strcmp(path, newest->data) < 0) return;
    }
    *newest_ns = ns;
    text_clear(newest);
    text_puts(newest, path);
}

static enum err_code find_latest(struct text *newest, struct error *err)
{
    DIR *results = opendir(RESULTS);
    if (results == NULL) {
        return error_set(err, ERR_IO,
                         "%s: cannot look for the latest run: %s; name the run's folder", RESULTS,
                         strerror(errno));
    }
    struct text path = {0};
    int64_t newest_ns = 0;
    for (const struct dirent *entry; (entry = readdir(results)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        text_clear(&path);
        text_printf(&path, "%s/%s", RESULTS, entry->d_name);
        take_newer(newest, &newest_ns, text_str(&path));
    }
    (void)closedir(results);
    bool failed = path.failed || newest->failed;
    text_free(&path);
    if (failed)
        return error_set(err, ERR_NOMEM, "%s: no memory to look for the latest run", RESULTS);
    if (newest->length > 0) return ERR_OK;
    return error_set(err, ERR_IO, "%s: holds no run yet; name the run's folder", RESULTS);
}

static enum err_code find_named(const char *run, struct text *folder, struct error *err)
{
    if (*run == '\0')
        return error_set(err, ERR_USAGE, "the run's name is empty: name a run folder, or latest");
    text_puts(folder, run);
    if (is_folder(run)) return ERR_OK;
    text_clear(folder);
    if (*run != '/') {
        text_printf(folder, RESULTS "/%s", run);
        if (is_folder(text_str(folder))) return ERR_OK;
    }
    return error_set(err, ERR_IO, "%s: no such run folder%s%s", run,
                     *run == '/' ? "" : ", nor below ", *run == '/' ? "" : RESULTS "/");
}

enum err_code run_find(const char *run, struct text *folder, struct error *err)
{
    struct text found = {0};
    enum err_code code =
        strcmp(run, "latest") == 0 ? find_latest(&found, err) : find_named(run, &found, err);
    if (code == ERR_OK) text_puts(folder, text_str(&found));
    if (code == ERR_OK && (found.failed || folder->failed)) {
        code = error_set(err, ERR_NOMEM, "%s: no memory to find it", run);
    }
    text_free(&found);
    return code;
}
