/*
 * The last look at a package before it is handed out: nothing in it may have the shape of a key, a
 * token, a prompt or audio. The record has been scrubbed when it was made; this is the second lock
 * on the same door.
 */
#ifndef RUSHHOUR_PACKAGE_VERIFY_H
#define RUSHHOUR_PACKAGE_VERIFY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Request ids of the service that have the shape of an Azure key (32 hexadecimal digits) and are
 * none. */
struct known_ids {
    char (*ids)[33];
    size_t count, capacity;
    bool sorted, failed; /* memory ran out */
};

/* Remembers an id if it has that shape. */
void known_ids_add(struct known_ids *known, const char *id);
void known_ids_free(struct known_ids *known);

/* The name of the shape of a secret or of content in a line of text; NULL when there is none. */
const char *verify_line(const char *line, size_t length, struct known_ids *known);

/*
 * Looks through files of a folder: text line by line, a histogram log (.hlog) by its tags, and its
 * payloads as histograms. ERR_FORMAT names the file, the line and the shape, never the value.
 */
MUST_USE enum err_code verify_files(const char *folder, const char *const *files,
                                    struct known_ids *known, struct error *err);

#endif
