#include "base/redact_index.h"

#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_second(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a + 1, *(const char *const *)b + 1);
}

/* A backslash or percent sign may stand for itself, or begin an escape. */
static bool is_odd(const char *secret)
{
    return strcspn(secret, "\\%") < REDACT_INDEX_BYTES;
}

static bool make_room(struct redact_index *index, size_t count)
{
    index->sorted = calloc(count, sizeof *index->sorted);
    index->second = calloc(count, sizeof *index->second);
    index->odd = calloc(count, sizeof *index->odd);
    return index->sorted != NULL && index->second != NULL && index->odd != NULL;
}

struct redact_index *redact_index_new(const char *const *secrets, size_t count)
{
    struct redact_index *index = calloc(1, sizeof *index);
    if (index == NULL || !make_room(index, count)) {
        redact_index_free(index);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (secrets[i] == NULL || strlen(secrets[i]) < REDACT_SHORTEST) continue;
        if (is_odd(secrets[i])) {
            index->odd[index->odd_count++] = secrets[i];
            continue;
        }
        index->sorted[index->count] = secrets[i];
        index->second[index->count++] = secrets[i];
    }
    qsort(index->sorted, index->count, sizeof *index->sorted, by_bytes);
    qsort(index->second, index->count, sizeof *index->second, by_second);
    return index;
}

void redact_index_free(struct redact_index *index)
{
    if (index == NULL) return;
    free(index->sorted);
    free(index->second);
    free(index->odd);
    free(index);
}

/* The first secret whose bytes are not below these, or (beyond) above them. */
static size_t bound(const char *const *list, size_t count, const char *bytes, size_t length,
                    size_t skip, bool beyond)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strncmp(list[middle] + skip, bytes, length);
        if (order < 0 || (beyond && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct redact_range redact_index_find(const struct redact_index *index, const char *bytes,
                                      size_t length, bool after_first)
{
    const char *const *list = (const char *const *)(after_first ? index->second : index->sorted);
    const size_t skip = after_first ? 1 : 0;
    const size_t from = bound(list, index->count, bytes, length, skip, false);
    const size_t to = bound(list, index->count, bytes, length, skip, true);
    return (struct redact_range){.secrets = list + from, .count = to - from};
}
