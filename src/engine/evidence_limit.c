#include "engine/evidence_limit.h"

#include <stdlib.h>

struct evidence_limit_entry {
    const char *code;
    size_t region;
    uint64_t seen;
};

static struct evidence_limit_entry *entry_of(struct evidence_limit *evidence_limit, size_t region,
                                             const char *code)
{
    for (size_t i = 0; i < evidence_limit->count; i++) {
        struct evidence_limit_entry *entry = &evidence_limit->entries[i];
        if (entry->code == code && entry->region == region) return entry;
    }
    if (evidence_limit->count == evidence_limit->capacity) {
        size_t capacity = evidence_limit->capacity == 0 ? 16 : evidence_limit->capacity * 2;
        struct evidence_limit_entry *entries =
            realloc(evidence_limit->entries, capacity * sizeof *entries);
        if (entries == NULL) return NULL;
        evidence_limit->entries = entries;
        evidence_limit->capacity = capacity;
    }
    struct evidence_limit_entry *entry = &evidence_limit->entries[evidence_limit->count++];
    *entry = (struct evidence_limit_entry){.code = code, .region = region};
    return entry;
}

bool evidence_limit_count(struct evidence_limit *evidence_limit, size_t region, const char *code)
{
    if (evidence_limit->limit == 0) return false;
    struct evidence_limit_entry *entry = entry_of(evidence_limit, region, code);
    return entry != NULL && entry->seen++ >= evidence_limit->limit;
}

void evidence_limit_free(struct evidence_limit *evidence_limit)
{
    free(evidence_limit->entries);
    *evidence_limit = (struct evidence_limit){0};
}
