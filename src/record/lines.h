/* Reads a file, with the parts that were rotated away from it (record/parts.h), line by line in
 * bounded memory, and distinguishes a torn last line from a complete one. */
#ifndef RUSHHOUR_RECORD_LINES_H
#define RUSHHOUR_RECORD_LINES_H

#include "base/error.h"
#include "record/parts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines {
    int fd;
    void *gzip;         /* zlib's, of a compressed part; or NULL */
    int own;            /* the file itself, while its parts are read; or -1 */
    char *path;         /* its path, where there are parts; or NULL */
    struct parts parts; /* those before it */
    size_t next_part;
    char *first_line; /* of the first part: where it stands again, it is a header row */
    bool at_start;    /* of a later part */
    bool cut;         /* the part under way could not be unpacked to its end */
    char *buffer;
    size_t capacity, start, scanned,
        end;      /* the unread bytes are [start, end), without a newline before scanned */
    size_t limit; /* longest line, in bytes */
    bool at_end, skipping;
    uint64_t number;    /* of the line returned last, from 1, counted through all parts */
    char name[32];      /* of the file, for the listener */
    int64_t read, size; /* bytes, likewise */
    int os_error;       /* for LINE_ERROR */
};

enum line_kind {
    LINE_END,
    LINE_WHOLE,
    LINE_TORN,     /* the last line (of a part) has no newline: left by a kill or a full disk */
    LINE_TOO_LONG, /* longer than the limit: skipped */
    LINE_ERROR     /* os_error says why: errno of read, or ENOMEM */
};

/* Is told how far the reading of a file has come, in bytes; with done == size it is over. */
struct lines_listener {
    void (*tell)(void *context, const char *name, int64_t done, int64_t size);
    void *context;
};

/* Whoever reads files in this process from now on tells the listener (NULL: nobody), which must
 * last. Call it before there are threads. */
void lines_listen(const struct lines_listener *listener);

/* ERR_IO if the file cannot be opened (file_open; errno ENOENT: there is none, nor a part of it).
 * Call lines_close in any case. */
MUST_USE enum err_code lines_open(struct lines *lines, const char *path, size_t limit,
                                  struct error *err);
void lines_close(struct lines *lines);

/* The next line, NUL-terminated, without its LF or CRLF; it may be modified, and is valid until the
 * next call. */
enum line_kind lines_next(struct lines *lines, char **line, size_t *length);

#endif
