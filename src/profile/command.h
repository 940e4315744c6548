/* Runs a command of the profile for what it prints: a token. */
#ifndef RUSHHOUR_PROFILE_COMMAND_H
#define RUSHHOUR_PROFILE_COMMAND_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs `sh -c command` and reads at most `size` bytes of its standard output into out (which has
 * room for a NUL more); its complaints go to our stderr as they are. It is ended after limit_ns (0:
 * none), or when *stop (NULL: none) becomes true. ERR_PROFILE with a sentence that says how it
 * failed, never with what it printed. Any thread.
 */
MUST_USE enum err_code command_read(const char *command, int64_t limit_ns, const atomic_bool *stop,
                                    char *out, size_t size, struct error *err);

#endif
