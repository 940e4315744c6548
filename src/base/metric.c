#include "base/metric.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *meaning;
    unsigned uses;
} metrics[] = {
#define X(id, name, uses, meaning) {name, meaning, uses},
    METRIC_MAP(X)
#undef X
};

const char *metric_name(enum metric metric)
{
    return metrics[metric].name;
}

const char *metric_meaning(enum metric metric)
{
    return metrics[metric].meaning;
}

bool metric_has(enum metric metric, enum metric_use use)
{
    return (metrics[metric].uses & (unsigned)use) != 0;
}

bool metric_find(const char *name, enum metric *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(name, metrics[i].name) != 0) continue;
        *out = (enum metric)i;
        return true;
    }
    return false;
}
