#include "record/run_writer.h"

#include "base/clock.h"
#include "base/files.h"
#include "record/attempt.h"
#include "record/folder.h"
#include "record/interval.h"
#include "stats/histogram_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INTERVALS, LATENCIES, ATTEMPTS, FAILURES, FILE_COUNT };

static const char *const file_names[FILE_COUNT] = {RUN_INTERVALS, RUN_LATENCIES, RUN_ATTEMPTS,
                                                   RUN_FAILURES};

struct run_writer {
    const struct profile *profile;
    struct folder folder;
    int files[FILE_COUNT];   /* -1: not written */
    struct text rows, lines; /* reused for every interval */
    struct error failure;    /* the first one; code ERR_OK until then */
};

/* Keeps the first failure: a file may then end in a torn line, after which nothing must be
 * written. */
static enum err_code fail(struct run_writer *writer, struct error *err, const char *name,
                          const char *what)
{
    (void)error_set(&writer->failure, ERR_IO, "%s/%s: cannot %s: %s", writer->folder.path, name,
                    what, strerror(errno));
    if (err != NULL) *err = writer->failure;
    return ERR_IO;
}

static enum err_code fail_memory(struct run_writer *writer, struct error *err, const char *name)
{
    errno = ENOMEM;
    (void)fail(writer, NULL, name, "write");
    writer->failure.code = ERR_NOMEM;
    if (err != NULL) *err = writer->failure;
    return ERR_NOMEM;
}

static enum err_code failed_before(const struct run_writer *writer, struct error *err)
{
    if (writer->failure.code != ERR_OK && err != NULL) *err = writer->failure;
    return writer->failure.code;
}

static enum err_code append(struct run_writer *writer, int file, const struct text *text,
                            struct error *err)
{
    if (failed_before(writer, err) != ERR_OK) return writer->failure.code;
    if (text->failed) return fail_memory(writer, err, file_names[file]);
    size_t done;
    if (file_put(writer->files[file], text_str(text), text->length, &done)) return ERR_OK;
    return fail(writer, err, file_names[file], "write");
}

static enum err_code create(struct run_writer *writer, int file, struct error *err)
{
    return file_create(&writer->folder, file_names[file], 0644, &writer->files[file], err);
}

static void write_header(const struct run_writer *writer, int file, int64_t start_utc_ns,
                         struct text *out)
{
    if (file == INTERVALS) interval_csv_header(out);
    if (file == ATTEMPTS) attempt_csv_header(out);
    if (file != LATENCIES) return;
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
    for (int file = 0; file < FILE_COUNT; file++) {
        if (file == ATTEMPTS && !writer->profile->record_attempts) continue;
        enum err_code code = create(writer, file, err);
        if (code != ERR_OK) return code;
        text_clear(&writer->rows);
        write_header(writer, file, start_utc_ns, &writer->rows);
        code = append(writer, file, &writer->rows, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static void free_writer(struct run_writer *writer)
{
    for (int file = 0; file < FILE_COUNT; file++) {
        if (writer->files[file] >= 0) (void)close(writer->files[file]);
    }
    text_free(&writer->rows);
    text_free(&writer->lines);
    folder_close(&writer->folder);
    free(writer);
}

static void remove_files(const struct run_writer *writer)
{
    for (int file = 0; file < FILE_COUNT; file++) {
        if (writer->files[file] >= 0) (void)unlinkat(writer->folder.fd, file_names[file], 0);
    }
}

static struct run_writer *new_writer(const struct profile *profile)
{
    struct run_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) return NULL;
    writer->profile = profile;
    writer->folder.fd = -1;
    for (int file = 0; file < FILE_COUNT; file++) writer->files[file] = -1;
    return writer;
}

enum err_code run_writer_open(const char *folder, const struct profile *profile,
                              int64_t start_utc_ns, struct run_writer **out, struct error *err)
{
    *out = NULL;
    struct run_writer *writer = new_writer(profile);
    if (writer == NULL) return error_set(err, ERR_NOMEM, "%s: no memory to write it", folder);
    size_t made_from;
    enum err_code code = folder_make_empty(folder, &made_from, err);
    if (code == ERR_OK) {
        code = folder_open(folder, &writer->folder, err);
        if (code == ERR_OK) code = create_files(writer, start_utc_ns, err);
        if (code == ERR_OK) {
            *out = writer;
            return ERR_OK;
        }
        remove_files(writer);
        folder_unmake(folder, made_from);
    }
    free_writer(writer);
    return code;
}

enum err_code run_writer_attempts(struct run_writer *writer, const struct text *rows,
                                  struct error *err)
{
    if (writer->files[ATTEMPTS] < 0) return failed_before(writer, err);
    return append(writer, ATTEMPTS, rows, err);
}

enum err_code run_writer_failures(struct run_writer *writer, const struct text *lines,
                                  struct error *err)
{
    return append(writer, FAILURES, lines, err);
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

enum err_code run_writer_interval(struct run_writer *writer, int64_t start_utc_ns,
                                  int64_t end_utc_ns, const struct cell *cells,
                                  const struct health *health, struct error *err)
{
    if (failed_before(writer, err) != ERR_OK) return writer->failure.code;
    struct interval_row row = {.start_utc_ns = whole_ms(start_utc_ns),
                               .end_utc_ns = whole_ms(end_utc_ns)};
    text_clear(&writer->rows);
    text_clear(&writer->lines);
    for (size_t i = 0; i < writer->profile->region_count; i++) {
        if (cells[i].failed) return fail_memory(writer, err, file_names[INTERVALS]);
        row.region = writer->profile->regions[i].name;
        row.counters = cells[i].counters;
        row.clusters = cells[i].clusters;
        row.limits = cells[i].limits;
        row.health = *health;
        interval_own_failures(&row);
        if (row.health.own_failures != health->own_failures) health_judge(&row.health);
        interval_csv_row(&writer->rows, &row);
        enum err_code code = latency_lines(&writer->lines, row.region, &cells[i], row.start_utc_ns,
                                           row.end_utc_ns, &writer->failure);
        if (code != ERR_OK) return failed_before(writer, err);
    }
    enum err_code code = append(writer, INTERVALS, &writer->rows, err);
    return code == ERR_OK ? append(writer, LATENCIES, &writer->lines, err) : code;
}

enum err_code run_writer_manifest(struct run_writer *writer, const cJSON *manifest,
                                  struct error *err)
{
    char *json = cJSON_Print(manifest);
    struct text whole = {0};
    if (json != NULL) text_printf(&whole, "%s\n", json);
    enum err_code code =
        whole.failed || json == NULL
            ? error_set(err, ERR_NOMEM, "%s/%s: no memory to write it", writer->folder.path,
                        RUN_MANIFEST)
            : file_replace(&writer->folder, RUN_MANIFEST, 0644, whole.data, whole.length, err);
    text_free(&whole);
    cJSON_free(json);
    return failed_before(writer, err) != ERR_OK ? writer->failure.code : code;
}

enum err_code run_writer_close(struct run_writer *writer, struct error *err)
{
    for (int file = 0; file < FILE_COUNT; file++) {
        int fd = writer->files[file];
        if (fd < 0) continue;
        writer->files[file] = -1;
        bool failed = fsync(fd) != 0;
        failed = close(fd) != 0 || failed;
        if (failed && writer->failure.code == ERR_OK)
            (void)fail(writer, NULL, file_names[file], "write");
    }
    enum err_code code = failed_before(writer, err);
    free_writer(writer);
    return code;
}
