#include "figures/azure.h"

#include "base/calendar.h"
#include "base/files.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)64 << 20)

static const cJSON *at(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *string_at(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(at(object, key));
    return value == NULL ? "" : value;
}

static int64_t time_at(const cJSON *object, const char *key, int64_t otherwise)
{
    int64_t ns;
    return parse_time(string_at(object, key), &ns, NULL) == ERR_OK ? ns : otherwise;
}

static double number_at(const cJSON *object, const char *key)
{
    const cJSON *item = at(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* Lists are in `value`, or are the whole file if --query extracted them. */
static const cJSON *list_of(const cJSON *root)
{
    return cJSON_IsArray(root) ? root : at(root, "value");
}

/* The regions of all impacts of an event, without duplicates. */
static char *join_regions(const cJSON *properties)
{
    struct text out = {0};
    const cJSON *impact;
    cJSON_ArrayForEach(impact, at(properties, "impact"))
    {
        const cJSON *region;
        cJSON_ArrayForEach(region, at(impact, "impactedRegions"))
        {
            const char *name = string_at(region, "impactedRegion");
            if (name[0] == '\0') name = string_at(region, "regionName");
            if (name[0] == '\0' || strstr(text_str(&out), name) != NULL) continue;
            text_printf(&out, "%s%s", out.length > 0 ? "; " : "", name);
        }
    }
    if (out.length == 0) text_puts(&out, "");
    return text_take(&out);
}

static bool read_event(const cJSON *item, struct azure_event *event)
{
    const cJSON *properties = at(item, "properties");
    if (!cJSON_IsObject(properties)) properties = item;
    event->title = strdup(string_at(properties, "title"));
    event->status = strdup(string_at(properties, "status"));
    event->type = strdup(string_at(properties, "eventType"));
    event->regions = join_regions(properties);
    event->start_ns = time_at(properties, "impactStartTime", INT64_MIN);
    event->end_ns = time_at(properties, "impactMitigationTime", INT64_MAX);
    return event->title != NULL && event->status != NULL && event->type != NULL &&
           event->regions != NULL;
}

static bool add_event(const cJSON *item, size_t region, struct azure *azure)
{
    size_t size = (azure->event_count + 1) * sizeof *azure->events;
    struct azure_event *grown = realloc(azure->events, size);
    if (grown == NULL) return false;
    azure->events = grown;
    struct azure_event *event = &azure->events[azure->event_count++];
    *event = (struct azure_event){.region = region};
    return read_event(item, event);
}

static enum err_code read_events(const cJSON *root, size_t region, struct azure *azure,
                                 const char *path, struct error *err)
{
    const cJSON *list = list_of(root);
    if (!cJSON_IsArray(list)) {
        return error_set(
            err, ERR_FORMAT,
            "%s: has no list `value` of service health events: save what `az rest --url "
            ".../providers/Microsoft.ResourceHealth/events?api-version=2022-10-01` prints",
            path);
    }
    azure->regions[region].has_health = true;
    size_t number = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        number++;
        if (!cJSON_IsObject(item))
            return error_set(err, ERR_FORMAT, "%s: entry %zu of `value` is not an event", path,
                             number);
        if (!add_event(item, region, azure))
            return error_set(err, ERR_NOMEM, "%s: no memory", path);
    }
    return ERR_OK;
}

static char *join_dimensions(const cJSON *series)
{
    struct text out = {0};
    const cJSON *entry;
    text_puts(&out, "");
    cJSON_ArrayForEach(entry, at(series, "metadatavalues"))
    {
        text_printf(&out, "%s%s=%s", out.length > 0 ? " " : "",
                    string_at(at(entry, "name"), "value"), string_at(entry, "value"));
    }
    return text_take(&out);
}

static bool read_points(const cJSON *series, struct azure_metric *metric)
{
    const cJSON *data = at(series, "data");
    metric->points = calloc((size_t)cJSON_GetArraySize(data) + 1, sizeof *metric->points);
    if (metric->points == NULL) return false;
    const cJSON *item;
    cJSON_ArrayForEach(item, data)
    {
        struct azure_point point = {time_at(item, "timeStamp", INT64_MIN), number_at(item, "total"),
                                    number_at(item, "average"), number_at(item, "maximum")};
        if (point.start_ns != INT64_MIN) metric->points[metric->count++] = point;
    }
    return true;
}

static bool read_series(const cJSON *item, const cJSON *series, size_t region, struct azure *azure)
{
    size_t size = (azure->metric_count + 1) * sizeof *azure->metrics;
    struct azure_metric *grown = realloc(azure->metrics, size);
    if (grown == NULL) return false;
    azure->metrics = grown;
    struct azure_metric *metric = &azure->metrics[azure->metric_count++];
    *metric = (struct azure_metric){.region = region,
                                    .name = strdup(string_at(at(item, "name"), "value")),
                                    .unit = strdup(string_at(item, "unit")),
                                    .dimension = join_dimensions(series)};
    return metric->name != NULL && metric->unit != NULL && metric->dimension != NULL &&
           read_points(series, metric);
}

static enum err_code read_metrics(const cJSON *root, size_t region, struct azure *azure,
                                  const char *path, struct error *err)
{
    const cJSON *list = list_of(root);
    const cJSON *item;
    if (!cJSON_IsArray(list)) {
        return error_set(
            err, ERR_FORMAT,
            "%s: has no list `value` of metrics: save what `az monitor metrics list --resource "
            "ID --metric NAME --interval PT1M -o json` prints",
            path);
    }
    struct azure_region *given = &azure->regions[region];
    given->has_metrics = true;
    free(given->resource_region);
    given->resource_region = strdup(string_at(root, "resourceregion"));
    if (given->resource_region == NULL) return error_set(err, ERR_NOMEM, "%s: no memory", path);
    cJSON_ArrayForEach(item, list)
    {
        const cJSON *series;
        if (string_at(at(item, "name"), "value")[0] == '\0')
            return error_set(err, ERR_FORMAT,
                             "%s: an entry of `value` is not a metric: it has no name.value", path);
        cJSON_ArrayForEach(series, at(item, "timeseries"))
        {
            if (!read_series(item, series, region, azure))
                return error_set(err, ERR_NOMEM, "%s: no memory", path);
        }
    }
    return ERR_OK;
}

typedef enum err_code root_reader(const cJSON *root, size_t region, struct azure *azure,
                                  const char *path, struct error *err);

static enum err_code read_file(const char *path, size_t region, root_reader *read,
                               struct azure *azure, struct error *err)
{
    struct text json = {0};
    enum err_code code = file_read_given(path, FILE_LIMIT, &json, err);
    if (code == ERR_OK) {
        cJSON *root = cJSON_ParseWithLength(text_str(&json), json.length);
        code = root == NULL ? error_set(err, ERR_FORMAT,
                                        "%s: is not JSON: save what az prints with -o json", path)
                            : read(root, region, azure, path, err);
        cJSON_Delete(root);
    }
    text_free(&json);
    return code;
}

/* ---- the region of a file ---- */

/* One option that takes such files, and the names that it may give. */
struct placing {
    const char *option;
    char *const *regions;
    size_t region_count;
};

static enum err_code misplaced(const struct placing *placing, const char *argument,
                               const char *what, struct error *err)
{
    struct text names = {0};
    for (size_t r = 0; r < placing->region_count; r++)
        text_printf(&names, "%s%s", r > 0 ? ", " : "", placing->regions[r]);
    enum err_code code =
        error_set(err, ERR_USAGE, "%s %s: %s: write %s REGION=FILE, where REGION is one of %s",
                  placing->option, argument, what, placing->option, text_str(&names));
    text_free(&names);
    return code;
}

/* "eastus2=health.json". A file without a region is that of the only one. */
static enum err_code place(const struct placing *placing, const char *argument, size_t *region,
                           const char **path, struct error *err)
{
    for (*region = 0; *region < placing->region_count; ++*region) {
        const size_t length = strlen(placing->regions[*region]);
        if (strncmp(argument, placing->regions[*region], length) != 0 || argument[length] != '=')
            continue;
        *path = argument + length + 1;
        if (**path != '\0') return ERR_OK;
        return misplaced(placing, argument, "the file is missing", err);
    }
    *region = 0;
    *path = argument;
    if (placing->region_count == 1 && (strchr(argument, '=') == NULL || file_exists(argument)))
        return ERR_OK;
    return misplaced(placing, argument,
                     strchr(argument, '=') == NULL ? "it is of one region, and the run has several"
                                                   : "the run has no such region",
                     err);
}

static enum err_code read_all(const struct placing *placing, const char *const *arguments,
                              size_t count, root_reader *read, struct azure *azure,
                              struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        size_t region;
        const char *path;
        enum err_code code = place(placing, arguments[i], &region, &path, err);
        if (code == ERR_OK) code = read_file(path, region, read, azure, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static struct azure *azure_new(size_t region_count)
{
    struct azure *azure = calloc(1, sizeof *azure);
    if (azure == NULL) return NULL;
    azure->regions = calloc(region_count, sizeof *azure->regions);
    azure->region_count = azure->regions == NULL ? 0 : region_count;
    bool ok = azure->regions != NULL;
    for (size_t r = 0; r < azure->region_count; r++) {
        azure->regions[r].resource_region = strdup("");
        ok = ok && azure->regions[r].resource_region != NULL;
    }
    if (ok) return azure;
    azure_free(azure);
    return NULL;
}

enum err_code azure_read(const struct azure_files *files, char *const *regions, size_t region_count,
                         struct azure **out, struct error *err)
{
    const struct placing health = {"--service-health", regions, region_count};
    const struct placing metrics = {"--azure-metrics", regions, region_count};
    *out = NULL;
    struct azure *azure = azure_new(region_count);
    if (azure == NULL) return error_set(err, ERR_NOMEM, "no memory to read what Azure says");
    enum err_code code =
        read_all(&health, files->health, files->health_count, read_events, azure, err);
    if (code == ERR_OK)
        code = read_all(&metrics, files->metrics, files->metrics_count, read_metrics, azure, err);
    if (code == ERR_OK) {
        *out = azure;
    } else {
        azure_free(azure);
    }
    return code;
}

void azure_free(struct azure *azure)
{
    if (azure == NULL) return;
    for (size_t i = 0; i < azure->event_count; i++) {
        free(azure->events[i].title);
        free(azure->events[i].status);
        free(azure->events[i].type);
        free(azure->events[i].regions);
    }
    for (size_t i = 0; i < azure->metric_count; i++) {
        free(azure->metrics[i].name);
        free(azure->metrics[i].unit);
        free(azure->metrics[i].dimension);
        free(azure->metrics[i].points);
    }
    free(azure->events);
    free(azure->metrics);
    for (size_t r = 0; r < azure->region_count; r++) free(azure->regions[r].resource_region);
    free(azure->regions);
    free(azure);
}

int64_t azure_overlap(const struct azure_event *event, int64_t start_ns, int64_t end_ns)
{
    if (event->start_ns == INT64_MIN) return 0; /* its start is unknown */
    int64_t from_ns = event->start_ns > start_ns ? event->start_ns : start_ns;
    int64_t to_ns = event->end_ns < end_ns ? event->end_ns : end_ns;
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

/* Only letters and digits, in lower case: "East US 2" and "eastus2" are the same. */
static void fold(const char *name, size_t length, char out[64])
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < 64; i++) {
        if (isalnum((unsigned char)name[i])) out[used++] = (char)tolower((unsigned char)name[i]);
    }
    out[used] = '\0';
}

bool azure_names_region(const char *list, const char *region)
{
    char wanted[64];
    char found[64];
    fold(region, strlen(region), wanted);
    while (*list != '\0') {
        size_t length = strcspn(list, ";,");
        fold(list, length, found);
        if (strcmp(found, "global") == 0 || (found[0] != '\0' && strcmp(found, wanted) == 0))
            return true;
        list += length + (list[length] != '\0' ? 1 : 0);
    }
    return false;
}

bool azure_event_is_here(const struct azure *azure, const struct azure_event *event,
                         const char *name)
{
    const char *resource = azure->regions[event->region].resource_region;
    return azure_names_region(event->regions, name) ||
           (resource[0] != '\0' && azure_names_region(event->regions, resource));
}

bool azure_has_health(const struct azure *azure)
{
    bool any = false;
    for (size_t r = 0; r < azure->region_count; r++) any = any || azure->regions[r].has_health;
    return any;
}

bool azure_has_metrics(const struct azure *azure)
{
    bool any = false;
    for (size_t r = 0; r < azure->region_count; r++) any = any || azure->regions[r].has_metrics;
    return any;
}

struct azure_sum azure_metric_between(const struct azure_metric *metric, int64_t start_ns,
                                      int64_t end_ns)
{
    struct azure_sum sum = {0, NAN, NAN, NAN};
    double averages = 0;
    size_t averaged = 0;
    for (size_t i = 0; i < metric->count; i++) {
        const struct azure_point *point = &metric->points[i];
        if (point->start_ns < start_ns || point->start_ns >= end_ns) continue;
        sum.points++;
        if (!isnan(point->total)) sum.total = (isnan(sum.total) ? 0 : sum.total) + point->total;
        if (!isnan(point->maximum)) sum.maximum = fmax(sum.maximum, point->maximum);
        if (isnan(point->average)) continue;
        averages += point->average;
        averaged++;
    }
    if (averaged > 0) sum.average = averages / (double)averaged;
    return sum;
}

double azure_figure(const struct azure_metric *metric, const struct azure_sum *sum,
                    const char **which)
{
    bool totals = false;
    bool averages = false;
    for (size_t i = 0; i < metric->count; i++) {
        totals = totals || !isnan(metric->points[i].total);
        averages = averages || !isnan(metric->points[i].average);
    }
    *which = totals ? "total" : averages ? "average" : "maximum";
    return totals ? sum->total : averages ? sum->average : sum->maximum;
}
