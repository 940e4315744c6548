#include "record/seen.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

uint64_t seen_hash(uint64_t from, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t), at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        from = (from ^ word) * UINT64_C(0xBF58476D1CE4E5B9);
        from ^= from >> 32;
    }
    for (size_t i = 0; i < length; i++) from = (from ^ at[i]) * UINT64_C(0x100000001b3);
    return from;
}

uint64_t seen_hash_of(int64_t start_ns, const char *name)
{
    return seen_hash(seen_hash(SEEN_HASH, &start_ns, sizeof start_ns), name, strlen(name));
}

static uint64_t *place(uint64_t *hashes, size_t capacity, uint64_t hash)
{
    size_t at = (size_t)hash & (capacity - 1);
    while (hashes[at] != 0 && hashes[at] != hash) at = (at + 1) & (capacity - 1);
    return &hashes[at];
}

static bool grow(struct seen *seen)
{
    const size_t capacity = seen->capacity == 0 ? 256 : seen->capacity * 2;
    uint64_t *hashes = calloc(capacity, sizeof *hashes);
    if (hashes == NULL) return false;
    for (size_t i = 0; i < seen->capacity; i++) {
        if (seen->hashes[i] != 0) *place(hashes, capacity, seen->hashes[i]) = seen->hashes[i];
    }
    free(seen->hashes);
    seen->hashes = hashes;
    seen->capacity = capacity;
    return true;
}

static uint64_t mix(uint64_t hash)
{
    const uint64_t random = random_mix(hash);
    return random == 0 ? 1 : random;
}

enum seen_before seen_add(struct seen *seen, uint64_t hash)
{
    if (seen->count >= seen->capacity / 4 * 3 && !grow(seen)) return SEEN_NO_MEMORY;
    const uint64_t mixed = mix(hash);
    uint64_t *at = place(seen->hashes, seen->capacity, mixed);
    if (*at == mixed) return SEEN_REPEATED;
    *at = mixed;
    seen->count++;
    return SEEN_NEW;
}

enum seen_before seen_add_failure(struct seen *seen, const char *line, size_t length,
                                  const char *client_request_id)
{
    if (client_request_id[0] == '\0') return SEEN_NEW;
    return seen_add(seen, seen_hash(SEEN_HASH, line, length));
}

bool seen_holds(const struct seen *seen, uint64_t hash)
{
    if (seen->count == 0) return false;
    const uint64_t mixed = mix(hash);
    return *place(seen->hashes, seen->capacity, mixed) == mixed;
}

void seen_expect(const struct seen *seen, uint64_t hash)
{
    if (seen->capacity > 0)
        __builtin_prefetch(&seen->hashes[(size_t)mix(hash) & (seen->capacity - 1)], 1);
}

void seen_free(struct seen *seen)
{
    free(seen->hashes);
    *seen = (struct seen){0};
}
