/* Manual pages and completions of shells, from the same tables as the parser and --help. */
#ifndef RUSHHOUR_CLI_MANUAL_H
#define RUSHHOUR_CLI_MANUAL_H

#include "base/text.h"
#include "cli/command.h"

/* Appends a manual page in man(7) macros: of one command, "rushhour-run(1)". */
void manual_command(const struct command *command, struct text *out);

/* The page of the program itself, which names the commands: "rushhour(1)". */
void manual_overview(const struct command_entry *entries, size_t count, struct text *out);

/* The page of the profile, "rushhour-profile(5)": every key, as `rushhour help profile` prints
 * them. */
void manual_profile(struct text *out);

#endif
