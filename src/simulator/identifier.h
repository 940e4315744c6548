/* Ids as the service makes them: a prefix and 21 characters [A-Za-z0-9], of which the first five
 * sort by the second. */
#ifndef RUSHHOUR_SIMULATOR_IDENTIFIER_H
#define RUSHHOUR_SIMULATOR_IDENTIFIER_H

#include "base/clock.h"
#include "base/random.h"

#include <stdbool.h>

#define IDENTIFIER_SIZE 32 /* the longest prefix, 21 characters and a NUL */
#define UUID_SIZE 37

/* Where ids come from. Not repeatable by a seed: ids of two runs must not be the same. */
struct identifiers {
    struct random random;
    struct run_clock clock; /* whose seconds the ids begin with */
};

/* Starts from the randomness of the operating system. */
void identifiers_init(struct identifiers *identifiers, const struct run_clock *clock);

/* Writes a new id such as "sess_CtK1a...", with its prefix ("sess_"), into out. */
void identifier_make(struct identifiers *identifiers, const char *prefix,
                     char out[IDENTIFIER_SIZE]);

/* Writes a random UUID (version 4, RFC 9562). */
void identifier_uuid(struct identifiers *identifiers, char out[UUID_SIZE]);

/* Writes an access key of 84 characters straight from the operating system; false when it gives
 * none. */
bool identifier_key(char out[85]);

#endif
