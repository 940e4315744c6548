/* The files of a run folder under way: appended to in the order of the calls, kept in bounded
 * memory while they cannot be written, made again where they were removed, moved elsewhere. */
#ifndef RUSHHOUR_RECORD_RUN_STORE_H
#define RUSHHOUR_RECORD_RUN_STORE_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum run_file { FILE_INTERVALS, FILE_LATENCIES, FILE_ATTEMPTS, FILE_FAILURES, RUN_FILE_COUNT };

#define HELD_MOST_DEFAULT ((size_t)64 << 20) /* bytes */

struct run_store;

struct run_store_plan {
    const char *path;
    const char *spill; /* a folder in which to go on when `path` cannot be written; NULL: none */
    size_t held_most;  /* bytes kept in memory meanwhile; 0: HELD_MOST_DEFAULT */
    bool share;        /* folder and files may be read by others (0755, 0644; else 0700, 0600) */
    bool must_be_new;  /* an empty folder of that name is somebody else's */
};

/* Makes the folder, or takes an empty one. Borrows the plan's strings. ERR_IO names the path; errno
 * is EEXIST if the name is taken and must_be_new. Nothing is left on failure. */
MUST_USE enum err_code run_store_open(const struct run_store_plan *plan, struct run_store **out,
                                      struct error *err);

/* Makes one of the files. ERR_IO as above. */
MUST_USE enum err_code run_store_create(struct run_store *store, enum run_file file,
                                        struct error *err);
bool run_store_has(const struct run_store *store, enum run_file file);

/*
 * From now on the file becomes a part (record/parts.h) once it has so many bytes, and another with
 * the header row takes its place. Parts are compressed between appends, in slices of some
 * milliseconds. What cannot be done now is done later. False without memory.
 */
bool run_store_rotates(struct run_store *store, enum run_file file, uint64_t at,
                       const char *header);

/* Removes what was made, and frees the store. */
void run_store_abandon(struct run_store *store);

/*
 * Appends whole lines. What cannot be written now is kept and ERR_OK; nothing after it is written
 * before it, so that no file gets ahead of another. ERR_IO (what and why) from when more is held
 * than planned: the load must end. As much again is kept, for what is still to come then. ERR_NOMEM
 * means that the bytes are lost, as all that follow.
 */
MUST_USE enum err_code run_store_append(struct run_store *store, enum run_file file,
                                        const char *bytes, size_t length, struct error *err);

/* No more will be written: figures were lost for want of memory. Returns ERR_NOMEM. */
enum err_code run_store_lose(struct run_store *store, enum run_file file, struct error *err);

/* Writes what is held, as far as that goes; true if nothing is held any more. */
bool run_store_flush(struct run_store *store);

/* Looks whether folder and files are still there, and every 10 s whether the disk has them; call it
 * after each interval. */
void run_store_check(struct run_store *store);

/* Replaces run.json, or makes it: a first one fails if there is one, which is another run's. A full
 * disk has room for it (a reserve). */
MUST_USE enum err_code run_store_manifest(struct run_store *store, const char *json, size_t length,
                                          struct error *err);

/* What people should know now, once a minute while it lasts: appends a sentence, true if there is
 * one. */
bool run_store_news(struct run_store *store, struct text *out);

/* The last attempt to write all of it down. ERR_IO or ERR_NOMEM says what is missing or may not be
 * on the disk; also what went wrong earlier, once. */
MUST_USE enum err_code run_store_end(struct run_store *store, struct error *err);

/* Where the folder is now: it may have been renamed, or the run have moved. Valid until the next
 * call. */
const char *run_store_path(struct run_store *store);

void run_store_free(struct run_store *store);

#endif
