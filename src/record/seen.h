/* Which lines of a file were there before: a line that stands twice must not count twice. */
#ifndef RUSHHOUR_RECORD_SEEN_H
#define RUSHHOUR_RECORD_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of hashes; zero-initialise. */
struct seen {
    uint64_t *hashes; /* 0: free */
    size_t count, capacity;
};

enum seen_before { SEEN_NEW, SEEN_REPEATED, SEEN_NO_MEMORY };

/* A hash of some bytes, continued from `from`; begin with SEEN_HASH. After FNV-1a (Fowler, Noll and
 * Vo), but by words of eight bytes as far as they go, since every line of a run passes here. */
#define SEEN_HASH UINT64_C(0xcbf29ce484222325)
uint64_t seen_hash(uint64_t from, const void *bytes, size_t length);

/* The hash of what begins at a time, of a region or tag: a row of intervals.csv, a histogram. */
uint64_t seen_hash_of(int64_t start_ns, const char *name);

/* Adds a hash, and says whether it was there. Two that differ collide once in 2^64 / count. */
enum seen_before seen_add(struct seen *seen, uint64_t hash);

/* Says that a hash will be added soon: its place comes from memory meanwhile. */
void seen_expect(const struct seen *seen, uint64_t hash);

void seen_free(struct seen *seen);

#endif
