/* What timeline.c gathers and timeline_build.c puts together. */
#ifndef RUSHHOUR_FIGURES_TIMELINE_PRIVATE_H
#define RUSHHOUR_FIGURES_TIMELINE_PRIVATE_H

#include "figures/timeline.h"
#include "record/health.h"

#include <stddef.h>

/* One row of intervals.csv. */
struct timeline_row {
    int64_t start_ns, end_ns;
    uint32_t region;
    uint32_t attempts, failed, interactions_failed;
    uint32_t ended, own_failures; /* attempts; own_failures: those that failed on our own side */
    double cluster_x, cluster_xx;
};

/* The generator in one interval: what it counted, without the words of its verdict, which are most
 * of a struct health. */
struct timeline_health {
    int64_t start_ns;
    unsigned char counts[offsetof(struct health, why)];
};

#endif
