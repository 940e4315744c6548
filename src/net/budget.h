/* What the connections of the whole process may hold together. Safe from any thread. */
#ifndef RUSHHOUR_NET_BUDGET_H
#define RUSHHOUR_NET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For the unfinished messages of all sessions together. A message up to BUDGET_FREE_MESSAGE takes
 * nothing from it, so that usual events cost no shared counter. */
#define BUDGET_MESSAGES ((size_t)256 * 1024 * 1024)
#define BUDGET_FREE_MESSAGE ((size_t)64 * 1024)

/* What a buffer of so many bytes for one message takes from the budget. */
size_t budget_charge(size_t size);

/* Takes bytes for an unfinished message; false, and takes nothing, if that would exceed the
 * budget. */
bool budget_take_message(size_t bytes);

/* Gives back what was taken. */
void budget_return_message(size_t bytes);

/* How many sessions may hold a socket at once; UINT64_MAX, the default: as many as there are
 * descriptors. Set before the first connect. */
void budget_set_sockets(uint64_t most);

/* Takes one socket for a session; false if none is left. */
bool budget_take_socket(void);

/* Gives one back. */
void budget_return_socket(void);

#endif
