/* Runs a command from the profile and reads what it prints: a token. */
#ifndef RUSHHOUR_PROFILE_COMMAND_H
#define RUSHHOUR_PROFILE_COMMAND_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs `sh -c command`, without standard input and in a process group of its own, and reads at
 * most `size` bytes of its standard output into out (which has room for a NUL as well). Its group
 * is ended as a whole when it is done; after limit_ns, when *stop (may be NULL) becomes true, or
 * when a signal comes that will end us, all that it has started is (profile/command_kin.h). What it
 * says on standard error (at most 64 KiB) goes to ours afterwards, without secrets: the output
 * itself, variables of the environment that are named like a secret, and what redact() knows.
 * ERR_PROFILE with a sentence about how it failed, never with its output. May be called from any
 * thread.
 */
MUST_USE enum err_code command_read(const char *command, int64_t limit_ns, const atomic_bool *stop,
                                    char *out, size_t size, struct error *err);

#endif
