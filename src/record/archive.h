/* A gzipped tar archive (POSIX.1-1988 ustar inside RFC 1952 gzip), which every system can open. */
#ifndef RUSHHOUR_RECORD_ARCHIVE_H
#define RUSHHOUR_RECORD_ARCHIVE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct archive;

/*
 * Begins an archive in a new file; ERR_IO when it exists already or cannot be made. Entries get
 * this time (s since 1970 UTC), mode 0644 and no owner, so that the same files always make the same
 * archive. The caller's (archive_close, in any case).
 */
MUST_USE enum err_code archive_open(const char *path, int64_t modified_s, struct archive **out,
                                    struct error *err);

/*
 * Adds the file at `path` under `name` ("folder/file": 100 bytes behind a '/', 155 before it at
 * most, ERR_USAGE for more).
 */
MUST_USE enum err_code archive_add(struct archive *archive, const char *name, const char *path,
                                   struct error *err);

/* Writes the end of the archive, syncs and closes it; the first failure of any call is reported. */
MUST_USE enum err_code archive_close(struct archive *archive, struct error *err);

#endif
