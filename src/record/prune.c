#include "record/prune.h"

#include "base/files.h"
#include "record/folder.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKAGE_MANIFEST "manifest.json"
#define PACKAGE_MANIFEST_LIMIT ((size_t)64 << 20)

/* All that a run leaves in its folder; run.json last, as it makes the folder one. */
static const char *const ours[] = {RUN_INTERVALS, RUN_LATENCIES, RUN_ATTEMPTS,   RUN_FAILURES,
                                   "report.html", "report.md",   "ledger.jsonl", RUN_MANIFEST};

#define OURS (sizeof ours / sizeof *ours)

/* A part of attempts.csv that was rotated (record/parts.h): attempts-0001.csv, or with .gz. */
static bool is_part(const char *name)
{
    static const char start[] = "attempts-";
    if (strncmp(name, start, sizeof start - 1) != 0) return false;
    const char *number = name + sizeof start - 1;
    const size_t digits = strspn(number, "0123456789");
    const char *end = number + digits;
    return digits >= 4 && (strcmp(end, ".csv") == 0 || strcmp(end, ".csv.gz") == 0);
}

static bool is_ours(const char *name)
{
    if (is_part(name)) return true;
    for (size_t i = 0; i < OURS; i++) {
        if (strcmp(name, ours[i]) == 0) return true;
    }
    return false;
}

/* Adds up the files of a folder; *foreign if there is one of somebody else. */
static enum err_code weigh(const char *folder, uint64_t *bytes, bool *foreign, struct error *err)
{
    DIR *entries = opendir(folder);
    if (entries == NULL) return error_set(err, ERR_IO, "%s: %s", folder, strerror(errno));
    *bytes = 0;
    *foreign = false;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (is_ours(entry->d_name) && S_ISREG(status.st_mode))
            *bytes += (uint64_t)status.st_size;
        else
            *foreign = true;
    }
    (void)closedir(entries);
    return ERR_OK;
}

/* ---- support packages ---- */

/* The ids of the runs of which there are packages beside the runs, wherever they were put there. */
struct packages {
    struct text *ids;
    size_t count, capacity;
};

static bool add_package(struct packages *packages, const char *id)
{
    if (packages->count == packages->capacity) {
        const size_t capacity = packages->capacity == 0 ? 8 : packages->capacity * 2;
        struct text *ids = realloc(packages->ids, capacity * sizeof *ids);
        if (ids == NULL) return false;
        packages->ids = ids;
        packages->capacity = capacity;
    }
    struct text *slot = &packages->ids[packages->count++];
    *slot = (struct text){0};
    text_puts(slot, id);
    return !slot->failed;
}

static bool add_run(struct packages *packages, const cJSON *run)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, "id"));
    return id == NULL || add_package(packages, id);
}

/* Its manifest has the run's own `run`; one of several runs, those that were merged. */
static bool read_package(struct packages *packages, const char *path)
{
    struct text json = {0};
    bool memory = true;
    if (file_read(path, PACKAGE_MANIFEST_LIMIT, &json, NULL) == ERR_OK) {
        cJSON *manifest = cJSON_ParseWithLength(text_str(&json), json.length);
        const cJSON *run = cJSON_GetObjectItemCaseSensitive(manifest, "run");
        const cJSON *part;
        memory = add_run(packages, run);
        cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(run, "merged"))
        {
            memory = memory && add_run(packages, part);
        }
        cJSON_Delete(manifest);
    }
    text_free(&json);
    return memory;
}

static enum err_code find_packages(const char *folder, struct packages *packages, struct error *err)
{
    struct text path = {0};
    bool memory = true;
    DIR *entries = opendir(folder);
    if (entries == NULL) return error_set(err, ERR_IO, "%s: %s", folder, strerror(errno));
    for (const struct dirent *entry; memory && (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        text_clear(&path);
        text_printf(&path, "%s/%s/" PACKAGE_MANIFEST, folder, entry->d_name);
        memory = !path.failed && read_package(packages, path.data);
    }
    (void)closedir(entries);
    text_free(&path);
    return memory ? ERR_OK : error_set(err, ERR_NOMEM, "%s: no memory", folder);
}

static void packages_free(struct packages *packages)
{
    for (size_t i = 0; i < packages->count; i++) text_free(&packages->ids[i]);
    free(packages->ids);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* By the folder's name beside it (`evidence` without -o), or by the run that a package names. */
static bool has_package(const struct packages *packages, const struct run_listed *run)
{
    static const char *const endings[] = {"-evidence", "-evidence.tar.gz"};
    struct text path = {0};
    bool found = false;
    for (size_t i = 0; i < packages->count && !found; i++)
        found = strcmp(text_str(&packages->ids[i]), run->facts.id) == 0 ||
                strcmp(text_str(&packages->ids[i]), last_part(run->path)) == 0;
    for (size_t i = 0; i < 2 && !found; i++) {
        text_clear(&path);
        text_printf(&path, "%s%s", run->path, endings[i]);
        found = path.failed || file_exists(path.data);
    }
    text_free(&path);
    return found;
}

/* ---- what becomes of each ---- */

static bool is_linked(const struct run_list *list, size_t i)
{
    for (size_t k = 0; k < list->count; k++) {
        if (list->runs[k].is_linked &&
            run_facts_same_folder(&list->runs[k].facts, &list->runs[i].facts))
            return true;
    }
    return false;
}

/* The list has the newest first. */
static bool is_newest(const struct run_list *list, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(list->runs[k].facts.profile, list->runs[i].facts.profile) == 0 &&
            strcmp(list->runs[k].facts.state, "running") != 0)
            return false;
    }
    return true;
}

