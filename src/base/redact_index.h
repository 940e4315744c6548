/* Many secrets, such as the prompts of a file, found by their beginnings: to scrub a message takes
 * no longer for a million of them than for a few. */
#ifndef RUSHHOUR_BASE_REDACT_INDEX_H
#define RUSHHOUR_BASE_REDACT_INDEX_H

#include "base/redact.h"

#include <stdbool.h>
#include <stddef.h>

/* How many of a secret's first bytes are looked up; secrets that redact() hides are longer. */
#define REDACT_INDEX_BYTES 6

struct redact_index {
    const char **sorted; /* by their bytes */
    const char **second; /* by their bytes after the first one */
    size_t count;
    const char **odd; /* whose beginnings can be written in more ways than one */
    size_t odd_count;
};

/* Some secrets of a list. */
struct redact_range {
    const char *const *secrets;
    size_t count;
};

/* Those that begin with these bytes, or (after_first) whose bytes from the second one on do. */
struct redact_range redact_index_find(const struct redact_index *index, const char *bytes,
                                      size_t length, bool after_first);

#endif
