/* How two runs differ apart from the service: profile, dialect, model, version, seed, host. */
#include "compare/model.h"
#include "record/manifest_diff.h"
#include "record/manifest_print.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 200

struct finder {
    struct compared *comparison;
    size_t capacity;
    bool no_memory;
};

static char *shown(const cJSON *item)
{
    if (item == NULL) return strdup("(absent)");
    if (cJSON_IsString(item)) return strdup(item->valuestring);
    char *json = manifest_print(item, false);
    char *copy = json == NULL ? NULL : strdup(json);
    cJSON_free(json);
    return copy;
}

static void add(void *context, const char *path, const cJSON *a, const cJSON *b)
{
    struct finder *finder = context;
    struct compared *comparison = finder->comparison;
    if (comparison->change_count == CHANGES_MAX) return;
    if (comparison->change_count == finder->capacity) {
        size_t capacity = finder->capacity == 0 ? 16 : finder->capacity * 2;
        struct compare_change *changes = realloc(comparison->changes, capacity * sizeof *changes);
        if (changes == NULL) {
            finder->no_memory = true;
            return;
        }
        comparison->changes = changes;
        finder->capacity = capacity;
    }
    struct compare_change *change = &comparison->changes[comparison->change_count++];
    *change = (struct compare_change){.path = strdup(path), .a = shown(a), .b = shown(b)};
    if (change->path == NULL || change->a == NULL || change->b == NULL) finder->no_memory = true;
}

enum err_code compare_find_changes(struct compared *comparison, const struct results *a,
                                   const struct results *b, struct error *err)
{
    static const char *const paths[][2] = {
        {"profile", NULL},  {"tool", "version"},  {"tool", "commit"}, {"tool", "libraries"},
        {"run", "seed"},    {"run", "simulated"}, {"run", "state"},   {"run", "shard"},
        {"run", "workers"}, {"host", NULL},
    };
    struct finder finder = {.comparison = comparison};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const cJSON *in_a = cJSON_GetObjectItemCaseSensitive(a->manifest, paths[i][0]);
        const cJSON *in_b = cJSON_GetObjectItemCaseSensitive(b->manifest, paths[i][0]);
        struct text path = {0};
        text_puts(&path, paths[i][0]);
        if (paths[i][1] != NULL) {
            text_printf(&path, ".%s", paths[i][1]);
            in_a = cJSON_GetObjectItemCaseSensitive(in_a, paths[i][1]);
            in_b = cJSON_GetObjectItemCaseSensitive(in_b, paths[i][1]);
        }
        manifest_diff(text_str(&path), in_a, in_b, add, &finder);
        text_free(&path);
    }
    if (comparison->change_count == CHANGES_MAX)
        text_printf(&comparison->notes,
                    "The manifests differ in more than %d places: the rest is left out.\n",
                    CHANGES_MAX);
    return finder.no_memory ? error_set(err, ERR_NOMEM, "no memory to compare the manifests")
                            : ERR_OK;
}
