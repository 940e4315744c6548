#include "figures/sessions.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

#define MANY_CHAINS ((size_t)1 << 17)
#define SILENCE_NS (INT64_C(7200) * NS_PER_S)

struct session_chain {
    uint64_t key;
    int64_t last_ns;
};

/* What a chain did in the place where it is, of one way. */
struct session_open {
    struct cluster_sums *sums;
    uint32_t attempts, failed, first_failure;
    bool session_failed;
    uint64_t session; /* of the last attempt, within this place; 0 if none */
};

uint64_t session_number_of(const struct attempt_row *row)
{
    return row->session_number > 0 ? row->session_number : random_stream(row->session_id);
}

static uint32_t *slot_of(const struct session_map *map, uint64_t key)
{
    const size_t mask = map->capacity * 2 - 1;
    size_t at = (size_t)random_mix(key) & mask; /* session numbers are consecutive */
    while (map->slots[at] != 0 && map->chains[map->slots[at] - 1].key != key) at = (at + 1) & mask;
    return &map->slots[at];
}

static void close_open(struct session_open *open)
{
    if (open->attempts > 0)
        cluster_add(open->sums, open->attempts, open->failed, open->first_failure);
    *open = (struct session_open){0};
}

static void close_chain(struct session_map *map, size_t chain)
{
    for (size_t w = 0; w < map->ways; w++) close_open(&map->open[chain * map->ways + w]);
}

/* The sessions of a chain do not overlap: a different number is a new session. */
static void count_session(struct session_open *open, const struct gathered_attempt *attempt,
                          struct session_counts *sessions)
{
    if (sessions == NULL) return;
    if (open->session != attempt->session) {
        open->session = attempt->session;
        open->session_failed = false;
        sessions->all++;
    }
    if (!attempt->failed || open->session_failed) return;
    open->session_failed = true;
    sessions->with_failure++;
}

static void fill_slots(struct session_map *map)
{
    memset(map->slots, 0, map->capacity * 2 * sizeof *map->slots);
    for (size_t i = 0; i < map->count; i++) *slot_of(map, map->chains[i].key) = (uint32_t)i + 1;
}

static void forget_silent(struct session_map *map, int64_t now_ns)
{
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        if (now_ns - map->chains[i].last_ns > SILENCE_NS) {
            close_chain(map, i);
            map->forgotten++;
            continue;
        }
        map->chains[kept] = map->chains[i];
        memmove(map->open + kept * map->ways, map->open + i * map->ways,
                map->ways * sizeof *map->open);
        kept++;
    }
    map->count = kept;
    fill_slots(map);
}

static bool grow(struct session_map *map)
{
    const size_t capacity = map->capacity == 0 ? 1024 : map->capacity * 2;
    if (capacity > UINT32_MAX) return false;
    struct session_chain *chains = realloc(map->chains, capacity * sizeof *chains);
    if (chains != NULL) map->chains = chains;
    struct session_open *open = realloc(map->open, capacity * map->ways * sizeof *open);
    if (open != NULL) map->open = open;
    uint32_t *slots = malloc(capacity * 2 * sizeof *slots);
    if (chains == NULL || open == NULL || slots == NULL) {
        free(slots);
        return false;
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    fill_slots(map);
    return true;
}

/* When there are many chains, drops the inactive ones before growing, and grows only if that did
 * not help. */
static bool make_room(struct session_map *map, int64_t now_ns)
{
    if (map->count < map->capacity) return true;
    if (map->count >= MANY_CHAINS) {
        forget_silent(map, now_ns);
        if (map->count <= map->capacity / 2) return true;
    }
    return grow(map);
}

/* The number of a chain, which is new if it has not been seen; false when out of memory. */
static bool find_chain(struct session_map *map, const struct gathered_attempt *attempt, size_t *out)
{
    if (!make_room(map, attempt->time_ns)) return false;
    uint32_t *slot = slot_of(map, attempt->chain);
    if (*slot == 0) {
        map->chains[map->count] = (struct session_chain){.key = attempt->chain};
        memset(map->open + map->count * map->ways, 0, map->ways * sizeof *map->open);
        *slot = (uint32_t)++map->count;
    }
    *out = *slot - 1;
    return true;
}

bool session_map_add(struct session_map *map, const struct gathered_attempt *attempt,
                     const struct session_place *places)
{
    size_t chain;
    if (!find_chain(map, attempt, &chain)) return false;
    map->chains[chain].last_ns = attempt->time_ns;
    for (size_t w = 0; w < map->ways; w++) {
        struct session_open *open = &map->open[chain * map->ways + w];
        if (places[w].sums == NULL) continue;
        if (open->sums != places[w].sums) close_open(open);
        open->sums = places[w].sums;
        open->attempts++;
        if (attempt->failed && open->failed++ == 0) open->first_failure = open->attempts;
        count_session(open, attempt, places[w].sessions);
    }
    return true;
}

void session_map_finish(struct session_map *map)
{
    for (size_t i = 0; i < map->count; i++) close_chain(map, i);
    free(map->chains);
    free(map->open);
    free(map->slots);
    map->chains = NULL;
    map->open = NULL;
    map->slots = NULL;
    map->count = 0;
    map->capacity = 0;
}
