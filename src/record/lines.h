/* Reads a file line by line in bounded memory, and tells a torn last line from a whole one. */
#ifndef RUSHHOUR_RECORD_LINES_H
#define RUSHHOUR_RECORD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines {
    int fd;
    char *buffer;
    size_t capacity, start, scanned,
        end;      /* the unread bytes are [start, end), without a newline before scanned */
    size_t limit; /* longest line, in bytes */
    bool at_end, skipping;
    uint64_t number; /* of the line handed out last, from 1 */
    int os_error;    /* of LINE_ERROR */
};

enum line_kind {
    LINE_END,
    LINE_WHOLE,
    LINE_TORN,     /* the last line, without its newline: what a kill or a full disk leaves */
    LINE_TOO_LONG, /* longer than the limit: passed over */
    LINE_ERROR     /* os_error says why: errno of read, or ENOMEM */
};

/* False with errno when the file cannot be opened or without memory. Close with lines_close in any
 * case. */
bool lines_open(struct lines *lines, const char *path, size_t limit);
void lines_close(struct lines *lines);

/* The next line, NUL-terminated, without its LF or CRLF; it may be changed, and lives until the
 * next call. */
enum line_kind lines_next(struct lines *lines, char **line, size_t *length);

#endif
