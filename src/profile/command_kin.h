/* Finds what a command has started, wherever it went: a process leaves its group (setsid) and its
 * parent, but keeps the environment that it was started with. */
#ifndef RUSHHOUR_PROFILE_COMMAND_KIN_H
#define RUSHHOUR_PROFILE_COMMAND_KIN_H

/* A variable that no other command has, as it stands in the environment. */
struct command_kin {
    char mark[64];
    char **environment; /* ours, and the mark; the strings are borrowed */
};

/* Draws the mark. environment is NULL when out of memory; command_kin_free in any case. */
void command_kin_init(struct command_kin *kin);
void command_kin_free(struct command_kin *kin);

/* Kills all processes of this user that have the mark: those that have emptied their environment
 * are not found, nor anything where /proc is missing. */
void command_kin_end(const struct command_kin *kin);

#endif
