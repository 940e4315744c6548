#include "watch/buckets.h"

/* Chosen around the service's own latencies. A metric without bounds of its own uses those of
 * METRIC_COUNT. */
static const double bounds_s[METRIC_COUNT + 1][BUCKETS_MOST] = {
    [METRIC_TTFT] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30},
    [METRIC_RESPONSE] = {0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 20, 30, 60},
    [METRIC_INTERACTION] = {0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120},
    [METRIC_LAG] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10},
    [METRIC_COUNT] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10},
};

const double *buckets_of(enum metric metric)
{
    return bounds_s[bounds_s[metric][0] > 0 ? metric : METRIC_COUNT];
}
