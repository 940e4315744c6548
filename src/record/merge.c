#include "record/merge.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/memory.h"
#include "record/clock_limits.h"
#include "record/folder.h"
#include "record/manifest_diff.h"
#include "record/manifest_print.h"
#include "record/merge_files.h"
#include "record/run_reader.h"
#include "record/shards.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STARTS_APART_NS NS_PER_S /* for shards that were to start together */
#define SKEW_APART_MS 1000.0     /* clocks this far apart put attempts into different windows */

/* What is known about the runs before any file is touched. */
struct merging {
    const char *const *runs;
    size_t count;
    bool share;
    cJSON **manifests;
    double *skew_ms;
    struct text *notes;
};

static const cJSON *run_part(const cJSON *manifest, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(manifest, "run"), key);
}

static const char *run_word(const cJSON *manifest, const char *key)
{
    const char *word = cJSON_GetStringValue(run_part(manifest, key));
    return word != NULL ? word : "";
}

static enum err_code read_manifests(struct merging *m, struct error *err)
{
    for (size_t i = 0; i < m->count; i++) {
        struct run_reader *reader;
        enum err_code code = run_reader_open(m->runs[i], &reader, err);
        if (code != ERR_OK) return code;
        m->manifests[i] = cJSON_Duplicate(run_reader_manifest(reader), 1);
        run_reader_close(reader);
        if (m->manifests[i] == NULL)
            return error_set(err, ERR_NOMEM, "%s: no memory to read it", m->runs[i]);
    }
    return ERR_OK;
}

/* ---- may they be merged? ---- */

struct difference {
    struct text path;
    char *a, *b;
};

static void keep_first(void *context, const char *path, const cJSON *a, const cJSON *b)
{
    struct difference *found = context;
    if (found->path.length > 0) return;
    text_puts(&found->path, path);
    found->a = a == NULL ? NULL : manifest_print(a, false);
    found->b = b == NULL ? NULL : manifest_print(b, false);
}

static enum err_code check_profiles(const struct merging *m, size_t i, struct error *err)
{
    static const char *const parts[] = {"profile", "simulated"};
    struct difference found = {0};
    manifest_diff(parts[0], cJSON_GetObjectItemCaseSensitive(m->manifests[0], "profile"),
                  cJSON_GetObjectItemCaseSensitive(m->manifests[i], "profile"), keep_first, &found);
    manifest_diff("run.simulated", run_part(m->manifests[0], parts[1]),
                  run_part(m->manifests[i], parts[1]), keep_first, &found);
    enum err_code code = ERR_OK;
    if (found.path.length > 0) {
        code =
            error_set(err, ERR_FORMAT,
                      "%s and %s cannot be merged: %s is %s in the first and %s in the second; "
                      "`rushhour compare` "
                      "sets runs of different profiles side by side",
                      m->runs[0], m->runs[i], text_str(&found.path),
                      found.a != NULL ? found.a : "absent", found.b != NULL ? found.b : "absent");
    }
    text_free(&found.path);
    cJSON_free(found.a);
    cJSON_free(found.b);
    return code;
}

/* The n-th run that went into a run: of one that was not merged, itself alone. NULL behind the
 * last. */
static const cJSON *nth_part(const cJSON *manifest, int n)
{
    const cJSON *merged = run_part(manifest, "merged");
    if (cJSON_GetArraySize(merged) > 0) return cJSON_GetArrayItem(merged, n);
    return n == 0 ? cJSON_GetObjectItemCaseSensitive(manifest, "run") : NULL;
}

static const cJSON *host_of(const cJSON *part, const cJSON *manifest)
{
    const cJSON *host = cJSON_GetObjectItemCaseSensitive(part, "host");
    return host != NULL ? host : cJSON_GetObjectItemCaseSensitive(manifest, "host");
}

