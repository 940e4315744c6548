#include "record/lines.h"

#include "base/files.h"

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define FIRST_CAPACITY ((size_t)128 * 1024)

static const struct lines_listener *listening;

void lines_listen(const struct lines_listener *listener)
{
    listening = listener;
}

static void tell(const struct lines *lines, int64_t done)
{
    if (listening != NULL && lines->size > 0)
        listening->tell(listening->context, lines->name, done, lines->size);
}

/* Whoever listens is told of each part by itself. */
static void look_at(struct lines *lines, const char *path)
{
    struct stat status;
    const char *slash = strrchr(path, '/');
    lines->read = lines->size = 0;
    if (listening == NULL || fstat(lines->fd, &status) != 0) return;
    (void)snprintf(lines->name, sizeof lines->name, "%s", slash == NULL ? path : slash + 1);
    lines->size = status.st_size;
}

static enum err_code no_memory(const char *path, struct error *err)
{
    errno = ENOMEM;
    return error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
}

/* ---- parts ---- */

static void close_part(struct lines *lines)
{
    if (lines->fd < 0) return;
    tell(lines, lines->size);
    if (lines->gzip != NULL)
        (void)gzclose(lines->gzip);
    else
        (void)close(lines->fd);
    lines->gzip = NULL;
    lines->fd = -1;
}

/* Reads on from a descriptor, which is the lines' own from now on. */
static bool read_on(struct lines *lines, int fd, const char *path, bool compressed)
{
    lines->fd = fd;
    lines->at_end = lines->cut = false;
    look_at(lines, path);
    if (!compressed) return true;
    lines->gzip = gzdopen(fd, "rb");
    if (lines->gzip != NULL) return true;
    (void)close(fd);
    lines->fd = -1;
    errno = ENOMEM;
    return false;
}

/* The path of a part beside the file itself. */
static char *path_of(const struct lines *lines, const struct part *part)
{
    char name[PART_NAME_SIZE];
    struct text path = {0};
    const char *slash = strrchr(lines->path, '/');
    const char *own = slash == NULL ? lines->path : slash + 1;
    part_name(own, part->number, part->compressed, name);
    text_printf(&path, "%.*s%s", (int)(own - lines->path), lines->path, name);
    return text_take(&path);
}

/* A run that goes on may have compressed the part meanwhile. */
static enum err_code open_part(struct lines *lines, struct error *err)
{
    struct part part = lines->parts.list[lines->next_part++];
    for (int tries = 0;; tries++) {
        int fd;
        char *path = path_of(lines, &part);
        if (path == NULL) return no_memory(lines->path, err);
        enum err_code code = file_open(path, FILE_REGULAR, &fd, err);
        const bool gone = code != ERR_OK && errno == ENOENT;
        if (code == ERR_OK && !read_on(lines, fd, path, part.compressed))
            code = no_memory(path, err);
        free(path);
        if (!gone || tries == 1) return code;
        part.compressed = !part.compressed;
    }
}

/* Goes on with the next part, or with the file itself after them. False: there is nothing more, or
 * it cannot be opened (os_error). */
static bool open_next(struct lines *lines)
{
    struct error ignored;
    const int own = lines->own;
    close_part(lines);
    lines->at_start = true;
    if (lines->next_part < lines->parts.count) {
        if (open_part(lines, &ignored) == ERR_OK) return true;
        lines->os_error = errno;
        return false;
    }
    lines->own = -1;
    return own >= 0 && read_on(lines, own, lines->path, false);
}

/* The file was opened before its parts were looked for: one that it has become since is not read
 * twice. */
static void drop_own(struct lines *lines)
{
    size_t kept = 0;
    struct stat own, other;
    for (size_t i = 0; i < lines->parts.count; i++) {
        const struct part part = lines->parts.list[i];
        char *path = path_of(lines, &part);
        const bool same = path != NULL && lines->own >= 0 && fstat(lines->own, &own) == 0 &&
                          stat(path, &other) == 0 && own.st_ino == other.st_ino &&
                          own.st_dev == other.st_dev;
        free(path);
        if (!same) lines->parts.list[kept++] = part;
    }
    lines->parts.count = kept;
}

static enum err_code open_first(struct lines *lines, const char *path, struct error *err)
{
    int fd = -1;
    struct error ignored;
    enum err_code code = file_open(path, FILE_REGULAR, &fd, err);
    const int reason = errno;
    if (code != ERR_OK && reason != ENOENT) return code;
    if (parts_find(path, &lines->parts, &ignored) != ERR_OK) {
        lines->own = fd;
        return no_memory(path, err);
    }
    errno = reason;
    if (lines->parts.count == 0)
        return code == ERR_OK && read_on(lines, fd, path, false) ? ERR_OK : code;
    lines->own = fd;
    lines->path = strdup(path);
    if (lines->path == NULL) return no_memory(path, err);
    drop_own(lines);
    if (lines->parts.count > 0) return open_part(lines, err);
    return open_next(lines) ? ERR_OK : no_memory(path, err);
}

