/* Folders: held open, made, removed. Every error names the path and the reason. */
#ifndef RUSHHOUR_BASE_FOLDERS_H
#define RUSHHOUR_BASE_FOLDERS_H

#include "base/error.h"
#include "base/text.h"

#include <sys/types.h>

/* A folder held open, so that its files stay together whatever becomes of its name. Zero-initialise
 * with fd -1. */
struct folder {
    int fd;
    char *path; /* as it was given: for messages */
};

MUST_USE enum err_code folder_open(const char *path, struct folder *out, struct error *err);

/* Closes and frees; may be repeated. */
void folder_close(struct folder *folder);

/* Makes a folder and its parents (mode 0755 less the umask); it may exist already. */
MUST_USE enum err_code folder_make(const char *path, struct error *err);

/* The same, but the folder itself gets this mode, less the umask, if it is made. */
MUST_USE enum err_code folder_make_with(const char *path, mode_t mode, struct error *err);

/* Makes a folder (mode 0700) whose name nobody could guess, below $TMPDIR or else /tmp, and appends
 * its path. The caller removes it (folder_remove). */
MUST_USE enum err_code folder_make_temporary(struct text *path, struct error *err);

/* Removes a folder and its contents, as far as possible. */
void folder_remove(const char *path);

#endif
