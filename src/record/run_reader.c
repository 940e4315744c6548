#include "record/run_reader.h"

#include "base/calendar.h"
#include "base/files.h"
#include "base/memory.h"
#include "profile/profile.h"
#include "record/code_names.h"
#include "record/csv.h"
#include "record/folder.h"
#include "record/interval.h"
#include "record/interval_order.h"
#include "record/line_order.h"
#include "record/run_walk.h"
#include "record/seen_lately.h"
#include "stats/histogram_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_RUN, NOTE_INTERVALS, NOTE_LATENCIES, NOTE_FAILURES, NOTE_ATTEMPTS, NOTE_COUNT };

#define CSV_LIMIT ((size_t)64 << 10)
#define JSONL_LIMIT ((size_t)256 << 10)
#define HLOG_LIMIT ((size_t)4 << 20)

struct run_reader {
    char *folder;
    cJSON *manifest;
    const char **regions; /* borrowed from the manifest */
    size_t region_count;
    struct text notes[NOTE_COUNT]; /* by file, so that a second walk replaces the notes of the
                                      first */
    struct text joined;
    struct code_names codes;
};

static void join_notes(struct run_reader *reader)
{
    text_clear(&reader->joined);
    for (size_t i = 0; i < NOTE_COUNT; i++) text_puts(&reader->joined, text_str(&reader->notes[i]));
    if (reader->codes.rest > 0)
        text_printf(&reader->joined,
                    "the files have more than %d failure codes: all others are called %s\n",
                    CODE_NAMES_MOST, CODE_NAMES_REST);
}

/* Reports group by each element of these lists: no more of them than a profile may have. */
static enum err_code check_lists(const struct run_reader *reader, struct error *err)
{
    static const struct {
        const char *part, *section, *key;
        int most;
    } lists[] = {
        {"profile", NULL, "regions", PROFILE_REGIONS_MOST},
        {NULL, NULL, "regions", PROFILE_REGIONS_MOST},
        {"profile", "load", "stages", PROFILE_STAGES_MOST},
        {"profile", "windows", "report", PROFILE_WINDOWS_MOST},
        {"profile", NULL, "thresholds", PROFILE_THRESHOLDS_MOST},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const cJSON *list = reader->manifest;
        if (lists[i].part != NULL) list = cJSON_GetObjectItemCaseSensitive(list, lists[i].part);
        if (lists[i].section != NULL)
            list = cJSON_GetObjectItemCaseSensitive(list, lists[i].section);
        list = cJSON_GetObjectItemCaseSensitive(list, lists[i].key);
        const int count = cJSON_GetArraySize(list);
        if (count > lists[i].most)
            return error_set(err, ERR_FORMAT, "%s/%s: a list of %d %s; a run has at most %d",
                             reader->folder, RUN_MANIFEST, count, lists[i].key, lists[i].most);
    }
    return ERR_OK;
}

/* The profile's regions, or those of the totals if a manifest has no profile. */
static enum err_code find_regions(struct run_reader *reader, struct error *err)
{
    const cJSON *profile = cJSON_GetObjectItemCaseSensitive(reader->manifest, "profile");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(profile, "regions");
    if (cJSON_GetArraySize(list) == 0)
        list = cJSON_GetObjectItemCaseSensitive(reader->manifest, "regions");
    int count = cJSON_GetArraySize(list);
    if (count <= 0)
        return error_set(err, ERR_FORMAT, "%s/%s: names no regions", reader->folder, RUN_MANIFEST);
    reader->regions = calloc((size_t)count, sizeof *reader->regions);
    if (reader->regions == NULL) return error_set(err, ERR_NOMEM, "%s: no memory", reader->folder);
    const cJSON *region;
    cJSON_ArrayForEach(region, list)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(region, "name"));
        if (name == NULL) {
            return error_set(err, ERR_FORMAT, "%s/%s: has a region without a name", reader->folder,
                             RUN_MANIFEST);
        }
        reader->regions[reader->region_count++] = name;
    }
    return ERR_OK;
}

static void note_state(struct run_reader *reader)
{
    const cJSON *run = cJSON_GetObjectItemCaseSensitive(reader->manifest, "run");
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, "state"));
    if (state == NULL || strcmp(state, "running") != 0) return;
    text_puts(&reader->notes[NOTE_RUN],
              "run.json: the run was killed, or is still running: what came after "
              "its last whole interval is missing\n");
    join_notes(reader);
}

