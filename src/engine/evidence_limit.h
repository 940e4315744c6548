/* Decides which evidence records are written in full: the first few of each failure code in each
 * region. The others contain only what is needed for counting, so that a storm of failures cannot
 * fill the disk and every failure still has its line. */
#ifndef RUSHHOUR_ENGINE_EVIDENCE_LIMIT_H
#define RUSHHOUR_ENGINE_EVIDENCE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; free with evidence_limit_free. With a limit of 0, every record is full. */
struct evidence_limit {
    uint64_t limit; /* full records per code and region */
    struct evidence_limit_entry *entries;
    size_t count, capacity;
};

/* Counts another failure and returns whether its record should be brief. code: from the failure
 * table, static. When out of memory for a new code, its records stay full. */
bool evidence_limit_count(struct evidence_limit *evidence_limit, size_t region, const char *code);

void evidence_limit_free(struct evidence_limit *evidence_limit);

#endif
