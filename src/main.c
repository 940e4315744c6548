#include "cli/command.h"

#include <fcntl.h>
#include <unistd.h>

/* Daemons and CI runners start programs with closed standard streams. The next file to be opened
 * would take their numbers, and would be written to as if it were stdout or stderr: so something
 * takes them first. What is printed to such a stream fails, as it should. */
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
