#include "service/measures.h"

void measures_add(struct measures *measures, enum metric metric, int64_t ns)
{
    if (measures->count == METRIC_COUNT) {
        measures->lost = true;
        return;
    }
    measures->list[measures->count++] = (struct measure){.metric = metric, .ns = ns};
}

int64_t measures_find(const struct measures *measures, enum metric metric)
{
    for (unsigned i = 0; i < measures->count; i++) {
        if (measures->list[i].metric == metric) return measures->list[i].ns;
    }
    return -1;
}
