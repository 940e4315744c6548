/* Counts at random, for simulated services. */
#ifndef RUSHHOUR_BENCH_POISSON_H
#define RUSHHOUR_BENCH_POISSON_H

#include "base/random.h"

/* A Poisson count of this mean, by exponential gaps: its cost grows with the mean. */
static inline double poisson(struct random *random, double mean)
{
    double n = -1;
    for (double sum = 0; sum < mean; n++) sum += random_exponential(random);
    return n > 0 ? n : 0;
}

#endif
