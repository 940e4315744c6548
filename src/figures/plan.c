#include "figures/plan.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "figures/grouping.h"

#include <stdlib.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * NS_PER_S)

static enum err_code no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory to read the run");
}

static const cJSON *profile_list(const struct results *results, const char *section,
                                 const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(results->manifest, "profile");
    if (section != NULL) item = cJSON_GetObjectItemCaseSensitive(item, section);
    item = cJSON_GetObjectItemCaseSensitive(item, key);
    return cJSON_IsArray(item) ? item : NULL;
}

static enum err_code copy_regions(const struct run_reader *reader, struct results *results,
                                  struct error *err)
{
    size_t count = run_reader_region_count(reader);
    results->regions = calloc(count > 0 ? count : 1, sizeof *results->regions);
    if (results->regions == NULL) return no_memory(err);
    for (; results->region_count < count; results->region_count++) {
        char *name = strdup(run_reader_region(reader, results->region_count));
        if (name == NULL) return no_memory(err);
        results->regions[results->region_count] = name;
    }
    return ERR_OK;
}

static enum err_code parse_own_windows(struct results *results, struct error *err)
{
    const cJSON *list = profile_list(results, "windows", "report");
    int count = cJSON_GetArraySize(list);
    if (count <= 0) return ERR_OK;
    results->own_windows = calloc((size_t)count, sizeof *results->own_windows);
    if (results->own_windows == NULL) return no_memory(err);
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) continue;
        enum err_code code =
            window_parse(item->valuestring, &results->own_windows[results->own_window_count], err);
        if (code != ERR_OK) return error_prefix(err, "run.json: profile.windows.report");
        results->own_window_count++;
    }
    return ERR_OK;
}

static enum err_code parse_thresholds(struct results *results, struct error *err)
{
    const cJSON *list = profile_list(results, NULL, "thresholds");
    int count = cJSON_GetArraySize(list);
    if (count <= 0) return ERR_OK;
    results->judged = calloc((size_t)count, sizeof *results->judged);
    if (results->judged == NULL) return no_memory(err);
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) continue;
        struct judged *judged = &results->judged[results->judged_count];
        enum err_code code = threshold_parse(item->valuestring, &judged->threshold, err);
        if (code != ERR_OK) return error_prefix(err, "run.json: profile.thresholds");
        judged->expression = strdup(item->valuestring);
        if (judged->expression == NULL) return no_memory(err);
        judged->of.verdict = VERDICT_INCONCLUSIVE;
        judged->quantile = judged->threshold.kind == THRESHOLD_QUANTILE;
        if (threshold_has_metric(&judged->threshold))
            results->series.wanted[judged->threshold.metric] = true;
        results->judged_count++;
    }
    return ERR_OK;
}

static const struct window *find_window(const struct window *windows, size_t count,
                                        const char *name)
{
    for (size_t i = 0; windows != NULL && i < count; i++) {
        if (windows[i].name != NULL && strcmp(windows[i].name, name) == 0) return &windows[i];
    }
    return NULL;
}

static bool has_grouping(const struct results *results, enum grouping_kind kind, const char *name)
{
    for (size_t i = 0; i < results->grouping_count; i++) {
        const struct grouping *grouping = &results->groupings[i];
        if (grouping->kind == kind && strcmp(grouping_name(grouping), name) == 0) return true;
    }
    return false;
}

static void add_grouping(struct results *results, enum grouping_kind kind,
                         const struct window *window, bool shown)
{
    results->groupings[results->grouping_count++] =
        (struct grouping){.kind = kind, .window = window, .shown = shown};
}

/* Finds the window named by a threshold: first among those shown, then among the profile's. */
static void add_for_threshold(struct results *results, const struct window *windows, size_t count,
                              const char *name)
{
    const struct window *window = find_window(windows, count, name);
    if (window == NULL) window = find_window(results->own_windows, results->own_window_count, name);
    if (window == NULL) {
        text_printf(&results->notes,
                    "A threshold names the window %s, which the run does not have.\n", name);
        return;
    }
    enum grouping_kind kind = window->width_ns > 0 ? GROUP_WINDOW : GROUP_POOLED;
    if (!has_grouping(results, kind, name)) add_grouping(results, kind, window, false);
}

/* A time of day and the rest of the run, each pooled. */
static void add_split(struct results *results, const struct window *split)
{
    results->split = split;
    add_grouping(results, GROUP_POOLED, split, false);
    add_grouping(results, GROUP_POOLED, split, false);
    results->groupings[results->grouping_count - 1].rest = true;
}

/* Then the hours of the day repeat. A run whose end is unknown may be that long. */
static bool is_longer_than_a_day(const struct results *results)
{
    int64_t started_ns;
    int64_t ended_ns;
    if (parse_time(results_fact(results, "run", "started"), &started_ns, NULL) != ERR_OK)
        return false;
    if (parse_time(results_fact(results, "run", "ended"), &ended_ns, NULL) != ERR_OK) return true;
    return ended_ns - started_ns > DAY_NS;
}

