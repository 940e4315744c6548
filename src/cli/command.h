/* The commands. Each gets its own words (without "rushhour" and its name), does its work and
 * returns the exit status. */
#ifndef RUSHHOUR_CLI_COMMAND_H
#define RUSHHOUR_CLI_COMMAND_H

#include "base/error.h"
#include "cli/options.h"

#include <stdbool.h>

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_simulate(int argc, char **argv);
int command_report(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_evidence(int argc, char **argv);
int command_help(int argc, char **argv);

/* Their command lines. */
extern const struct command run_command, check_command, simulate_command, report_command,
    compare_command, plan_command, merge_command, evidence_command;

/* Finds the command of a whole command line and runs it. Called by main, once. */
int cli_main(int argc, char **argv);

/* ---- what commands share ---- */

/*
 * Reads a command's words into its struct. False when the command has nothing more to do (its help
 * was asked for and printed, or the words were wrong and complained of): *status is then the exit
 * status.
 */
bool cli_begin(const struct command *command, void *target, struct command_line *line, int argc,
               char **argv, int *status);

/* Prints "rushhour: <text>" to stderr and returns the exit status that belongs to the error. */
int cli_complain(const struct error *err);

/* Writes all of it to stdout; exit status 0, or 1 with a complaint when it cannot (a full disk, a
 * closed pipe). */
int print_out(const char *string);

#endif
