/* latency.hlog: the relevant lines of the run's own log, unchanged. */
#include "base/files.h"
#include "package/parts.h"
#include "record/folder.h"
#include "record/lines.h"
#include "stats/histogram_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_LIMIT ((size_t)4 << 20)

struct copying {
    const struct package *package;
    struct histogram_decoder *decoder;
    int64_t base_ns;
    FILE *out;
};

/* Whether the region and time of a line were requested. */
static bool wanted(const struct copying *copying, const struct histogram_log_entry *entry)
{
    const struct package *package = copying->package;
    char region[sizeof entry->tag];
    (void)snprintf(region, sizeof region, "%s", entry->tag);
    char *dot = strrchr(region, '.');
    size_t index;
    if (dot == NULL) return false;
    *dot = '\0';
    if (!package_region(package, region, &index)) return false;
    if (!package->subject[index] && !package->chosen) return false;
    return package_holds_any(package, entry->start_utc_ns, entry->start_utc_ns + entry->length_ns);
}

/* Keeps comments and the legend, drops unreadable lines. False if writing fails. */
static bool copy_line(struct copying *copying, const char *line, size_t length)
{
    struct histogram_log_entry entry = {0};
    if (histogram_log_read(copying->decoder, line, length, &copying->base_ns, &entry, NULL) !=
        ERR_OK)
        return true;
    if (entry.histogram != NULL && !wanted(copying, &entry)) return true;
    return fwrite(line, 1, length, copying->out) == length && fputc('\n', copying->out) != EOF;
}

/* ERR_OK without any line if the run has no log. */
static enum err_code copy_lines(struct copying *copying, struct lines *lines, const char *to,
                                struct error *err)
{
    for (;;) {
        char *line = NULL;
        size_t length = 0;
        switch (lines_next(lines, &line, &length)) {
        case LINE_WHOLE:
            if (!copy_line(copying, line, length))
                return error_set(err, ERR_IO, "%s: cannot write: %s", to, strerror(errno));
            break;
        case LINE_TORN:
        case LINE_TOO_LONG:
            break; /* dropped, as by every reader of the run */
        case LINE_ERROR:
            return error_set(err, ERR_IO, "%s: cannot read: %s", RUN_LATENCIES,
                             strerror(lines->os_error));
        case LINE_END:
            return ERR_OK;
        }
    }
}

static enum err_code copy_file(struct copying *copying, const char *from, const char *to,
                               struct error *err)
{
    struct lines lines;
    struct error opening = {0};
    if (results_simulated(copying->package->results))
        (void)fputs("#[SIMULATED: a rehearsal, not a real service]\n", copying->out);
    enum err_code code = lines_open(&lines, from, LINE_LIMIT, &opening);
    if (code == ERR_OK) {
        code = copy_lines(copying, &lines, to, err);
    } else if (errno == ENOENT) {
        code = ERR_OK;
    } else if (err != NULL) {
        *err = opening;
    }
    lines_close(&lines);
    return code;
}

enum err_code package_write_latencies(const struct package *package, const char *folder,
                                      struct error *err)
{
    struct text from = {0};
    struct text to = {0};
    text_printf(&from, "%s/%s", package->request->folder, RUN_LATENCIES);
    text_printf(&to, "%s/latency.hlog", folder);
    struct copying copying = {.package = package, .decoder = histogram_decoder_new()};
    enum err_code code =
        copying.decoder == NULL
            ? error_set(err, ERR_NOMEM, "%s: no memory to read it", text_str(&from))
            : file_create_stream(text_str(&to), &copying.out, err);
    if (code == ERR_OK) {
        code = copy_file(&copying, text_str(&from), text_str(&to), err);
        bool failed = ferror(copying.out) != 0;
        if (fclose(copying.out) != 0) failed = true;
        if (code == ERR_OK && failed)
            code = error_set(err, ERR_IO, "%s: cannot write: %s", text_str(&to), strerror(errno));
    }
    histogram_decoder_free(copying.decoder);
    text_free(&from);
    text_free(&to);
    return code;
}
