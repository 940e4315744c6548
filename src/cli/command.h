/* The commands. Each gets its own arguments (without "rushhour" and its name), does its work and
 * returns the exit status. */
#ifndef RUSHHOUR_CLI_COMMAND_H
#define RUSHHOUR_CLI_COMMAND_H

#include "base/error.h"
#include "cli/options.h"

#include <stdbool.h>
#include <uv.h>

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_simulate(int argc, char **argv);
int command_report(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_recover(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_capacity(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_evidence(int argc, char **argv);
int command_prune(int argc, char **argv);
int command_init(int argc, char **argv);
int command_help(int argc, char **argv);

/* Their command lines. */
extern const struct command run_command, check_command, simulate_command, report_command,
    compare_command, recover_command, plan_command, capacity_command, merge_command,
    evidence_command, prune_command, init_command, help_command;

/* A command of the program, as the overview lists it. */
struct command_entry {
    const struct command *command;
    int (*run)(int argc, char **argv);
    const char *summary; /* one line */
};

/* Finds the command of a whole command line and runs it. Called by main, once. */
int cli_main(int argc, char **argv);

/* How this program was called: its path, or "rushhour" where the shell finds it. For commands to
 * try next. */
const char *cli_program(void);

/* The exit status of the program, once a command has given its own: what ran out of memory on the
 * way has not succeeded, and says so. Called by main, at the end. */
int cli_settle(int status);

/* ---- what commands share ---- */

/* Parses a command's arguments into its struct. False if there is nothing more to do (help was
 * printed, or the arguments were invalid and reported): *status is then the exit status. */
bool cli_begin(const struct command *command, void *target, struct command_line *line, int argc,
               char **argv, int *status);

/* Prints "rushhour: <text>" to stderr and returns the exit status for the error. */
int cli_complain(const struct error *err);

/* Makes the event loop of a command; ERR_NET with the reason. */
MUST_USE enum err_code cli_open_loop(uv_loop_t *loop, struct error *err);

/* Writes everything to stdout; returns exit status 0, or 1 after reporting a failure (a full disk).
 * A reader that has left is no failure. Prints nothing if memory ran out while it was made
 * (cli_settle tells it). */
int print_out(const char *string);

#endif