static enum err_code read_manifest(struct run_reader *reader, struct error *err)
{
    struct text path = {0};
    struct text json = {0};
    text_printf(&path, "%s/%s", reader->folder, RUN_MANIFEST);
    enum err_code code = ERR_OK;
    if (path.failed) {
        code = error_set(err, ERR_NOMEM, "%s: no memory", reader->folder);
    } else if (!file_exists(path.data)) {
        code = error_set(err, ERR_FORMAT, "%s: has no %s: it is not a run folder", reader->folder,
                         RUN_MANIFEST);
    } else {
        code = file_read(path.data, RUN_MANIFEST_LIMIT, &json, err);
    }
    if (code == ERR_OK) {
        reader->manifest = cJSON_ParseWithLength(text_str(&json), json.length);
        if (!cJSON_IsObject(reader->manifest)) {
            code =
                error_set(err, ERR_FORMAT,
                          "%s: is torn, or not JSON: the run cannot be read without it", path.data);
        }
    }
    text_free(&json);
    text_free(&path);
    return code;
}

enum err_code run_reader_open(const char *folder, struct run_reader **out, struct error *err)
{
    *out = NULL;
    memory_return_large();
    struct run_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return error_set(err, ERR_NOMEM, "%s: no memory to read it", folder);
    reader->folder = strdup(folder);
    enum err_code code = reader->folder == NULL ? error_set(err, ERR_NOMEM, "%s: no memory", folder)
                                                : read_manifest(reader, err);
    if (code == ERR_OK) code = check_lists(reader, err);
    if (code == ERR_OK) code = find_regions(reader, err);
    if (code != ERR_OK) {
        run_reader_close(reader);
        return code;
    }
    note_state(reader);
    *out = reader;
    return ERR_OK;
}

void run_reader_close(struct run_reader *reader)
{
    if (reader == NULL) return;
    for (size_t i = 0; i < NOTE_COUNT; i++) text_free(&reader->notes[i]);
    text_free(&reader->joined);
    cJSON_Delete(reader->manifest);
    free(reader->regions);
    free(reader->folder);
    free(reader);
}

const cJSON *run_reader_manifest(const struct run_reader *reader)
{
    return reader->manifest;
}

size_t run_reader_region_count(const struct run_reader *reader)
{
    return reader->region_count;
}

const char *run_reader_region(const struct run_reader *reader, size_t index)
{
    return reader->regions[index];
}

const char *run_reader_notes(const struct run_reader *reader)
{
    return text_str(&reader->joined);
}

static bool region_find(const struct run_reader *reader, const char *name, size_t length,
                        size_t *out)
{
    for (size_t i = 0; i < reader->region_count; i++) {
        if (strncmp(reader->regions[i], name, length) != 0 || reader->regions[i][length] != '\0')
            continue;
        *out = i;
        return true;
    }
    return false;
}

static enum err_code walk_file(struct run_reader *reader, int note, struct run_walk *walk,
                               struct error *err)
{
    text_clear(&reader->notes[note]);
    walk->folder = reader->folder;
    walk->notes = &reader->notes[note];
    enum err_code code = run_walk(walk, err);
    join_notes(reader);
    return code;
}

/* What one walk needs besides its lines. */
struct walking {
    struct run_reader *reader;
    union {
        interval_visitor *interval;
        latency_visitor *latency;
        failure_visitor *failure;
        attempt_visitor *attempt;
    } visit;
    void *context;
    struct csv_map map;
    struct seen_lately seen;
    struct interval_order order; /* of intervals.csv, where it is needed */
    bool in_order;
    int64_t base_ns; /* of latency.hlog, as is the decoder */
    struct histogram_decoder *decoder;
};

static enum line_use use_of(enum seen_before seen)
{
    switch (seen) {
    case SEEN_NEW:
        return LINE_USED;
    case SEEN_REPEATED:
        return LINE_REPEATED;
    case SEEN_NO_MEMORY:
        break;
    }
    return LINE_NO_MEMORY;
}

/* Whether the line may be used: what stands twice (a file that was copied into itself, or merged by
 * hand) counts once. */
static enum line_use use_once(struct walking *walking, int64_t at_ns, uint64_t hash)
{
    return use_of(seen_lately_add(&walking->seen, at_ns, hash));
}

