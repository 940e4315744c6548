#include "package/target.h"

#include "base/digits.h"
#include "base/files.h"
#include "package/parts.h"
#include "realtime/token_count.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)16 << 20) /* as capacity.json itself is read */
#define MOST 1e15                     /* a count that a double holds exactly */

void quota_target_free(struct quota_target *target)
{
    free(target->objectives);
    free(target->limited_by);
    *target = (struct quota_target){0};
}

/* ---- the file ---- */

static const char *word(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return value == NULL ? "" : value;
}

/* 0 if it is not there, or no amount. */
static double amount(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    const double value = cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : 0;
    return value > 0 && value < MOST ? value : 0;
}

static const cJSON *named(const cJSON *regions, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, regions)
    {
        if (strcmp(word(item, "name"), name) == 0) return item;
    }
    return NULL;
}

static enum target_measured measured_of(const cJSON *need)
{
    const char *measured = word(need, "measured");
    if (strcmp(measured, "meets") == 0) return TARGET_MEETS;
    return strcmp(measured, "does_not") == 0 ? TARGET_DOES_NOT : TARGET_NOT_MEASURED;
}

static bool read_words(const cJSON *root, const cJSON *searched, struct quota_target *target)
{
    struct text all = {0};
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "objectives"))
    {
        const char *objective = cJSON_GetStringValue(item);
        if (objective != NULL) text_printf(&all, "%s%s", all.length == 0 ? "" : " and ", objective);
    }
    target->objectives = all.failed ? NULL : strdup(text_str(&all));
    target->limited_by = strdup(word(searched, "limited_by"));
    text_free(&all);
    return target->objectives != NULL && target->limited_by != NULL;
}

static enum err_code no_region(const struct package *package, const cJSON *regions,
                               struct error *err)
{
    struct text names = {0};
    const cJSON *item;
    cJSON_ArrayForEach(item, regions)
    {
        text_printf(&names, "%s%s", names.length == 0 ? "" : ", ", word(item, "name"));
    }
    enum err_code code =
        error_set(err, ERR_USAGE,
                  "--capacity %s: its target has no region %s, which this package is about (it has "
                  "%.200s): search there, or name another one with --region",
                  package->request->capacity_file, package->results->regions[package->focus],
                  names.length == 0 ? "none" : text_str(&names));
    text_free(&names);
    return code;
}

static enum err_code take(struct package *package, const cJSON *root, struct error *err)
{
    const char *path = package->request->capacity_file;
    const char *region = package->results->regions[package->focus];
    const cJSON *asked = cJSON_GetObjectItemCaseSensitive(root, "target");
    const cJSON *needs = cJSON_GetObjectItemCaseSensitive(asked, "regions");
    const cJSON *need = named(needs, region);
    const cJSON *searched = named(cJSON_GetObjectItemCaseSensitive(root, "regions"), region);
    const cJSON *simulated = cJSON_GetObjectItemCaseSensitive(root, "simulated");
    struct quota_target *target = &package->target;
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "regions")) ||
        !cJSON_IsBool(simulated))
        return error_set(err, ERR_FORMAT,
                         "%s: is not the result of a capacity search: give capacity.json of its "
                         "folder",
                         path);
    if (cJSON_IsTrue(simulated) != results_simulated(package->results))
        return error_set(err, ERR_USAGE,
                         "--capacity %s: %s was simulated: neither says anything of the other",
                         path,
                         cJSON_IsTrue(simulated) ? "the search, and not the run,"
                                                 : "the run, and not the search,");
    if (asked == NULL)
        return error_set(err, ERR_USAGE,
                         "--capacity %s: names no target: search, or go on with --resume, with "
                         "--target '500 sessions'",
                         path);
    if (need == NULL || searched == NULL) return no_region(package, needs, err);
    *target = (struct quota_target){.known = true,
                                    .sessions = strcmp(word(asked, "unit"), "sessions") == 0,
                                    .level = amount(asked, "level"),
                                    .rpm = amount(need, "rpm"),
                                    .tpm = amount(need, "tpm"),
                                    .measured = measured_of(need),
                                    .low = amount(searched, "low"),
                                    .high = amount(searched, "high"),
                                    .confidence = amount(searched, "confidence")};
    if (target->level == 0 || target->rpm == 0 || target->tpm == 0)
        return error_set(err, ERR_FORMAT,
                         "%s: target of %s: level, rpm and tpm must be numbers above 0", path,
                         region);
    return read_words(root, searched, target)
               ? ERR_OK
               : error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
}