static enum err_code add_groupings(struct results *results, const struct results_wish *wish,
                                   struct error *err)
{
    const struct window *windows = wish->windows;
    size_t count = wish->window_count;
    if (count == 0) {
        windows = results->own_windows;
        count = results->own_window_count;
    }
    results->groupings = calloc(5 + count + results->judged_count, sizeof *results->groupings);
    if (results->groupings == NULL) return no_memory(err);
    add_grouping(results, GROUP_TOTAL, NULL, false);
    add_grouping(results, GROUP_SERIES, NULL, false);
    for (size_t i = 0; i < count; i++) add_grouping(results, GROUP_WINDOW, &windows[i], true);
    if (wish->split != NULL) add_split(results, wish->split);
    for (size_t i = 0; results->judged != NULL && i < results->judged_count; i++) {
        const char *name = results->judged[i].threshold.window;
        if (name[0] != '\0') add_for_threshold(results, windows, count, name);
    }
    if (is_longer_than_a_day(results)) {
        const struct zone *zone = results_zone(results);
        add_grouping(results, GROUP_HOURS, NULL, false);
        results->groupings[results->grouping_count - 1].zone = zone;
    }
    return ERR_OK;
}

static enum err_code no_such_window(const struct results *results, const char *name,
                                    struct error *err)
{
    struct text names = {0};
    for (size_t i = 0; i < results->own_window_count; i++) {
        if (results->own_windows[i].width_ns == 0)
            text_printf(&names, "%s, ", results->own_windows[i].name);
    }
    enum err_code code = error_set(
        err, ERR_USAGE,
        "window \"%s\": write a time of day that the profile names (%sor `rest` as the second), or "
        "NAME=HH:MM-HH:MM@ZONE",
        name, names.length > 0 ? text_str(&names) : "this one names none; ");
    text_free(&names);
    return code;
}

/* One window of a pair, by its name or written out; the latter are kept with the profile's own. */
static enum err_code find_pair_window(struct results *results, const char *wanted,
                                      const struct window **out, struct error *err)
{
    *out = find_window(results->own_windows, results->own_window_count, wanted);
    if (*out == NULL && strchr(wanted, '=') != NULL) {
        struct window *made = &results->own_windows[results->own_window_count];
        enum err_code code = window_parse(wanted, made, err);
        if (code != ERR_OK) return code;
        results->own_window_count++;
        *out = made;
    }
    if (*out != NULL && (*out)->width_ns == 0) return ERR_OK;
    return no_such_window(results, wanted, err);
}

static bool means_rest(const char *second, const char *first_name)
{
    bool off_first = strncmp(second, "off-", 4) == 0 && strcmp(second + 4, first_name) == 0;
    return strcmp(second, "rest") == 0 || off_first;
}

static enum err_code add_pair(struct results *results, const struct results_wish *wish,
                              struct error *err)
{
    const struct window *first;
    const struct window *second = NULL;
    size_t room = results->own_window_count + 2;
    struct window *windows = calloc(room, sizeof *windows);
    results->groupings = calloc(4, sizeof *results->groupings);
    if (results->groupings == NULL || windows == NULL) {
        free(windows);
        return no_memory(err);
    }
    for (size_t i = 0; i < results->own_window_count; i++) windows[i] = results->own_windows[i];
    free(results->own_windows);
    results->own_windows = windows;
    enum err_code code = find_pair_window(results, wish->first, &first, err);
    if (code != ERR_OK) return code;
    bool known = find_window(windows, results->own_window_count, wish->second) != NULL;
    bool rest = !known && means_rest(wish->second, first->name);
    if (!rest) code = find_pair_window(results, wish->second, &second, err);
    if (code != ERR_OK) return code;
    add_grouping(results, GROUP_TOTAL, NULL, false);
    add_grouping(results, GROUP_SERIES, NULL, false);
    add_grouping(results, GROUP_POOLED, first, false);
    add_grouping(results, GROUP_POOLED, rest ? first : second, false);
    results->groupings[3].rest = rest;
    results->groupings[2].kept = results->groupings[3].kept = true;
    return ERR_OK;
}

static bool region_known(const struct results *results, const char *name)
{
    for (size_t r = 0; r < results->region_count; r++) {
        if (strcmp(results->regions[r], name) == 0) return true;
    }
    return false;
}

static void note_unknown_regions(struct results *results)
{
    for (size_t i = 0; results->judged != NULL && i < results->judged_count; i++) {
        const char *region = results->judged[i].threshold.region;
        if (region[0] == '\0' || region_known(results, region)) continue;
        text_printf(&results->notes,
                    "A threshold names the region %s, which the run does not have.\n", region);
    }
}

/* Whose latencies the series keep: a claim about other hours is made of shown ones, and of those
 * that thresholds and comparisons name. */
static void want_latencies(const struct results_wish *wish, struct results *results)
{
    for (int m = 0; m < METRIC_COUNT; m++)
        results->series.wanted[m] =
            wish->compared != NULL ? wish->compared[m] : metric_has((enum metric)m, METRIC_SHOWN);
}

enum err_code plan_results(const struct run_reader *reader, const struct results_wish *wish,
                           struct results *results, struct error *err)
{
    results->manifest = cJSON_Duplicate(run_reader_manifest(reader), 1);
    if (results->manifest == NULL) return no_memory(err);
    enum err_code code = copy_regions(reader, results, err);
    results->series.regions = results->region_count;
    if (code == ERR_OK) code = parse_own_windows(results, err);
    want_latencies(wish, results);
    if (code == ERR_OK && wish->first == NULL) code = parse_thresholds(results, err);
    if (code == ERR_OK && wish->first != NULL) return add_pair(results, wish, err);
    if (code == ERR_OK) code = add_groupings(results, wish, err);
    if (code == ERR_OK) note_unknown_regions(results);
    return code;
}
