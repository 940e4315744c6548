#include "run/capacity_private.h"

#include "base/files.h"

#include <math.h>
#include <string.h>

#define FILE_NAME "capacity.json"
#define FILE_LIMIT ((size_t)16 << 20)
#define FORMAT 1

/* What a search was asked: only the same question can be gone on with. */
static void put_question(const struct capacity *capacity, struct text *out)
{
    const struct capacity_options *options = capacity->options;
    text_printf(out, "%s; %s; confidence %.6g; step %.6g; sustain %.6g s; ",
                capacity->profile->name, capacity->model == LOAD_SESSIONS ? "sessions" : "arrivals",
                options->confidence, options->step, (double)options->sustain_ns / (double)NS_PER_S);
    for (size_t i = 0; i < capacity->objective_count; i++)
        text_printf(out, "%s; ", capacity->objectives[i].expression);
    for (size_t i = 0; i < capacity->region_count; i++) {
        const struct capacity_region *region = &capacity->regions[i];
        text_printf(out, "%s from %.9g to %.9g; ", region->name, region->search.plan.start,
                    region->search.plan.most);
    }
    text_printf(out, "%s", options->run.simulate ? "simulated" : "real");
}

static enum err_code take(struct capacity *capacity, cJSON *root, struct error *err)
{
    struct text question = {0};
    put_question(capacity, &question);
    const char *asked = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "question"));
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(root, "seed");
    const char *folder = text_str(&capacity->folder);
    enum err_code code = ERR_OK;
    if (asked == NULL || !cJSON_IsNumber(seed)) {
        code = error_set(err, ERR_FORMAT, "%s/%s: does not say what was asked", folder, FILE_NAME);
    } else if (strcmp(asked, text_str(&question)) != 0) {
        code = error_set(err, ERR_USAGE,
                         "--resume %s: that search asked another question (%.200s): give the same "
                         "profile and options",
                         folder, asked);
    } else {
        capacity->seed = (uint64_t)cJSON_GetNumberValue(seed);
        capacity->steps = cJSON_DetachItemFromObjectCaseSensitive(root, "steps");
    }
    text_free(&question);
    return code;
}

enum err_code capacity_steps_open(struct capacity *capacity, struct error *err)
{
    enum err_code code = ERR_OK;
    if (capacity->options->resume != NULL) {
        struct text path = {0};
        struct text json = {0};
        text_printf(&path, "%s/%s", text_str(&capacity->folder), FILE_NAME);
        code = file_read(text_str(&path), FILE_LIMIT, &json, err);
        cJSON *root = code == ERR_OK ? cJSON_ParseWithLength(text_str(&json), json.length) : NULL;
        if (code == ERR_OK && root == NULL)
            code = error_set(err, ERR_FORMAT, "%s: is no JSON", text_str(&path));
        if (code == ERR_OK) code = take(capacity, root, err);
        cJSON_Delete(root);
        text_free(&json);
        text_free(&path);
    }
    if (code == ERR_OK && !cJSON_IsArray(capacity->steps)) {
        cJSON_Delete(capacity->steps);
        capacity->steps = cJSON_CreateArray();
        if (capacity->steps == NULL) code = error_set(err, ERR_NOMEM, "no memory");
    }
    return code;
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : 0;
}

static const char *word(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return value == NULL ? "" : value;
}

bool capacity_steps_next(struct capacity *capacity, struct capacity_step *out)
{
    const cJSON *item = cJSON_GetArrayItem(capacity->steps, capacity->steps_read);
    if (item == NULL) return false;
    capacity->steps_read++;
    *out =
        (struct capacity_step){.region = word(item, "region"),
                               .folder = word(item, "folder"),
                               .level = number(item, "level"),
                               .settle_ns = (int64_t)(number(item, "settle_s") * (double)NS_PER_S),
                               .length_ns = (int64_t)(number(item, "length_s") * (double)NS_PER_S)};
    return true;
}

enum err_code capacity_steps_write(const struct capacity *capacity, struct error *err)
{
    struct folder folder = {.fd = -1};
    struct text question = {0};
    put_question(capacity, &question);
    cJSON *root = capacity_result(capacity);
    (void)cJSON_AddNumberToObject(root, "format", FORMAT);
    (void)cJSON_AddStringToObject(root, "question", text_str(&question));
    (void)cJSON_AddNumberToObject(root, "seed", (double)capacity->seed);
    (void)cJSON_AddItemReferenceToObject(root, "steps", capacity->steps);
    char *json = cJSON_Print(root);
    enum err_code code = ERR_OK;
    if (json == NULL || question.failed) {
        code = error_set(err, ERR_NOMEM, "no memory for %s", FILE_NAME);
    } else {
        code = folder_open(text_str(&capacity->folder), &folder, err);
        if (code == ERR_OK) code = file_replace(&folder, FILE_NAME, 0600, json, strlen(json), err);
    }
    folder_close(&folder);
    cJSON_free(json);
    cJSON_Delete(root);
    text_free(&question);
    return code;
}

enum err_code capacity_steps_add(struct capacity *capacity, const struct capacity_step *step,
                                 struct error *err)
{
    cJSON *item = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(item, "region", step->region);
    (void)cJSON_AddNumberToObject(item, "level", step->level);
    (void)cJSON_AddStringToObject(item, "folder", step->folder);
    (void)cJSON_AddNumberToObject(item, "settle_s", (double)step->settle_ns / (double)NS_PER_S);
    (void)cJSON_AddNumberToObject(item, "length_s", (double)step->length_ns / (double)NS_PER_S);
    if (!cJSON_AddItemToArray(capacity->steps, item)) {
        cJSON_Delete(item);
        return error_set(err, ERR_NOMEM, "no memory for the steps of the search");
    }
    capacity->steps_read++;
    return capacity_steps_write(capacity, err);
}
