#include "engine/own_share.h"

#include "base/clock.h"

void own_share_count(const struct cell *cell, double speed, struct health *into)
{
    const struct histogram *recorded = cell->latency[METRIC_TTFT];
    const struct histogram *right = cell->ttft_of_service;
    if (recorded == NULL || right == NULL || right->total == 0) return;
    const double p99 = (double)histogram_percentile(right, 99);
    const double least = (double)(HEALTH_ERROR_NS / NS_PER_US) * speed;
    const double share = HEALTH_ERROR_SHARE * p99;
    into->answers += right->total;
    into->answers_off +=
        histogram_count_above(recorded, (int64_t)(p99 + (share > least ? share : least)));
}
