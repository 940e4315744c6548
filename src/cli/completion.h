/* What a shell offers while a command line is typed, as scripts made from the tables of the
 * parser. */
#ifndef RUSHHOUR_CLI_COMPLETION_H
#define RUSHHOUR_CLI_COMPLETION_H

#include "base/text.h"
#include "cli/command.h"

/*
 * Appends the script of a shell, "bash", "zsh" or "fish": to be sourced, or put where the shell
 * looks for such files. False, and nothing is appended, for any other.
 */
bool completion_script(const char *shell, const struct command_entry *entries, size_t count,
                       struct text *out);

#endif
