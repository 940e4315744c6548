/* Terminal capabilities. */
#ifndef RUSHHOUR_BASE_TERMINAL_H
#define RUSHHOUR_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a descriptor is a terminal that understands escape sequences; with TERM=dumb (Emacs, CI)
 * it is not. */
bool terminal_takes_escapes(int fd);

/* Whether to use colour there: escapes are understood, and neither the user nor NO_COLOR
 * (no-color.org) forbids it. */
bool terminal_takes_colour(int fd, bool forbidden);

/* The size of a terminal; false, and 80 by 24, if it is none or does not say. */
bool terminal_size(int fd, size_t *columns, size_t *rows);

/* Whether the locale of the environment (LC_ALL, LC_CTYPE, LANG) is one of UTF-8. */
bool terminal_takes_utf8(void);

#endif