enum err_code lines_open(struct lines *lines, const char *path, size_t limit, struct error *err)
{
    *lines = (struct lines){.fd = -1, .own = -1, .limit = limit, .capacity = FIRST_CAPACITY};
    enum err_code code = open_first(lines, path, err);
    if (code != ERR_OK) return code;
    lines->buffer = malloc(lines->capacity);
    return lines->buffer != NULL ? ERR_OK : no_memory(path, err);
}

void lines_close(struct lines *lines)
{
    close_part(lines);
    if (lines->own >= 0) (void)close(lines->own);
    parts_free(&lines->parts);
    free(lines->first_line);
    free(lines->path);
    free(lines->buffer);
    *lines = (struct lines){.fd = -1, .own = -1};
}

/* The header row stands in every part, and counts once. False: not this line, or no memory. */
static bool repeats_header(struct lines *lines, const char *line)
{
    if (lines->parts.count == 0) return false;
    if (lines->first_line == NULL) {
        lines->first_line = strdup(line);
        if (lines->first_line == NULL) lines->os_error = ENOMEM;
        return false;
    }
    const bool start = lines->at_start;
    lines->at_start = false;
    return start && strcmp(lines->first_line, line) == 0;
}

/* Makes room after the unread bytes; one byte stays free for the NUL of a last line without
 * newline. */
static bool make_room(struct lines *lines)
{
    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->scanned -= lines->start;
        lines->start = 0;
    }
    if (lines->end + 1 < lines->capacity) return true;
    char *buffer = realloc(lines->buffer, 2 * lines->capacity);
    if (buffer == NULL) {
        lines->os_error = ENOMEM;
        return false;
    }
    lines->buffer = buffer;
    lines->capacity *= 2;
    return true;
}

/* What cannot be unpacked is torn: the part was cut off, or spoilt. */
static ssize_t unpack(struct lines *lines, char *out, size_t size)
{
    int number = Z_OK;
    const int got = gzread(lines->gzip, out, size > INT_MAX ? INT_MAX : (unsigned)size);
    if (got > 0) return got;
    (void)gzerror(lines->gzip, &number);
    if (number == Z_ERRNO || number == Z_MEM_ERROR) {
        errno = number == Z_MEM_ERROR ? ENOMEM : errno;
        return -1;
    }
    lines->cut = number != Z_OK;
    return 0;
}

static bool fill(struct lines *lines)
{
    if (!make_room(lines)) return false;
    char *out = lines->buffer + lines->end;
    const size_t size = lines->capacity - lines->end - 1;
    ssize_t got;
    do {
        got = lines->gzip != NULL ? unpack(lines, out, size) : read(lines->fd, out, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        lines->os_error = errno;
        return false;
    }
    lines->at_end = got == 0;
    lines->end += (size_t)got;
    lines->read = lines->gzip != NULL ? (int64_t)gzoffset(lines->gzip) : lines->read + got;
    if (lines->read < lines->size) tell(lines, lines->read);
    return true;
}

static enum line_kind take(struct lines *lines, char *newline, char **line, size_t *length)
{
    *line = lines->buffer + lines->start;
    *length = (size_t)(newline - *line);
    bool too_long = lines->skipping || *length > lines->limit;
    lines->start += *length + 1;
    lines->scanned = lines->start;
    lines->skipping = false;
    lines->number++;
    if (*length > 0 && newline[-1] == '\r') (*length)--;
    (*line)[*length] = '\0';
    return too_long ? LINE_TOO_LONG : LINE_WHOLE;
}

enum line_kind lines_next(struct lines *lines, char **line, size_t *length)
{
    for (;;) {
        char *newline = memchr(lines->buffer + lines->scanned, '\n', lines->end - lines->scanned);
        if (newline != NULL) {
            const enum line_kind kind = take(lines, newline, line, length);
            if (kind == LINE_WHOLE && repeats_header(lines, *line)) continue;
            return lines->os_error == ENOMEM ? LINE_ERROR : kind;
        }
        lines->scanned = lines->end;
        if (lines->at_end) {
            if (lines->skipping || lines->cut || lines->end > lines->start) break;
            if (open_next(lines)) continue;
            return lines->os_error != 0 ? LINE_ERROR : LINE_END;
        }
        if (lines->end - lines->start > lines->limit) {
            lines->skipping = true;
            lines->start = lines->scanned = lines->end = 0;
        }
        if (!fill(lines)) return LINE_ERROR;
    }
    lines->skipping = lines->cut = false;
    lines->start = lines->scanned = lines->end;
    return LINE_TORN;
}
