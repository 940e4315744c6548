/* What a state machine has measured, looked up by its metric. */
#ifndef TESTS_SERVICE_MEASURES_H
#define TESTS_SERVICE_MEASURES_H

#include "service/measures.h"

/* The value of a metric; -1 when it was not measured. */
static inline int64_t measures_find(const struct measures *measures, enum metric metric)
{
    for (unsigned i = 0; i < measures->count; i++) {
        if (measures->list[i].metric == metric) return measures->list[i].ns;
    }
    return -1;
}

#endif