/* Whether two parts are one run; a word that only one of them knows tells nothing. */
static bool same_run(const cJSON *a, const cJSON *b)
{
    static const char *const words[] = {"id", "shard", "started", "ended", "written"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        const char *of_a = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a, words[w]));
        const char *of_b = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(b, words[w]));
        if (of_a != NULL && of_b != NULL && strcmp(of_a, of_b) != 0) return false;
    }
    return true;
}

bool run_merge_shared(const cJSON *a, const cJSON *b)
{
    const cJSON *of_a;
    const cJSON *of_b;
    for (int i = 0; (of_a = nth_part(a, i)) != NULL; i++) {
        for (int k = 0; (of_b = nth_part(b, k)) != NULL; k++) {
            if (same_run(of_a, of_b) && cJSON_Compare(host_of(of_a, a), host_of(of_b, b), true))
                return true;
        }
    }
    return false;
}

/* A run that is given twice, or beside a merged one that holds it, would count twice. */
static enum err_code check_twice(const struct merging *m, size_t i, struct error *err)
{
    for (size_t k = 0; k < i; k++) {
        if (!run_merge_shared(m->manifests[k], m->manifests[i])) continue;
        return error_set(err, ERR_FORMAT,
                         "%s and %s are the same run, or hold the same run: leave one out, or it "
                         "counts twice",
                         m->runs[k], m->runs[i]);
    }
    return ERR_OK;
}

/* ---- the manifest of the merged run ---- */

static int64_t time_of(const cJSON *manifest, const char *key)
{
    int64_t ns;
    return parse_time(run_word(manifest, key), &ns, NULL) == ERR_OK ? ns : INT64_MIN;
}

/* The worst state of all runs: the merged run is complete if every part is present and complete. */
static const char *state_of(const struct merging *m, bool missing)
{
    static const char *const order[] = {"running", "interrupted", "stopped"};
    for (size_t s = 0; s < sizeof order / sizeof *order; s++) {
        for (size_t i = 0; i < m->count; i++) {
            if (strcmp(run_word(m->manifests[i], "state"), order[s]) == 0) return order[s];
        }
    }
    return missing ? "incomplete" : "complete";
}

static bool put(cJSON *object, const char *key, cJSON *value)
{
    if (value == NULL) return false;
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    if (cJSON_AddItemToObject(object, key, value)) return true;
    cJSON_Delete(value);
    return false;
}

static bool put_time(cJSON *object, const char *key, int64_t ns)
{
    char stamp[32];
    format_utc_ms(ns, stamp);
    return put(object, key, cJSON_CreateString(stamp));
}

/* A merged run lists its own parts. */
static bool put_parts(const cJSON *manifest, cJSON *list)
{
    const cJSON *parts = run_part(manifest, "merged");
    const cJSON *part = NULL;
    cJSON_ArrayForEach(part, parts)
    {
        (void)cJSON_AddItemToArray(list, cJSON_Duplicate(part, 1));
    }
    return cJSON_GetArraySize(parts) > 0;
}

static cJSON *list_of_parts(const struct merging *m)
{
    static const char *const words[] = {"id",      "shard", "state",  "reason",
                                        "started", "ended", "written"};
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < m->count && list != NULL; i++) {
        if (put_parts(m->manifests[i], list)) continue;
        cJSON *part = cJSON_CreateObject();
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            const cJSON *word = run_part(m->manifests[i], words[w]);
            if (word != NULL) (void)cJSON_AddItemToObject(part, words[w], cJSON_Duplicate(word, 1));
        }
        const cJSON *host = cJSON_GetObjectItemCaseSensitive(m->manifests[i], "host");
        (void)cJSON_AddItemToObject(part, "host", cJSON_Duplicate(host, 1));
        (void)cJSON_AddItemToObject(part, "clock_skew_ms",
                                    isfinite(m->skew_ms[i]) ? cJSON_CreateNumber(m->skew_ms[i])
                                                            : cJSON_CreateNull());
        (void)cJSON_AddItemToArray(list, part);
    }
    return list;
}

