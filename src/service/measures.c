#include "service/measures.h"

void measures_add(struct measures *measures, enum metric metric, int64_t ns)
{
    if (measures->count == METRIC_COUNT) {
        measures->lost = true;
        return;
    }
    measures->list[measures->count++] = (struct measure){.metric = metric, .ns = ns};
}
