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

/*
 * The same for a line of failures.jsonl, of which only a copy is equal to the byte: the client's
 * request id is drawn anew for each session, and each failure in a session is of another attempt.
 * A line without such an id (client_request_id empty) may be of another failure, and is new.
 */
enum seen_before seen_add_failure(struct seen *seen, const char *line, size_t length,
                                  const char *client_request_id);

/* Whether it was added. */
bool seen_holds(const struct seen *seen, uint64_t hash);

/* Says that a hash will be added soon: its place comes from memory meanwhile. */
void seen_expect(const struct seen *seen, uint64_t hash);

void seen_free(struct seen *seen);

#endif
