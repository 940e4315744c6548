/* What reading and writing files share. */
#ifndef RUSHHOUR_BASE_FILES_PRIVATE_H
#define RUSHHOUR_BASE_FILES_PRIVATE_H

#include "base/error.h"

#include <sys/types.h>

/* ERR_IO: "PATH: cannot WHAT: the system's message". errno stays as it is. */
enum err_code file_error(struct error *err, const char *path, const char *what);

/* The number of our own descriptor that a path such as /dev/stdout or /dev/fd/3 stands for; -1 if
 * it is another path. */
int file_own_descriptor(const char *path);

/* "a folder", "a pipe", ... */
const char *file_kind_name(mode_t mode);

#endif
