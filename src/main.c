#include "cli/command.h"

#include <fcntl.h>
#include <unistd.h>

/* Daemons and CI runners may start programs with closed standard streams. The next files opened
 * would get their numbers, and would be written to as stdout or stderr, so placeholders take the
 * numbers first. Printing to such a stream fails, as it should. */
static void keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", O_RDONLY);
    }
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    return cli_main(argc, argv);
}
