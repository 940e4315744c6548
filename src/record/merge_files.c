#include "record/merge_streams.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "record/attempt.h"
#include "record/folder.h"
#include "record/interval.h"
#include "stats/histogram_log.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_LIMIT ((size_t)1 << 20)
#define HLOG_LINE_LIMIT ((size_t)16 << 20)

static enum err_code no_memory(const struct merge_job *job, struct error *err)
{
    return error_set(err, ERR_NOMEM, "%s: no memory to merge it", job->name);
}

/* ---- intervals.csv: rows of one interval and region add up ---- */

struct interval_entry {
    struct interval_row row;
    char region[80];
};

/* The rows that begin at the same time. */
struct interval_group {
    struct interval_entry *entries;
    size_t count, capacity;
    struct interval_row *rows; /* of each run: the row read last */
};

static enum err_code interval_header(struct merge_stream *stream, char *line, struct error *err)
{
    return interval_csv_columns(line, &stream->map, err);
}

static bool interval_read(struct merge_stream *stream, bool *skip)
{
    (void)skip;
    struct interval_row *row = &((struct interval_group *)stream->job->state)->rows[stream->run];
    if (interval_csv_read(&stream->map, stream->line, row, NULL) != ERR_OK) return false;
    stream->key = row->start_utc_ns;
    stream->identity = seen_hash_of(row->start_utc_ns, row->region);
    return true;
}

static enum err_code interval_rest(struct merge_job *job, struct error *err)
{
    (void)err;
    struct interval_group *group = job->state;
    for (size_t i = 0; i < group->count; i++) {
        group->entries[i].row.region = group->entries[i].region;
        interval_csv_row(&job->text, &group->entries[i].row);
    }
    group->count = 0;
    return ERR_OK;
}

static struct interval_entry *interval_place(struct interval_group *group,
                                             const struct interval_row *row)
{
    for (size_t i = 0; i < group->count; i++) {
        struct interval_entry *entry = &group->entries[i];
        if (strcmp(entry->region, row->region) == 0) return entry;
    }
    if (group->count == group->capacity) {
        size_t capacity = group->capacity == 0 ? 16 : group->capacity * 2;
        struct interval_entry *entries = realloc(group->entries, capacity * sizeof *entries);
        if (entries == NULL) return NULL;
        group->entries = entries;
        group->capacity = capacity;
    }
    struct interval_entry *entry = &group->entries[group->count];
    *entry = (struct interval_entry){0};
    (void)snprintf(entry->region, sizeof entry->region, "%s", row->region);
    return entry;
}

static enum err_code interval_take(struct merge_stream *stream, struct error *err)
{
    struct merge_job *job = stream->job;
    struct interval_group *group = job->state;
    const struct interval_row *row = &group->rows[stream->run];
    if (group->count > 0 && group->entries[0].row.start_utc_ns != row->start_utc_ns) {
        enum err_code code = interval_rest(job, err);
        if (code != ERR_OK) return code;
    }
    struct interval_entry *entry = interval_place(group, row);
    if (entry == NULL) return no_memory(job, err);
    if (entry == &group->entries[group->count]) {
        entry->row = *row;
        group->count++;
    } else {
        /* The last interval of a run ends when the run does. */
        if (row->end_utc_ns > entry->row.end_utc_ns) entry->row.end_utc_ns = row->end_utc_ns;
        counters_merge(&entry->row.counters, &row->counters);
        cluster_merge(&entry->row.clusters, &row->clusters);
        told_limits_merge(&entry->row.limits, &row->limits);
        concurrency_beside(&entry->row.concurrency, &row->concurrency);
        health_merge(&entry->row.health, &row->health);
    }
    return ERR_OK;
}

enum err_code merge_intervals(const struct merge *merge, struct error *err)
{
    struct interval_group group = {.rows = calloc(merge->count, sizeof *group.rows)};
    struct text head = {0};
    struct merge_job job = {.merge = merge,
                            .name = RUN_INTERVALS,
                            .limit = LINE_LIMIT,
                            .has_header = true,
                            .header = interval_header,
                            .once = true,
                            .read = interval_read,
                            .take = interval_take,
                            .state = &group};
    interval_csv_header(&head);
    enum err_code code =
        group.rows == NULL ? no_memory(&job, err) : merge_run_then(&job, &head, interval_rest, err);
    text_free(&head);
    free(group.rows);
    free(group.entries);
    return code;
}

/* ---- latency.hlog: histograms of one interval and tag add up ---- */

struct latency_entry {
    char tag[128];
    int64_t length_ns;
    struct histogram *sum;
};

struct latency_group {
    struct latency_entry *entries; /* those beyond `count` keep their empty histograms for reuse */
    size_t count, capacity;
    int64_t start_ns;
    struct histogram_decoder *decoder;
    int64_t *base_ns; /* of each run */
};

