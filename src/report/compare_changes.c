/* What differs between two runs apart from the service: profile, dialect, model, version, seed, host. */
#include "report/compare_model.h"

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
    char *json = cJSON_PrintUnformatted(item);
    char *copy = json == NULL ? NULL : strdup(json);
    cJSON_free(json);
    return copy;
}

static void add(struct finder *finder, const char *path, const cJSON *a, const cJSON *b)
{
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

static void walk(struct finder *finder, const char *path, const cJSON *a, const cJSON *b);

/* Regions are known by their names, other list elements by their places. */
static const char *name_of(const cJSON *item)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
}

static const cJSON *by_name(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *other = name_of(item);
        if (other != NULL && strcmp(other, name) == 0) return item;
    }
    return NULL;
}

static void step(struct finder *finder, const char *path, const char *key, const cJSON *a, const cJSON *b)
{
    struct text next = {0};
    text_printf(&next, "%s.%s", path, key);
    walk(finder, text_str(&next), a, b);
    text_free(&next);
}

static void walk_named(struct finder *finder, const char *path, const cJSON *a, const cJSON *b)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, a)
    {
        if (name_of(item) != NULL) step(finder, path, name_of(item), item, by_name(b, name_of(item)));
    }
    cJSON_ArrayForEach(item, b)
    {
        if (name_of(item) != NULL && by_name(a, name_of(item)) == NULL)
            step(finder, path, name_of(item), NULL, item);
    }
}

static void walk_object(struct finder *finder, const char *path, const cJSON *a, const cJSON *b)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, a)
    {
        step(finder, path, item->string, item, cJSON_GetObjectItemCaseSensitive(b, item->string));
    }
    cJSON_ArrayForEach(item, b)
    {
        if (cJSON_GetObjectItemCaseSensitive(a, item->string) == NULL)
            step(finder, path, item->string, NULL, item);
    }
}

static void walk(struct finder *finder, const char *path, const cJSON *a, const cJSON *b)
{
    if (cJSON_Compare(a, b, true)) return;
    bool lists = cJSON_IsArray(a) && cJSON_IsArray(b);
    if (cJSON_IsObject(a) && cJSON_IsObject(b)) {
        walk_object(finder, path, a, b);
    } else if (lists && name_of(cJSON_GetArrayItem(a, 0)) != NULL &&
               name_of(cJSON_GetArrayItem(b, 0)) != NULL) {
        walk_named(finder, path, a, b);
    } else {
        add(finder, path, a, b);
    }
}

enum err_code compare_find_changes(struct compared *comparison, const struct results *a,
                                   const struct results *b, struct error *err)
{
    static const char *const paths[][2] = {
        {"profile", NULL},    {"tool", "version"}, {"tool", "commit"}, {"tool", "libraries"}, {"run", "seed"},
        {"run", "simulated"}, {"run", "state"},    {"run", "shard"},   {"run", "workers"},    {"host", NULL},
    };
    struct finder finder = {.comparison = comparison};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const cJSON *in_a = cJSON_GetObjectItemCaseSensitive(a->manifest, paths[i][0]);
        const cJSON *in_b = cJSON_GetObjectItemCaseSensitive(b->manifest, paths[i][0]);
        if (paths[i][1] == NULL) {
            walk(&finder, paths[i][0], in_a, in_b);
            continue;
        }
        step(&finder, paths[i][0], paths[i][1], cJSON_GetObjectItemCaseSensitive(in_a, paths[i][1]),
             cJSON_GetObjectItemCaseSensitive(in_b, paths[i][1]));
    }
    if (comparison->change_count == CHANGES_MAX)
        text_printf(&comparison->notes,
                    "The manifests differ in more than %d places: the rest is left out.\n", CHANGES_MAX);
    return finder.no_memory ? error_set(err, ERR_NOMEM, "no memory to compare the manifests") : ERR_OK;
}
