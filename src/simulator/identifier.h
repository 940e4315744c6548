/* Ids like the service's: a prefix and 21 characters [A-Za-z0-9], of which the first five sort by
 * time in seconds. */
#ifndef RUSHHOUR_SIMULATOR_IDENTIFIER_H
#define RUSHHOUR_SIMULATOR_IDENTIFIER_H

#include "base/clock.h"
#include "base/random.h"

#include <stdbool.h>

#define IDENTIFIER_SIZE 32 /* the longest prefix, 21 characters and a NUL */
#define UUID_SIZE 37

/* The source of ids. Not reproducible from a seed, because ids of two runs must differ. */
struct identifiers {
    struct random random;
    struct run_clock clock; /* whose seconds begin the ids */
};

/* Initialises from the operating system's random source. */
void identifiers_init(struct identifiers *identifiers, const struct run_clock *clock);

/* Writes a new id such as "sess_CtK1a...", with its prefix ("sess_"), into out. */
void identifier_make(struct identifiers *identifiers, const char *prefix,
                     char out[IDENTIFIER_SIZE]);

/* Writes a random UUID (version 4, RFC 9562). */
void identifier_uuid(struct identifiers *identifiers, char out[UUID_SIZE]);

/* Writes an access key of 84 characters from the operating system's random source; false if that
 * fails. */
bool identifier_key(char out[85]);

#endif
