/* "Did you mean": the nearest of some known names. */
#ifndef RUSHHOUR_PROFILE_SUGGEST_H
#define RUSHHOUR_PROFILE_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *wanted;
    const char *best; /* the nearest so far that could have been meant; NULL if none. Borrowed
                         from suggest_offer */
    size_t distance;
};

struct suggestion suggest_start(const char *wanted);

/* Considers a known name. */
void suggest_offer(struct suggestion *suggestion, const char *known);

/* Edit distance (insert, delete, replace, swap of neighbours each 1; optimal string alignment).
 * Compares the first 64 bytes, ignoring the case of letters. */
size_t suggest_distance(const char *a, const char *b);

#endif
