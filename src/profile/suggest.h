/* "Did you mean": the nearest of some known names. */
#ifndef RUSHHOUR_PROFILE_SUGGEST_H
#define RUSHHOUR_PROFILE_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *wanted;
    const char *best; /* the nearest so far that is near enough to be meant; NULL: none. Borrowed
                         from suggest_offer */
    size_t distance;
};

struct suggestion suggest_start(const char *wanted);

/* Takes a known name into account. */
void suggest_offer(struct suggestion *suggestion, const char *known);

/* Edit distance (insert, delete, replace, swap of neighbours each 1; optimal string alignment).
 * Strings are compared over their first 64 bytes, letters without regard to case. */
size_t suggest_distance(const char *a, const char *b);

#endif
