#include "run/recent.h"

#include "base/files.h"
#include "record/folder.h"
#include "record/manifest_diff.h"
#include "record/manifest_print.h"
#include "record/merge.h"
#include "record/run_facts.h"
#include "record/run_reader.h"
#include "run/pages.h"

#include <stdlib.h>
#include <string.h>

/* The folder in which a run folder lies. */
static void put_above(const char *folder, struct text *out)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    while (length > 0 && folder[length - 1] != '/') length--;
    while (length > 1 && folder[length - 1] == '/') length--;
    if (length == 0) text_puts(out, ".");
    text_append(out, folder, length);
}

/* The runs beside the one in `folder`, which is *own. */
static enum err_code list_beside(const char *folder, struct run_facts *own, struct run_list *list,
                                 struct error *err)
{
    struct text above = {0};
    *list = (struct run_list){0};
    if (!run_facts_read(folder, own))
        return error_set(err, ERR_FORMAT, "%s: is no run folder: it has no " RUN_MANIFEST, folder);
    put_above(folder, &above);
    enum err_code code = above.failed ? error_set(err, ERR_NOMEM, "%s: no memory", folder)
                                      : run_list_read(text_str(&above), list, err);
    text_free(&above);
    return code;
}

/* Of the list, newest first, whether a run is one of the same profile before *own. */
static bool is_earlier(const struct run_list *list, size_t i, const struct run_facts *own)
{
    const struct run_facts *facts = &list->runs[i].facts;
    if (run_facts_same_folder(facts, own) || facts->order_ns > own->order_ns) return false;
    for (size_t k = 0; k < i; k++) { /* a link leads to one that was there already */
        if (run_facts_same_folder(&list->runs[k].facts, facts)) return false;
    }
    return strcmp(facts->profile, own->profile) == 0;
}

/* ---- which runs go together ---- */

struct choice {
    const char *folders[RECENT_MOST];
    cJSON *manifests[RECENT_MOST];
    size_t count, unfinished, invalid, held;
    cJSON *manifest;     /* of the newest, also where it is left out */
    struct text differs; /* the key in which an earlier run's profile differs */
};

static enum err_code read_manifest(const char *folder, cJSON **out, struct error *err)
{
    struct run_reader *reader;
    enum err_code code = run_reader_open(folder, &reader, err);
    if (code != ERR_OK) return code;
    *out = cJSON_Duplicate(run_reader_manifest(reader), 1);
    run_reader_close(reader);
    return *out != NULL ? ERR_OK : error_set(err, ERR_NOMEM, "%s: no memory to read it", folder);
}

static void keep_first(void *context, const char *path, const cJSON *a, const cJSON *b)
{
    struct text *differs = context;
    (void)a;
    (void)b;
    if (differs->length == 0) text_puts(differs, path);
}

/* Whether the run asked the same of the service as the newest one. */
static void compare_profiles(const cJSON *manifest, struct choice *choice)
{
    static const char *const run = "run";
    manifest_diff("profile", cJSON_GetObjectItemCaseSensitive(choice->manifest, "profile"),
                  cJSON_GetObjectItemCaseSensitive(manifest, "profile"), keep_first,
                  &choice->differs);
    manifest_diff("run.simulated",
                  cJSON_GetObjectItemCaseSensitive(
                      cJSON_GetObjectItemCaseSensitive(choice->manifest, run), "simulated"),
                  cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(manifest, run),
                                                   "simulated"),
                  keep_first, &choice->differs);
}

/* A copy of a folder, and a part that was merged, are in what was taken already. */
static bool is_held(const cJSON *manifest, const struct choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (run_merge_shared(choice->manifests[i], manifest)) return true;
    }
    return false;
}

static void take(struct choice *choice, const char *folder, cJSON *manifest)
{
    choice->folders[choice->count] = folder;
    choice->manifests[choice->count++] = manifest;
}

static void choice_free(struct choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (choice->manifests[i] != choice->manifest) cJSON_Delete(choice->manifests[i]);
    }
    cJSON_Delete(choice->manifest);
    text_free(&choice->differs);
}

/* False for a run that tells nothing of the service: it did not end, or is not to be trusted. */
static bool is_usable(const struct run_facts *facts, struct choice *choice)
{
    const bool complete = strcmp(facts->state, "complete") == 0;
    /* what a rule stopped for its failures says most of all */
    const bool stopped = strcmp(facts->state, "stopped") == 0;
    if (!complete && !stopped) {
        choice->unfinished++;
        return false;
    }
    if (strcmp(facts->verdict, verdict_name(VERDICT_INVALID)) != 0) return true;
    choice->invalid++;
    return false;
}