static bool fill_run(cJSON *run, const struct merging *m, const char *id, bool missing)
{
    static const char *const sums[] = {"workers"};
    int64_t started = INT64_MAX;
    int64_t ended = INT64_MIN;
    double workers = 0;
    struct clock_resolution coarsest = {0};
    for (size_t i = 0; i < m->count; i++) {
        int64_t start = time_of(m->manifests[i], "started");
        int64_t end = time_of(m->manifests[i], "ended");
        if (start != INT64_MIN && start < started) started = start;
        if (end > ended) ended = end;
        const cJSON *number = run_part(m->manifests[i], sums[0]);
        if (cJSON_IsNumber(number)) workers += number->valuedouble;
        const struct clock_resolution one =
            clock_resolution_read(run_part(m->manifests[i], "resolution_ms"));
        if (one.median_us > coarsest.median_us) coarsest.median_us = one.median_us;
        if (one.tail_us > coarsest.tail_us) coarsest.tail_us = one.tail_us;
    }
    bool ok = put(run, "id", cJSON_CreateString(id)) &&
              put(run, "state", cJSON_CreateString(state_of(m, missing))) &&
              put(run, "shard", cJSON_CreateString("merged")) &&
              put(run, sums[0], cJSON_CreateNumber(workers)) &&
              put_time(run, "written", clock_wall_ns()) && put(run, "merged", list_of_parts(m));
    if (ok && started != INT64_MAX) ok = put_time(run, "started", started);
    if (ok && ended != INT64_MIN) ok = put_time(run, "ended", ended);
    if (ok && coarsest.tail_us > 0)
        ok = put(run, "resolution_ms", clock_resolution_json(&coarsest));
    return ok;
}

/* Lists the shards that went in. A note names the missing ones. */
static bool put_shards(cJSON *manifest, const struct merging *m, size_t *missing)
{
    struct text names = {0};
    bool ok = put(manifest, "shards", shards_of((const cJSON *const *)m->manifests, m->count));
    *missing = shards_missing(manifest, &names);
    if (*missing > 0)
        text_printf(m->notes, "The run is incomplete: of its shards, %s %s missing.\n",
                    text_str(&names), *missing == 1 ? "is" : "are");
    ok = ok && !names.failed;
    text_free(&names);
    return ok;
}

