#include "record/run_writer.h"

#include "base/clock.h"
#include "record/attempt.h"
#include "record/interval.h"
#include "record/manifest_print.h"
#include "record/run_store.h"
#include "stats/histogram_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct run_writer {
    const struct profile *profile;
    struct run_store *store;
    struct text rows, lines; /* reused for every interval */
    bool ended;
    struct error ending; /* of run_writer_end */
};

static enum err_code append(struct run_writer *writer, enum run_file file, const struct text *text,
                            struct error *err)
{
    if (text->failed) return run_store_lose(writer->store, file, err);
    return run_store_append(writer->store, file, text_str(text), text->length, err);
}

static void write_header(const struct run_writer *writer, enum run_file file, int64_t start_utc_ns,
                         struct text *out)
{
    if (file == FILE_INTERVALS) interval_csv_header(out);
    if (file == FILE_ATTEMPTS) attempt_csv_header(out);
    if (file != FILE_LATENCIES) return;
    struct text comment = {0};
    text_printf(&comment, "rushhour %s, profile %s, values in microseconds, Tag=<region>.<metric>",
                RUSHHOUR_VERSION, writer->profile->name);
    histogram_log_header(out, start_utc_ns, text_str(&comment));
    if (comment.failed) out->failed = true;
    text_free(&comment);
}

static enum err_code create_files(struct run_writer *writer, int64_t start_utc_ns,
                                  struct error *err)
{
    for (enum run_file file = 0; file < RUN_FILE_COUNT; file++) {
        if (file == FILE_ATTEMPTS && !writer->profile->record_attempts) continue;
        enum err_code code = run_store_create(writer->store, file, err);
        if (code != ERR_OK) return code;
        text_clear(&writer->rows);
        write_header(writer, file, start_utc_ns, &writer->rows);
        code = append(writer, file, &writer->rows, err);
        if (code == ERR_OK && file == FILE_ATTEMPTS && writer->profile->rotate_at > 0 &&
            !run_store_rotates(writer->store, file, writer->profile->rotate_at,
                               text_str(&writer->rows)))
            code = error_set(err, ERR_NOMEM, "no memory for the run folder");
        if (code != ERR_OK) return code;
    }
    /* a disk that is full already bears no run */
    return run_store_flush(writer->store) ? ERR_OK : run_store_end(writer->store, err);
}

static void free_writer(struct run_writer *writer)
{
    text_free(&writer->rows);
    text_free(&writer->lines);
    free(writer);
}

enum err_code run_writer_open(const struct run_writer_plan *plan, struct run_writer **out,
                              struct error *err)
{
    const struct run_store_plan place = {.path = plan->path,
                                         .spill = plan->spill,
                                         .held_most = plan->held_most,
                                         .share = plan->share,
                                         .must_be_new = plan->must_be_new};
    struct run_writer *writer = calloc(1, sizeof *writer);
    *out = NULL;
    if (writer == NULL) return error_set(err, ERR_NOMEM, "%s: no memory to write it", plan->path);
    writer->profile = plan->profile;
    enum err_code code = run_store_open(&place, &writer->store, err);
    if (code == ERR_OK) {
        if (plan->manifest != NULL) code = run_writer_manifest(writer, plan->manifest, err);
        if (code == ERR_OK) code = create_files(writer, plan->start_utc_ns, err);
        if (code == ERR_OK) {
            *out = writer;
            return ERR_OK;
        }
        run_store_abandon(writer->store);
        errno = 0; /* the name itself was free */
    }
    const int reason = errno;
    free_writer(writer);
    errno = reason;
    return code;
}

enum err_code run_writer_attempts(struct run_writer *writer, const struct text *rows,
                                  struct error *err)
{
    const bool wanted = run_store_has(writer->store, FILE_ATTEMPTS);
    static const struct text none;
    return append(writer, wanted ? FILE_ATTEMPTS : FILE_FAILURES, wanted ? rows : &none, err);
}

enum err_code run_writer_failures(struct run_writer *writer, const struct text *lines,
                                  struct error *err)
{
    run_store_check(writer->store);
    return append(writer, FILE_FAILURES, lines, err);
}