/* Reads only the times: the payload is decoded when its turn comes, since all streams share one
 * decoder. */
static bool latency_read(struct merge_stream *stream, bool *skip)
{
    struct latency_group *group = stream->job->state;
    struct histogram_log_entry entry = {0};
    if (histogram_log_read(group->decoder, stream->line, stream->length,
                           &group->base_ns[stream->run], &entry, NULL) != ERR_OK)
        return false;
    *skip = entry.histogram == NULL;
    stream->key = entry.start_utc_ns;
    stream->identity = seen_hash_of(entry.start_utc_ns, entry.tag);
    return true;
}

static enum err_code latency_rest(struct merge_job *job, struct error *err)
{
    struct latency_group *group = job->state;
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < group->count; i++) {
        struct latency_entry *entry = &group->entries[i];
        code = histogram_log_line(&job->text, entry->tag, group->start_ns, entry->length_ns,
                                  entry->sum, err);
        histogram_reset(entry->sum);
    }
    group->count = 0;
    return code;
}

static bool same_range(const struct histogram *a, const struct histogram *b)
{
    return a->lowest == b->lowest && a->highest == b->highest && a->digits == b->digits;
}

/* The entry of a tag, created if new. NULL when out of memory. */
static struct latency_entry *latency_place(struct latency_group *group,
                                           const struct histogram_log_entry *line)
{
    for (size_t i = 0; i < group->count; i++) {
        struct latency_entry *entry = &group->entries[i];
        if (strcmp(entry->tag, line->tag) != 0) continue;
        if (line->length_ns > entry->length_ns) entry->length_ns = line->length_ns;
        return entry;
    }
    if (group->count == group->capacity) {
        size_t capacity = group->capacity == 0 ? 32 : group->capacity * 2;
        struct latency_entry *entries = realloc(group->entries, capacity * sizeof *entries);
        if (entries == NULL) return NULL;
        memset(entries + group->capacity, 0, (capacity - group->capacity) * sizeof *entries);
        group->entries = entries;
        group->capacity = capacity;
    }
    struct latency_entry *entry = &group->entries[group->count];
    const struct histogram *h = line->histogram;
    if (entry->sum != NULL && !same_range(entry->sum, h)) {
        histogram_free(entry->sum);
        entry->sum = NULL;
    }
    if (entry->sum == NULL) entry->sum = histogram_new(h->lowest, h->highest, h->digits);
    if (entry->sum == NULL) return NULL;
    memcpy(entry->tag, line->tag, sizeof entry->tag);
    entry->length_ns = line->length_ns;
    group->count++;
    return entry;
}

static enum err_code latency_take(struct merge_stream *stream, struct error *err)
{
    struct merge_job *job = stream->job;
    struct latency_group *group = job->state;
    struct histogram_log_entry line = {0};
    enum err_code code = histogram_log_read(group->decoder, stream->line, stream->length,
                                            &group->base_ns[stream->run], &line, err);
    if (code != ERR_OK) return code;
    if (group->count > 0 && group->start_ns != line.start_utc_ns) code = latency_rest(job, err);
    if (code != ERR_OK) return code;
    group->start_ns = line.start_utc_ns;
    struct latency_entry *entry = latency_place(group, &line);
    if (entry == NULL) return no_memory(job, err);
    histogram_add(entry->sum, line.histogram);
    return ERR_OK;
}

enum err_code merge_latencies(const struct merge *merge, struct error *err)
{
    struct latency_group group = {.decoder = histogram_decoder_new(),
                                  .base_ns = calloc(merge->count, sizeof *group.base_ns)};
    struct text head = {0};
    struct text comment = {0};
    struct merge_job job = {.merge = merge,
                            .name = RUN_LATENCIES,
                            .limit = HLOG_LINE_LIMIT,
                            .once = true,
                            .read = latency_read,
                            .take = latency_take,
                            .state = &group};
    text_printf(
        &comment,
        "rushhour %s, profile %s, %zu runs merged, values in microseconds, Tag=<region>.<metric>",
        RUSHHOUR_VERSION, merge->profile, merge->count);
    histogram_log_header(&head, merge->start_utc_ns, text_str(&comment));
    bool ready = group.decoder != NULL && group.base_ns != NULL;
    enum err_code code =
        ready ? merge_run_then(&job, &head, latency_rest, err) : no_memory(&job, err);
    for (size_t i = 0; i < group.capacity; i++) histogram_free(group.entries[i].sum);
    free(group.entries);
    free(group.base_ns);
    histogram_decoder_free(group.decoder);
    text_free(&head);
    text_free(&comment);
    return code;
}

/* ---- attempts.csv: rows in the order of their ends, sessions with new numbers ---- */

struct attempt_state {
    struct attempt_row *rows; /* of each run */
    uint64_t count;
};

