#include "cli/command.h"

#include "base/memory.h"
#include "base/text.h"
#include "base/visible.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NO_MEMORY                                                                                  \
    "rushhour: out of memory, so nothing here is a result: free some, or raise the limit (ulimit " \
    "-v)\n"

int cli_settle(int status)
{
    if (!memory_ran_out()) return status;
    (void)fputs(NO_MEMORY, stderr);
    return error_exit_status(ERR_NOMEM);
}

int cli_complain(const struct error *err)
{
    struct text shown = {0};
    visible_append(&shown, err->text);
    if (!shown.failed) (void)fprintf(stderr, "rushhour: %s\n", text_str(&shown));
    text_free(&shown);
    return error_exit_status(err->code);
}

enum err_code cli_open_loop(uv_loop_t *loop, struct error *err)
{
    const int status = uv_loop_init(loop);
    if (status == 0) return ERR_OK;
    return error_set(err, ERR_NET, "cannot make an event loop: %s", uv_strerror(status));
}

int print_out(const char *string)
{
    if (memory_ran_out()) return error_exit_status(ERR_NOMEM); /* cli_settle says so */
    if (fputs(string, stdout) >= 0 && fflush(stdout) == 0) return 0;
    if (errno == EPIPE) return 0; /* the reader has seen enough: `| head` */
    (void)fprintf(stderr, "rushhour: cannot write to standard output: %s\n", strerror(errno));
    return 1;
}

bool cli_begin(const struct command *command, void *target, struct command_line *line, int argc,
               char **argv, int *status)
{
    struct error err = {0};
    *status = 0;
    if (options_parse(command, target, line, argc, argv, &err) != ERR_OK) {
        *status = cli_complain(&err);
        return false;
    }
    if (!line->help) return true;
    struct text out = {0};
    options_help(command, &out);
    *status = print_out(text_str(&out));
    text_free(&out);
    return false;
}
