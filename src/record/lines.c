#include "record/lines.h"

#include "base/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void look_at(struct lines *lines, const char *path)
{
    struct stat status;
    const char *slash = strrchr(path, '/');
    if (listening == NULL || fstat(lines->fd, &status) != 0) return;
    (void)snprintf(lines->name, sizeof lines->name, "%s", slash == NULL ? path : slash + 1);
    lines->size = status.st_size;
}

enum err_code lines_open(struct lines *lines, const char *path, size_t limit, struct error *err)
{
    *lines = (struct lines){.fd = -1, .limit = limit, .capacity = FIRST_CAPACITY};
    enum err_code code = file_open(path, FILE_REGULAR, &lines->fd, err);
    if (code != ERR_OK) return code;
    look_at(lines, path);
    lines->buffer = malloc(lines->capacity);
    if (lines->buffer != NULL) return ERR_OK;
    errno = ENOMEM;
    return error_set(err, ERR_NOMEM, "%s: no memory to read it", path);
}

void lines_close(struct lines *lines)
{
    if (lines->fd >= 0) {
        tell(lines, lines->size);
        (void)close(lines->fd);
    }
    free(lines->buffer);
    *lines = (struct lines){.fd = -1};
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

static bool fill(struct lines *lines)
{
    if (!make_room(lines)) return false;
    ssize_t got;
    do {
        got = read(lines->fd, lines->buffer + lines->end, lines->capacity - lines->end - 1);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        lines->os_error = errno;
        return false;
    }
    lines->at_end = got == 0;
    lines->end += (size_t)got;
    lines->read += got;
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
        if (newline != NULL) return take(lines, newline, line, length);
        lines->scanned = lines->end;
        if (lines->at_end) break;
        if (lines->end - lines->start > lines->limit) {
            lines->skipping = true;
            lines->start = lines->scanned = lines->end = 0;
        }
        if (!fill(lines)) return LINE_ERROR;
    }
    bool torn = lines->skipping || lines->end > lines->start;
    lines->skipping = false;
    lines->start = lines->scanned = lines->end;
    return torn ? LINE_TORN : LINE_END;
}