/* Reports sort the intervals of both files into windows by these times, so both must have exactly
 * the same ones. */
static int64_t whole_ms(int64_t utc_ns)
{
    int64_t part = utc_ns % NS_PER_MS;
    return utc_ns - (part < 0 ? part + NS_PER_MS : part);
}

static enum err_code latency_lines(struct text *out, const char *region, const struct cell *cell,
                                   int64_t start_ns, int64_t end_ns, struct error *err)
{
    struct text tag = {0};
    enum err_code code = ERR_OK;
    for (int metric = 0; metric < METRIC_COUNT && code == ERR_OK; metric++) {
        const struct histogram *histogram = cell->latency[metric];
        if (histogram == NULL || histogram->total == 0) continue;
        text_clear(&tag);
        text_printf(&tag, "%s.%s", region, metric_name((enum metric)metric));
        code = histogram_log_line(out, text_str(&tag), start_ns, end_ns - start_ns, histogram, err);
        if (tag.failed) out->failed = true;
    }
    text_free(&tag);
    return code;
}

/* Rows and lines of one interval. */
static enum err_code format(struct run_writer *writer, struct interval_row *row,
                            const struct cell *cells, const struct health *health,
                            struct error *err)
{
    text_clear(&writer->rows);
    text_clear(&writer->lines);
    for (size_t i = 0; i < writer->profile->region_count; i++) {
        if (cells[i].failed) return run_store_lose(writer->store, FILE_INTERVALS, err);
        row->region = writer->profile->regions[i].name;
        row->counters = cells[i].counters;
        row->clusters = cells[i].clusters;
        row->limits = cells[i].limits;
        row->concurrency = cells[i].concurrency;
        row->health = *health;
        interval_own_failures(row);
        if (row->health.own_failures != health->own_failures) health_judge(&row->health);
        interval_csv_row(&writer->rows, row);
        enum err_code code = latency_lines(&writer->lines, row->region, &cells[i],
                                           row->start_utc_ns, row->end_utc_ns, err);
        if (code != ERR_OK) return run_store_lose(writer->store, FILE_LATENCIES, err);
    }
    return ERR_OK;
}

enum err_code run_writer_interval(struct run_writer *writer, int64_t start_utc_ns,
                                  int64_t end_utc_ns, const struct cell *cells,
                                  const struct health *health, struct error *err)
{
    struct interval_row row = {.start_utc_ns = whole_ms(start_utc_ns),
                               .end_utc_ns = whole_ms(end_utc_ns)};
    enum err_code code = format(writer, &row, cells, health, err);
    if (code != ERR_OK) return code;
    code = append(writer, FILE_INTERVALS, &writer->rows, err);
    enum err_code lines =
        append(writer, FILE_LATENCIES, &writer->lines, code == ERR_OK ? err : NULL);
    run_store_check(writer->store);
    return code == ERR_OK ? lines : code;
}

enum err_code run_writer_manifest(struct run_writer *writer, const cJSON *manifest,
                                  struct error *err)
{
    char *json = manifest_print(manifest, true);
    struct text whole = {0};
    if (json != NULL) text_printf(&whole, "%s\n", json);
    enum err_code code = whole.failed || json == NULL
                             ? error_set(err, ERR_NOMEM, "no memory to write run.json")
                             : run_store_manifest(writer->store, whole.data, whole.length, err);
    text_free(&whole);
    cJSON_free(json);
    return code;
}

bool run_writer_news(struct run_writer *writer, struct text *out)
{
    return run_store_news(writer->store, out);
}

bool run_writer_settle(struct run_writer *writer)
{
    return run_store_flush(writer->store);
}

enum err_code run_writer_end(struct run_writer *writer, struct error *err)
{
    if (!writer->ended) (void)!run_store_end(writer->store, &writer->ending);
    writer->ended = true;
    if (writer->ending.code != ERR_OK && err != NULL) *err = writer->ending;
    return writer->ending.code;
}

const char *run_writer_path(struct run_writer *writer)
{
    return run_store_path(writer->store);
}

enum err_code run_writer_close(struct run_writer *writer, struct error *err)
{
    enum err_code code = run_writer_end(writer, err);
    run_store_free(writer->store);
    free_writer(writer);
    return code;
}
