#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
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

bool terminal_size(int fd, size_t *columns, size_t *rows)
{
    struct winsize size = {0};
    const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *columns = known ? size.ws_col : 80;
    *rows = known ? size.ws_row : 24;
    return known;
}

bool terminal_takes_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *locale = getenv(names[i]);
        if (locale == NULL || *locale == '\0') continue;
        const char *encoding = strchr(locale, '.'); /* de_DE.UTF-8@euro: the first that is set */
        return encoding != NULL && (strncasecmp(encoding + 1, "utf-8", 5) == 0 ||
                                    strncasecmp(encoding + 1, "utf8", 4) == 0);
    }
    return false;
}
