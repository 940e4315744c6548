/* Which evidence records are written in full: the first so many of each failure code in each
 * region. The rest say what they count and no more, so that a storm of failures cannot fill the
 * disk, and still every failure has its line. */
#ifndef RUSHHOUR_ENGINE_BREVITY_H
#define RUSHHOUR_ENGINE_BREVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; brevity_free gives the memory back. A limit of 0: every record is full. */
struct brevity {
    uint64_t limit; /* full records of one code in one region */
    struct brevity_entry *entries;
    size_t count, capacity;
};

/* Counts one more failure and says whether its record is to be brief. code: of the failure table,
 * which lives for ever. Without memory for a new code its records stay full. */
bool brevity_count(struct brevity *brevity, size_t region, const char *code);

void brevity_free(struct brevity *brevity);

#endif
