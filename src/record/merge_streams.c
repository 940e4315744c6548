#include "record/merge_streams.h"

#include "base/files.h"
#include "record/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_AT ((size_t)256 * 1024)

static enum err_code cannot_write(const struct merge_job *job, struct error *err)
{
    return error_set(err, ERR_IO, "%s/%s: %s", job->merge->folder, job->name, strerror(errno));
}

enum err_code merge_flush(struct merge_job *job, struct error *err)
{
    if (job->text.failed) return error_set(err, ERR_NOMEM, "%s: no memory to merge it", job->name);
    size_t length = job->text.length;
    if (length > 0 && fwrite(job->text.data, 1, length, job->out) != length)
        return cannot_write(job, err);
    text_clear(&job->text);
    return ERR_OK;
}

static enum err_code open_stream(struct merge_stream *stream, const char *run, struct error *err)
{
    const struct merge_job *job = stream->job;
    struct text path = {0};
    text_printf(&path, "%s/%s", run, job->name);
    struct error opening = {0};
    enum err_code code = lines_open(&stream->lines, text_str(&path), job->limit, &opening);
    if (code == ERR_OK) {
        stream->open = true;
    } else if (errno == ENOENT && job->may_be_missing) {
        stream->over = true;
        code = ERR_OK;
    } else if (err != NULL) {
        *err = opening;
    }
    text_free(&path);
    return code;
}

/* Whether one of the line's identity was there before, where that counts. ERR_NOMEM. */
static enum err_code look_for(struct merge_stream *stream, bool *repeated, struct error *err)
{
    *repeated = false;
    if (!stream->job->once || stream->nameless) return ERR_OK;
    switch (seen_add(&stream->seen, stream->identity)) {
    case SEEN_NEW:
        break;
    case SEEN_REPEATED:
        *repeated = true;
        break;
    case SEEN_NO_MEMORY:
        return error_set(err, ERR_NOMEM, "%s: no memory to merge it", stream->job->name);
    }
    return ERR_OK;
}

/* Passes a complete line to the job's reader. */
static enum err_code offer(struct merge_stream *stream, bool *found, struct error *err)
{
    if (stream->job->has_header && !stream->begun) {
        stream->begun = true;
        return stream->job->header(stream, stream->line, err);
    }
    bool skip = false;
    bool repeated = false;
    enum err_code code = ERR_OK;
    /* reading takes the line apart */
    stream->identity = seen_hash(SEEN_HASH, stream->line, stream->length);
    const bool good = stream->job->read(stream, &skip);
    if (good && !skip) code = look_for(stream, &repeated, err);
    *found = code == ERR_OK && good && !skip && !repeated;
    stream->repeated += repeated;
    stream->dropped += !good && !skip;
    return code;
}

/* Advances to the next good line of a stream, or to its end. */
static enum err_code advance(struct merge_stream *stream, struct error *err)
{
    bool found = false;
    while (!found && !stream->over) {
        enum err_code code = ERR_OK;
        switch (lines_next(&stream->lines, &stream->line, &stream->length)) {
        case LINE_WHOLE:
            code = offer(stream, &found, err);
            break;
        case LINE_TOO_LONG:
        case LINE_TORN:
            stream->dropped++;
            break;
        case LINE_END:
            stream->over = true;
            break;
        case LINE_ERROR:
            code = error_set(err, ERR_IO, "%s/%s: %s", stream->job->merge->runs[stream->run],
                             stream->job->name, strerror(stream->lines.os_error));
            break;
        }
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static enum err_code go_through(struct merge_job *job, struct merge_stream *streams,
                                struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < job->merge->count; i++) {
        streams[i].job = job;
        streams[i].run = i;
        code = open_stream(&streams[i], job->merge->runs[i], err);
        if (code == ERR_OK) code = advance(&streams[i], err);
    }
    while (code == ERR_OK) {
        struct merge_stream *first = NULL;
        for (size_t i = 0; i < job->merge->count; i++) {
            if (!streams[i].over && (first == NULL || streams[i].key < first->key))
                first = &streams[i];
        }
        if (first == NULL) break;
        code = job->take(first, err);
        if (code == ERR_OK && job->text.length > WRITE_AT) code = merge_flush(job, err);
        if (code == ERR_OK) code = advance(first, err);
    }
    return code;
}

static void close_streams(const struct merge_job *job, struct merge_stream *streams)
{
    for (size_t i = 0; i < job->merge->count; i++) {
        if (streams[i].open) lines_close(&streams[i].lines);
        seen_free(&streams[i].seen);
        const char *run = job->merge->runs[i];
        if (streams[i].dropped > 0)
            text_printf(job->merge->notes, "%s/%s: %llu torn or broken lines are left out.\n", run,
                        job->name, (unsigned long long)streams[i].dropped);
        if (streams[i].repeated > 0)
            text_printf(job->merge->notes,
                        "%s/%s: of %llu lines another one was there before, which counts; they are "
                        "left out.\n",
                        run, job->name, (unsigned long long)streams[i].repeated);
    }
}

/* In the new folder, for whom the folder is. */
static enum err_code create(struct merge_job *job, struct error *err)
{
    struct folder folder;
    int fd = -1;
    enum err_code code = folder_open(job->merge->folder, &folder, err);
    if (code != ERR_OK) return code;
    code = file_create(&folder, job->name, run_file_mode(job->merge->share), &fd, err);
    folder_close(&folder);
    if (code != ERR_OK) return code;
    job->out = fdopen(fd, "wb");
    if (job->out != NULL) return ERR_OK;
    (void)close(fd);
    return error_set(err, ERR_NOMEM, "%s: no memory to merge it", job->name);
}

enum err_code merge_run_then(struct merge_job *job, const struct text *head, merge_rest *rest,
                             struct error *err)
{
    struct merge_stream *streams = calloc(job->merge->count, sizeof *streams);
    enum err_code code = streams == NULL
                             ? error_set(err, ERR_NOMEM, "%s: no memory to merge it", job->name)
                             : create(job, err);
    if (streams == NULL || code != ERR_OK) {
        free(streams);
        return code;
    }
    if (head != NULL) text_append(&job->text, text_str(head), head->length);
    code = go_through(job, streams, err);
    if (code == ERR_OK && rest != NULL) code = rest(job, err);
    if (code == ERR_OK) code = merge_flush(job, err);
    close_streams(job, streams);
    if (fclose(job->out) != 0 && code == ERR_OK) code = cannot_write(job, err);
    text_free(&job->text);
    free(streams);
    return code;
}

enum err_code merge_run(struct merge_job *job, const struct text *head, struct error *err)
{
    return merge_run_then(job, head, NULL, err);
}