static enum err_code interval_header(void *state, char *line, struct error *err)
{
    return interval_csv_columns(line, &((struct walking *)state)->map, err);
}

static void visit_interval(const struct walking *walking, const struct ordered_interval *interval)
{
    walking->visit.interval(walking->context, interval->region, interval->start_ns,
                            interval->end_ns, &interval->cell, &interval->health);
}

static enum line_use interval_line(void *state, char *line, size_t length)
{
    (void)length;
    struct walking *walking = state;
    struct interval_row row;
    size_t region;
    if (interval_csv_read(&walking->map, line, &row, NULL) != ERR_OK) return LINE_BROKEN;
    if (!region_find(walking->reader, row.region, strlen(row.region), &region)) return LINE_FOREIGN;
    enum line_use use =
        use_once(walking, row.start_utc_ns, seen_hash_of(row.start_utc_ns, row.region));
    if (use != LINE_USED) return use;
    const struct ordered_interval interval = {.start_ns = row.start_utc_ns,
                                              .end_ns = row.end_utc_ns,
                                              .region = region,
                                              .cell = {.counters = row.counters,
                                                       .clusters = row.clusters,
                                                       .limits = row.limits,
                                                       .concurrency = row.concurrency},
                                              .health = row.health};
    if (!walking->in_order)
        return interval_order_keep(&walking->order, &interval) ? LINE_USED : LINE_NO_MEMORY;
    visit_interval(walking, &interval);
    return LINE_USED;
}

enum err_code run_reader_intervals(struct run_reader *reader, interval_visitor *visit,
                                   void *context, struct error *err)
{
    struct walking walking = {.reader = reader,
                              .visit.interval = visit,
                              .context = context,
                              .in_order = interval_order_holds(reader->folder)};
    walking.seen.forgets = walking.in_order;
    struct run_walk walk = {.name = RUN_INTERVALS,
                            .limit = CSV_LIMIT,
                            .header = interval_header,
                            .line = interval_line,
                            .state = &walking};
    enum err_code code = walk_file(reader, NOTE_INTERVALS, &walk, err);
    interval_order_sort(&walking.order);
    for (size_t i = 0; code == ERR_OK && i < walking.order.count; i++)
        visit_interval(&walking, &walking.order.rows[i]);
    interval_order_free(&walking.order);
    seen_lately_free(&walking.seen);
    return code;
}

static enum line_use latency_entry(struct walking *walking, struct histogram_log_entry *entry)
{
    const char *dot = strrchr(entry->tag, '.');
    enum metric metric;
    size_t region;
    int64_t end_ns;
    if (dot == NULL || !metric_find(dot + 1, &metric)) return LINE_BROKEN;
    if (__builtin_add_overflow(entry->start_utc_ns, entry->length_ns, &end_ns)) return LINE_BROKEN;
    const uint64_t hash = seen_hash_of(entry->start_utc_ns, entry->tag);
    seen_lately_expect(&walking->seen, hash);
    if (histogram_log_values(walking->decoder, entry, NULL) != ERR_OK) return LINE_BROKEN;
    if (!region_find(walking->reader, entry->tag, (size_t)(dot - entry->tag), &region))
        return LINE_FOREIGN;
    enum line_use use = use_once(walking, entry->start_utc_ns, hash);
    if (use != LINE_USED) return use;
    walking->visit.latency(walking->context, region, metric, entry->start_utc_ns, end_ns,
                           entry->histogram);
    return LINE_USED;
}

static enum line_use latency_line(void *state, char *line, size_t length)
{
    struct walking *walking = state;
    struct histogram_log_entry entry = {0};
    if (histogram_log_head(line, length, &walking->base_ns, &entry, NULL) != ERR_OK)
        return LINE_BROKEN;
    return entry.payload == NULL ? LINE_USED : latency_entry(walking, &entry);
}

