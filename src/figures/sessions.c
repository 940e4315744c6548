#include "figures/sessions.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdlib.h>

#define MANY_SESSIONS ((size_t)1 << 19)
#define SILENCE_NS (INT64_C(7200) * NS_PER_S)

struct session_entry {
    uint64_t key; /* 0: free */
    struct cluster_sums *sums;
    int64_t last_ns;
    uint32_t attempts, failed, first_failure;
    uint64_t session; /* of the last attempt, within these sums; 0 if none */
    bool session_failed;
};

uint64_t session_number_of(const struct attempt_row *row)
{
    return row->session_number > 0 ? row->session_number : random_stream(row->session_id);
}

static struct session_entry *find(struct session_entry *entries, size_t capacity, uint64_t key)
{
    size_t at = (size_t)random_mix(key) & (capacity - 1); /* session numbers are consecutive */
    while (entries[at].key != 0 && entries[at].key != key) at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static void close_entry(struct session_entry *entry)
{
    if (entry->attempts > 0)
        cluster_add(entry->sums, entry->attempts, entry->failed, entry->first_failure);
    entry->attempts = 0;
    entry->failed = 0;
    entry->first_failure = 0;
    entry->session = 0;
}

/* The sessions of a chain do not overlap: a different number is a new session. */
static void count_session(struct session_entry *entry, const struct gathered_attempt *attempt,
                          struct session_counts *sessions)
{
    if (sessions == NULL) return;
    if (entry->session != attempt->session) {
        entry->session = attempt->session;
        entry->session_failed = false;
        sessions->all++;
    }
    if (!attempt->failed || entry->session_failed) return;
    entry->session_failed = true;
    sessions->with_failure++;
}

static bool resize(struct session_map *map, size_t capacity, int64_t now_ns)
{
    struct session_entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL) return false;
    size_t kept = 0;
    for (size_t i = 0; i < map->capacity; i++) {
        struct session_entry *entry = &map->entries[i];
        if (entry->key == 0) continue;
        if (map->count >= MANY_SESSIONS && now_ns - entry->last_ns > SILENCE_NS) {
            close_entry(entry);
            map->forgotten++;
            continue;
        }
        *find(entries, capacity, entry->key) = *entry;
        kept++;
    }
    free(map->entries);
    map->entries = entries;
    map->capacity = capacity;
    map->count = kept;
    return true;
}

/* When there are many sessions, drops the inactive ones before growing; doubles the size only if
 * that did not help. */
static bool make_room(struct session_map *map, int64_t now_ns)
{
    if (map->count + 1 <= map->capacity / 4 * 3) return true;
    if (map->count >= MANY_SESSIONS) {
        if (!resize(map, map->capacity, now_ns)) return false;
        if (map->count <= map->capacity / 2) return true;
    }
    return resize(map, map->capacity == 0 ? 1024 : map->capacity * 2, now_ns);
}

bool session_map_add(struct session_map *map, const struct gathered_attempt *attempt,
                     struct cluster_sums *sums, struct session_counts *sessions)
{
    if (!make_room(map, attempt->time_ns)) return false;
    struct session_entry *entry = find(map->entries, map->capacity, attempt->chain);
    if (entry->key == 0) {
        entry->key = attempt->chain;
        map->count++;
    } else if (entry->sums != sums) {
        close_entry(entry);
    }
    entry->sums = sums;
    entry->last_ns = attempt->time_ns;
    entry->attempts++;
    if (attempt->failed && entry->failed++ == 0) entry->first_failure = entry->attempts;
    count_session(entry, attempt, sessions);
    return true;
}

void session_map_finish(struct session_map *map)
{
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].key != 0) close_entry(&map->entries[i]);
    }
    free(map->entries);
    map->entries = NULL;
    map->count = 0;
    map->capacity = 0;
}
