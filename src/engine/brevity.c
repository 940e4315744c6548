#include "engine/brevity.h"

#include <stdlib.h>

struct brevity_entry {
    const char *code;
    size_t region;
    uint64_t seen;
};

static struct brevity_entry *entry_of(struct brevity *brevity, size_t region, const char *code)
{
    for (size_t i = 0; i < brevity->count; i++) {
        struct brevity_entry *entry = &brevity->entries[i];
        if (entry->code == code && entry->region == region) return entry;
    }
    if (brevity->count == brevity->capacity) {
        size_t capacity = brevity->capacity == 0 ? 16 : brevity->capacity * 2;
        struct brevity_entry *entries = realloc(brevity->entries, capacity * sizeof *entries);
        if (entries == NULL) return NULL;
        brevity->entries = entries;
        brevity->capacity = capacity;
    }
    struct brevity_entry *entry = &brevity->entries[brevity->count++];
    *entry = (struct brevity_entry){.code = code, .region = region};
    return entry;
}

bool brevity_count(struct brevity *brevity, size_t region, const char *code)
{
    if (brevity->limit == 0) return false;
    struct brevity_entry *entry = entry_of(brevity, region, code);
    return entry != NULL && entry->seen++ >= brevity->limit;
}

void brevity_free(struct brevity *brevity)
{
    free(brevity->entries);
    *brevity = (struct brevity){0};
}
