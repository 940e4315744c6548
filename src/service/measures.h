/* The latencies measured in one step of a state machine. */
#ifndef RUSHHOUR_SERVICE_MEASURES_H
#define RUSHHOUR_SERVICE_MEASURES_H

#include "base/metric.h"

#include <stdbool.h>
#include <stdint.h>

struct measure {
    enum metric metric;
    int64_t ns;
};

struct measures {
    struct measure list[METRIC_COUNT]; /* each metric at most once */
    unsigned count;
    bool lost; /* there were more: a figure would be missing, so the run must stop */
};

/* Adds a duration. */
void measures_add(struct measures *measures, enum metric metric, int64_t ns);

#endif
