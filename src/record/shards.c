#include "record/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MOST 1000

/* One part of a plan. */
struct part {
    unsigned index, count; /* from 0 */
    double seed;
};

struct parts {
    struct part *items;
    size_t count, capacity;
    bool failed;
};

static const cJSON *field(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void add_part(struct parts *parts, const char *name, double seed)
{
    unsigned number = 0;
    unsigned count = 0;
    if (name == NULL || sscanf(name, "%u/%u", &number, &count) != 2) return;
    if (number < 1 || number > count || count < 2 || count > PARTS_MOST) return;
    if (parts->count == parts->capacity) {
        size_t capacity = parts->capacity > 0 ? 2 * parts->capacity : 16;
        struct part *items = realloc(parts->items, capacity * sizeof *items);
        parts->failed = parts->failed || items == NULL;
        if (items == NULL) return;
        parts->items = items;
        parts->capacity = capacity;
    }
    parts->items[parts->count++] = (struct part){number - 1, count, seed};
}

/* A merged run lists its own parts. */
static void add_manifest(struct parts *parts, const cJSON *manifest)
{
    const cJSON *run = field(manifest, "run");
    const cJSON *number = field(run, "seed");
    const cJSON *have = field(field(manifest, "shards"), "have");
    const cJSON *name = NULL;
    double seed = cJSON_IsNumber(number) ? number->valuedouble : 0;
    add_part(parts, cJSON_GetStringValue(field(run, "shard")), seed);
    cJSON_ArrayForEach(name, have)
    {
        add_part(parts, cJSON_GetStringValue(name), seed);
    }
}

static bool same_plan(const struct part *a, const struct part *b)
{
    return a->count == b->count && a->seed == b->seed;
}

static size_t times(const struct parts *parts, const struct part *plan, unsigned index)
{
    size_t found = 0;
    for (size_t i = 0; i < parts->count; i++)
        found += same_plan(&parts->items[i], plan) && parts->items[i].index == index;
    return found;
}

static bool put_name(cJSON *list, unsigned index, unsigned count)
{
    char name[24];
    (void)snprintf(name, sizeof name, "%u/%u", index + 1, count);
    cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) if (strcmp(item->valuestring, name) == 0) return true;
    item = cJSON_CreateString(name);
    if (item != NULL && cJSON_AddItemToArray(list, item)) return true;
    cJSON_Delete(item);
    return false;
}

static bool put_plan(const struct parts *parts, const struct part *plan, cJSON *have,
                     cJSON *missing)
{
    size_t most = 0;
    bool ok = true;
    for (unsigned i = 0; i < plan->count; i++) {
        size_t found = times(parts, plan, i);
        if (found > most) most = found;
    }
    for (unsigned i = 0; ok && i < plan->count; i++) {
        size_t found = times(parts, plan, i);
        if (found > 0) ok = put_name(have, i, plan->count);
        if (ok && found < most) ok = put_name(missing, i, plan->count);
    }
    return ok;
}

static bool is_first_of_plan(const struct parts *parts, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (same_plan(&parts->items[i], &parts->items[at])) return false;
    }
    return true;
}

cJSON *shards_of(const cJSON *const *manifests, size_t count)
{
    struct parts parts = {0};
    cJSON *object = cJSON_CreateObject();
    cJSON *have = cJSON_AddArrayToObject(object, "have");
    cJSON *missing = cJSON_AddArrayToObject(object, "missing");
    for (size_t i = 0; i < count; i++) add_manifest(&parts, manifests[i]);
    bool ok = have != NULL && missing != NULL && !parts.failed;
    for (size_t i = 0; ok && i < parts.count; i++) {
        if (is_first_of_plan(&parts, i)) ok = put_plan(&parts, &parts.items[i], have, missing);
    }
    free(parts.items);
    if (ok) return object;
    cJSON_Delete(object);
    return NULL;
}

size_t shards_missing(const cJSON *manifest, struct text *names)
{
    size_t count = 0;
    const cJSON *name = NULL;
    cJSON_ArrayForEach(name, field(field(manifest, "shards"), "missing"))
    {
        if (!cJSON_IsString(name)) continue;
        if (names != NULL) text_printf(names, "%s%s", count > 0 ? ", " : "", name->valuestring);
        count++;
    }
    return count;
}

/* What became of a shard that did not drive its load to the end; NULL: it did. */
static const char *cut_short(const cJSON *part)
{
    static const char *const states[][2] = {
        {"running", "killed"}, {"interrupted", "interrupted"}, {"stopped", "stopped"}};
    const char *state = cJSON_GetStringValue(field(part, "state"));
    for (size_t i = 0; state != NULL && i < sizeof states / sizeof *states; i++) {
        if (strcmp(state, states[i][0]) == 0) return states[i][1];
    }
    return NULL;
}

size_t shards_cut_short(const cJSON *manifest, struct text *names)
{
    size_t count = 0;
    const cJSON *part = NULL;
    cJSON_ArrayForEach(part, field(field(manifest, "run"), "merged"))
    {
        const char *shard = cJSON_GetStringValue(field(part, "shard"));
        const char *reason = cJSON_GetStringValue(field(part, "reason"));
        const char *end = cut_short(part);
        if (shard == NULL || end == NULL) continue;
        const bool is_part = strchr(shard, '/') != NULL && strcmp(shard, "1/1") != 0;
        if (!is_part) continue;
        if (names != NULL) {
            text_printf(names, "%s%s was %s", count > 0 ? ", " : "", shard, end);
            if (reason != NULL && reason[0] != '\0') text_printf(names, " (%s)", reason);
        }
        count++;
    }
    return count;
}

bool shards_whole(const cJSON *manifest)
{
    return shards_missing(manifest, NULL) == 0 && shards_cut_short(manifest, NULL) == 0;
}
