#include "figures/values.h"

#include "base/metric.h"

#include <stdlib.h>

#define FEW 256 /* so many are kept one by one */

_Static_assert(METRIC_HIGHEST_US <= UINT32_MAX, "a value holds the longest latency");

static int by_value(const void *left, const void *right)
{
    const struct value *a = left;
    const struct value *b = right;
    return a->us < b->us ? -1 : a->us > b->us;
}

/* Puts values of one bucket together. False without memory. */
static bool compact(struct values *values)
{
    struct histogram *layout = histogram_new(METRIC_LOWEST_US, METRIC_HIGHEST_US, METRIC_DIGITS);
    if (layout == NULL) return false;
    qsort(values->items, values->count, sizeof *values->items, by_value);
    size_t kept = 0;
    for (size_t i = 0; i < values->count; i++) {
        struct value value = values->items[i];
        value.us = (uint32_t)histogram_lowest_equivalent(layout, value.us);
        struct value *last = kept > 0 ? &values->items[kept - 1] : NULL;
        if (last != NULL && last->us == value.us && last->count <= UINT32_MAX - value.count) {
            last->count += value.count;
        } else {
            values->items[kept++] = value;
        }
    }
    values->count = kept;
    histogram_free(layout);
    return true;
}

static bool make_room(struct values *values)
{
    if (values->count < values->capacity) return true;
    if (values->capacity >= FEW && !compact(values)) return false;
    if (values->count <= values->capacity / 2 && values->count < values->capacity) return true;
    size_t capacity = values->capacity == 0 ? 8 : values->capacity * 2;
    struct value *items = realloc(values->items, capacity * sizeof *items);
    if (items == NULL) return false;
    values->items = items;
    values->capacity = capacity;
    return true;
}

bool values_add(struct values *values, int64_t us)
{
    if (!make_room(values)) return false;
    const int64_t most = us < METRIC_HIGHEST_US ? us : METRIC_HIGHEST_US;
    values->items[values->count++] = (struct value){(uint32_t)most, 1};
    values->total++;
    return true;
}

void values_record(const struct values *values, struct histogram *into)
{
    for (size_t i = 0; i < values->count; i++)
        (void)histogram_record(into, values->items[i].us, values->items[i].count);
}

void values_free(struct values *values)
{
    free(values->items);
    *values = (struct values){0};
}
