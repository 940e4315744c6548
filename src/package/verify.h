/*
 * The final check of a package before it is handed out: nothing in it may look like a key, a token,
 * a prompt or audio. The records were already scrubbed when written; this is a second, independent
 * check.
 */
#ifndef RUSHHOUR_PACKAGE_VERIFY_H
#define RUSHHOUR_PACKAGE_VERIFY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Request ids of the service that look like an Azure key (32 hexadecimal digits) but are not. */
struct known_ids {
    char (*ids)[33];
    size_t count, capacity;
    bool sorted, failed; /* memory ran out */
};

/* Remembers an id if it looks like that. */
void known_ids_add(struct known_ids *known, const char *id);
void known_ids_free(struct known_ids *known);

/* The kind of secret or content found in a line of text; NULL if none. */
const char *verify_line(const char *line, size_t length, struct known_ids *known);

/* Scans files of a folder: text line by line, a histogram log (.hlog) by its tags, and its payloads
 * as histograms. ERR_FORMAT names the file, the line and the kind, never the value. */
MUST_USE enum err_code verify_files(const char *folder, const char *const *files,
                                    struct known_ids *known, struct error *err);

#endif