static enum err_code attempt_header(struct merge_stream *stream, char *line, struct error *err)
{
    return attempt_csv_columns(line, &stream->map, err);
}

static bool attempt_read(struct merge_stream *stream, bool *skip)
{
    (void)skip;
    struct attempt_row *row = &((struct attempt_state *)stream->job->state)->rows[stream->run];
    if (attempt_csv_read_as(&stream->map, stream->line, row, NULL) != ERR_OK) return false;
    stream->key = row->end_utc_ns;
    return true;
}

/* Numbers from different runs never collide: run i uses those with remainder i modulo the number of
 * runs. 0 is not a number. */
static uint64_t renumber(const struct merge_stream *stream, uint64_t number)
{
    return number == 0 ? 0 : (number - 1) * stream->job->merge->count + stream->run + 1;
}

static enum err_code attempt_take(struct merge_stream *stream, struct error *err)
{
    (void)err;
    struct attempt_state *state = stream->job->state;
    struct attempt_row row = state->rows[stream->run];
    row.session_number = renumber(stream, row.session_number);
    row.chain = renumber(stream, row.chain);
    attempt_csv_row(&stream->job->text, &row);
    state->count++;
    return ERR_OK;
}

enum err_code merge_attempts(const struct merge *merge, struct error *err)
{
    struct attempt_state state = {.rows = calloc(merge->count, sizeof *state.rows)};
    struct text head = {0};
    struct merge_job job = {.merge = merge,
                            .name = RUN_ATTEMPTS,
                            .limit = LINE_LIMIT,
                            .may_be_missing = true,
                            .has_header = true,
                            .header = attempt_header,
                            .once = true,
                            .read = attempt_read,
                            .take = attempt_take,
                            .state = &state};
    attempt_csv_header(&head);
    enum err_code code = state.rows == NULL ? no_memory(&job, err) : merge_run(&job, &head, err);
    text_free(&head);
    free(state.rows);
    if (code != ERR_OK || state.count > 0) return code;
    /* If no run kept attempts, neither does the result: reports then use the intervals. */
    struct text path = {0};
    text_printf(&path, "%s/%s", merge->folder, RUN_ATTEMPTS);
    if (unlink(text_str(&path)) != 0 && errno != ENOENT)
        code = error_set(err, ERR_IO, "%s: %s", text_str(&path), strerror(errno));
    text_free(&path);
    return code;
}

/* ---- failures.jsonl: lines as they are, in the order of time; copies once ---- */

struct failure_state {
    double *skew_sum;
    uint64_t *skew_count;
};

static bool failure_read(struct merge_stream *stream, bool *skip)
{
    static const char head[] = "{\"time\":\"";
    char stamp[32];
    *skip = stream->length == 0;
    if (*skip || strncmp(stream->line, head, sizeof head - 1) != 0) return *skip;
    const char *at = stream->line + sizeof head - 1;
    size_t length = strcspn(at, "\"");
    if (length >= sizeof stamp) return false;
    memcpy(stamp, at, length);
    stamp[length] = '\0';
    stream->nameless = strstr(stream->line, "\"client_request_id\":\"") == NULL;
    return parse_time(stamp, &stream->key, NULL) == ERR_OK &&
           stream->line[stream->length - 1] == '}';
}

static enum err_code failure_take(struct merge_stream *stream, struct error *err)
{
    (void)err;
    static const char key[] = "\"clock_skew_ms\":";
    struct failure_state *state = stream->job->state;
    const char *skew = strstr(stream->line, key);
    if (skew != NULL && strncmp(skew + sizeof key - 1, "null", 4) != 0) {
        state->skew_sum[stream->run] += strtod(skew + sizeof key - 1, NULL);
        state->skew_count[stream->run]++;
    }
    text_append(&stream->job->text, stream->line, stream->length);
    text_puts(&stream->job->text, "\n");
    return ERR_OK;
}

enum err_code merge_failures(const struct merge *merge, struct error *err)
{
    struct failure_state state = {.skew_sum = calloc(merge->count, sizeof *state.skew_sum),
                                  .skew_count = calloc(merge->count, sizeof *state.skew_count)};
    struct merge_job job = {.merge = merge,
                            .name = RUN_FAILURES,
                            .limit = LINE_LIMIT,
                            .may_be_missing = true,
                            .once = true,
                            .read = failure_read,
                            .take = failure_take,
                            .state = &state};
    bool ready = state.skew_sum != NULL && state.skew_count != NULL;
    enum err_code code = ready ? merge_run(&job, NULL, err) : no_memory(&job, err);
    for (size_t i = 0; ready && i < merge->count; i++)
        merge->skew_ms[i] =
            state.skew_count[i] > 0 ? state.skew_sum[i] / (double)state.skew_count[i] : NAN;
    free(state.skew_sum);
    free(state.skew_count);
    return code;
}
