#include "base/files.h"
#include "cli/command.h"

int main(int argc, char **argv)
{
    files_keep_standard_streams();
    return cli_settle(cli_main(argc, argv));
}
