/* Runs a command from the profile and reads what it prints: a token. */
#ifndef RUSHHOUR_PROFILE_COMMAND_H
#define RUSHHOUR_PROFILE_COMMAND_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs `sh -c command` and reads at most `size` bytes of its standard output into out (which has
 * room for a NUL as well); its standard error goes to ours. It is killed after limit_ns (0: no
 * limit), or when *stop (may be NULL) becomes true. ERR_PROFILE with a sentence about how it
 * failed, never with its output. May be called from any thread.
 */
MUST_USE enum err_code command_read(const char *command, int64_t limit_ns, const atomic_bool *stop,
                                    char *out, size_t size, struct error *err);

#endif
