/* The one way to open a file and the one way to replace it: every reader and writer comes by here
 * (tools/check-floors). Every error names the path and the reason. */
#ifndef RUSHHOUR_BASE_FILES_H
#define RUSHHOUR_BASE_FILES_H

#include "base/error.h"
#include "base/folders.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* What a path may lead to. */
enum file_source {
    FILE_REGULAR, /* a regular file only */
    FILE_GIVEN    /* named on the command line: also a pipe, so that a profile may come from
                     /dev/stdin or a process substitution */
};

/*
 * Opens a file to read it. Never waits, and opens no device, whose mere opening may do something.
 * The caller closes *fd. ERR_IO; errno then says why, ENOENT that there is no such file. A path
 * such as /dev/stdin or /dev/fd/3 is this process's own descriptor, read on from where it stands.
 */
MUST_USE enum err_code file_open(const char *path, enum file_source source, int *fd,
                                 struct error *err);

/* Reads some bytes of such a descriptor, *got = 0 at its end. A pipe that nobody writes into is an
 * error after 5 s, one that stays silent after a minute: nothing waits for ever. */
MUST_USE enum err_code file_get(int fd, const char *path, char *out, size_t size, size_t *got,
                                struct error *err);

/* Appends the whole file to *out; a file larger than `limit` bytes is an error that names the
 * limit, before more than that has been read. */
MUST_USE enum err_code file_read(const char *path, size_t limit, struct text *out,
                                 struct error *err);
MUST_USE enum err_code file_read_given(const char *path, size_t limit, struct text *out,
                                       struct error *err);

/*
 * Makes `path` hold exactly these bytes. A regular file is replaced atomically, its mode and owner
 * kept: a temporary file beside it whose name cannot be guessed, synced, renamed. Whatever else
 * stands there (pipe, device, symbolic link, our own descriptor) is written into and stays what it
 * is, as does a file whose folder permits no new one. A new file gets mode 0644 less the umask.
 * Waits 5 s for someone to read a pipe. ERR_NOMEM if memory has run out (base/memory.h): the bytes
 * may not be what they should.
 */
MUST_USE enum err_code file_write(const char *path, const char *bytes, size_t length,
                                  struct error *err);

/* The same for a file of a folder that is ours. What is no regular file there was put there by
 * someone else, and is an error. A new file gets exactly `mode`. */
MUST_USE enum err_code file_replace(const struct folder *folder, const char *name, mode_t mode,
                                    const char *bytes, size_t length, struct error *err);

/* Like file_replace, but ERR_IO with errno EEXIST if the name is taken, by whatever. */
MUST_USE enum err_code file_put_new(const struct folder *folder, const char *name, mode_t mode,
                                    const char *bytes, size_t length, struct error *err);

/* Creates a file of the folder, to be appended to and read back; ERR_IO if the name is taken. The
 * caller closes *fd. */
MUST_USE enum err_code file_create(const struct folder *folder, const char *name, mode_t mode,
                                   int *fd, struct error *err);

/* The same at a path, to be written only, mode 0644 less the umask. */
MUST_USE enum err_code file_create_at(const char *path, int *fd, struct error *err);

/* The same, buffered; the caller closes it with fclose. */
MUST_USE enum err_code file_create_stream(const char *path, FILE **out, struct error *err);

/* Opens a file to write a stream into it: a regular one is emptied or made (0644 less the umask),
 * anything else is as with file_write. The caller closes *fd. */
MUST_USE enum err_code file_open_output(const char *path, int *fd, struct error *err);

/* Opens a regular file of the folder to read it; -1 with errno. The caller closes it. */
int file_open_in(const struct folder *folder, const char *name);

/* Gives a file of the folder another name, which nothing has yet; false with errno (EEXIST). */
bool file_rename(const struct folder *folder, const char *from, const char *to);

/* A new file without a name that nobody will ever find; it is gone when it is closed. -1 with
 * errno if the folder cannot hold one. */
int file_unnamed(const struct folder *folder);

/* A new file whose name has six random characters for the "XXXXXX" before `ending` at the end of
 * `path`, which gets the name; mode 0600; -1 with errno. It counts as in use until the descriptor
 * is closed. */
int file_temporary(char *path, const char *ending);

/* Removes the files of that kind in a folder that processes of ours left when they were killed: not
 * in use (which the kernel knows by a lock), and a minute old. */
void files_remove_stale(const char *folder, const char *beginning, const char *ending);

/* Moves a file or folder to a name that nothing has yet; errno EEXIST otherwise. */
MUST_USE enum err_code file_move(const char *from, const char *to, struct error *err);

/* Writes all of it, going on after interruptions; false with errno. *done counts what was written
 * even then. */
bool file_put(int fd, const char *bytes, size_t length, size_t *done);

bool file_exists(const char *path);

/* Opens /dev/null in place of each standard stream that is closed, so that no file opened later
 * gets its number. Call first. */
void files_keep_standard_streams(void);

#endif
