/* A gzipped tar archive (POSIX.1-1988 ustar inside RFC 1952 gzip), which opens on every system. */
#ifndef RUSHHOUR_RECORD_ARCHIVE_H
#define RUSHHOUR_RECORD_ARCHIVE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct archive;

/*
 * Begins an archive in a new file; ERR_IO if it exists already or cannot be created. Entries get
 * this time (s since 1970 UTC), mode 0644 and no owner, so that the same files always make the same
 * archive. The caller must call archive_close in any case.
 */
MUST_USE enum err_code archive_open(const char *path, int64_t modified_s, struct archive **out,
                                    struct error *err);

/* Adds the file at `path` under `name` ("folder/file": at most 100 bytes after a '/' and 155 before
 * it, otherwise ERR_USAGE). */
MUST_USE enum err_code archive_add(struct archive *archive, const char *name, const char *path,
                                   struct error *err);

/* Writes the end of the archive, syncs and closes it; the first failure of any call is reported. */
MUST_USE enum err_code archive_close(struct archive *archive, struct error *err);

#endif