enum err_code run_reader_latencies(struct run_reader *reader, latency_visitor *visit, void *context,
                                   struct error *err)
{
    struct walking walking = {.reader = reader,
                              .visit.latency = visit,
                              .context = context,
                              .decoder = histogram_decoder_new()};
    if (walking.decoder == NULL)
        return error_set(err, ERR_NOMEM, "%s: no memory to read it", reader->folder);
    walking.seen.forgets = line_order_pays(reader->folder, RUN_LATENCIES) &&
                           line_order_of_latencies(reader->folder, SEEN_LATELY_NS);
    struct run_walk walk = {
        .name = RUN_LATENCIES, .limit = HLOG_LIMIT, .line = latency_line, .state = &walking};
    enum err_code code = walk_file(reader, NOTE_LATENCIES, &walk, err);
    histogram_decoder_free(walking.decoder);
    seen_lately_free(&walking.seen);
    return code;
}

static const char *string_of(const cJSON *record, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record, key));
    return value == NULL ? "" : value;
}

static enum line_use failure_record(struct walking *walking, const cJSON *record, const char *line,
                                    size_t length)
{
    struct tally failure = {.count = 1};
    int64_t utc_ns;
    size_t region;
    const char *code = string_of(record, "code");
    if (parse_time(string_of(record, "time"), &utc_ns, NULL) != ERR_OK ||
        !phase_find(string_of(record, "phase"), &failure.phase) ||
        !domain_find(string_of(record, "domain"), &failure.domain) || *code == '\0') {
        return LINE_BROKEN;
    }
    const char *name = string_of(record, "region");
    if (!region_find(walking->reader, name, strlen(name), &region)) return LINE_FOREIGN;
    const enum line_use use = use_of(seen_add_failure(&walking->seen.recent, line, length,
                                                      string_of(record, "client_request_id")));
    if (use != LINE_USED) return use;
    text_copy(failure.code, sizeof failure.code, code_names_take(&walking->reader->codes, code));
    walking->visit.failure(walking->context, region, utc_ns, &failure);
    return LINE_USED;
}

static enum line_use failure_line(void *state, char *line, size_t length)
{
    struct walking *walking = state;
    /* Including the NUL, so that anything after the object is refused. */
    cJSON *record = cJSON_ParseWithLengthOpts(line, length + 1, NULL, true);
    enum line_use use =
        record == NULL ? LINE_BROKEN : failure_record(walking, record, line, length);
    cJSON_Delete(record);
    return use;
}

enum err_code run_reader_failures(struct run_reader *reader, failure_visitor *visit, void *context,
                                  struct error *err)
{
    struct walking walking = {.reader = reader, .visit.failure = visit, .context = context};
    struct run_walk walk = {
        .name = RUN_FAILURES, .limit = JSONL_LIMIT, .line = failure_line, .state = &walking};
    enum err_code code = walk_file(reader, NOTE_FAILURES, &walk, err);
    seen_lately_free(&walking.seen);
    return code;
}

static enum err_code attempt_header(void *state, char *line, struct error *err)
{
    return attempt_csv_columns(line, &((struct walking *)state)->map, err);
}

static enum line_use attempt_line(void *state, char *line, size_t length)
{
    struct walking *walking = state;
    const uint64_t hash = seen_hash(SEEN_HASH, line, length); /* reading takes the line apart */
    seen_lately_expect(&walking->seen, hash);
    struct attempt_row row;
    size_t region;
    if (attempt_csv_read_as(&walking->map, line, &row, NULL) != ERR_OK) return LINE_BROKEN;
    if (!region_find(walking->reader, row.region, strlen(row.region), &region)) return LINE_FOREIGN;
    enum line_use use = use_once(walking, row.due_utc_ns, hash);
    if (use != LINE_USED) return use;
    row.code = code_names_take(&walking->reader->codes, row.code);
    walking->visit.attempt(walking->context, region, &row);
    return LINE_USED;
}

enum err_code run_reader_attempts(struct run_reader *reader, attempt_visitor *visit, void *context,
                                  struct error *err)
{
    struct walking walking = {.reader = reader, .visit.attempt = visit, .context = context};
    walking.seen.forgets = line_order_pays(reader->folder, RUN_ATTEMPTS) &&
                           line_order_of_attempts(reader->folder, SEEN_LATELY_NS);
    struct run_walk walk = {.name = RUN_ATTEMPTS,
                            .limit = CSV_LIMIT,
                            .may_be_missing = true,
                            .header = attempt_header,
                            .line = attempt_line,
                            .state = &walking};
    enum err_code code = walk_file(reader, NOTE_ATTEMPTS, &walk, err);
    seen_lately_free(&walking.seen);
    return code;
}
