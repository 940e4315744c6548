#include "record/manifest_diff.h"

#include "base/text.h"

#include <string.h>

struct differ {
    manifest_diff_visitor *visit;
    void *context;
};

static void walk(const struct differ *differ, const char *path, const cJSON *a, const cJSON *b);

/* Regions are identified by name, other list elements by position. */
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

static void step(const struct differ *differ, const char *path, const char *key, const cJSON *a,
                 const cJSON *b)
{
    struct text next = {0};
    text_printf(&next, "%s.%s", path, key);
    walk(differ, text_str(&next), a, b);
    text_free(&next);
}

static void walk_named(const struct differ *differ, const char *path, const cJSON *a,
                       const cJSON *b)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, a)
    {
        if (name_of(item) != NULL)
            step(differ, path, name_of(item), item, by_name(b, name_of(item)));
    }
    cJSON_ArrayForEach(item, b)
    {
        if (name_of(item) != NULL && by_name(a, name_of(item)) == NULL)
            step(differ, path, name_of(item), NULL, item);
    }
}

static void walk_object(const struct differ *differ, const char *path, const cJSON *a,
                        const cJSON *b)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, a)
    {
        step(differ, path, item->string, item, cJSON_GetObjectItemCaseSensitive(b, item->string));
    }
    cJSON_ArrayForEach(item, b)
    {
        if (cJSON_GetObjectItemCaseSensitive(a, item->string) == NULL)
            step(differ, path, item->string, NULL, item);
    }
}

static void walk(const struct differ *differ, const char *path, const cJSON *a, const cJSON *b)
{
    if (cJSON_Compare(a, b, true)) return;
    bool lists = cJSON_IsArray(a) && cJSON_IsArray(b);
    if (cJSON_IsObject(a) && cJSON_IsObject(b)) {
        walk_object(differ, path, a, b);
    } else if (lists && name_of(cJSON_GetArrayItem(a, 0)) != NULL &&
               name_of(cJSON_GetArrayItem(b, 0)) != NULL) {
        walk_named(differ, path, a, b);
    } else {
        differ->visit(differ->context, path, a, b);
    }
}

void manifest_diff(const char *path, const cJSON *a, const cJSON *b, manifest_diff_visitor *visit,
                   void *context)
{
    const struct differ differ = {visit, context};
    walk(&differ, path, a, b);
}
