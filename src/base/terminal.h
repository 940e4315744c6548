/* What may be written to a terminal. */
#ifndef RUSHHOUR_BASE_TERMINAL_H
#define RUSHHOUR_BASE_TERMINAL_H

#include <stdbool.h>

/* Whether a descriptor is a terminal that understands escape sequences: TERM=dumb (Emacs, CI) does
 * not. */
bool terminal_takes_escapes(int fd);

/* Whether colour is wanted there: escapes are understood, and neither the user nor NO_COLOR forbids
 * it (no-color.org). */
bool terminal_takes_colour(int fd, bool forbidden);

#endif