static bool is_kept(const struct prune_rule *rule, const struct run_facts *facts)
{
    for (size_t i = 0; i < rule->keep_count; i++) {
        if (run_facts_same_folder(&rule->keep[i], facts)) return true;
    }
    return false;
}

static bool is_ended(const struct run_facts *facts)
{
    return facts->state[0] != '\0' && strcmp(facts->state, "running") != 0;
}

/* What speaks for a run, whatever its age. */
static void protect(const struct run_list *list, size_t i, const struct prune_rule *rule,
                    const struct packages *packages, struct pruned *out)
{
    const struct run_listed *run = &list->runs[i];
    bool foreign = false;
    *out = (struct pruned){.run = run, .why = PRUNE_YOUNG};
    if (weigh(run->path, &out->bytes, &foreign, &out->err) != ERR_OK)
        out->why = PRUNE_FAILED;
    else if (is_linked(list, i))
        out->why = PRUNE_LINKED;
    else if (!is_ended(&run->facts))
        out->why = PRUNE_UNFINISHED;
    else if (is_kept(rule, &run->facts))
        out->why = PRUNE_NAMED;
    else if (has_package(packages, run))
        out->why = PRUNE_EVIDENCE;
    else if (foreign)
        out->why = PRUNE_FOREIGN;
    else if (is_newest(list, i))
        out->why = PRUNE_NEWEST;
    if (run->is_linked) out->bytes = 0; /* what it leads to counts by itself */
}

/* By age, then the oldest until the others fit. */
static void sentence_runs(const struct prune_rule *rule, struct pruned *pruned, size_t count)
{
    uint64_t left = 0;
    for (size_t i = 0; i < count; i++) {
        const int64_t age_ns = rule->now_ns - pruned[i].run->facts.order_ns;
        if (pruned[i].why == PRUNE_YOUNG && rule->older_ns >= 0 && age_ns > rule->older_ns)
            pruned[i].why = PRUNE_REMOVE;
        if (pruned[i].why != PRUNE_REMOVE) left += pruned[i].bytes;
    }
    for (size_t i = count; rule->over_bytes >= 0 && i-- > 0;) {
        if (left <= (uint64_t)rule->over_bytes) break;
        if (pruned[i].why != PRUNE_YOUNG) continue;
        pruned[i].why = PRUNE_REMOVE;
        left -= pruned[i].bytes;
    }
}

enum err_code prune_plan(const char *folder, const struct run_list *list,
                         const struct prune_rule *rule, struct pruned *pruned, struct error *err)
{
    struct packages packages = {0};
    enum err_code code = find_packages(folder, &packages, err);
    for (size_t i = 0; code == ERR_OK && i < list->count; i++)
        protect(list, i, rule, &packages, &pruned[i]);
    if (code == ERR_OK) sentence_runs(rule, pruned, list->count);
    packages_free(&packages);
    return code;
}

static enum err_code remove_file(DIR *entries, const char *folder, const char *name,
                                 struct error *err)
{
    if (unlinkat(dirfd(entries), name, 0) == 0 || errno == ENOENT) return ERR_OK;
    return error_set(err, ERR_IO, "%s/%s: cannot remove it: %s", folder, name, strerror(errno));
}

enum err_code prune_remove(const char *folder, struct error *err)
{
    DIR *entries = opendir(folder);
    if (entries == NULL) return error_set(err, ERR_IO, "%s: %s", folder, strerror(errno));
    enum err_code code = ERR_OK;
    for (const struct dirent *entry; code == ERR_OK && (entry = readdir(entries)) != NULL;) {
        if (is_ours(entry->d_name) && strcmp(entry->d_name, RUN_MANIFEST) != 0)
            code = remove_file(entries, folder, entry->d_name, err);
    }
    if (code == ERR_OK) code = remove_file(entries, folder, RUN_MANIFEST, err);
    (void)closedir(entries);
    if (code == ERR_OK && rmdir(folder) != 0)
        code = error_set(err, ERR_IO, "%s: cannot remove it: %s", folder, strerror(errno));
    return code;
}

void prune_carry_out(struct pruned *pruned, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pruned[i].why != PRUNE_REMOVE) continue;
        if (prune_remove(pruned[i].run->path, &pruned[i].err) != ERR_OK)
            pruned[i].why = PRUNE_FAILED;
    }
}

/* ---- words ---- */

static const struct {
    const char *name, *words;
} whys[] = {
    [PRUNE_REMOVE] = {"remove", ""},
    [PRUNE_YOUNG] = {"young", "neither old enough nor in the way"},
    [PRUNE_UNFINISHED] = {"unfinished",
                          "it is under way, or was killed: its run.json tells no end"},
    [PRUNE_NEWEST] = {"newest", "the newest of its profile"},
    [PRUNE_EVIDENCE] = {"evidence", "a support package was made of it"},
    [PRUNE_LINKED] = {"linked", "a symbolic link leads to it"},
    [PRUNE_NAMED] = {"named", "named by --keep"},
    [PRUNE_FOREIGN] = {"foreign", "it holds a file that no run writes"},
    [PRUNE_FAILED] = {"failed", "it could not be read or removed"},
};

const char *prune_words(enum prune_why why)
{
    return whys[why].words;
}

const char *prune_name(enum prune_why why)
{
    return whys[why].name;
}