static enum err_code choose(const char *folder, const struct run_facts *own,
                            const struct run_list *list, size_t most, struct choice *choice,
                            struct error *err)
{
    size_t seen = 1;
    enum err_code code = read_manifest(folder, &choice->manifest, err);
    if (code == ERR_OK && is_usable(own, choice)) take(choice, folder, choice->manifest);
    for (size_t i = 0; code == ERR_OK && i < list->count && seen < most; i++) {
        const struct run_listed *run = &list->runs[i];
        cJSON *manifest = NULL;
        if (!is_earlier(list, i, own)) continue;
        seen++;
        if (!is_usable(&run->facts, choice)) continue;
        code = read_manifest(run->path, &manifest, err);
        if (code != ERR_OK) break;
        const bool held = is_held(manifest, choice);
        if (!held) compare_profiles(manifest, choice);
        if (!held && choice->differs.length == 0) {
            take(choice, run->path, manifest);
            continue;
        }
        cJSON_Delete(manifest);
        if (!held) break;
        choice->held++;
        seen--;
    }
    return code;
}

static void tell(const struct choice *choice, size_t most, struct recent *out)
{
    const char *plural = choice->count == 1 ? "" : "s";
    text_printf(&out->told, "judged together: %zu run%s, from %s to %s\n", choice->count, plural,
                text_str(&out->first), choice->folders[0]);
    if (choice->unfinished > 0)
        text_printf(&out->told, "left out of the last %zu: %zu that did not come to the end\n",
                    most, choice->unfinished);
    if (choice->invalid > 0)
        text_printf(&out->told,
                    "left out of the last %zu: %zu in which the load generator was in the way\n",
                    most, choice->invalid);
    if (choice->held > 0)
        text_printf(&out->told,
                    "left out: %zu that another one holds (a copy, or merged into it)\n",
                    choice->held);
    if (choice->differs.length > 0)
        text_printf(&out->told, "earlier runs had another profile (%s)\n",
                    text_str(&choice->differs));
}

/* ---- as one run ---- */

static enum err_code merge(const struct choice *choice, struct recent *out, struct error *err)
{
    struct text notes = {0};
    struct text json = {0};
    cJSON *manifest = NULL;
    enum err_code code = folder_make_temporary(&out->above, err);
    text_printf(&out->folder, "%s/last-%zu", text_str(&out->above), choice->count);
    if (code == ERR_OK)
        code = run_merge(text_str(&out->folder), false, choice->folders, choice->count, &manifest,
                         &notes, err);
    char *bare = code == ERR_OK ? manifest_print(manifest, true) : NULL;
    if (code == ERR_OK && bare == NULL) code = error_set(err, ERR_NOMEM, "no memory for run.json");
    if (code == ERR_OK) {
        text_puts(&json, bare);
        code = pages_put(text_str(&out->folder), RUN_MANIFEST, &json, err);
    }
    cJSON_free(bare);
    cJSON_Delete(manifest);
    text_free(&json);
    text_free(&notes);
    return code;
}

enum err_code recent_load(const char *folder, size_t most, const struct window *windows,
                          size_t window_count, struct recent *out, struct error *err)
{
    struct run_facts own;
    struct run_list list;
    struct choice choice = {.count = 0};
    *out = (struct recent){0};
    enum err_code code = list_beside(folder, &own, &list, err);
    if (code == ERR_OK) code = choose(folder, &own, &list, most, &choice, err);
    if (code == ERR_OK && choice.count == 0)
        code = error_set(err, ERR_FORMAT,
                         "%s: neither it nor the runs before it can be judged: %zu did not come to "
                         "the end, in %zu the load generator was in the way",
                         folder, choice.unfinished, choice.invalid);
    if (code == ERR_OK) {
        out->runs = choice.count;
        text_puts(&out->first, choice.folders[choice.count - 1]);
        tell(&choice, most, out);
        code = merge(&choice, out, err);
    }
    if (code == ERR_OK)
        code = results_load(text_str(&out->folder), windows, window_count, &out->results, err);
    choice_free(&choice);
    run_list_free(&list);
    return code;
}

void recent_free(struct recent *recent)
{
    results_free(recent->results);
    if (recent->above.length > 0) folder_remove(text_str(&recent->above));
    text_free(&recent->above);
    text_free(&recent->folder);
    text_free(&recent->first);
    text_free(&recent->told);
    *recent = (struct recent){0};
}

enum err_code recent_judged(const char *folder, struct text *earlier, char *verdict, size_t size,
                            struct error *err)
{
    struct run_facts own;
    struct run_list list;
    enum err_code code = list_beside(folder, &own, &list, err);
    for (size_t i = 0; code == ERR_OK && i < list.count; i++) {
        const struct run_facts *facts = &list.runs[i].facts;
        if (!is_earlier(&list, i, &own) || facts->verdict[0] == '\0') continue;
        text_puts(earlier, list.runs[i].path);
        text_copy(verdict, size, facts->verdict);
        break;
    }
    run_list_free(&list);
    return code;
}
