/* What a command says on standard error: kept back until it can be shown without secrets. */
#ifndef RUSHHOUR_PROFILE_COMMAND_SAID_H
#define RUSHHOUR_PROFILE_COMMAND_SAID_H

#include <stdbool.h>

struct said;

/* NULL if out of memory. Freed with said_free. */
struct said *said_new(void);
void said_free(struct said *said);

/* Reads once from fd; false at its end. What is beyond 64 KiB is dropped. */
bool said_read(struct said *said, int fd);

/*
 * Writes to our standard error what was said, without `token` (what the command printed, with white
 * space around it), without the values of variables of the environment that are named like a
 * secret, and without what redact() knows.
 */
void said_show(const struct said *said, const char *token);

#endif
