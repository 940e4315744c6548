#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_takes_escapes(int fd)
{
    const char *kind = getenv("TERM");
    return isatty(fd) == 1 && (kind == NULL || strcmp(kind, "dumb") != 0);
}

bool terminal_takes_colour(int fd, bool forbidden)
{
    const char *environment = getenv("NO_COLOR");
    bool named = environment != NULL && *environment != '\0';
    return !forbidden && !named && terminal_takes_escapes(fd);
}
