/* Whole files and folders; every error names the path and the system's message. */
#ifndef RUSHHOUR_BASE_FILES_H
#define RUSHHOUR_BASE_FILES_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the whole file to *out; refuses one larger than `limit` bytes (ERR_IO). */
MUST_USE enum err_code file_read(const char *path, size_t limit, struct text *out,
                                 struct error *err);

/* Writes the file atomically: a temporary file beside it, synced, then renamed over it. Mode
 * 0644. */
MUST_USE enum err_code file_write(const char *path, const char *bytes, size_t length,
                                  struct error *err);

/* Makes a folder and its parents (mode 0755); it may exist already. */
MUST_USE enum err_code folder_make(const char *path, struct error *err);

/* Removes a folder and its contents, as far as possible. */
void folder_remove(const char *path);

bool file_exists(const char *path);

#endif