/* ---- the words ---- */

static void put_level(const struct quota_target *target, double level, struct text *out)
{
    if (target->sessions)
        text_printf(out, "%.0f session%s kept busy", level, level == 1 ? "" : "s");
    else
        text_printf(out, "%.4g session arrivals a minute", level);
}

/* "1,200, for 500 sessions kept busy". What is no more than the limit now is said to be so. */
static bool fill(struct package *package, enum blank blank, const char *key, double wanted)
{
    const struct told_limit *told = package_told_limit(package, key);
    const double now = told->high > 0 ? (double)told->high
                                      : results_region_quota(package->results, package->focus, key);
    char **value = &package->blanks.values[blank];
    struct text words = {0};
    if (*value != NULL) return true;
    text_count(&words, (uint64_t)ceil(wanted));
    text_puts(&words, ", for ");
    put_level(&package->target, package->target.level, &words);
    if (now > 0 && wanted <= now) text_puts(&words, "; no more than now");
    *value = words.failed ? NULL : strdup(text_str(&words));
    text_free(&words);
    return *value != NULL;
}

enum err_code quota_target_read(struct package *package, struct error *err)
{
    const char *path = package->request->capacity_file;
    struct text json = {0};
    if (path == NULL) return ERR_OK;
    enum err_code code = file_read_given(path, FILE_LIMIT, &json, err);
    cJSON *root = code == ERR_OK ? cJSON_ParseWithLength(text_str(&json), json.length) : NULL;
    if (code == ERR_OK) code = take(package, root, err);
    if (code == ERR_OK && (!fill(package, BLANK_RPM_REQUESTED, "rpm", package->target.rpm) ||
                           !fill(package, BLANK_TPM_REQUESTED, "tpm", package->target.tpm)))
        code = error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
    cJSON_Delete(root);
    text_free(&json);
    return code;
}

static void put_bracket(const struct quota_target *target, struct text *out)
{
    text_puts(out, " Levels were driven until it was shown where ");
    markdown_plain(out, target->objectives);
    text_puts(out, ": ");
    if (target->low > 0) {
        text_puts(out, "this deployment meets it at ");
        put_level(target, target->low, out);
    } else {
        text_puts(out, "no level was proven to meet it");
    }
    if (target->high > 0) {
        text_puts(out, target->low > 0 ? ", and does not at " : "; it does not at ");
        put_level(target, target->high, out);
    }
    text_printf(out,
                " (all such claims of that search hold together at %.4g%% confidence, for the "
                "service as it was then)",
                100 * target->confidence);
    if (target->limited_by[0] != '\0' && strcmp(target->limited_by, "none") != 0) {
        text_puts(out, "; limited by ");
        markdown_plain(out, target->limited_by);
    }
    text_puts(out, ".");
}

void quota_target_letter(const struct package *package, struct text *out)
{
    const struct quota_target *target = &package->target;
    if (!target->known) return;
    text_puts(out, "\n## What we ask for\n\n");
    put_level(target, target->level, out);
    text_puts(out, " in this region take ");
    text_count(out, (uint64_t)ceil(target->rpm));
    text_puts(out, " requests and ");
    text_count(out, (uint64_t)ceil(target->tpm));
    text_printf(out,
                " tokens a minute: six times the busiest %d s, without retries, tokens counted as "
                "input and max_output_tokens reserved.",
                TOKEN_COUNT_SLICE_SECONDS);
    if (target->low > 0 || target->high > 0) put_bracket(target, out);
    switch (target->measured) {
    case TARGET_MEETS:
        text_puts(out, " So it carries the target already.");
        break;
    case TARGET_DOES_NOT:
        text_puts(out, " So it does not carry the target now.");
        break;
    case TARGET_NOT_MEASURED:
        text_puts(out, " The target itself was not measured.");
        break;
    }
    text_puts(out, "\n");
}
