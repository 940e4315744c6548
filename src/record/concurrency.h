/* How many sessions and responses there were at once in one region: the mean over time and the
 * peak. */
#ifndef RUSHHOUR_RECORD_CONCURRENCY_H
#define RUSHHOUR_RECORD_CONCURRENCY_H

#include <stdbool.h>
#include <stdint.h>

enum level {
    LEVEL_OPEN,   /* sessions, from session.created to the end of their connection */
    LEVEL_FLIGHT, /* responses, from response.create as it is sent to their end, however they end */
    LEVEL_COUNT
};

/* The name of a level's column of intervals.csv: sessions_open, in_flight. */
const char *level_name(enum level level);

/* All zero when it is not known. */
struct concurrency {
    int64_t known_ns; /* of the run's own clock: the time that it was watched */
    struct {
        double sum_s; /* the integral of their number over that time, in seconds */
        uint64_t peak;
    } of[LEVEL_COUNT];
};

static inline bool concurrency_known(const struct concurrency *concurrency)
{
    return concurrency->known_ns > 0;
}

/* Time-weighted: the integral divided by the time. NAN when it is not known. */
double concurrency_mean(const struct concurrency *concurrency, enum level level);

/* Adds what the same region did at another time: the times and integrals add up, and the higher
 * peak stays. What is not known changes nothing. */
void concurrency_follow(struct concurrency *into, const struct concurrency *from);

/*
 * Adds what others did at the same time: another shard, another region. The means add up exactly.
 * The sum of the peaks is an upper bound, as they need not have been at the same moment. If one of
 * the two is not known, neither is the sum.
 */
void concurrency_beside(struct concurrency *into, const struct concurrency *from);

/* The same over a share of that time (0 to 1): the mean is taken to be that of the whole, and the
 * peak is an upper bound. */
struct concurrency concurrency_part(const struct concurrency *whole, double share);

#endif