/* The holds of all shards, one after another: each shard held a region by its own responses. */
static bool put_holds(cJSON *manifest, const struct merging *m)
{
    static const char holds[] = "holds";
    cJSON *all = cJSON_CreateArray();
    bool ok = true;
    for (size_t i = 0; i < m->count; i++) {
        const cJSON *hold = NULL;
        cJSON_ArrayForEach(hold, cJSON_GetObjectItemCaseSensitive(m->manifests[i], holds))
        {
            ok = cJSON_AddItemToArray(all, cJSON_Duplicate(hold, 1)) && ok;
        }
    }
    return put(manifest, holds, all) && ok;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static enum err_code make_manifest(const struct merging *m, const char *folder, cJSON **out,
                                   struct error *err)
{
    static const char *const made_anew[] = {"totals",  "regions",   "thresholds",
                                            "verdict", "generator", "abort_on_fail"};
    cJSON *manifest = cJSON_Duplicate(m->manifests[0], 1);
    for (size_t i = 0; i < sizeof made_anew / sizeof *made_anew; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(manifest, made_anew[i]);
    cJSON *run = cJSON_GetObjectItemCaseSensitive(manifest, "run");
    size_t missing = 0;
    if (manifest == NULL || run == NULL || !put_shards(manifest, m, &missing) ||
        !put_holds(manifest, m) || !fill_run(run, m, last_part(folder), missing > 0)) {
        cJSON_Delete(manifest);
        return error_set(err, ERR_NOMEM, "%s: no memory for its run.json", folder);
    }
    *out = manifest;
    return ERR_OK;
}

static void note_clocks(const struct merging *m)
{
    int64_t first = time_of(m->manifests[0], "started");
    for (size_t i = 1; i < m->count; i++) {
        int64_t start = time_of(m->manifests[i], "started");
        int64_t apart = start > first ? start - first : first - start;
        if (first == INT64_MIN || start == INT64_MIN || apart < STARTS_APART_NS) continue;
        text_printf(m->notes, "%s started %.3f s %s %s.\n", m->runs[i],
                    (double)apart / (double)NS_PER_S, start > first ? "after" : "before",
                    m->runs[0]);
    }
    for (size_t i = 1; i < m->count; i++) {
        double apart = m->skew_ms[i] - m->skew_ms[0];
        if (!(fabs(apart) >= SKEW_APART_MS)) continue;
        text_printf(m->notes,
                    "The clocks of %s and %s differ by %.1f s, measured against the service: their "
                    "windows do not "
                    "hold the same minutes.\n",
                    m->runs[0], m->runs[i], fabs(apart) / 1000);
    }
}

static enum err_code merge_all(struct merging *m, const char *folder, cJSON **manifest,
                               struct error *err)
{
    int64_t started = INT64_MAX;
    for (size_t i = 0; i < m->count; i++) {
        int64_t start = time_of(m->manifests[i], "started");
        if (start != INT64_MIN && start < started) started = start;
    }
    const struct merge merge = {.folder = folder,
                                .share = m->share,
                                .runs = m->runs,
                                .count = m->count,
                                .start_utc_ns = started == INT64_MAX ? 0 : started,
                                .profile = run_word(m->manifests[0], "profile"),
                                .skew_ms = m->skew_ms,
                                .notes = m->notes};
    enum err_code code = merge_intervals(&merge, err);
    if (code == ERR_OK) code = merge_latencies(&merge, err);
    if (code == ERR_OK) code = merge_attempts(&merge, err);
    if (code == ERR_OK) code = merge_failures(&merge, err);
    if (code == ERR_OK) code = make_manifest(m, folder, manifest, err);
    if (code == ERR_OK) note_clocks(m);
    return code;
}

static enum err_code check(const struct merging *m, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 1; code == ERR_OK && i < m->count; i++) {
        code = check_profiles(m, i, err);
        if (code == ERR_OK) code = check_twice(m, i, err);
    }
    return code;
}

/* Only what was made here is ever removed: a folder that is in use is somebody's runs. */
static enum err_code merge_into(struct merging *m, const char *folder, cJSON **manifest,
                                struct error *err)
{
    size_t made_from = 0;
    enum err_code code = folder_make_own(folder, run_folder_mode(m->share), false, &made_from, err);
    if (code != ERR_OK) return code;
    code = merge_all(m, folder, manifest, err);
    if (code == ERR_OK && memory_ran_out())
        code = error_set(err, ERR_NOMEM, "%s: no memory to merge into it", folder);
    if (code == ERR_OK) return code;
    folder_remove(folder);
    folder_unmake(folder, made_from);
    return code;
}

enum err_code run_merge(const char *folder, bool share, const char *const *runs, size_t count,
                        cJSON **manifest, struct text *notes, struct error *err)
{
    *manifest = NULL;
    if (count == 0 || count > MERGE_RUNS_MAX)
        return error_set(err, ERR_USAGE, "merge takes 1 to %d runs, not %zu", MERGE_RUNS_MAX,
                         count);
    struct merging m = {.runs = runs,
                        .count = count,
                        .share = share,
                        .manifests = calloc(count, sizeof *m.manifests),
                        .skew_ms = calloc(count, sizeof *m.skew_ms),
                        .notes = notes};
    if (m.manifests == NULL || m.skew_ms == NULL) {
        free(m.manifests);
        free(m.skew_ms);
        return error_set(err, ERR_NOMEM, "no memory to merge %zu runs", count);
    }
    enum err_code code = read_manifests(&m, err);
    if (code == ERR_OK) code = check(&m, err);
    if (code == ERR_OK) code = merge_into(&m, folder, manifest, err);
    for (size_t i = 0; i < count; i++) cJSON_Delete(m.manifests[i]);
    free(m.manifests);
    free(m.skew_ms);
    return code;
}
