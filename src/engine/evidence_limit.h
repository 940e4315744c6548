/* Which evidence records are written in full: the first so many of each failure code in each
 * region. The rest say what they count and no more, so that a storm of failures cannot fill the
 * disk, and still every failure has its line. */
#ifndef RUSHHOUR_ENGINE_EVIDENCE_LIMIT_H
#define RUSHHOUR_ENGINE_EVIDENCE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; evidence_limit_free gives the memory back. A limit of 0: every record is
 * full. */
struct evidence_limit {
    uint64_t limit; /* full records of one code in one region */
    struct evidence_limit_entry *entries;
    size_t count, capacity;
};

/* Counts one more failure and says whether its record is to be brief. code: of the failure table,
 * which lives for ever. Without memory for a new code its records stay full. */
bool evidence_limit_count(struct evidence_limit *evidence_limit, size_t region, const char *code);

void evidence_limit_free(struct evidence_limit *evidence_limit);

#endif
